/**
 * One call that is, or may become, a task: the fiber that does the work, what it asks, and what the store is told of it.
 */
import type { AskingFailed } from "@effect-mcp/core/Asking"
import { Timed } from "@effect-mcp/core/Deadlines"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { invalidParams, type McpError } from "@effect-mcp/core/McpError"
import type { InputRequests } from "@effect-mcp/core/protocol/InputRequired"
import { type DetailedTask, isFinal, type Task as Created } from "@effect-mcp/core/protocol/Tasks"
import type { Control } from "@effect-mcp/core/Task"
import type { StoredTask } from "@effect-mcp/core/TaskStore"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import type { Call } from "./call.ts"
import { problemOf } from "./requestState.ts"
import type { Asker } from "./round.ts"
import type { Ending } from "./taskOutcome.ts"

/** How long a `statusMessage` may be. */
export const maxStatusLength = 1000

/** What the call is answered with. */
export type Answer<A> =
  | { readonly _tag: "Created"; readonly task: Created }
  | {
      readonly _tag: "Returned"
      readonly result: A
      /** What knows how the result is written, where there is such a thing. */
      readonly work: Call | undefined
    }

/** How a task is kept and told of. */
export interface Keeping {
  /** Takes a place for a task and keeps it. Fails with what the call is answered with when that cannot be. */
  readonly admit: (run: TaskRun<unknown>, now: number) => Effect.Effect<StoredTask, McpError>
  /** Told once, when the client will be told that there is a task. */
  readonly begun: (run: TaskRun<unknown>) => void
  /** Gives the place back of a task of which no client will ever know. */
  readonly dismiss: (run: TaskRun<unknown>, stored: StoredTask) => Effect.Effect<void>
  /** Writes a state, and tells of it. Gives what is kept then; `undefined` when nothing is. Never fails. */
  readonly write: (task: DetailedTask) => Effect.Effect<DetailedTask | undefined>
}

/** A question that the client has not answered yet. */
interface Open {
  readonly method: string
  readonly params: Jsonrpc.JsonObject
  readonly answer: Deferred.Deferred<Jsonrpc.JsonObject>
}

class Expiry extends Timed {
  private readonly call: Call
  constructor(call: Call) {
    super()
    this.call = call
  }
  expire(): void {
    this.call.expire()
  }
}

const formOf = ({ method, params }: Open): Jsonrpc.JsonObject | undefined =>
  method === "elicitation/create" ? (params["requestedSchema"] as Jsonrpc.JsonObject | undefined) : undefined // by their Schema

const describe = (task: DetailedTask): Created => {
  const { _meta: _, error: _error, inputRequests: _requests, result: _result, ...created } = task
  return created
}

/** See the module. */
export class TaskRun<A> implements Control, Asker {
  /** Random, so that nobody finds it who was not told. */
  private readonly ownId = globalThis.crypto.randomUUID()
  /** The work as a call of its own: it outlives the request, and has a time of its own. */
  readonly work: Call
  /** What the request is answered with. */
  readonly answered = Deferred.makeUnsafe<Answer<A>, McpError>()
  /** Done when it is over and the store knows. */
  readonly over = Deferred.makeUnsafe<void>()
  private stage: "call" | "beginning" | "task" | "over" = "call"
  private readonly begun = Deferred.makeUnsafe<void>()
  private readonly call: Call
  private readonly keeping: Keeping
  private readonly expiry: Expiry
  private readonly lock = Semaphore.makeUnsafe(1)
  private readonly questions = new Map<string, Open>()
  private readonly keys = new Set<string>()
  private state: DetailedTask | undefined
  private isDirty = false

  constructor(call: Call, work: Call, keeping: Keeping) {
    this.call = call
    this.work = work
    this.keeping = keeping
    this.expiry = new Expiry(work)
  }

  /** Whether the client was told of a task. */
  get isTask(): boolean {
    return this.stage === "task" || this.stage === "over"
  }
  get taskId(): string {
    return this.ownId
  }

  // What the handler may do.

  get id(): string | undefined {
    return this.isTask ? this.ownId : undefined
  }

  readonly begin: Effect.Effect<void> = Effect.uninterruptible(
    Effect.suspend(() => {
      if (this.stage === "beginning") return Effect.interruptible(Deferred.await(this.begun))
      if (this.stage !== "call") return Effect.void
      this.stage = "beginning"
      const admitted = Effect.flatMap(Clock.currentTimeMillis, (now) => this.keeping.admit(this as TaskRun<unknown>, now))
      return Effect.matchEffect(admitted, {
        onSuccess: (stored) => this.admitted(stored),
        onFailure: (error) => {
          Deferred.doneUnsafe(this.answered, Exit.fail(error))
          return Effect.interruptible(Effect.never)
        }
      })
    })
  )

