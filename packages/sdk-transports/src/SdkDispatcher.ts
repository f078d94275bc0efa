/**
 * Servers of the official SDK (v1 and v2) on our transports: whatever serves a `Dispatcher`, like `StdioServerTransport` and
 * `MemoryTransport`, serves them.
 *
 * - Each conversation gets a transport and, through the function that is given here, a server of its own: those of the SDK have one
 *   conversation.
 * - What the server sends with `relatedRequestId` goes the way of that request, everything else the way of the conversation. The other
 *   options of its `send` are for clients. `send` waits while the way is full; a question that cannot be put rejects.
 * - A request that the client cancels is over when the server is told so. The end of the conversation is told with `onclose`, which
 *   aborts what the server still does.
 * - When the server closes its transport, what is in flight and what comes after it is answered with an error.
 */
import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type { Principal } from "@effect-mcp/core/Principal"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make } from "./internal/dispatcher.ts"
import type { AuthInfo, SdkTransport } from "./SdkTransport.ts"

/** Limits, and what the server is told. */
export interface Options {
  /** How long the server may take to call `start`; 30 seconds by default. Then the requests of the conversation are refused. */
  readonly startTimeout?: Duration.Input
  /** How many requests of a conversation may be in flight; 1,024 by default. Others are refused. */
  readonly maxInFlight?: number
  /** What the server sees as `authInfo` of a message; nothing by default. Must not throw. */
  readonly authInfo?: (principal: Principal) => AuthInfo | undefined
}

/** So many requests of a conversation may be in flight unless told otherwise. */
export const defaultMaxInFlight = 1024

/**
 * A server of the SDK. `connect` is called for each conversation, with its transport, and has to connect a new server to it. Until that
 * server starts the transport, up to 1,024 messages wait. When `connect` throws or rejects, that is logged and the requests of the
 * conversation are refused.
 *
 * @example
 * const Server = SdkDispatcher.layer((transport) => makeMcpServer().connect(transport))
 * const both = SdkDispatcher.layer((transport) => serveStdio(makeMcpServer, { transport })) // v2: revisions of both eras
 * StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
 */
export const layer = (connect: (transport: SdkTransport) => unknown, options: Options = {}): Layer.Layer<Dispatcher> =>
  Layer.effect(
    Dispatcher,
    Effect.map(Effect.context<never>(), (context) =>
      make({
        connect,
        context,
        authInfo: options.authInfo,
        startTimeout: options.startTimeout ?? "30 seconds",
        maxInFlight: options.maxInFlight ?? defaultMaxInFlight
      })
    )
  )
