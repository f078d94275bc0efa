/**
 * What clients may ask of tasks: `tasks/get`, `tasks/update` and `tasks/cancel`, and hearing of them.
 *
 * Source: SEP-2663, the extension `io.modelcontextprotocol/tasks` of 2026-07-28.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Internal, InvalidRequest, invalidParams, McpError, MethodNotFound, MissingCapability } from "@effect-mcp/core/McpError"
import { extension, isFinal } from "@effect-mcp/core/protocol/Tasks"
import { belongsTo, type StoredTask, type TaskStore } from "@effect-mcp/core/TaskStore"
import type { StoreError } from "@effect-mcp/core/StoreError"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import type { Subscription } from "./changes.ts"
import type { Serve } from "./engine.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject } from "./subject.ts"
import type { Tasks } from "./tasks.ts"
import { takesTasks } from "./taskWork.ts"
import type { TaskTelling } from "./taskTelling.ts"

/** What the methods work with. */
export interface Options {
  readonly tasks: Tasks
  readonly store: TaskStore["Service"]
  readonly telling: TaskTelling
  /** Whether there are tools whose calls may be tasks. */
  readonly isOffered: () => boolean
  readonly run: Run
  readonly settings: Settings
  readonly logDefect: LogDefect
}

/** See the module. */
export interface TaskMethods {
  readonly methods: {
    readonly "tasks/get": Serve<Call>
    readonly "tasks/update": Serve<Call>
    readonly "tasks/cancel": Serve<Call>
  }
  /** The tasks among these that the principal of a call may hear of. */
  readonly known: (ids: ReadonlyArray<string>, call: Call) => Effect.Effect<ReadonlyArray<string>, McpError>
  /** Tells a subscription that has just begun how its tasks are. */
  readonly greet: (subscription: Subscription) => Effect.Effect<void>
}

/** What a client has to declare to use tasks. */
export const undeclared = new MissingCapability({ required: { extensions: { [extension]: {} } } })

const acknowledged: JsonObject = {}

/** Serves the methods of tasks. */
export const make = ({ isOffered, logDefect, run, settings, store, tasks, telling }: Options): TaskMethods => {
  const read = <A>(effect: Effect.Effect<A, StoreError>): Effect.Effect<A, McpError> =>
    Effect.catchCause(effect, (cause: Cause.Cause<StoreError>) =>
      Effect.fail(new McpError({ reason: new Internal({ id: logDefect("the task store", cause) }) }))
    )

  // That a task is somebody else's is not told.
  const find = (call: Call): Effect.Effect<StoredTask, McpError> => {
    const id = call.params?.["taskId"]
    if (typeof id !== "string") return Effect.fail(invalidParams("Invalid params: `taskId` must be a string"))
    return Effect.flatMap(read(store.get(id)), (stored) =>
      stored !== undefined && belongsTo(stored, call.principal)
        ? Effect.succeed(stored)
        : Effect.fail(invalidParams("Invalid params: there is no such task, or no more", { taskId: id }))
    )
  }

  const get = (call: Call) => Effect.map(find(call), ({ task }): JsonObject => ({ ...task }))

  const update = Effect.fnUntraced(function* (call: Call): Effect.fn.Return<JsonObject, McpError> {
    const given = call.params?.["inputResponses"]
    if (!isObject(given)) return yield* invalidParams("Invalid params: `inputResponses` must be an object")
    const { task } = yield* find(call)
    const running = tasks.find(task.taskId)
    if (running !== undefined) yield* running.update(given)
    else if (!isFinal(task.status)) {
      const detail = "The task runs in another process of this server, which has to be told"
      return yield* new McpError({ reason: new InvalidRequest({ detail }) })
    }
    return acknowledged
  })

  const cancel = Effect.fnUntraced(function* (call: Call): Effect.fn.Return<JsonObject, McpError> {
    const { task } = yield* find(call)
    const running = tasks.find(task.taskId)
    if (running !== undefined) running.work.end("cancelled")
    else {
      // The process that runs it finds this when it writes the next time.
      const change = (stored: StoredTask): StoredTask =>
        isFinal(stored.task.status) ? stored : { ...stored, task: { ...stored.task, status: "cancelled" } }
      yield* read(store.modify(task.taskId, change))
    }
    return acknowledged
  })

  const served = (method: string, answer: (call: Call) => Effect.Effect<JsonObject, McpError>): Serve<Call> => {
    const operation: Operation<JsonObject> = {
      subject: subject(method),
      timeout: settings.toolTimeout,
      // A server that is busy can still be told to stop.
      needsPlace: false,
      encode: (call, result) => call.engine.wire.extensionResult(result),
      errorType: () => undefined,
      timedOut: undefined
    }
    return (call) => {
      if (call.revision.tasks !== "extension" || !isOffered()) {
        return Effect.succeed(refuse(call, new MethodNotFound({ method: call.method })))
      }
      if (!takesTasks(call)) return Effect.succeed(refuse(call, undeclared))
      return run(call, operation, () => answer(call))
    }
  }

  return {
    methods: {
      "tasks/get": served("tasks/get", get),
      "tasks/update": served("tasks/update", update),
      "tasks/cancel": served("tasks/cancel", cancel)
    },
    known: (ids, call) =>
      Effect.filter([...new Set(ids)], (id) =>
        Effect.map(read(store.get(id)), (stored) => stored !== undefined && belongsTo(stored, call.principal))
      ),
    greet: (subscription) =>
      Effect.forEach(
        subscription.taskIds,
        (id) =>
          Effect.map(read(store.get(id)), (stored) =>
            stored === undefined ? undefined : telling.tellOn(subscription, stored.task)
          ),
        { discard: true }
      ).pipe(Effect.ignore)
  }
}
