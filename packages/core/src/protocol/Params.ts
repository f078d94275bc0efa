/**
 * Members that the params of several requests share, to spread into a Struct.
 */
import * as Schema from "effect/Schema"
import { Cursor, JsonObject, metaField } from "./Common.ts"
import { RequestMeta } from "./RequestMeta.ts"

/** Every request. */
export const requestFields = { _meta: Schema.optionalKey(RequestMeta) }

/** Requests for one page of a list. */
export const pageFields = {
  /** Where the page before ended; absent for the first page. */
  cursor: Schema.optionalKey(Cursor),
  ...requestFields
}

/** Results with one page of a list. */
export const nextPageFields = {
  /** Where the next page begins; absent at the end. */
  nextCursor: Schema.optionalKey(Cursor),
  ...metaField
}

/** How long a task shall be kept. */
export interface TaskRequest extends Schema.Schema.Type<typeof taskRequest> {}
const taskRequest = Schema.Struct({
  /** In milliseconds from its creation. */
  ttl: Schema.optionalKey(Schema.Int)
})
export const TaskRequest: Schema.Codec<TaskRequest> = taskRequest

/** Requests that can be run as a task. 2025-11-25 only; ignored elsewhere. */
export const taskFields = {
  /** Present when the answer shall be a task. */
  task: Schema.optionalKey(TaskRequest)
}

/** Requests that can be answered by questions and then are repeated with the answers. Since 2026-07-28. */
export const retryFields = {
  /**
   * Results by the keys of the questions. Each is decoded when the question is known: keys that nobody asked for are to be
   * ignored, whatever their value.
   */
  inputResponses: Schema.optionalKey(JsonObject),
  /** Exactly as the server sent it with the questions. Untrusted. */
  requestState: Schema.optionalKey(Schema.String)
}

/** Params of requests that have none of their own. */
export interface EmptyParams extends Schema.Schema.Type<typeof emptyParams> {}
const emptyParams = Schema.Struct(requestFields)
export const EmptyParams: Schema.Codec<EmptyParams> = emptyParams

/** Params of requests for one page of a list. */
export interface PageParams extends Schema.Schema.Type<typeof pageParams> {}
const pageParams = Schema.Struct(pageFields)
export const PageParams: Schema.Codec<PageParams> = pageParams

/** Params of notifications that have none of their own. */
export interface EmptyNotificationParams extends Schema.Schema.Type<typeof emptyNotificationParams> {}
const emptyNotificationParams = Schema.Struct(metaField)
export const EmptyNotificationParams: Schema.Codec<EmptyNotificationParams> = emptyNotificationParams
