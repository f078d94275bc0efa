/**
 * One request while it is served: its fiber, its deadline, and what a handler may know of it. There is one object per request.
 */
import type { CacheHint } from "@effect-mcp/core/CacheHint"
import type { Delivery, Emit } from "@effect-mcp/core/Dispatcher"
import { isObject, isRequestId, type JsonObject, type RequestId } from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel, ProgressToken } from "@effect-mcp/core/protocol/Common"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import type { Inside, RequestContext } from "@effect-mcp/core/RequestContext"
import type { Revision } from "@effect-mcp/core/Revision"
import type { ClientFacts } from "@effect-mcp/core/wire/Wire"
import type * as Fiber from "effect/Fiber"
import type { Span } from "effect/Tracer"
import { Timed } from "@effect-mcp/core/Deadlines"
import type { Running } from "../Component.ts"
import type { Engine } from "./engine.ts"
import { type Asker, Round } from "./round.ts"
import * as Effect from "effect/Effect"
import type { Subject } from "./subject.ts"
import type { Ended, InFlight, PeerState } from "./peer.ts"

type Service = RequestContext["Service"]

const noMeta: JsonObject = {}

// What may be answered with questions in the request era.
const askingMethods = new Set(["tools/call", "prompts/get", "resources/read"])

/** See the module. */
export class Call extends Timed implements InFlight, Service {
  readonly id: RequestId
  readonly method: string
  /** While it is open. */
  params: JsonObject | undefined
  readonly meta: JsonObject
  readonly peer: PeerState<Call>
  readonly engine: Engine<Call>
  readonly emit: Emit
  readonly principal: Principal
  /** A header that came with the message, where the transport has headers; while it is open. */
  header: Delivery["header"]
  private readonly facts: ClientFacts
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  ended: Ended | undefined
  /** What it runs, once that is known. */
  private running: Running | undefined
  /** What else it runs, where middleware has sent it on to other tools, too. */
  private others: Set<Running> | undefined
  /** Whether it counts against the limits of concurrency. */
  hasPlace = false
  /** Whether it has lent its places, and will want them again. */
  hasLent = false
  // Not a closure over what is to be done at the end: V8 makes closures that are assigned to a member old from birth.
  /** As what it is measured, while it runs. */
  subject: Subject | undefined
  span: Span | undefined
  /** When it began, in milliseconds of the server's deadlines, and after which time it is ended; `undefined` for never. */
  startedAt = 0
  timeout: number | undefined
  /** Whether its result is wrapped where only objects are allowed; known once it is known what it runs. */
  wraps: boolean | undefined
  /** How long its result may be kept; known once it is known what it reads. */
  cacheHint: CacheHint | undefined
  /** False once it was answered: nothing may be sent for it any more. */
  isOpen = true
  /** Whether it has a time of its own, whatever component it comes to: the work of a task. */
  keepsTime = false
  /** Whether what breaks is told as an error of the protocol and not as a result: in a task. */
  failsWithErrors = false
  private reached: number | undefined
  private resultMeta: JsonObject | undefined
  private round: Round | undefined
  /** When its time began to stand still, and for how long it did before, in milliseconds. */
  private pausedAt: number | undefined
  private waited = 0
  /** For how many reasons it stands still. */
  private pauses = 0

  constructor(
    request: { readonly id: RequestId; readonly method: string; readonly params: JsonObject | undefined },
    peer: PeerState<Call>,
    engine: Engine<Call>,
    facts: ClientFacts,
    way: { readonly emit: Emit; readonly principal: Principal; readonly header?: Delivery["header"] }
  ) {
    super()
    this.id = request.id
    this.method = request.method
    this.params = request.params
    const meta = request.params?.["_meta"]
    this.meta = isObject(meta) ? meta : noMeta
    this.peer = peer
    this.engine = engine
    this.facts = facts
    this.emit = way.emit
    this.principal = way.principal
    this.header = way.header
    this.fiber = undefined
    this.ended = undefined
    this.running = undefined
    this.others = undefined
    this.subject = undefined
    this.span = undefined
    this.timeout = undefined
    this.wraps = undefined
    this.cacheHint = undefined
    this.reached = undefined
    this.resultMeta = undefined
    this.round = undefined
    this.pausedAt = undefined
  }