  readonly status = (message: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.stage !== "task" || this.state === undefined) return Effect.void
      this.state = { ...this.state, statusMessage: message.slice(0, maxStatusLength) }
      return this.changed
    })

  private admitted(stored: StoredTask): Effect.Effect<void> {
    // It ends with questions, or nobody wants it any more.
    if (this.call.isEnding) {
      return Effect.andThen(this.keeping.dismiss(this as TaskRun<unknown>, stored), Effect.interruptible(Effect.never))
    }
    const { task } = stored
    this.stage = "task"
    this.state = task
    // Progress and messages are not sent for tasks, and the questions are its own from now on.
    this.work.isOpen = false
    this.call.leaveRoundTo(this)
    this.keeping.begun(this as TaskRun<unknown>)
    if (task.ttlMs !== null) this.work.engine.deadlines.add(this.expiry, this.work.engine.deadlines.now(), task.ttlMs)
    Deferred.doneUnsafe(this.begun, Exit.void)
    Deferred.doneUnsafe(this.answered, Exit.succeed({ _tag: "Created", task: describe(task) }))
    return Effect.void
  }

  // How it asks, once it is a task.

  readonly method = "tools/call"
  readonly asks = true
  get revision() {
    return this.call.revision
  }
  get clientCapabilities() {
    return this.call.clientCapabilities
  }
  get emit() {
    return this.call.emit
  }
  get isOpen(): boolean {
    return this.stage === "task"
  }
  readonly pause = (): void => this.work.pause()
  readonly resume = (): Effect.Effect<void> => this.work.resume()
  readonly endRound = (): void => {}
  get peer(): Asker["peer"] {
    return { push: this.call.peer.push, ask: (_, method, params, key) => this.ask(method, params, key) }
  }

  private ask(method: string, params: Jsonrpc.JsonObject, asked: string): Effect.Effect<Jsonrpc.JsonObject, AskingFailed> {
    return Effect.uninterruptibleMask((restore) => {
      const key = this.unusedKey(asked)
      const open: Open = { method, params, answer: Deferred.makeUnsafe() }
      this.questions.set(key, open)
      return restore(Effect.andThen(this.changed, Deferred.await(open.answer))).pipe(
        Effect.ensuring(Effect.suspend(() => (this.questions.delete(key) ? this.changed : Effect.void)))
      )
    })
  }

  // A question that was not answered may be put again, and clients answer each key once.
  private unusedKey(asked: string): string {
    let key = asked
    for (let n = 2; this.keys.has(key); n++) key = `${asked}#${n}`
    this.keys.add(key)
    return key
  }

  /** Takes answers; those to nothing that is asked are ignored. Fails with what is wrong with one of them, then none is taken. */
  readonly update = (given: Jsonrpc.JsonObject): Effect.Effect<void, McpError> => Effect.uninterruptible(this.updated(given))

  private updated(given: Jsonrpc.JsonObject): Effect.Effect<void, McpError> {
    return Effect.suspend(() => {
      const taken: Array<readonly [key: string, open: Open, answer: Jsonrpc.JsonObject]> = []
      for (const [key, open] of this.questions) {
        if (!Object.hasOwn(given, key)) continue
        const form = formOf(open)
        const answer = given[key]
        // A question is put by one of the methods of questions.
        const question = { method: open.method, digest: "", ...(form === undefined ? {} : { form }) } as Parameters<
          typeof problemOf
        >[0]
        const problem = problemOf(question, answer)
        if (problem !== undefined) return Effect.fail(invalidParams(`Invalid params: \`inputResponses.${key}\`: ${problem}`))
        taken.push([key, open, answer as Jsonrpc.JsonObject]) // its problems would have said otherwise
      }
      if (taken.length === 0) return Effect.void
      for (const [key] of taken) this.questions.delete(key)
      // Whoever asks for the task after this must not see them again.
      return Effect.andThen(
        this.changed,
        Effect.sync(() => {
          for (const [, { answer }, value] of taken) Deferred.doneUnsafe(answer, Exit.succeed(value))
        })
      )
    })
  }

  // How the store is told.

  private get changed(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isDirty = true
      // What else changes in this turn goes with it.
      return this.lock.withPermits(1)(Effect.andThen(Effect.yieldNow, this.write))
    })
  }

  private readonly write: Effect.Effect<void> = Effect.suspend(() => {
    if (!this.isDirty || this.state === undefined || isFinal(this.state.status)) return Effect.void
    this.isDirty = false
    const entries = [...this.questions].map(([key, { method, params }]) => [key, { method, params }] as const)
    const { inputRequests: _, ...rest } = this.state
    const state: DetailedTask =
      entries.length === 0
        ? { ...rest, status: "working" }
        : // A question is made of the params of its method.
          { ...rest, status: "input_required", inputRequests: Object.fromEntries(entries) as unknown as InputRequests }
    return this.keep(state)
  })

  private keep(state: DetailedTask): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.state = { ...state, lastUpdatedAt: new Date(now).toISOString() }
      return Effect.map(this.keeping.write(this.state), (kept) => {
        // Somebody else has ended it: another process may, through the store.
        if (kept !== undefined && isFinal(kept.status) && !isFinal(state.status)) this.work.end("cancelled")
      })
    })
  }

  /** Ends the task in the store, with what came of it. */
  finish(outcome: Ending): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.stage = "over"
      this.questions.clear()
      this.work.engine.deadlines.remove(this.expiry)
      const { state } = this
      if (state === undefined) return Effect.void
      const { inputRequests: _, ...rest } = state
      return this.lock.withPermits(1)(this.keep({ ...rest, ...outcome }))
    })
  }
}
