/**
 * One task as a client knows it: its latest state, who watches it, and the fiber that asks the server as long as somebody does.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { isFinal, type Task } from "@effect-mcp/core/protocol/Tasks"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { McpClientError, TaskExpired } from "../McpClientError.ts"
import type { CallOptions } from "./callOptions.ts"
import { TaskAnswers } from "./taskAnswers.ts"
import { type Dialect, type News, readTask } from "./taskMessages.ts"
import type { TaskPeer } from "./taskPeer.ts"
import { maxMisses, pauseOf } from "./taskPolling.ts"

/** Who watches a task. None of these may throw. */
export interface Watcher {
  /** It is in another state, or says something else about it. */
  readonly changed: (state: Task) => void
  /** The server cannot be asked any more. */
  readonly failed: (error: McpClientError) => void
}

// The server answers when there is a result, however long that takes.
const forEver: CallOptions = { timeout: Duration.infinity, totalTimeout: Duration.infinity }

// Why a question may go better the next time.
const isPassing = ({ reason }: McpClientError): boolean =>
  reason._tag === "TimedOut" || reason._tag === "RateLimited" || reason._tag === "CircuitOpen"

// Answers that overtake each other must not turn a task back. Times that cannot be read tell nothing.
const isOlder = (state: Task, than: Task): boolean => Date.parse(state.lastUpdatedAt) < Date.parse(than.lastUpdatedAt)

// Servers that keep a task for no time at all mean that they do not say.
const keptFor = ({ ttlMs }: Task): number => (ttlMs === null || ttlMs <= 0 ? Infinity : ttlMs)

/** See the module. */
export class TaskCell {
  readonly id: string
  readonly dialect: Dialect
  latest: News
  /** The result, once the server gave it. */
  answer: JsonObject | undefined
  private readonly watchers = new Set<Watcher>()
  private asking: Fiber.Fiber<JsonObject, McpClientError> | undefined
  private poller: Fiber.Fiber<void, McpClientError> | undefined
  private wake = Deferred.makeUnsafe<void>()
  private unchanged = 0
  private readonly since: number
  private readonly peer: TaskPeer
  private readonly onOver: () => void
  private readonly answers: TaskAnswers

  /** `now` is the time, in milliseconds; `onOver` is told once, when the task is in a final state. It must not throw. */
  constructor(peer: TaskPeer, first: News, now: number, onOver: () => void, dialect: Dialect = "core") {
    this.id = first.taskId
    this.dialect = dialect
    this.answers = new TaskAnswers(first.taskId, peer, (error) => this.end(error))
    this.latest = first
    this.since = now
    this.peer = peer
    this.onOver = onOver
    if (this.isOver) onOver()
  }

  get isOver(): boolean {
    return isFinal(this.latest.status)
  }

  /** Takes what the server says of the task. Nothing follows a final state, and what is older than what is known is no news. */
  take(state: News): void {
    const { latest } = this
    if (this.isOver || (!isFinal(state.status) && isOlder(state, latest))) return
    this.latest = state
    this.answer ??= state.result
    this.answerQuestions()
    if (state.status === latest.status && state.statusMessage === latest.statusMessage) return
    this.unchanged = 0
    Deferred.doneUnsafe(this.wake, Exit.void)
    this.wake = Deferred.makeUnsafe()
    for (const watcher of this.watchers) watcher.changed(state)
    if (this.isOver) this.onOver()
  }

  /** Tells the watcher of what comes from now on, as long as the scope is open. */
  watch(watcher: Watcher): Effect.Effect<void, never, Scope.Scope> {
    const start = Effect.sync(() => {
      this.watchers.add(watcher)
      if (this.poller === undefined && !this.isOver) this.poll()
      this.answerQuestions()
    })
    const stop = Effect.sync(() => {
      this.watchers.delete(watcher)
      if (this.watchers.size === 0) this.rest()
    })
    return Effect.acquireRelease(start, () => stop)
  }

