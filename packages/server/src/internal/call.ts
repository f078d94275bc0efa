/**
 * One request while it is served: its fiber, its deadline, and what a handler may know of it. There is one object per request.
 */
import { type Asking, type AskingFailed, unavailable, Unsupported } from "@effect-mcp/core/Asking"
import type { Emit } from "@effect-mcp/core/Dispatcher"
import { isObject, isRequestId, type JsonObject, type RequestId } from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import { type ClientCapabilities, declares } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel, ProgressToken } from "@effect-mcp/core/protocol/Common"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import type { RequestContext } from "@effect-mcp/core/RequestContext"
import type { Revision } from "@effect-mcp/core/Revision"
import type { ClientFacts } from "@effect-mcp/core/wire/Wire"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Span } from "effect/Tracer"
import { Timed } from "@effect-mcp/core/Deadlines"
import type { Running } from "../Component.ts"
import type { Engine } from "./engine.ts"
import type { Subject } from "./subject.ts"
import type { Ended, InFlight, PeerState } from "./peer.ts"

type Service = RequestContext["Service"]

const noMeta: JsonObject = {}

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
  private readonly facts: ClientFacts
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  ended: Ended | undefined
  /** What it runs, once that is known. */
  private running: Running | undefined
  /** What else it runs, where middleware has sent it on to other tools, too. */
  private others: Set<Running> | undefined
  /** Whether it counts against the limits of concurrency. */
  hasPlace = false
  // Not a closure over what is to be done at the end: V8 makes closures that are assigned to a member old from birth.
  /** As what it is measured, while it runs. */
  subject: Subject | undefined
  span: Span | undefined
  /** When it began, in milliseconds of the server's deadlines, and after which time it is ended; `undefined` for never. */
  startedAt = 0
  timeout: number | undefined
  /** Whether its result is wrapped where only objects are allowed; known once it is known what it runs. */
  wraps: boolean | undefined
  /** False once it was answered: nothing may be sent for it any more. */
  isOpen = true
  private reached: number | undefined

  constructor(
    request: { readonly id: RequestId; readonly method: string; readonly params: JsonObject | undefined },
    peer: PeerState<Call>,
    engine: Engine<Call>,
    facts: ClientFacts,
    way: { readonly emit: Emit; readonly principal: Principal }
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
    this.fiber = undefined
    this.ended = undefined
    this.running = undefined
    this.others = undefined
    this.subject = undefined
    this.span = undefined
    this.timeout = undefined
    this.wraps = undefined
    this.reached = undefined
  }

  get revision(): Revision {
    return this.engine.revision
  }
  get sessionId(): string | undefined {
    return this.peer.session?.id
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
  get asking(): Asking {
    if (!this.revision.standaloneServerRequests) return unavailable("this revision has no requests from the server")
    if (!this.emit.canAsk) return unavailable("there is no way back to the client")
    return {
      mode: "live",
      ask: ({ method, params }) =>
        Effect.suspend((): Effect.Effect<JsonObject, AskingFailed | Unsupported> => {
          const missing = this.missingFor(method)
          if (missing === undefined) return this.peer.ask(this.emit, method, params)
          return Effect.fail(new Unsupported({ method, detail: missing }))
        })
    }
  }

  // A client is asked only what it said it can answer, and only while it waits.
  private missingFor(method: string): string | undefined {
    if (!this.isOpen) return "the request is answered already"
    if (!this.revision.hasRequest(method, "server")) return `revision ${this.revision.version} does not have it`
    const undeclared = this.revision
      .needs(method, "server")
      .find(({ path, side }) => side === "client" && !declares(this.clientCapabilities, path))
    return undeclared === undefined ? undefined : `the client did not declare ${undeclared.path.join(".")}`
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

  /** Says why it ends, without ending it yet. */
  mark(why: Ended): void {
    this.ended ??= why
    // What takes too long is answered; of the others nothing more is heard, not even from finalizers.
    if (why !== "timeout") this.isOpen = false
  }

  end(why: Ended): void {
    if (this.ended !== undefined) return
    this.mark(why)
    this.interrupt()
  }

  interrupt(): void {
    this.fiber?.interruptUnsafe()
  }

  expire(): void {
    this.end("timeout")
  }
}
