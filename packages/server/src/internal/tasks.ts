/**
 * The tasks of a server: calls whose work goes on after they were answered.
 *
 * Source: SEP-2663, the extension `io.modelcontextprotocol/tasks` of 2026-07-28.
 */
import { Internal, McpError, Overloaded, type Reason } from "@effect-mcp/core/McpError"
import { type DetailedTask, isFinal } from "@effect-mcp/core/protocol/Tasks"
import { bindingOf } from "@effect-mcp/core/SessionStore"
import { Current } from "@effect-mcp/core/Task"
import type { StoredTask, TaskStore } from "@effect-mcp/core/TaskStore"
import type { StoreError } from "@effect-mcp/core/StoreError"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import type { Settings } from "../Settings.ts"
import { Brought } from "./brought.ts"
import { Call } from "./call.ts"
import type { LogDefect } from "./run.ts"
import { broughtBy } from "./run.ts"
import { outcomeOf } from "./taskOutcome.ts"
import { type Answer, type Keeping, TaskRun } from "./taskRun.ts"
import type { TaskTelling } from "./taskTelling.ts"
import type { Work } from "./taskWork.ts"
import type { Telemetry } from "./telemetry.ts"

/** What tasks work with. */
export interface Options {
  readonly context: Context.Context<never>
  readonly store: TaskStore["Service"]
  readonly settings: Settings
  readonly telemetry: Telemetry
  readonly telling: TaskTelling
  readonly logDefect: LogDefect
  readonly minimumLogLevel: LogLevel.LogLevel
}

const refused = (reason: Reason) => Effect.fail(new McpError({ reason }))

// A store that fails for a moment must not lose a result.
const again = Schedule.exponential("100 millis")
const tries = 3

/** See the module. */
export class Tasks {
  private readonly running = new Map<string, TaskRun<unknown>>()
  private readonly options: Options
  private readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

  constructor(options: Options) {
    this.options = options
    this.runFork = Effect.runForkWith(options.context)
  }

  /** Whether there was one. */
  isUsed = false

  /** A task that runs in this process. */
  find(id: string): TaskRun<unknown> | undefined {
    return this.running.get(id)
  }

  /** Runs the work of a call that is, or may become, a task, and gives what the call is answered with. */
  start<A>(
    call: Call,
    work: Work<A>,
    make: (brought: Brought) => Effect.Effect<A, McpError>
  ): Effect.Effect<Answer<A>, McpError> {
    return Effect.suspend(() => {
      const run = this.make<A>(call, work)
      const { minimumLogLevel } = this.options
      const brought = () => make(new Brought(Current.key, run, broughtBy(run.work, minimumLogLevel)))
      const effect = work.start === "atOnce" ? Effect.andThen(run.begin, Effect.suspend(brought)) : Effect.suspend(brought)
      const fiber = Effect.runForkWith(this.options.context)(
        Effect.withFiber<A, McpError>((self) => {
          run.work.fiber = self
          return Effect.interruptible(effect)
        }),
        { uninterruptible: true }
      )
      fiber.addObserver((exit) => this.ended(run, work, exit))
      // Who is not answered with a task takes the work along.
      const abandoned = Effect.suspend(() => {
        run.work.mark(call.ended ?? "cancelled")
        return Fiber.interrupt(fiber)
      })
      return Effect.onExit(Deferred.await(run.answered), (exit) => (Exit.isFailure(exit) ? abandoned : Effect.void))
    })
  }

