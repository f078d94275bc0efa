/**
 * Runs a request: a place for it, a deadline, its own interruptible fiber, a span, and exactly one outcome.
 */
import { type Outcome, reply as replied } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Internal, type McpError, Overloaded, type Reason } from "@effect-mcp/core/McpError"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as LogLevel from "effect/LogLevel"
import * as Tracer from "effect/Tracer"
import { Brought } from "./brought.ts"
import type { Call } from "./call.ts"
import { lowered } from "./clientLog.ts"
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import type { Places } from "./places.ts"
import { isContinued } from "./requestState.ts"
import type { Rounds } from "./rounds.ts"
import type { Subject } from "./subject.ts"
import type { Telemetry } from "./telemetry.ts"

/** A kind of request: how it is told apart, limited, and answered. Made once, not for each request. */
export interface Operation<A> {
  readonly subject: Subject
  /** In milliseconds; `undefined` for no end. */
  readonly timeout: number | undefined
  /** Whether it needs a place among those that run at once. What only waits for something does not. */
  readonly needsPlace: boolean
  readonly encode: (call: Call, result: A) => string
  /** What the result says went wrong, for telemetry. */
  readonly errorType: (result: A) => string | undefined
  /** The result of a request that took too long, when it is a result and not an error. */
  readonly timedOut: ((after: string) => A) | undefined
}

/** What a request brings to the code that serves it. `minimum` is what the program logs by itself. */
export const broughtBy = (call: Call, minimum: LogLevel.LogLevel): Brought => {
  const request = new Brought(RequestContext.key, call, undefined)
  const traced = call.span === undefined ? request : new Brought(Tracer.ParentSpan.key, call.span, request)
  return lowered(call, minimum, traced)
}

/** Runs the effect that `make` gives, as the request of a call. */
export type Run = <A>(
  call: Call,
  operation: Operation<A>,
  make: (brought: Brought) => Effect.Effect<A, McpError>
) => Effect.Effect<Outcome>

const noReply: Outcome = { _tag: "NoReply" }

/** The answer of a call that failed. */
export const refuse = (call: Call, reason: Reason): Outcome => replied(Jsonrpc.failure(call.id, call.engine.wire.error(reason)))

/** Logs a defect and gives back the id under which it stands in the log. */
export type LogDefect = (what: string, cause: Cause.Cause<unknown>) => string

/** Logs with the loggers of a context. */
export const logDefect =
  (context: Context.Context<never>): LogDefect =>
  (what, cause) => {
    const id = globalThis.crypto.randomUUID()
    Effect.runForkWith(context)(Effect.annotateLogs(Effect.logError(`${what} failed`, cause), "mcp.error.id", id))
    return id
  }

/** What the runner works with. */
export interface Tools {
  readonly deadlines: Deadlines
  readonly rounds: Rounds
  readonly places: Places
  readonly telemetry: Telemetry
  readonly logDefect: LogDefect
  /** What the program logs by itself. */
  readonly minimumLogLevel: LogLevel.LogLevel
}

/** The runner of a server. */
export interface Runner {
  readonly run: Run
  /** Lets go of everything that a call holds whose fiber broke. */
  readonly abandon: (call: Call) => void
}

