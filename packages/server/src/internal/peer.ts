/**
 * A conversation as the dispatcher sees it: what was negotiated, what is in flight, what was asked.
 */
import { AskingFailed } from "@effect-mcp/core/Asking"
import type { Emit, Peer, PeerOptions } from "@effect-mcp/core/Dispatcher"
import { type Failure, type JsonObject, notification, type RequestId, type Success } from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { State } from "@effect-mcp/core/StateStore"
import { Turnover } from "@effect-mcp/core/Turnover"
import type { Envelope } from "@effect-mcp/core/wire/RequestEra"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Kind } from "../Component.ts"
import type { Engine } from "./engine.ts"
import { Slots } from "./slots.ts"

/** Why a call was ended before its handler was done. */
export type Ended = "cancelled" | "timeout" | "closed" | "asked"

/** What a peer must know of a call. */
export interface InFlight {
  readonly id: RequestId
  /** Says why it ends, without ending it yet. */
  readonly mark: (why: Ended) => void
  /** Interrupts the handler. The first reason counts. */
  readonly end: (why: Ended) => void
  /** Interrupts the handler of a call that is marked. */
  readonly interrupt: () => void
}

/** What is agreed with a client of the session era. Clients that say the same of themselves share it. */
export interface Session<C> {
  readonly engine: Engine<C>
  readonly info: Implementation | undefined
  readonly capabilities: ClientCapabilities
  /** The kinds of components of which it was told that there are some. */
  readonly offered: ReadonlySet<Kind>
}

const noUris: ReadonlySet<string> = new Set()
const noState: State = {}
const noCapabilities: ClientCapabilities = {}

interface Waiting {
  readonly method: string
  readonly answer: Deferred.Deferred<JsonObject, AskingFailed>
}

/** How many calls of one peer run, and how many wait. */
export interface Limits {
  readonly concurrencyPerPeer: number
  readonly waiting: number
}

// 48 random bits, so that the processes through which a session goes do not meet.
const firstQuestion = (): number => {
  const [high = 0, low = 0] = globalThis.crypto.getRandomValues(new Uint32Array(2))
  return (high >>> 16) * 2 ** 32 + low
}

const nothing = new Turnover<RequestId, never>()

/** See the module. */
export class PeerState<C extends InFlight> implements Peer {
  readonly id: number
  readonly transport: string
  readonly push: Emit
  readonly principal: Principal.Principal
  readonly sessionId: string | undefined
  readonly kept: boolean
  /** Whether its session is no more than what is assumed of the client. */
  readonly isAssumed: boolean
  /** Whether every request is one of the request era. */
  readonly isRequestEra: boolean
  /** When its session was last given its whole time to live, in milliseconds of the server's deadlines. */
  renewedAt: number
  private running: Turnover<RequestId, C> | undefined = undefined
  private readonly limits: Limits
  private taken: Slots | undefined = undefined
  /** From `initialize` on, in the session era. */
  session: Session<C> | undefined
  /** Whether the client has sent `notifications/initialized`: before that, nothing is pushed to it. */
  ready: boolean
  /** The resources of whose updates it wants to hear. */
  subscribed: ReadonlySet<string>
  /** Set by `logging/setLevel`; until then the client wants no messages. */
  logLevel: LoggingLevel | undefined
  /** What handlers keep, where the store has no copy of the session. */
  state: State
  /** What the client said of itself with its last request, in the request era. */
  envelope: Envelope | undefined
  // There are as many conversations as there are clients, and in the request era as there are requests: what most of them never need
  // is made when it is needed.
  private questions: Map<RequestId, Waiting> | undefined = undefined
  private drained: Array<() => void> | undefined = undefined
  private nextQuestion = 1

