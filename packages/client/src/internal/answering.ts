/**
 * Who answers which question: what a client declares, and where a question goes.
 */
import { type ErrorObject, ErrorCode, isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { relatedTaskKey } from "@effect-mcp/core/protocol/Tasks"
import type { Revision } from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Asker } from "../Asker.ts"
import { handlerOf } from "./advice.ts"
import type { Handlers } from "./handlers.ts"
import { relatedTask } from "./relatedTask.ts"
import { type Answer, refuse, type Responder } from "./responder.ts"

/** What a client with these handlers declares in a revision. */
export const capabilitiesOf = (handlers: Handlers, revision: Revision): ClientCapabilities => {
  const roots = handlers.roots?.capability(revision)
  const sampling = handlers.sampling?.capability(revision)
  const elicitation = handlers.elicitation?.capability(revision)
  return {
    ...(roots === undefined ? {} : { roots }),
    ...(sampling === undefined ? {} : { sampling }),
    ...(elicitation === undefined ? {} : { elicitation })
  }
}

/** Reads a question; the answer is made when it is run. */
export type Read = (method: string, params: JsonObject | undefined) => Result.Result<Answer, ErrorObject>

const noParams: JsonObject = {}

// What belongs to a task says so: the answer to its question as well.
const related = (params: JsonObject, read: ReturnType<Read>): ReturnType<Read> => {
  const taskId = relatedTask(params)
  if (taskId === undefined) return read
  const meta = { [relatedTaskKey]: { taskId } }
  return Result.map(read, (answer) =>
    Effect.map(answer, (said) => ({ ...said, _meta: { ...(isObject(said["_meta"]) ? said["_meta"] : {}), ...meta } }))
  )
}

// A handler that was provided beside the client, and not to it, is missed here for the first time.
const undeclared = (method: string, hasHandler: boolean) => {
  const handler = hasHandler ? undefined : handlerOf(method)
  const why = handler === undefined ? "" : `: no ${handler} was provided to the layer of this client`
  return refuse(ErrorCode.MethodNotFound, `Method not found: ${method}${why}`)
}

/** Reads questions of a server. What was not declared does not exist. */
export const reading = ({ elicitation, roots, sampling }: Handlers, asker: Asker): Read => {
  const all: ReadonlyArray<readonly [method: string, responder: Responder | undefined]> = [
    ["roots/list", roots],
    ["sampling/createMessage", sampling],
    ["elicitation/create", elicitation]
  ]
  const known = new Map(all)
  const declared = new Map(all.filter(([, responder]) => responder?.capability(asker.revision) !== undefined))
  return (method, params) => {
    const responder = declared.get(method)
    if (responder === undefined) return undeclared(method, known.get(method) !== undefined)
    const read = responder.read(params ?? noParams, asker)
    return asker.revision.tasks === "core" ? related(params ?? noParams, read) : read
  }
}
