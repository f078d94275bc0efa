/**
 * The seam between a server and its transports: what a transport needs, and all that it may know of a server.
 *
 * A transport opens a {@link Peer} for each conversation, hands over every message that it reads, and turns the
 * {@link Outcome} into bytes, status codes or events. It knows no tool; the dispatcher knows no transport.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as Jsonrpc from "./Jsonrpc.ts"
import type { Principal } from "./Principal.ts"
import type { SessionVersion } from "./protocol/Version.ts"
import type { StoreError } from "./StoreError.ts"

/**
 * A message's own way back to the client: progress, logs and, where `canAsk` says so, questions. On stdio it is the pipe, over
 * HTTP the event stream that answers the request.
 */
export interface Emit {
  /** Whether a request to the client may travel here, so that an answer can come back. */
  readonly canAsk: boolean
  /** Writes a message; waits while the way back is full. Does nothing once it is closed. */
  readonly send: (message: Jsonrpc.Request | Jsonrpc.Notification) => Effect.Effect<void>
  /** Writes a message without waiting. False when it was dropped because the way back is full or closed. */
  readonly sendUnsafe: (message: Jsonrpc.Request | Jsonrpc.Notification) => boolean
  /**
   * Lets go of the connection on which the client waits for this message's answer, where the client can come back for it. Absent where
   * there is nothing to let go of.
   */
  readonly detach?: Effect.Effect<void>
}

/** What a transport knows of one message beside its text. */
export interface Delivery {
  /** Who sent this very message, where that is not the peer's. */
  readonly principal?: Principal | undefined
  /** A header that came with the message, by its lower-case name, where the transport has headers. */
  readonly header?: ((name: string) => string | undefined) | undefined
}

/** What a transport tells about a conversation that it opens. */
export interface PeerOptions {
  /** For telemetry alone: nothing is decided by it. */
  readonly transport: "stdio" | "memory" | "http" | (string & {})
  /** The way for messages that belong to no request, such as `list_changed`. */
  readonly push: Emit
  /** Who is at the other end. Anonymous by default. */
  readonly principal?: Principal | undefined
  /** The name of the session that `initialize` opens, where the transport names sessions. */
  readonly sessionId?: string
  /** Whether that session is kept in the `SessionStore`, so that `resume` finds it. False by default. */
  readonly kept?: boolean
  /** What the client speaks, where nobody remembers its `initialize`: a conversation of the session era without a session. */
  readonly assumed?: SessionVersion
  /** Set where every request is one of the request era, whatever it says of itself. */
  readonly era?: "request"
}

/** A conversation as the transport holds it. What is negotiated and in flight on it is the dispatcher's own business. */
export interface Peer {
  /** Unique among the peers of one server. */
  readonly id: number
  /** How many requests are running or waiting for a place. */
  readonly inFlight: number
  /** What was agreed upon with `initialize`; `undefined` before it, and in the request era. */
  readonly agreement?: { readonly version: string; readonly sessionId: string | undefined } | undefined
}

/** What became of a message. */
export type Outcome =
  /** An answer to write. For a batch it holds the answers of all its requests. */
  | { readonly _tag: "Reply"; readonly message: Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response> }
  /** A notification or an answer that was taken; there is nothing to write. */
  | { readonly _tag: "Accepted" }
  /** Not a message of this protocol, or none that this peer may send now. The answer is written all the same. */
  | { readonly _tag: "Rejected"; readonly message: Jsonrpc.Failure }
  /** The request was cancelled by the client: it must not be answered. */
  | { readonly _tag: "NoReply" }

class Reply {
  readonly _tag = "Reply"
  readonly message: Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>
  constructor(message: Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>) {
    this.message = message
  }
}

/** The outcome of a message that is answered. */
export const reply = (message: Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>): Outcome => new Reply(message)

