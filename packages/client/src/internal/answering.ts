/**
 * Who answers which question: what a client declares, and where a question goes.
 */
import { type ErrorObject, ErrorCode, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Revision } from "@effect-mcp/core/Revision"
import type * as Result from "effect/Result"
import type { Asker } from "../Asker.ts"
import type { Handlers } from "./handlers.ts"
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

/** Reads questions of a server. What was not declared does not exist. */
export const reading = ({ elicitation, roots, sampling }: Handlers, asker: Asker): Read => {
  const all: ReadonlyArray<readonly [method: string, responder: Responder | undefined]> = [
    ["roots/list", roots],
    ["sampling/createMessage", sampling],
    ["elicitation/create", elicitation]
  ]
  const declared = new Map(all.filter(([, responder]) => responder?.capability(asker.revision) !== undefined))
  return (method, params) =>
    declared.get(method)?.read(params ?? noParams, asker) ?? refuse(ErrorCode.MethodNotFound, `Method not found: ${method}`)
}