  /** Ends all and waits until the store knows. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const all = [...this.running.values()]
    for (const { work } of all) work.end("closed")
    return Effect.forEach(all, ({ over }) => Deferred.await(over), { concurrency: "unbounded", discard: true })
  })

  private make<A>(call: Call, work: Work<A>): TaskRun<A> {
    const { emit, engine, method, params, peer, principal } = call
    const own = new Call({ id: call.id, method, params }, peer, engine, call.said, { emit, principal })
    own.keepsTime = true
    own.asking = call.asking
    own.span = call.span
    const keeping: Keeping = {
      admit: (run, now) => this.admit(run, work, now),
      begun: (run) => {
        own.startedAt = engine.deadlines.now()
        own.subject = work.subject
        own.failsWithErrors = true
        own.setTimeout(work.timeout)
        own.span = this.options.telemetry.open(own, work.subject)
        own.span?.attribute("mcp.task.id", run.taskId)
      },
      dismiss: (run, { task }) => {
        this.running.delete(run.taskId)
        return Effect.asVoid(this.write({ ...task, status: "cancelled" }))
      },
      write: (task) => this.write(task)
    }
    return new TaskRun<A>(call, own, keeping)
  }

  private readonly admit = Effect.fnUntraced(
    { self: this },
    function* (
      this: Tasks,
      run: TaskRun<unknown>,
      { pollInterval, ttl }: Pick<Work<never>, "pollInterval" | "ttl">,
      now: number
    ): Effect.fn.Return<StoredTask, McpError> {
      const { logDefect, settings, store } = this.options
      if (this.running.size >= settings.tasks.concurrency) {
        return yield* refused(new Overloaded({ detail: "The server has too many tasks; nothing was done, try again later" }))
      }
      this.isUsed = true
      this.running.set(run.taskId, run)
      const at = new Date(now).toISOString()
      const stored: StoredTask = {
        task: {
          taskId: run.taskId,
          status: "working",
          createdAt: at,
          lastUpdatedAt: at,
          ttlMs: ttl ?? null,
          pollIntervalMs: pollInterval
        },
        principal: bindingOf(run.work.principal),
        expiresAt: ttl === undefined ? null : now + ttl
      }
      const created = yield* Effect.exit(store.create(stored))
      if (Exit.isSuccess(created) && created.value) return stored
      this.running.delete(run.taskId)
      if (Exit.isSuccess(created)) {
        return yield* refused(new Overloaded({ detail: "The server has no room for another task; nothing was done" }))
      }
      return yield* refused(new Internal({ id: logDefect("the task store", created.cause) }))
    }
  )

  private write(task: DetailedTask): Effect.Effect<DetailedTask | undefined> {
    const { logDefect, store, telling } = this.options
    const change = (stored: StoredTask): StoredTask => (isFinal(stored.task.status) ? stored : { ...stored, task })
    const kept: Effect.Effect<StoredTask | undefined, StoreError> = store.modify(task.taskId, change)
    return kept.pipe(
      Effect.retry({ schedule: again, times: tries }),
      Effect.matchCause({
        onSuccess: (now) => {
          if (now?.task === task) telling.tell(task)
          return now?.task
        },
        onFailure: (cause) => {
          logDefect(`the task store, about task ${task.taskId},`, cause)
          return undefined
        }
      })
    )
  }

  // What is left of the work: an answer to the call, or the end of the task.
  private ended<A>(run: TaskRun<A>, work: Work<A>, exit: Exit.Exit<A, McpError>): void {
    const { work: own } = run
    own.fiber = undefined
    if (!run.isTask) {
      own.leave()
      const returned = (result: A): Answer<A> => ({ _tag: "Returned", result, work: own })
      Deferred.doneUnsafe(run.answered, Exit.map(exit, returned))
      return
    }
    const [outcome, errorType] = outcomeOf(run.work, work, exit, this.options.logDefect)
    own.setTimeout(undefined)
    const { telemetry } = this.options
    const over = Effect.sync(() => {
      own.subject = undefined
      own.params = undefined
      own.leave()
      this.running.delete(run.taskId)
      telemetry.record(work.subject, own.engine.deadlines.now() - own.startedAt, errorType)
      if (own.span !== undefined) telemetry.close(own.span, errorType === undefined ? Exit.void : Exit.fail(errorType), errorType)
      Deferred.doneUnsafe(run.over, Exit.void)
    })
    this.runFork(Effect.ensuring(run.finish(outcome), over))
  }
}
