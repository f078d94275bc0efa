/**
 * How a handler reaches the client's user or model.
 *
 * - `live`: the question is a request to the client and is answered while the handler waits (session era, with a way back).
 * - `replay`: the round ends with the question, the client repeats its request with the answer (request era).
 * - `unavailable`: there is no way back.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { JsonObject } from "./Jsonrpc.ts"

/** The client cannot be asked: it did not declare that it can, or there is no way back to it. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  /** The method of the question, for example `elicitation/create`. */
  method: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `cannot ask the client (${this.method}): ${this.detail}`
  }
}

/** The client answered with an error. */
export class AskingFailed extends Schema.TaggedError<AskingFailed>()("AskingFailed", {
  method: Schema.String,
  /** The client's JSON-RPC error code; 0 when the conversation ended before it answered. */
  code: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `the client refused ${this.method} (${this.code}): ${this.detail}`
  }
}

/** One question: a request to the client. The key tells it from the other questions of the same handler. */
export interface Question {
  readonly key: string
  readonly method: "elicitation/create" | "sampling/createMessage" | "roots/list"
  readonly params: JsonObject
}

/** The way in which one request may ask. */
export interface Asking {
  readonly mode: "live" | "replay" | "unavailable"
  /** Asks and waits for the result, as the client sent it. */
  readonly ask: (question: Question) => Effect.Effect<JsonObject, Unsupported | AskingFailed>
}

/** The asking of requests without a way back. */
export const unavailable = (detail: string): Asking => ({
  mode: "unavailable",
  ask: ({ method }) => Effect.fail(new Unsupported({ method, detail }))
})
