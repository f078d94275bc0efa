/**
 * The request that asks for a task: the server answers with a task, or with the result.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import type { McpClientError } from "../McpClientError.ts"
import type { CallOptions } from "./callOptions.ts"
import type { Connection } from "./connection.ts"
import type { Requests } from "./requests.ts"

/** What the server answered. */
export interface Created {
  readonly result: JsonObject
  /** Ends the reports of progress, which go on as long as the task does. */
  readonly drop: () => void
}

/** A request for a task. */
export interface Creation {
  readonly answer: Effect.Effect<Created, McpClientError>
  /** Whether the server may have heard of it. */
  readonly isSent: () => boolean
}

/** Makes `tools/call`, with params that ask for a task. It is never cancelled by a notification. */
export type Create = (params: JsonObject, options: CallOptions) => Creation

/** Whether an answer says that there is a task. */
export const isTask = ({ resultType, task }: JsonObject): boolean => resultType === "task" || isObject(task)

/** See {@link Create}. */
export const creating =
  (connection: Connection, requests: Requests): Create =>
  (params, { onProgress, ...options }) => {
    const reports = connection.serial()
    let token: number | undefined
    const drop = () => {
      if (token !== undefined) connection.reporters.delete(token)
    }
    const request = requests.make("tools/call", params, options, (id) => {
      token = id
      if (onProgress === undefined) return
      connection.reporters.set(id, (progress) => reports.push(Effect.suspend(() => onProgress(progress))))
    })
    const answer = Effect.map(
      Effect.onError(request, () => Effect.sync(drop)),
      (result) => {
        if (!isTask(result)) drop()
        return { result, drop }
      }
    )
    return { answer, isSent: () => token !== undefined }
  }