/** See {@link Runner}. */
export const make = ({ deadlines, logDefect, minimumLogLevel, places, rounds, telemetry }: Tools): Runner => {
  const leave = (call: Call): void => {
    places.leave(call)
    call.leave()
    call.peer.forget(call)
  }

  const defect = (call: Call, subject: Subject, cause: Cause.Cause<unknown>): Outcome =>
    refuse(call, new Internal({ id: logDefect(subject.spanName, cause) }))

  const reply = <A>(call: Call, operation: Operation<A>, result: A): Outcome => {
    try {
      return replied(Jsonrpc.reply(call.id, operation.encode(call, result)))
    } catch (error) {
      return defect(call, operation.subject, Cause.die(error))
    }
  }

  const late = <A>(call: Call, operation: Operation<A>): Outcome => {
    const after = Duration.format(Duration.millis(call.timeout ?? 0))
    if (operation.timedOut !== undefined) return reply(call, operation, operation.timedOut(after))
    return refuse(call, new Overloaded({ detail: `${operation.subject.spanName} took longer than ${after} and was stopped` }))
  }

  const failure = <A>(call: Call, operation: Operation<A>, cause: Cause.Cause<McpError>): readonly [Outcome, string] => {
    if (call.ended === "cancelled" || call.ended === "closed") return [noReply, call.ended]
    if (call.ended === "timeout") return [late(call, operation), call.ended]
    const reason = cause.reasons.find(Cause.isFailReason)
    if (reason !== undefined) {
      const error = call.engine.wire.error(reason.error.reason)
      return [replied(Jsonrpc.failure(call.id, error)), String(error.code)]
    }
    return [defect(call, operation.subject, cause), "defect"]
  }

  const finish = (call: Call, subject: Subject, errorType: string | undefined, exit: Exit.Exit<unknown, unknown>): void => {
    call.isOpen = false
    call.subject = undefined
    call.fiber = undefined
    call.params = undefined
    call.header = undefined
    call.setTimeout(undefined)
    leave(call)
    telemetry.record(subject, deadlines.now() - call.startedAt, errorType)
    if (call.span !== undefined) telemetry.close(call.span, exit, errorType)
    if (call.hasRound) call.asking.close()
  }

  const end = <A>(call: Call, operation: Operation<A>, exit: Exit.Exit<A, McpError>): Outcome => {
    const { subject } = operation
    if (Exit.isFailure(exit)) {
      const [outcome, errorType] = failure(call, operation, exit.cause)
      finish(call, subject, errorType, exit)
      return outcome
    }
    const dropped = call.ended === "cancelled" || call.ended === "closed"
    const outcome = dropped ? noReply : reply(call, operation, exit.value)
    const errorType = dropped ? call.ended : operation.errorType(exit.value)
    // Who failed may not have come to its questions.
    if (call.hasRound && errorType === undefined) rounds.inspect(call.asking)
    if (call.span !== undefined) telemetry.recordResult(call.span, call, outcome)
    finish(call, subject, errorType, errorType === undefined ? Exit.void : Exit.fail(errorType))
    return outcome
  }

  const endRound = (call: Call, subject: Subject, exit: Exit.Exit<unknown, McpError>): Effect.Effect<Outcome> => {
    // A finalizer that broke is nothing for the answer, which is the questions.
    if (Exit.isFailure(exit) && exit.cause.reasons.some(Cause.isDieReason)) logDefect(subject.spanName, exit.cause)
    return Effect.map(rounds.end(call), ([outcome, failed]) => {
      const dropped = call.ended === "asked" ? undefined : call.ended
      const errorType = dropped ?? failed
      finish(call, subject, errorType, dropped !== undefined ? exit : failed === undefined ? Exit.void : Exit.fail(failed))
      return dropped === undefined ? outcome : noReply
    })
  }

  const abandon = (call: Call): void => {
    if (call.subject !== undefined) finish(call, call.subject, "defect", Exit.void)
  }

  const run: Run = (call, operation, make) =>
    Effect.withFiber((fiber) => {
      const { subject, timeout } = operation
      call.fiber = fiber
      call.subject = subject
      call.peer.begin(call)
      call.startedAt = deadlines.now()
      call.setTimeout(timeout)
      call.span = telemetry.open(call, subject)
      const brought = broughtBy(call, minimumLogLevel)

      const begin = () => {
        const isAnswer = call.revision.era === "request" && isContinued(call) && call.asks
        return isAnswer ? Effect.flatMap(rounds.open(call), () => make(brought)) : make(brought)
      }
      const work =
        !operation.needsPlace || places.tryTake(call)
          ? begin()
          : Effect.flatMap(places.take(call), () => (call.ended === undefined ? begin() : Effect.interrupt))
      return Effect.flatMap(Effect.exit(Effect.interruptible(work)), (exit) =>
        call.ended === "asked" ? endRound(call, subject, exit) : Exit.succeed(end(call, operation, exit))
      )
    })

  return { run, abandon }
}
