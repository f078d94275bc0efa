/**
 * Transports of the official SDK under our servers: its `StdioServerTransport`, `StreamableHTTPServerTransport`, `InMemoryTransport`, and
 * whatever else somebody wrote for it. One transport is one conversation.
 *
 * - What belongs to a request, its progress, logs and questions, is sent with `relatedRequestId`, so transports over HTTP find its stream.
 *   The other options of `send` are for clients.
 * - Such a transport cannot be told to wait. While what it was given is unsent, messages wait, and beyond `maxWaiting` the conversation is
 *   given up. Answers are never dropped.
 * - When the transport says that it is closed nobody can be answered any more, and the calls in flight are interrupted.
 * - The name of the session is the `sessionId` that the transport has when it is served. One that it gets later, with `initialize` over
 *   HTTP, stays its own.
 * - A question that cannot be sent fails at once. Other messages that cannot be sent are logged at debug level.
 */
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type { Principal } from "@effect-mcp/core/Principal"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { converse } from "./internal/serverConversation.ts"
import type { MessageExtra, SdkTransport, SdkTransportError } from "./SdkTransport.ts"

/** How to serve. */
export interface Options {
  /**
   * Who sends a message. Anonymous by default, also when the transport brings an `authInfo`: it names the OAuth client, and only the
   * program knows where its tokens name the user. Must not throw.
   */
  readonly principal?: (extra: MessageExtra) => Principal | undefined
  /** Whether the client can be asked. True by default; false for transports over HTTP without sessions. */
  readonly canAsk?: boolean
  /** How long `start` of the transport may take; 30 seconds by default. Then it is `StartFailed`. */
  readonly startTimeout?: Duration.Input
  /** How long `close` of the transport may take; 10 seconds by default. Then it is left alone. */
  readonly closeTimeout?: Duration.Input
  /** How much may be unsent before messages wait: 4 MiB by default, in UTF-16 units of JSON. Answers to calls in flight may exceed it. */
  readonly highWaterMark?: number
  /** So many messages may wait while too much is unsent; 1,024 by default. One more ends the conversation with `NotReading`. */
  readonly maxWaiting?: number
}

/** 4 MiB, in UTF-16 units: how much may be unsent unless told otherwise. */
export const defaultHighWaterMark = 4 * 1024 * 1024

/** So many messages may wait unless told otherwise. */
export const defaultMaxWaiting = 1024

const settingsOf = (options: Options) => ({
  principal: options.principal,
  canAsk: options.canAsk ?? true,
  startTimeout: options.startTimeout ?? "30 seconds",
  closeTimeout: options.closeTimeout ?? "10 seconds",
  highWaterMark: options.highWaterMark ?? defaultHighWaterMark,
  maxWaiting: options.maxWaiting ?? defaultMaxWaiting
})

/**
 * Serves a transport until it says that it is closed. It must not have been started. Interrupting this closes it.
 *
 * @example
 * const program = SdkServerTransport.serve(new StdioServerTransport()).pipe(Effect.provide(Server))
 */
export const serve = (transport: SdkTransport, options: Options = {}): Effect.Effect<void, SdkTransportError, Dispatcher> =>
  Effect.scoped(Effect.flatMap(converse(transport, settingsOf(options)), ({ ended }) => ended))

/**
 * Serves a transport as long as the layer lives, or until the transport says that it is closed, whichever comes first. Fails when it does
 * not start. `make` is called when the layer is built.
 */
export const layer = (make: () => SdkTransport, options: Options = {}): Layer.Layer<never, SdkTransportError, Dispatcher> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      // It may be over before the layer is.
      const scope = yield* Scope.fork(yield* Scope.Scope)
      const begun = Effect.flatMap(Effect.sync(make), (transport) => converse(transport, settingsOf(options)))
      const { ended } = yield* Effect.provideService(begun, Scope.Scope, scope)
      const logged = Effect.catch(ended, (error) => Effect.logWarning(error.message))
      yield* Effect.forkScoped(Effect.ensuring(logged, Scope.close(scope, Exit.void)))
    })
  )
