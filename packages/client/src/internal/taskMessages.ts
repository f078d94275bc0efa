/**
 * What servers say of tasks, read as far as it is relied on: in the words of 2025-11-25, and in those of the extension.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { CoreTask, immediateResponseKey, Task } from "@effect-mcp/core/protocol/Tasks"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InvalidAnswer, McpClientError, RequestFailed } from "../McpClientError.ts"
import { describe } from "./responder.ts"
import { shownType } from "./resultType.ts"

/** In whose words a server speaks of tasks. */
export type Dialect = "core" | "extension"

/** What a server says of a task. Besides its state only the extension tells of more. */
export interface News extends Task {
  /** Checked one by one, where they are answered. */
  readonly inputRequests?: unknown
  readonly result?: JsonObject
  readonly error?: McpClientError
}

const decoders = { core: Schema.decodeUnknownResult(CoreTask), extension: Schema.decodeUnknownResult(Task) }

const invalid = (method: string, detail: string) =>
  Result.fail(new McpClientError({ reason: new InvalidAnswer({ method, detail }) }))

const errorOf = (error: unknown): McpClientError | undefined => {
  if (!isObject(error) || typeof error["code"] !== "number") return undefined
  const { code, data, message } = error
  const detail = typeof message === "string" ? message : "the task failed"
  return new McpClientError({
    reason: new RequestFailed({ method: "tools/call", code, detail, ...(data === undefined ? {} : { data }) })
  })
}

const moreOf = ({ error, inputRequests, result }: JsonObject): Omit<News, keyof Task> => {
  const failure = errorOf(error)
  return {
    ...(inputRequests === undefined ? {} : { inputRequests }),
    ...(isObject(result) ? { result } : {}),
    ...(failure === undefined ? {} : { error: failure })
  }
}

/** A task in an answer to `method`, or what is wrong with it. With an id, it has to be that one. */
export const readTask = (
  method: string,
  value: unknown,
  id?: string,
  dialect: Dialect = "core"
): Result.Result<News, McpClientError> => {
  const decoded = decoders[dialect](value)
  if (Result.isFailure(decoded)) return invalid(method, `it is no task: ${describe(decoded.failure.issue)}`)
  const { taskId } = decoded.success
  if (id !== undefined && taskId !== id) {
    return invalid(method, `it is about the task ${shownType(taskId)}, not ${shownType(id)}`)
  }
  return Result.succeed(dialect === "core" || !isObject(value) ? decoded.success : { ...decoded.success, ...moreOf(value) })
}

/** The task in the params of a notification; `undefined` for what is none. */
export const toldTask = (params: unknown, dialect: Dialect = "core"): News | undefined =>
  Result.getOrUndefined(readTask("notifications/tasks", params, undefined, dialect))

/** What to tell the model while a task that was created runs. */
export const immediateResponseOf = ({ _meta }: JsonObject): string | undefined => {
  const said = isObject(_meta) ? _meta[immediateResponseKey] : undefined
  return typeof said === "string" ? said : undefined
}
