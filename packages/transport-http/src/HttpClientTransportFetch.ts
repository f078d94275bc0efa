/**
 * The client side of HTTP over `fetch`: for browsers, Bun, Deno and Workers. It knows nothing of Node.
 */
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Layer from "effect/Layer"
import { type Fetch, make } from "./internal/clientFetch.ts"
import type { Options as Shared } from "./internal/clientSettings.ts"
import { transport } from "./internal/clientTransport.ts"

export type { Fetch } from "./internal/clientFetch.ts"

/** Which server to reach, and how. */
export interface Options extends Shared {
  /** What is called for each request; the global `fetch` by default. */
  readonly fetch?: Fetch | undefined
}

/**
 * A `ClientTransport` to a server with a URL, as that of `HttpClientTransport`. `fetch` does not tell whether a request that failed was
 * sent, so it counts as sent; connections, and the limit of headers, are its own affair. Browsers hide redirects: they are refused.
 */
export const layer = (options: Options): Layer.Layer<ClientTransport, ClientTransportError> =>
  transport(options, (limits) => make(options.fetch ?? ((url, init) => globalThis.fetch(url, init)), limits))
