/**
 * Servers that are reached over HTTP: how they are described, and the one place where another transport for them plugs in.
 */
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as HttpClientTransport from "@effect-mcp/transport-http/HttpClientTransport"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** A server with a URL. */
export interface RemoteOptions {
  /** An absolute `http:` or `https:` URL. `Redacted` where a part of it comes from the environment. */
  readonly url: string | Redacted.Redacted<string>
  /** What was said of the transport: Streamable HTTP, or HTTP+SSE. `undefined` where nothing was said. */
  readonly kind: "http" | "sse" | undefined
  /** Headers for every request. `Redacted` where a part of one comes from the environment. */
  readonly headers: { readonly [name: string]: string | Redacted.Redacted<string> }
}

/** Makes the transport to a server with a URL. */
export type Remote = (options: RemoteOptions) => Layer.Layer<ClientTransport, ClientTransportError>

/**
 * The transport when no other one is given: `HttpClientTransport`. Where nothing was said of the server, a path that ends in
 * `/sse` is that of HTTP+SSE; otherwise Streamable HTTP is tried first and HTTP+SSE after it.
 */
export const http: Remote = ({ headers, kind, url }) => {
  const { pathname } = new URL(Redacted.isRedacted(url) ? Redacted.value(url) : url)
  const isOld = kind === "sse" || (kind === undefined && pathname.endsWith("/sse"))
  return HttpClientTransport.layer({ url, headers, mode: isOld ? "sse" : kind === "http" ? "streamable" : "auto" })
}
