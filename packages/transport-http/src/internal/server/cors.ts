/**
 * What pages of other origins may do (CORS). The gate has decided before which origins these are.
 *
 * Source: https://fetch.spec.whatwg.org/#http-cors-protocol; the headers are those of the transports pages of all revisions.
 */
import type { Exchange, Reply } from "../../Exchange.ts"

// What clients of any revision send, but for `Mcp-Param-*`, whose names tools choose.
const known = new Set([
  "accept",
  "authorization",
  "baggage",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "traceparent",
  "tracestate"
])

const isParam = (name: string): boolean => /^mcp-param-[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)

const allowed = (requested: string): string =>
  requested
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => known.has(name) || isParam(name))
    .join(", ")

/** See the module. */
export interface Cors {
  /** The answer to a preflight request. */
  readonly preflight: (exchange: Exchange) => Reply
  /** A reply that pages may read. */
  readonly open: (reply: Reply, exchange: Exchange) => Reply
}

/** Lets the pages that passed the gate read answers. */
export const makeCors = (): Cors => {
  const open: Cors["open"] = (reply, exchange) => {
    const origin = exchange.header("origin")
    if (origin === undefined) return reply
    return {
      ...reply,
      headers: {
        ...reply.headers,
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "Mcp-Session-Id, Retry-After, WWW-Authenticate",
        vary: "Origin"
      }
    }
  }
  return {
    open,
    preflight: (exchange) =>
      open(
        {
          status: 204,
          headers: {
            "access-control-allow-methods": "GET, POST, DELETE",
            "access-control-allow-headers": allowed(exchange.header("access-control-request-headers") ?? ""),
            "access-control-max-age": "7200"
          },
          body: undefined
        },
        exchange
      )
  }
}
