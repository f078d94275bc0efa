/**
 * The client side of HTTP, on Node: Streamable HTTP of all revisions, and the HTTP+SSE of 2024-11-05.
 *
 * Source: "Streamable HTTP" under "Transports" of every MCP revision since 2025-03-26, "HTTP with SSE" of 2024-11-05.
 */
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Layer from "effect/Layer"
import { transport } from "./internal/clientTransport.ts"
import { make } from "./internal/clientUndici.ts"
import type { Options } from "./internal/clientSettings.ts"

export { defaultMaxMessageBytes, type Options } from "./internal/clientSettings.ts"

/**
 * A `ClientTransport` to a server with a URL, over connections that are kept alive and shared by all connects of the layer.
 *
 * - Each request is a POST; JSON and event streams are read. What goes wrong with one ends that request alone: `Refused` for a status
 *   without a message, `AnswerLost` for a way back that broke, `ConnectFailed` where nobody was reached, `MessageTooLong` over the limit.
 * - In the session era a stream that breaks is resumed with `Last-Event-ID`, the `retry` of the server is kept to, the stream of what the
 *   server tells by itself is opened and asked for again, and closing the scope ends the session with DELETE. When the server has
 *   forgotten the session, the connection ends; clients make another one, and send again what was refused.
 * - In the request era cancelling closes the response, and there are no sessions.
 * - Redirects (307, 308) are followed within the origin, five times at most. Compressed responses are not asked for, and refused.
 * - Credentials come from `HttpCredentials`, where it is provided. A user in the URL is sent as Basic authentication.
 *
 * Options that cannot be used, such as a URL that is none, fail the layer with `Unsupported`.
 *
 * @example
 * const Client = McpClient.layer({ name: "my-agent", version: "1.0.0" }).pipe(
 *   Layer.provide(HttpClientTransport.layer({ url: "https://example.com/mcp" }))
 * )
 */
export const layer = (options: Options): Layer.Layer<ClientTransport, ClientTransportError> => transport(options, make)
