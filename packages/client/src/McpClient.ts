/**
 * Clients: a connection to one server. With a contract the tools are functions, typed with their results and failures; without one
 * they are called by name.
 *
 * What a server asks of its client is answered by the services `ElicitationHandler`, `SamplingHandler` and `RootsHandler`. They are
 * optional: a client declares, and answers, what there are handlers for when it is made.
 */
import type { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type * as Extension from "@effect-mcp/core/Extension"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type ExtensionClient, typedExtension } from "./internal/extensionClient.ts"
import * as internal from "./internal/make.ts"
import { McpClient, type Options } from "./internal/service.ts"
import type { McpClientError } from "./McpClientError.ts"

export type { Progress } from "./internal/pending.ts"
export type { ExtensionClient } from "./internal/extensionClient.ts"
export type { Subscription } from "./internal/listen.ts"
export { type CallOptions, McpClient, type Options } from "./internal/service.ts"
export type { Places } from "./internal/contractCheck.ts"
export { call, type Reading } from "./internal/untyped.ts"
export {
  check,
  type Complete,
  of,
  type PromptClient,
  type Prompts,
  type ResourceClient,
  type Resources,
  type Tools,
  type Typed,
  typed,
  type TypedOptions
} from "./internal/typed.ts"
export { withProgress } from "./internal/withProgress.ts"
export type { ToolTasks } from "./internal/typedTasks.ts"

/**
 * A client as a value, for programs that have several: connected as long as the scope is open. {@link layer} makes the service of it.
 *
 * Uses `ElicitationHandler`, `SamplingHandler` and `RootsHandler` where they are provided, and does not require them.
 */
export const make: (options: Options) => Effect.Effect<McpClient["Service"], McpClientError, ClientTransport | Scope.Scope> =
  internal.make

/**
 * Connects to the server that the transport reaches, agrees with it on a revision, and stays connected as long as the layer is used.
 * Uses handlers for what servers ask where they are provided to it, and does not require them.
 *
 * @example
 * const Client = McpClient.layer({ name: "my-agent", version: "1.0.0" }).pipe(
 *   Layer.provide(ElicitationHandler.layer({ form: askTheUser })),
 *   Layer.provide(StdioClientTransport.layer({ command: "my-server" }))
 * )
 */
export const layer = (options: Options): Layer.Layer<McpClient, McpClientError, ClientTransport> =>
  Layer.effect(McpClient, make(options))

/**
 * The client, typed by an extension: its requests and notifications are functions, its events a stream. The client should declare the
 * extension with `extensions`: servers of the request era may refuse it otherwise, and tell it of no events.
 *
 * @example
 * const clipboard = yield* McpClient.extension(Clipboard)
 * const { text } = yield* clipboard.requests["clipboard/paste"]()
 */
export const extension = <E extends Extension.Any>(contract: E): Effect.Effect<ExtensionClient<E>, never, McpClient> =>
  Effect.map(McpClient, (client) => typedExtension(contract, client))
