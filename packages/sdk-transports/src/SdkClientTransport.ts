/**
 * Transports of the official SDK under our clients: `StreamableHTTPClientTransport`, `SSEClientTransport`, its `StdioClientTransport`,
 * `InMemoryTransport`, and whatever else somebody wrote for it.
 *
 * - What `send` of the SDK rejects with fails that one request, as `SendFailed`; the connection goes on. `onerror` is logged at debug
 *   level, and the last one is part of what is said when the connection ends.
 * - Over transports of v2 that have a stream for each request, closing it cancels a request of the request era, and its early end fails the
 *   request. `resumptionToken` and `onresumptiontoken` are not used: our requests are not resumed by another process. Nor are `headers`:
 *   a server that demands `Mcp-Param-*` for a tool refuses its calls.
 * - A `sessionId` that a transport has from an earlier connection is of no use: our client always begins with a negotiation.
 * - Batches of answers, which only 2025-03-26 has, leave one by one.
 */
import { ClientTransport, ClientTransportError, ConnectFailed } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { start } from "./internal/attach.ts"
import { Connection } from "./internal/clientConnection.ts"
import { detailOf } from "./internal/messages.ts"
import type { SdkTransport } from "./SdkTransport.ts"

/** How patient to be. */
export interface Options {
  /** How long `start` of the transport may take; 30 seconds by default. Then connecting fails with `ConnectFailed`. */
  readonly startTimeout?: Duration.Input
  /** How long `close` of the transport may take; 10 seconds by default. Then it is left alone. */
  readonly closeTimeout?: Duration.Input
  /** How much may be unsent before `send` waits: 1 MiB by default, in UTF-16 units of JSON. */
  readonly highWaterMark?: number
}

/** 1 MiB, in UTF-16 units: how much may be unsent unless told otherwise. */
export const defaultHighWaterMark = 1024 * 1024

const notConnected = (fields: { readonly detail: string; readonly cause?: unknown }) =>
  new ClientTransportError({ reason: new ConnectFailed(fields) })

const connectWith = (make: () => SdkTransport, options: Options) =>
  Effect.fnUntraced(function* (receive: (message: Jsonrpc.Inbound) => void) {
    const context = yield* Effect.context<never>()
    const transport = yield* Effect.try({
      try: make,
      catch: (error) => notConnected({ detail: `no transport was made: ${detailOf(error)}`, cause: error })
    })
    const connection = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Connection({
            transport,
            receive,
            highWaterMark: options.highWaterMark ?? defaultHighWaterMark,
            closeTimeout: options.closeTimeout ?? "10 seconds",
            runFork: Effect.runForkWith(context)
          })
      ),
      (connection) => connection.shutdown
    )
    yield* start(transport, options.startTimeout ?? "30 seconds").pipe(
      Effect.mapError(({ fields }) => notConnected(fields)),
      Effect.raceFirst(Effect.flatMap(connection.closed, (error) => Effect.fail(error))),
      Effect.onError(() => connection.shutdown)
    )
    // Whoever connects has the connection by then.
    yield* Effect.forkScoped(Effect.sync(connection.begin))
    return connection
  })

/**
 * A client transport that makes a transport of the SDK for each connection. `make` must give a new one each time: those of the SDK start
 * once, and a client may connect a second time when the server ended the first connection over a question that it did not know.
 *
 * - A transport that is not made, does not start, or ends while it starts, is `ConnectFailed` or `ConnectionClosed`.
 * - When the transport says that it is closed the connection is over; when the scope of the connection ends the transport is closed.
 *
 * @example
 * const Transport = SdkClientTransport.layer(() => new StreamableHTTPClientTransport(new URL("http://localhost:3000/mcp")))
 * const Client = McpClient.layer({ name: "my-agent", version: "1.0.0" }).pipe(Layer.provide(Transport))
 */
export const layer = (make: () => SdkTransport, options: Options = {}): Layer.Layer<ClientTransport> =>
  Layer.succeed(ClientTransport, { kind: "sdk", connect: connectWith(make, options) })
