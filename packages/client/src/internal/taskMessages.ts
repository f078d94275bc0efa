/**
 * What servers say of tasks in 2025-11-25, read as far as it is relied on.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { CoreTask, immediateResponseKey, type Task } from "@effect-mcp/core/protocol/Tasks"
import { isObject } from "@effect-mcp/core/Jsonrpc"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InvalidAnswer, McpClientError } from "../McpClientError.ts"
import { describe } from "./responder.ts"
import { shownType } from "./resultType.ts"

const decode = Schema.decodeUnknownResult(CoreTask)

const invalid = (method: string, detail: string) =>
  Result.fail(new McpClientError({ reason: new InvalidAnswer({ method, detail }) }))

/** A task in an answer to `method`, or what is wrong with it. With an id, it has to be that one. */
export const readTask = (method: string, value: unknown, id?: string): Result.Result<Task, McpClientError> => {
  const decoded = decode(value)
  if (Result.isFailure(decoded)) return invalid(method, `it is no task: ${describe(decoded.failure.issue)}`)
  const { taskId } = decoded.success
  if (id !== undefined && taskId !== id) {
    return invalid(method, `it is about the task ${shownType(taskId)}, not ${shownType(id)}`)
  }
  return Result.succeed(decoded.success)
}

/** The task in the params of a notification; `undefined` for what is none. */
export const toldTask = (params: unknown): Task | undefined => Result.getOrUndefined(decode(params))

/** What to tell the model while a task that was created runs. */
export const immediateResponseOf = ({ _meta }: JsonObject): string | undefined => {
  const said = isObject(_meta) ? _meta[immediateResponseKey] : undefined
  return typeof said === "string" ? said : undefined
}