  constructor(id: number, options: PeerOptions, limits: Limits) {
    this.id = id
    this.transport = options.transport
    this.push = options.push
    this.principal = options.principal ?? Principal.anonymous
    this.sessionId = options.sessionId
    this.kept = options.kept ?? false
    this.isAssumed = options.assumed !== undefined
    this.isRequestEra = options.era === "request"
    this.renewedAt = 0
    this.session = undefined
    this.ready = false
    this.subscribed = noUris
    this.logLevel = undefined
    this.state = noState
    this.envelope = undefined
    this.limits = limits
  }

  /** What is in flight. */
  get calls(): Pick<Turnover<RequestId, C>, "get" | "has" | "size" | "values"> {
    return this.running ?? nothing
  }

  /** Takes a call in. */
  begin(call: C): void {
    this.running ??= new Turnover()
    this.running.set(call.id, call)
  }

  /** The places of its calls. */
  get slots(): Slots {
    return (this.taken ??= new Slots(this.limits.concurrencyPerPeer, this.limits.waiting))
  }

  get agreement(): Peer["agreement"] {
    return this.session === undefined ? undefined : { version: this.session.engine.revision.version, sessionId: this.sessionId }
  }

  get info(): Implementation | undefined {
    return this.session?.info
  }

  get capabilities(): ClientCapabilities {
    return this.session?.capabilities ?? noCapabilities
  }

  get inFlight(): number {
    return this.calls.size
  }

  /** Takes a call out; tells who waits for the last one. */
  forget(call: C): void {
    if (this.calls.get(call.id) === call) this.running?.delete(call.id)
    if (this.calls.size === 0 && this.drained !== undefined) for (const go of this.drained.splice(0)) go()
  }

  /** Interrupts everything that is in flight. */
  endAll(why: Ended): void {
    // All are marked first: a call that ends must not give its place to one that is about to end.
    for (const call of this.calls.values()) call.mark(why)
    for (const call of this.calls.values()) call.interrupt()
  }

  /** Waits until nothing is in flight. */
  get idle(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.calls.size === 0) return resume(Effect.void)
      ;(this.drained ??= []).push(() => resume(Effect.void))
    })
  }

  /** Sends a request to the client on this way and waits for its result. Interrupting it forgets the question and tells the client so. */
  ask(emit: Emit, method: string, params: JsonObject): Effect.Effect<JsonObject, AskingFailed> {
    return Effect.uninterruptibleMask((restore) => {
      const id = this.nextQuestion++
      const answer = Deferred.makeUnsafe<JsonObject, AskingFailed>()
      const questions = (this.questions ??= new Map())
      questions.set(id, { method, answer })
      const forgotten = () => Effect.sync(() => emit.sendUnsafe(notification("notifications/cancelled", { requestId: id })))
      return restore(Effect.andThen(emit.send({ _tag: "Request", id, method, params }), Deferred.await(answer))).pipe(
        Effect.onInterrupt(forgotten),
        Effect.ensuring(Effect.sync(() => questions.delete(id)))
      )
    })
  }

  /**
   * Numbers questions where nobody has done so before: the client of a session that goes on here has been asked before, and no id may come
   * twice in a session.
   */
  continueQuestions(): void {
    this.nextQuestion = firstQuestion()
  }

  /** Ends all questions: nobody is there to answer them. */
  forgetQuestions(): void {
    for (const { answer, method } of this.questions?.values() ?? []) {
      Deferred.doneUnsafe(answer, Exit.fail(new AskingFailed({ method, code: 0, detail: "the conversation is over" })))
    }
  }

  /** Takes the client's answer to a question. Answers to nothing are ignored. */
  answer(message: Success | Failure): void {
    const waiting = message.id === undefined ? undefined : this.questions?.get(message.id)
    if (waiting === undefined) return
    const exit =
      message._tag === "Success"
        ? Exit.succeed(message.result)
        : Exit.fail(new AskingFailed({ method: waiting.method, code: message.error.code, detail: message.error.message }))
    Deferred.doneUnsafe(waiting.answer, exit)
  }
}
