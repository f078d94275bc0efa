/**
 * One conversation of a server over one transport of the SDK.
 */
import { Dispatcher, type Emit, fork, type Outcome, type Peer } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import { Thinned } from "@effect-mcp/core/Thinned"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { type MessageExtra, NotReading, type SdkTransport, SdkTransportError, StartFailed } from "../SdkTransport.ts"
import { close, listen, start } from "./attach.ts"
import { detailOf, fromSdk } from "./messages.ts"
import { Outgoing, type Unsent } from "./outgoing.ts"

/** `Options` of `SdkServerTransport` with their defaults. */
export interface Settings {
  readonly principal: ((extra: MessageExtra) => Principal | undefined) | undefined
  readonly canAsk: boolean
  readonly startTimeout: Duration.Input
  readonly closeTimeout: Duration.Input
  readonly highWaterMark: number
  readonly maxWaiting: number
}

/** A message, and what the transport says of it. */
interface Arrived {
  readonly message: Jsonrpc.Inbound
  readonly principal: Principal | undefined
}

/** Serves a message of the peer. */
type Handle = (message: Jsonrpc.Inbound, emit: Emit, onOutcome: (outcome: Outcome) => void, principal?: Principal) => void

class Conversation {
  readonly push: Emit
  readonly ended = Deferred.makeUnsafe<void, SdkTransportError>()
  handle: Handle | undefined
  private isOver = false
  private readonly backlog: Array<Arrived> = []
  private readonly unsent = new Thinned()
  private readonly errors = new Thinned()
  private readonly outgoing: Outgoing
  private readonly settings: Settings
  private readonly log: (message: string) => void

  constructor(transport: SdkTransport, settings: Settings, log: (message: string) => void) {
    this.settings = settings
    this.log = log
    this.outgoing = new Outgoing(transport, settings.highWaterMark)
    this.push = this.emitFor(undefined)
    listen(transport, {
      onMessage: (message, extra = {}) => this.take({ message: fromSdk(message), principal: settings.principal?.(extra) }),
      onError: (error) => this.tell(this.errors, () => `an error of a transport of the SDK: ${detailOf(error)}`),
      onClose: () => this.end(Exit.void)
    })
  }

  end(exit: Exit.Exit<void, SdkTransportError>): void {
    this.isOver = true
    this.backlog.length = 0
    this.outgoing.close()
    Deferred.doneUnsafe(this.ended, exit)
  }

  /** Takes a message now if there is room for what it brings, and in its turn otherwise. */
  private take(arrived: Arrived): void {
    if (this.isOver) return
    const { maxWaiting } = this.settings
    if (this.backlog.length === 0 && !this.outgoing.isFull) return this.serve(arrived)
    if (this.backlog.length >= maxWaiting) {
      return this.end(Exit.fail(new SdkTransportError({ reason: new NotReading({ limit: maxWaiting }) })))
    }
    if (this.backlog.push(arrived) === 1) this.outgoing.onRoom(this.catchUp)
  }

  private readonly catchUp = (): void => {
    while (this.backlog.length > 0 && !this.outgoing.isFull) this.serve(this.backlog.shift()!)
    if (this.backlog.length > 0) this.outgoing.onRoom(this.catchUp)
  }

  private serve({ message, principal }: Arrived): void {
    const emit = message._tag === "Request" ? this.emitFor(message.id) : this.push
    this.handle?.(message, emit, this.answer, principal)
  }

  private readonly answer = (outcome: Outcome): void => {
    if ("message" in outcome) this.outgoing.write(outcome.message, undefined, this.dropped)
  }

  private emitFor(relatedRequestId: Jsonrpc.RequestId | undefined): Emit {
    const options = relatedRequestId === undefined ? undefined : { relatedRequestId }
    return {
      canAsk: this.settings.canAsk,
      send: (message) =>
        Effect.catch(this.outgoing.send(message, options), (unsent) => Effect.sync(() => this.lost(message, unsent))),
      sendUnsafe: (message) => {
        if (this.isOver || this.outgoing.isFull) return false
        this.outgoing.write(message, options, (result) => {
          if (Exit.isFailure(result)) this.dropped(result)
        })
        return true
      }
    }
  }

  // Nobody will answer a question that was not sent.
  private lost(message: Jsonrpc.Request | Jsonrpc.Notification, unsent: Unsent): void {
    this.dropped(Exit.fail(unsent))
    if (message._tag !== "Request") return
    const error = { code: Jsonrpc.ErrorCode.InternalError, message: `the question could not be sent: ${detailOf(unsent.cause)}` }
    this.handle?.(Jsonrpc.failure(message.id, error), this.push, () => {})
  }

  private readonly dropped = (result: Exit.Exit<void, Unsent>): void => {
    const unsent = Exit.isFailure(result) ? result.cause.reasons.find((reason) => "error" in reason)?.error : undefined
    if (unsent === undefined || unsent.isClosed) return
    this.tell(this.unsent, () => `a message could not be sent through a transport of the SDK: ${detailOf(unsent.cause)}`)
  }

  private tell(thinned: Thinned, message: () => string): void {
    const told = thinned.next(message)
    if (told !== undefined) this.log(told)
  }
}

const toError = (fields: { readonly detail: string; readonly cause?: unknown }) =>
  new SdkTransportError({ reason: new StartFailed(fields) })

/** A conversation that has begun. */
export interface Begun {
  /** Waits for its end. */
  readonly ended: Effect.Effect<void, SdkTransportError>
}

/** Begins a conversation, for as long as the scope is open. */
export const converse = Effect.fnUntraced(function* (
  transport: SdkTransport,
  settings: Settings
): Effect.fn.Return<Begun, SdkTransportError, Dispatcher | Scope.Scope> {
  const dispatcher = yield* Dispatcher
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const conversation = new Conversation(transport, settings, (message) => void runFork(Effect.logDebug(message)))
  const over = Effect.sync(() => conversation.end(Exit.void))
  // After the peer is closed: what ends its calls may still be told to the client.
  yield* Effect.addFinalizer(() => Effect.andThen(close(transport, settings.closeTimeout), over))
  const { push } = conversation
  const { sessionId } = transport
  const peer: Peer = yield* dispatcher.open({ transport: "sdk", push, ...(sessionId === undefined ? {} : { sessionId }) })
  const handle = fork(dispatcher, context)
  conversation.handle = (message, emit, onOutcome, principal) => handle(peer, message, emit, onOutcome, { principal })
  const started = Effect.andThen(
    Effect.sync(() => transport.setSupportedProtocolVersions?.([...Revision.versions])),
    start(transport, settings.startTimeout)
  )
  yield* Effect.mapError(started, ({ fields }) => toError(fields))
  return { ended: Deferred.await(conversation.ended) }
})