  get revision(): Revision {
    return this.engine.revision
  }
  get sessionId(): string | undefined {
    return this.peer.session === undefined ? undefined : this.peer.sessionId
  }
  /** What the client says of itself. */
  get said(): ClientFacts {
    return this.facts
  }
  get clientInfo(): Implementation | undefined {
    return this.facts.info
  }
  get clientCapabilities(): ClientCapabilities {
    return this.facts.capabilities
  }
  get logLevel(): LoggingLevel | undefined {
    return this.facts.logLevel
  }
  get progressToken(): ProgressToken | undefined {
    const token = this.meta[Key.progressToken]
    return isRequestId(token) ? token : undefined
  }
  get detach(): Effect.Effect<void> {
    return this.emit.detach ?? Effect.void
  }
  get state(): Service["state"] {
    return this.engine.state(this)
  }
  get inside(): Inside {
    return this.engine.inside(this)
  }
  /** Whether it may be answered with questions. */
  get asks(): boolean {
    return askingMethods.has(this.method)
  }
  /** Made when it is first used: most requests ask nothing. */
  get asking(): Round {
    return (this.round ??= new Round(this, this.engine.answerTimeout))
  }
  set asking(round: Round) {
    this.round = round
  }
  /** The call has become a task: what asks for it asks in another way from now on, and the answer ends no round. */
  leaveRoundTo(asker: Asker): void {
    this.asking.goOn(asker)
    this.subject = undefined
  }
  /** Whether it will be answered with questions, or not at all. */
  get isEnding(): boolean {
    return this.ended !== undefined || (this.round !== undefined && this.round.open.length > 0)
  }
  get hasRound(): boolean {
    return this.round !== undefined
  }

  /** Counts as a call of what it runs from now on, once for each. */
  enter(running: Running): void {
    if (this.running === running || this.others?.has(running) === true) return
    if (this.running === undefined) this.running = running
    else (this.others ??= new Set()).add(running)
    running.enter()
  }

  /** Counts no longer. */
  leave(): void {
    this.running?.leave()
    if (this.others !== undefined) for (const running of this.others) running.leave()
  }

  advance(progress: number): boolean {
    if (!this.isOpen || !Number.isFinite(progress) || progress <= (this.reached ?? -Infinity)) return false
    this.reached = progress
    return true
  }

  annotateResult(meta: JsonObject): void {
    this.resultMeta = { ...this.resultMeta, ...meta }
  }

  /** A result with what was put into its `_meta`. */
  annotated<A extends { readonly _meta?: JsonObject }>(result: A): A {
    return this.resultMeta === undefined ? result : { ...result, _meta: { ...result._meta, ...this.resultMeta } }
  }

  /** Says why it ends, without ending it yet. */
  mark(why: Ended): void {
    const isDropped = why === "cancelled" || why === "closed"
    // A round that ends may still be dropped.
    if (this.ended === undefined || (this.ended === "asked" && isDropped)) this.ended = why
    // What takes too long is answered; of the others nothing more is heard, not even from finalizers.
    if (isDropped) this.isOpen = false
  }

  end(why: Ended): void {
    if (this.ended !== undefined && this.ended !== "asked") return
    this.mark(why)
    this.interrupt()
  }

  /** Ends with what was asked, unless it has ended. */
  endRound(): void {
    if (this.subject !== undefined) this.end("asked")
  }

  /** Its time stands still: the client has a question to answer. */
  pause(): void {
    if (this.pauses++ > 0) return
    this.engine.places.lend(this)
    this.pausedAt = this.engine.deadlines.now()
    this.engine.deadlines.remove(this)
  }

  /** Its time goes on, as soon as it has its places again. */
  resume(): Effect.Effect<void> {
    return Effect.ensuring(
      Effect.interruptible(this.engine.places.back(this)),
      Effect.sync(() => this.goOn())
    )
  }

  private goOn(): void {
    if (--this.pauses > 0) return
    this.waited += this.engine.deadlines.now() - (this.pausedAt ?? 0)
    this.pausedAt = undefined
    if (this.subject !== undefined) this.setTimeout(this.timeout)
  }

  /** Gives it another time to end, counted from its beginning. */
  setTimeout(timeout: number | undefined): void {
    const { deadlines } = this.engine
    this.timeout = timeout
    if (timeout === undefined) deadlines.remove(this)
    else if (this.pausedAt === undefined) deadlines.add(this, this.startedAt + this.waited, timeout)
  }

  interrupt(): void {
    this.fiber?.interruptUnsafe()
  }

  expire(): void {
    this.end("timeout")
  }
}
