/**
 * Connecting to a server without saying how: {@link connect} finds that out from what it is given.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as McpClient from "@effect-mcp/client/McpClient"
import { McpClientError, TransportFailed } from "@effect-mcp/client/McpClientError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Target from "./Target.ts"

/** What connecting to a server by inference fails with. */
export type ConnectError = Target.Failure | McpClientError

type Client = McpClient.McpClient["Service"]

const through = <E, R>(
  transport: Target.LayerTarget<E, R>,
  client: McpClient.Options
): Effect.Effect<Client, E | McpClientError, R | Scope.Scope> =>
  Effect.flatMap(Layer.build(Target.transport(transport)), (context) => Effect.provideContext(McpClient.make(client), context))

const isLayer = (target: Target.Target | Target.LayerTarget<unknown, unknown>): target is Target.LayerTarget<unknown, unknown> =>
  Layer.isLayer(target)

const unreached = (error: ClientTransportError) => new McpClientError({ reason: new TransportFailed({ error }) })

const inferred = Effect.fnUntraced(function* (
  target: Target.Target,
  client: McpClient.Options,
  options: Target.Options
): Effect.fn.Return<Client, ConnectError, Scope.Scope> {
  const { exclude, include, rename, timeout, transport } = yield* Target.spec(target, options)
  if (exclude !== undefined || include !== undefined || rename !== undefined) {
    return yield* new Target.TargetError({
      target: typeof target === "string" ? JSON.stringify(target) : "the configuration",
      reason: "selects",
      detail: "it includes, excludes or renames tools of the server, which `Servers` does and a plain client cannot"
    })
  }
  const reached = Layer.catchTag(transport, "ClientTransportError", (error) => Layer.effectContext(Effect.fail(unreached(error))))
  return yield* through(reached, timeout === undefined ? client : { ...client, timeout })
})

/**
 * Connects to a server, for as long as the scope is open.
 *
 * - A layer is a server of this program, reached through memory, or a client transport. What it requires and fails with is in the type.
 * - Anything else is a {@link Target.Target}: URL, command line, script, options of `StdioClientTransport` or a configuration with one
 *   server. What cannot be understood fails before anything is started. A `timeout` of the configuration takes the place of the client's.
 *   A configuration that has several servers, or selects tools, is for `Servers`.
 *
 * Each call is a connection of its own; a server layer is built anew, unless the memo map in the context has it already.
 *
 * @example
 * const files = yield* connect("npx -y @modelcontextprotocol/server-filesystem /tmp", { name: "my-agent", version: "1.0.0" })
 */
export function connect<E, R>(
  target: Target.LayerTarget<E, R>,
  client: McpClient.Options
): Effect.Effect<Client, E | McpClientError, R | Scope.Scope>
export function connect(
  target: Target.Target,
  client: McpClient.Options,
  options?: Target.Options
): Effect.Effect<Client, ConnectError, Scope.Scope>
export function connect(
  target: Target.Target | Target.LayerTarget<unknown, unknown>,
  client: McpClient.Options,
  options: Target.Options = {}
): Effect.Effect<Client, unknown, unknown> {
  return isLayer(target) ? through(target, client) : inferred(target, client, options)
}

/**
 * The client of {@link connect} as a service, connected for as long as the layer is used.
 *
 * @example
 * const Client = Connect.layer("server.py", { name: "my-agent", version: "1.0.0" })
 */
export function layer<E, R>(
  target: Target.LayerTarget<E, R>,
  client: McpClient.Options
): Layer.Layer<McpClient.McpClient, E | McpClientError, Exclude<R, Scope.Scope>>
export function layer(
  target: Target.Target,
  client: McpClient.Options,
  options?: Target.Options
): Layer.Layer<McpClient.McpClient, ConnectError>
export function layer(
  target: Target.Target | Target.LayerTarget<unknown, unknown>,
  client: McpClient.Options,
  options: Target.Options = {}
): Layer.Layer<McpClient.McpClient, unknown, unknown> {
  return Layer.effect(McpClient.McpClient, isLayer(target) ? through(target, client) : inferred(target, client, options))
}