  /**
   * Asks for the result, if nobody has yet. The server answers when there is one, however long that takes, and asks its own questions
   * meanwhile.
   */
  ask(): Fiber.Fiber<JsonObject, McpClientError> {
    if (this.asking !== undefined) return this.asking
    const fiber = this.peer.runFork(this.peer.request("tasks/result", { taskId: this.id }, forEver))
    this.asking = fiber
    fiber.addObserver((exit) => {
      if (this.asking !== fiber) return
      // A refusal before the end is no result; what it means, the next question about the state tells.
      if (Exit.isFailure(exit)) this.asking = undefined
      else this.answered(exit.value)
    })
    return fiber
  }

  /** Asks how the task is. */
  readonly refresh: Effect.Effect<Task, McpClientError> = Effect.suspend(() => {
    if (this.isOver) return Effect.succeed(this.latest)
    const asked = this.peer.request("tasks/get", { taskId: this.id })
    return Effect.flatMap(asked, (result) => this.read("tasks/get", result))
  })

  /** Takes the state that an answer tells. */
  read(method: string, result: JsonObject): Effect.Effect<Task, McpClientError> {
    return Effect.map(Effect.fromResult(readTask(method, result, this.id, this.dialect)), (state) => {
      this.take(state)
      return this.latest
    })
  }

  /** Nothing can be asked any more. Who watches it from now on asks again. */
  end(error: McpClientError): void {
    this.stop()
    for (const watcher of this.watchers) watcher.failed(error)
  }

  private answerQuestions(): void {
    if (this.dialect === "core" || this.watchers.size === 0) return
    if (this.latest.status === "input_required") this.answers.take(this.latest.inputRequests)
    else this.answers.stop()
  }

  private answered(result: JsonObject): void {
    this.answer = result
    const { statusMessage: _, ...latest } = this.latest
    // There is a result, so there is an end, whether the server tells of it or not.
    this.take({ ...latest, status: result["isError"] === true ? "failed" : "completed" })
  }

  private poll(): void {
    const fiber = this.peer.runFork(this.dialect === "core" ? this.polling : this.hearing)
    this.poller = fiber
    fiber.addObserver((exit) => {
      if (this.poller !== fiber) return
      this.poller = undefined
      const error = Exit.findErrorOption(exit)
      if (Option.isSome(error)) this.end(error.value)
    })
  }

  // Nobody watches: the server is left alone.
  private rest(): void {
    this.stop()
    const { asking } = this
    this.asking = undefined
    asking?.interruptUnsafe()
  }

  private stop(): void {
    const { poller } = this
    this.answers.stop()
    this.poller = undefined
    poller?.interruptUnsafe()
  }

  // What cannot be heard is asked for.
  private readonly hearing: Effect.Effect<void, McpClientError> = Effect.suspend(() =>
    Effect.scoped(Effect.andThen(Effect.forkScoped(Effect.ignore(this.peer.hear(this.id))), this.polling))
  )

  private readonly polling: Effect.Effect<void, McpClientError> = Effect.gen({ self: this }, function* () {
    let misses = 0
    while (true) {
      const asked = yield* Clock.currentTimeMillis
      yield* this.pause(Math.min(asked + pauseOf(this.latest.pollIntervalMs, this.unchanged, misses), this.expiry))
      if (this.isOver) return
      this.unchanged++
      const polled = yield* Effect.result(this.refresh)
      if (this.isOver) return
      const error = polled._tag === "Failure" ? polled.failure : undefined
      const isLate = (yield* Clock.currentTimeMillis) >= this.expiry
      if (isLate && (error === undefined || error.reason._tag === "RequestFailed")) return yield* this.expired
      misses = error === undefined ? 0 : misses + 1
      if (error !== undefined && (misses > maxMisses || !isPassing(error))) return yield* error
    }
  })

  // Waits until the time, or the end. What comes meanwhile may be that the server wants to ask something.
  private readonly pause = (until: number): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (this.isOver || now >= until) return Effect.void
      if (this.latest.status === "input_required" && this.dialect === "core") this.ask()
      const woken = Effect.timeoutOption(Deferred.await(this.wake), Duration.millis(until - now))
      return Effect.flatMap(woken, () => this.pause(until))
    })

  // It is counted from when the client heard of the task: never too early.
  private get expiry(): number {
    return this.since + keptFor(this.latest)
  }

  private get expired(): McpClientError {
    return new McpClientError({ reason: new TaskExpired({ taskId: this.id, ttlMs: keptFor(this.latest) }) })
  }
}
