/**
 * Who a client says that it is: headers for each request, and what to do when a server refuses them.
 *
 * Source: "Authorization" of the MCP revisions, section 11 of RFC 9110.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

/** A request that headers are wanted for. */
export interface Target {
  readonly method: "POST" | "GET" | "DELETE"
  /** Where it goes, without a fragment. */
  readonly url: string
}

/** What a server says that refuses a request. */
export interface Challenge extends Target {
  readonly status: 401 | 403
  /** The header `WWW-Authenticate`, as it was sent. */
  readonly wwwAuthenticate: string | undefined
}

/** Headers by their names. `Redacted` values are opened when they are sent, and shown nowhere. */
export interface Headers {
  readonly [name: string]: string | Redacted.Redacted<string>
}

/** A way to show who one is. */
export interface Credentials {
  /**
   * The headers of a request; asked before each one, so it should be cheap. A failure is that of the request, and nothing is sent; with
   * `ConnectFailed` clients try again in a moment, with `Refused` or `Unsupported` they do not.
   */
  readonly headers: (target: Target) => Effect.Effect<Headers, ClientTransportError>
  /**
   * A request was refused. True when there are other credentials now: the request is sent once more. Asked once per request, for several
   * requests at the same time if they were refused together. Interrupted with the request.
   */
  readonly refused: (challenge: Challenge) => Effect.Effect<boolean, ClientTransportError>
}

/**
 * The credentials of all requests of an HTTP client transport, taken from the context in which its layer is built. None by default.
 *
 * @example
 * const WithToken = Layer.succeed(HttpCredentials, {
 *   headers: () => Effect.map(currentToken, (token) => ({ authorization: Redacted.make(`Bearer ${Redacted.value(token)}`) })),
 *   refused: ({ status }) => (status === 401 ? Effect.as(renewToken, true) : Effect.succeed(false))
 * })
 * const Transport = HttpClientTransport.layer({ url }).pipe(Layer.provide(WithToken))
 */
export const HttpCredentials = Context.Reference<Credentials | undefined>("@effect-mcp/transport-http/HttpCredentials", {
  defaultValue: () => undefined
})
