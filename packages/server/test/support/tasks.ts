/**
 * A client of the request era that takes tasks.
 */
import * as Effect from "effect/Effect"
import { type Json, key, type RawPeer, settle } from "./peer.ts"
import { everything } from "./rounds.ts"

/** What a client declares that takes tasks, and can answer everything. */
export const tasking = {
  [key("clientCapabilities")]: { ...everything, extensions: { "io.modelcontextprotocol/tasks": {} } }
}

/** Makes a request as such a client. */
export const ask = (peer: RawPeer, method: string, params: Json = {}): Effect.Effect<Json> =>
  peer.request(method, { ...params, _meta: tasking })

/** Calls a tool, and gives its result, or its error. */
export const call = (peer: RawPeer, name: string, args: Json = {}, more: Json = {}): Effect.Effect<Json> =>
  Effect.map(ask(peer, "tools/call", { name, arguments: args, ...more }), (answer) => answer["result"] ?? answer["error"])

/** What a task is at, once everything has run that does not wait. */
export const get = (peer: RawPeer, taskId: string): Effect.Effect<Json> =>
  Effect.andThen(
    settle,
    Effect.map(ask(peer, "tasks/get", { taskId }), (answer) => answer["result"] ?? answer["error"])
  )

/** Answers questions of a task. */
export const update = (peer: RawPeer, taskId: string, inputResponses: Json): Effect.Effect<Json> =>
  Effect.map(ask(peer, "tasks/update", { taskId, inputResponses }), (answer) => answer["result"] ?? answer["error"])

/** Cancels a task. */
export const cancel = (peer: RawPeer, taskId: string): Effect.Effect<Json> =>
  Effect.map(ask(peer, "tasks/cancel", { taskId }), (answer) => answer["result"] ?? answer["error"])