/**
 * Serves the messages of any number of peers. `McpServer.layer` of `@effect-mcp/server` provides it, transports require it.
 *
 * - `open` registers a conversation. Closing its scope interrupts what is still running for it.
 * - `enter` and `leave` do the same for transports with many short conversations, which need no scope for each. `leave` must be run, and
 *   waits for what it interrupts, five seconds at most.
 * - `resume` enters the conversation of a session that the `SessionStore` keeps; `undefined` when there is none, or when it belongs to
 *   another principal. `renew` gives the session of a conversation its whole time to live again, and tells whether it is still there; `forget`
 *   ends it for good.
 * - `handle` serves one message; `delivery` is what the transport knows of it beside its text. It never fails. The fiber that runs it
 *   is the fiber of the call: the dispatcher interrupts the handler on it when the client cancels or the time is over. Run it on a
 *   root fiber that is uninterruptible (`runFork` with `uninterruptible: true`), in the order in which messages arrive; {@link fork}
 *   does.
 * - `abandon` gives the outcome of a message whose fiber broke down before it had one. Only {@link fork} has a use for it.
 * - `drain` waits until nothing is in flight on a peer.
 */
export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    readonly open: (options: PeerOptions) => Effect.Effect<Peer, never, Scope.Scope>
    readonly enter: (options: PeerOptions) => Effect.Effect<Peer>
    readonly leave: (peer: Peer) => Effect.Effect<void>
    readonly resume: (sessionId: string, options: PeerOptions) => Effect.Effect<Peer | undefined, StoreError>
    readonly renew: (peer: Peer) => Effect.Effect<boolean, StoreError>
    readonly forget: (peer: Peer) => Effect.Effect<void, StoreError>
    readonly handle: (peer: Peer, message: Jsonrpc.Inbound, emit: Emit, delivery?: Delivery) => Effect.Effect<Outcome>
    readonly abandon: (peer: Peer, message: Jsonrpc.Inbound) => Outcome
    readonly drain: (peer: Peer) => Effect.Effect<void>
  }
>()("@effect-mcp/core/Dispatcher") {}

/**
 * What a dispatcher without sessions of its own has beside `open`: conversations that are entered and left are those with a scope each, and
 * there is nothing to resume.
 */
export const withoutSessions = (
  open: Dispatcher["Service"]["open"]
): Pick<Dispatcher["Service"], "enter" | "leave" | "resume" | "renew" | "forget"> => {
  const scopes = new WeakMap<Peer, Scope.Closeable>()
  return {
    enter: (options) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const peer = yield* Scope.provide(open(options), scope)
        scopes.set(peer, scope)
        return peer
      }),
    leave: (peer) => {
      const scope = scopes.get(peer)
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    },
    resume: () => Effect.succeed(undefined),
    renew: () => Effect.succeed(true),
    forget: () => Effect.void
  }
}

const root = { uninterruptible: true } as const

/**
 * Runs `handle` as its contract asks for, on a root fiber in the given context, and passes the outcome on. What needs no waiting
 * is done, `onOutcome` included, before this returns. `onOutcome` must not throw.
 */
export const fork = (dispatcher: Dispatcher["Service"], context: Context.Context<never>) => {
  const runFork = Effect.runForkWith(context)
  return (peer: Peer, message: Jsonrpc.Inbound, emit: Emit, onOutcome: (outcome: Outcome) => void, delivery?: Delivery): void => {
    const outcome = dispatcher.handle(peer, message, emit, delivery)
    if (Exit.isExit(outcome)) {
      const exit = outcome as Exit.Exit<Outcome> // the guard forgets the type of the value
      if (Exit.isSuccess(exit)) onOutcome(exit.value)
      return
    }
    const fiber = runFork(Effect.map(outcome, onOutcome), root)
    // Code without types can break a fiber so that nothing of it runs any more. Its request is answered all the same.
    const rescue = (exit: Exit.Exit<void>) => Exit.isFailure(exit) && onOutcome(dispatcher.abandon(peer, message))
    const exit = fiber.pollUnsafe()
    if (exit === undefined) fiber.addObserver(rescue)
    else rescue(exit)
  }
}
