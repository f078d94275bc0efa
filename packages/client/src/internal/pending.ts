/**
 * A request that waits for its answer. It ends exactly once, for whatever reason.
 */
import { Timed } from "@effect-mcp/core/Deadlines"
import type { JsonObject, Request } from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { McpClientError, TimedOut } from "../McpClientError.ts"
import type { Serial } from "./serial.ts"
import type { Subject } from "./telemetry.ts"

/** How far a request is, as the server tells. */
export interface Progress {
  readonly progress: number
  readonly total: number | undefined
  readonly message: string | undefined
}

/** How a request is made. */
export class RequestOptions {
  /** For how long the server may neither answer nor tell of progress, in milliseconds; `undefined` for ever. */
  readonly timeout: number | undefined
  /** What to do with the server's reports, one after the other; the request is answered after the last one. */
  readonly onProgress: ((progress: Progress) => Effect.Effect<void>) | undefined
  /** For how long it may take in all, in milliseconds; `undefined` for ever. */
  readonly totalTimeout: number | undefined
  /** Whether it may be sent again on another connection when nobody knows whether the server has done it. */
  readonly isRepeatable: boolean
  /** Whether it is part of agreeing with the server: sent on this connection, before all others, or not at all. */
  readonly isEarly: boolean
  /** What it is measured under; by its method when absent. */
  readonly subject: Subject | undefined
  /** Whether it asks for a task, which is cancelled by other means. */
  readonly isTask: boolean
  /** Finds out what headers it needs, when the server refused it for those that it had. True when there is a reason to send it again. */
  readonly relearn: Effect.Effect<boolean> | undefined

  constructor(
    timeout: number | undefined,
    onProgress?: (progress: Progress) => Effect.Effect<void>,
    totalTimeout?: number,
    isRepeatable = false,
    isEarly = false,
    subject?: Subject,
    isTask = false,
    relearn?: Effect.Effect<boolean>
  ) {
    this.timeout = timeout
    this.onProgress = onProgress
    this.totalTimeout = totalTimeout
    this.isRepeatable = isRepeatable
    this.isEarly = isEarly
    this.subject = subject
    this.isTask = isTask
    this.relearn = relearn
  }
}

/** Options of what is part of agreeing with a server. */
export const early = (timeout: number | undefined) => new RequestOptions(timeout, undefined, undefined, false, true)

/** The same options for a request that asks for a task. */
export const forTask = ({ isRepeatable, onProgress, relearn, subject, timeout, totalTimeout }: RequestOptions) =>
  new RequestOptions(timeout, onProgress, totalTimeout, isRepeatable, false, subject, true, relearn)

/** The same options for a request whose headers were corrected: that is done once. */
export const corrected = ({ isEarly, isRepeatable, isTask, onProgress, subject, timeout, totalTimeout }: RequestOptions) =>
  new RequestOptions(timeout, onProgress, totalTimeout, isRepeatable, isEarly, subject, isTask)

/** Makes the message of a request; `more` is what a repetition has besides the params of the first one. */
export type MessageOf = (id: number, more: JsonObject | undefined) => Request

/** What becomes of a request. */
export type Result = Effect.Effect<JsonObject, McpClientError>

/** What a request needs of the connection that it waits on. */
export interface Keeper {
  /** Takes a request out; false when it had ended already. `errorType` is for metrics, absent for results. */
  readonly forget: (pending: Pending, errorType: string | undefined) => boolean
  /** Tells the server that nobody waits for the answer any more. */
  readonly cancel: (pending: Pending, reason: string) => void
  /** Lets it wait on while the server waits for an answer of its user; false when it does not. */
  readonly postpone: (pending: Pending) => boolean
  /** Something that runs the program's reactions in order. */
  readonly serial: () => Serial
}

// A request after which the connection is lost each time has something to do with it.
const maxRepetitions = 3

/** See the module. */
export class Pending extends Timed {
  isOver = false
  /** Where it is: it waits for a connection, it waits for room on it, or it went to the server. */
  stage: "waiting" | "queued" | "sent" = "waiting"
  /** What writes it, now or in a moment. While it waits it ends with the request: a server that does not read must not cost memory. */
  writing: Fiber.Fiber<void> | undefined
  /** How often it went to a server, and no answer came. */
  lost = 0
  readonly id: number
  readonly method: string
  readonly messageOf: MessageOf
  readonly more: JsonObject | undefined
  readonly options: RequestOptions
  readonly subject: Subject
  /** How often questions of the server were answered before. */
  readonly round: number
  /** When the first round began, in milliseconds of the connection's deadlines. */
  readonly since: number
  readonly startedAt: number
  private reports: Serial | undefined
  private readonly resume: (result: Result) => void
  private readonly keeper: Keeper

  constructor(
    keeper: Keeper,
    id: number,
    method: string,
    messageOf: MessageOf,
    more: JsonObject | undefined,
    options: RequestOptions,
    subject: Subject,
    round: number,
    since: number,
    startedAt: number,
    resume: (result: Result) => void
  ) {
    super()
    this.keeper = keeper
    this.id = id
    this.method = method
    this.messageOf = messageOf
    this.more = more
    this.options = options
    this.subject = subject
    this.round = round
    this.since = since
    this.startedAt = startedAt
    this.resume = resume
  }

  /** Whether it outlives the connection that it was made on. */
  get outlivesConnection(): boolean {
    const { isEarly, isRepeatable } = this.options
    return !isEarly && (this.stage !== "sent" || (isRepeatable && this.mayRepeat))
  }

  /** Whether it was not lost too often. */
  get mayRepeat(): boolean {
    return this.lost < maxRepetitions
  }

  /** How long it may stay without a sign of life, in milliseconds from `now`; `undefined` for ever. */
  patience(now: number): number | undefined {
    const { timeout, totalTimeout } = this.options
    if (totalTimeout === undefined) return timeout
    const left = Math.max(0, this.since + totalTimeout - now)
    return timeout === undefined ? left : Math.min(timeout, left)
  }

  /** Ends the request with the server's answer, after the last report was dealt with, if that does not take too long. */
  answer(result: Result, errorType: string | undefined): void {
    if (!this.keeper.forget(this, errorType)) return
    const { reports } = this
    if (reports?.isBusy !== true) return this.resume(result)
    const { timeout } = this.options
    const patience = timeout === undefined ? reports.idle : Effect.timeoutOption(reports.idle, timeout)
    const dealtWith = Effect.ensuring(
      patience,
      Effect.sync(() => reports.stop())
    )
    this.resume(Effect.andThen(dealtWith, result))
  }

  /** Ends the request for another reason. */
  end(result: Result, errorType: string): void {
    if (!this.keeper.forget(this, errorType)) return
    this.reports?.stop()
    this.resume(result)
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (!this.keeper.forget(this, "cancelled")) return
    this.reports?.stop()
    this.keeper.cancel(this, "interrupted")
  }

  report(progress: Progress): void {
    const { onProgress } = this.options
    if (onProgress === undefined) return
    this.reports ??= this.keeper.serial()
    this.reports.push(Effect.suspend(() => onProgress(progress)))
  }

  expire(): void {
    const { timeout, totalTimeout } = this.options
    const isTotal = totalTimeout !== undefined && this.deadline >= this.since + totalTimeout
    if (!isTotal && this.keeper.postpone(this)) return
    const reason = isTotal
      ? new TimedOut({ method: this.method, after: totalTimeout, limit: "total" })
      : new TimedOut({ method: this.method, after: timeout ?? 0 })
    this.keeper.cancel(this, "timeout")
    this.end(Effect.fail(new McpClientError({ reason })), "timeout")
  }
}
