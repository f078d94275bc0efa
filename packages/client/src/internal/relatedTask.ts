/**
 * Messages that belong to a task.
 */
import { isObject } from "@effect-mcp/core/Jsonrpc"
import { relatedTaskKey } from "@effect-mcp/core/protocol/Tasks"

/**
 * The task to which a message belongs, by its `_meta`: a question in a handler, a notification, or a result.
 *
 * @example
 * ElicitationHandler.layer({ form: (params) => askTheUser(params, { task: Tasks.relatedTask(params) }) })
 */
export const relatedTask = (message: { readonly _meta?: unknown }): string | undefined => {
  const related = isObject(message._meta) ? message._meta[relatedTaskKey] : undefined
  const id = isObject(related) ? related["taskId"] : undefined
  return typeof id === "string" ? id : undefined
}
