/**
 * Our client transports under the official SDK: a `Transport` that its `Client` (v1 and v2) connects to. Over `MemoryTransport` it reaches
 * our servers within the process.
 *
 * - `start` connects, and rejects with the `ClientTransportError` when that fails. `send` waits while the way is full, and rejects
 *   with the error, or when it is given something that is no message.
 * - When the connection ends by itself, `onerror` is told why, then `onclose`. After `close`, `onclose` alone. In both cases the
 *   connection's scope is closed, and with `fromLayer` the layer's.
 * - What a server sends that is no message goes to `onerror`. An answer among it fails its request, and a question is answered with what
 *   is wrong.
 * - Of the options of `send` nothing is used: they are for transports over HTTP, and ours have one channel for everything.
 */
import { ClientTransport, type ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Context from "effect/Context"
import type * as Scope from "effect/Scope"
import { Transport } from "./internal/transport.ts"
import type { SdkTransport } from "./SdkTransport.ts"

/**
 * A transport for the SDK that connects through the `ClientTransport` of the context. It is closed with the scope, if the SDK has not
 * closed it before.
 *
 * @example
 * const transport = yield* TransportForSdk.make
 * yield* Effect.promise(() => client.connect(transport))
 */
export const make: Effect.Effect<SdkTransport, never, ClientTransport | Scope.Scope> = Effect.gen(function* () {
  const context = yield* Effect.context<never>()
  const connector = Effect.succeed(yield* ClientTransport)
  const transport = new Transport(connector, Effect.runPromiseWith(context), Effect.runForkWith(context))
  yield* Effect.addFinalizer(() => Effect.promise(() => transport.close()))
  return transport
})

/**
 * The same for programs without Effect. The layer is built by `start` and closed by `close`; when it fails, `start` rejects with what it
 * failed with.
 *
 * @example
 * const transport = TransportForSdk.fromLayer(StdioClientTransport.layer({ command: "my-server" }))
 * await client.connect(transport)
 */
export const fromLayer = <E>(layer: Layer.Layer<ClientTransport, E>): SdkTransport => {
  const connector = Effect.map(Layer.build(layer), (context) => Context.get(context, ClientTransport))
  return new Transport<E | ClientTransportError>(connector, Effect.runPromise, Effect.runFork)
}
