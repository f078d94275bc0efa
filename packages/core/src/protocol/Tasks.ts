/**
 * Tasks: requests that are answered at once and finish later. In 2025-11-25 a part of the protocol, since 2026-07-28 the
 * extension `io.modelcontextprotocol/tasks`.
 *
 * The model speaks the extension's names (`ttlMs`, `pollIntervalMs`). The `Core...` Schemas have the same types, but read and
 * write the wire names of 2025-11-25.
 *
 * Source: basic/utilities/tasks of 2025-11-25 (SEP-1686), SEP-2663.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { EmptyResult, JsonObject, metaField } from "./Common.ts"
import { InputRequests } from "./InputRequired.ts"
import { nextPageFields, requestFields } from "./Params.ts"

/** The identifier of the extension. Since 2026-07-28. */
export { tasksExtension as extension } from "./Table.ts"

/** The key in `_meta` of messages that belong to a task; its value is a {@link RelatedTask}. 2025-11-25 only. */
export const relatedTaskKey = "io.modelcontextprotocol/related-task"

/** The key in `_meta` of a created task: what to tell the model in the meantime. 2025-11-25 only. */
export const immediateResponseKey = "io.modelcontextprotocol/model-immediate-response"

/** Names the task to which a message belongs. 2025-11-25 only. */
export interface RelatedTask extends Schema.Schema.Type<typeof relatedTask> {}
const relatedTask = Schema.Struct({ taskId: Schema.String })
export const RelatedTask: Schema.Codec<RelatedTask> = relatedTask

/**
 * What a task is at. The last three are final. A tool that answers with `isError` makes its task `failed` in 2025-11-25 and
 * `completed` in the extension.
 */
export const TaskStatus = Schema.Literals(["working", "input_required", "completed", "failed", "cancelled"])
export type TaskStatus = typeof TaskStatus.Type

/** True when a task in this state will never be in another one. */
export const isFinal = (status: TaskStatus): boolean => status !== "working" && status !== "input_required"

const taskFields = {
  taskId: Schema.String,
  status: TaskStatus,
  /** For people. */
  statusMessage: Schema.optionalKey(Schema.String),
  /** ISO 8601. */
  createdAt: Schema.String,
  /** ISO 8601. */
  lastUpdatedAt: Schema.String,
  /** How long it is kept, in milliseconds from its creation; null for ever. May change. */
  ttlMs: Schema.NullOr(Schema.Int),
  /** How often to ask, in milliseconds. May change. */
  pollIntervalMs: Schema.optionalKey(Schema.Int)
}

const coreNames = { ttlMs: "ttl", pollIntervalMs: "pollInterval" } as const

/** A task. */
export interface Task extends Schema.Schema.Type<typeof task> {}
const task = Schema.Struct(taskFields)
export const Task: Schema.Codec<Task> = task

/** {@link Task} with the wire names of 2025-11-25. */
export const CoreTask: Schema.Codec<Task, JsonObject> = task.pipe(Schema.encodeKeys(coreNames))

const detailedFields = {
  ...taskFields,
  /** The questions that are not answered yet, with `input_required`. Extension only. */
  inputRequests: Schema.optionalKey(InputRequests),
  /** The result of the request, with `completed`. Extension only; in 2025-11-25 `tasks/result` fetches it. */
  result: Schema.optionalKey(JsonObject),
  /** The JSON-RPC error of the request, with `failed`. Extension only. */
  error: Schema.optionalKey(
    Schema.Struct({ code: Schema.Int, message: Schema.String, data: Schema.optionalKey(Schema.Unknown) })
  ),
  ...metaField
}

/**
 * A task with what its state brings along. Result of `tasks/get`, params of `notifications/tasks` and
 * `notifications/tasks/status`.
 */
export interface DetailedTask extends Schema.Schema.Type<typeof detailedTask> {}
const detailedTask = Schema.Struct(detailedFields)
export const DetailedTask: Schema.Codec<DetailedTask> = detailedTask

/** {@link DetailedTask} with the wire names of 2025-11-25. */
export const CoreDetailedTask: Schema.Codec<DetailedTask, JsonObject> = detailedTask.pipe(Schema.encodeKeys(coreNames))

/** The result that stands in for the result proper of a request that became a task. */
export interface CreateTaskResult extends Schema.Schema.Type<typeof createTaskResult> {}
const createTaskResult = Schema.Struct({ task: Task, ...metaField })
export const CreateTaskResult: Schema.Codec<CreateTaskResult> = createTaskResult

/** {@link CreateTaskResult} with the wire names of 2025-11-25. */
export const CoreCreateTaskResult: Schema.Codec<CreateTaskResult, JsonObject> = Schema.Struct({ task: CoreTask, ...metaField })

/** {@link CreateTaskResult} as the extension writes it: the task is not wrapped. */
export const FlatCreateTaskResult: Schema.Codec<CreateTaskResult, JsonObject> = Schema.Struct({
  ...taskFields,
  ...metaField
}).pipe(
  Schema.decodeTo(
    Schema.toType(CreateTaskResult),
    SchemaTransformation.transform({
      decode: ({ _meta, ...task }) => (_meta === undefined ? { task } : { task, _meta }),
      encode: ({ _meta, task }) => (_meta === undefined ? task : { ...task, _meta })
    })
  )
)

/** Params of `tasks/get`, `tasks/result` and `tasks/cancel`. */
export interface TaskParams extends Schema.Schema.Type<typeof taskParams> {}
const taskParams = Schema.Struct({ taskId: Schema.String, ...requestFields })
export const TaskParams: Schema.Codec<TaskParams> = taskParams

/** Params of `tasks/update`. Extension only. */
export interface UpdateTaskParams extends Schema.Schema.Type<typeof updateTaskParams> {}
const updateTaskParams = Schema.Struct({
  taskId: Schema.String,
  /** Results by the keys of the questions, not necessarily all; each is decoded when the question is known. */
  inputResponses: JsonObject,
  ...requestFields
})
export const UpdateTaskParams: Schema.Codec<UpdateTaskParams> = updateTaskParams

/** Result of `tasks/list`. 2025-11-25 only. */
export interface ListTasksResult extends Schema.Schema.Type<typeof listTasksResult> {}
const listTasksResult = Schema.Struct({ tasks: Schema.Array(Task), ...nextPageFields })
export const ListTasksResult: Schema.Codec<ListTasksResult> = listTasksResult

/** {@link ListTasksResult} with the wire names of 2025-11-25. */
export const CoreListTasksResult: Schema.Codec<ListTasksResult, JsonObject> = Schema.Struct({
  tasks: Schema.Array(CoreTask),
  ...nextPageFields
})

/** The task that was cancelled. 2025-11-25 only. */
export interface CancelledTask extends Schema.Schema.Type<typeof cancelledTask> {}
const cancelledTask = Schema.Struct({ ...taskFields, ...metaField })
export const CancelledTask: Schema.Codec<CancelledTask> = cancelledTask

/** Result of `tasks/cancel`: the cancelled task in 2025-11-25, nothing in the extension, where cancelling is a wish. */
export const CancelTaskResult: Schema.Codec<CancelTaskResult> = Schema.Union([CancelledTask, EmptyResult])
export type CancelTaskResult = CancelledTask | EmptyResult

/** {@link CancelTaskResult} with the wire names of 2025-11-25. */
export const CoreCancelTaskResult: Schema.Codec<CancelledTask, JsonObject> = cancelledTask.pipe(Schema.encodeKeys(coreNames))

/** Result of `tasks/result`: exactly the result of the request itself. 2025-11-25 only. */
export const TaskPayload = JsonObject
export type TaskPayload = JsonObject
