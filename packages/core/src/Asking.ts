/**
 * How a handler reaches the client's user or model.
 *
 * - `live`: the question is a request to the client and is answered while the handler waits (session era, with a way back).
 * - `replay`: the round ends with the question; the client repeats its request with the answer, and the handler runs again from its
 *   start and finds it (request era).
 * - `unavailable`: there is no way back.
 *
 * A handler sees no difference. In all of them a key stands for one question or one recorded effect for the whole request: asking
 * again gives the same answer.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { JsonObject } from "./Jsonrpc.ts"
import { Recording } from "./Recording.ts"

/** The client cannot be asked: it did not declare that it can, or there is no way back to it. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  /** The method of the question, for example `elicitation/create`. */
  method: Schema.String,
  detail: Schema.String,
  /** What the client would have to declare, in the shape in which it would; absent when that would not help. */
  required: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
}) {
  override get message() {
    return `cannot ask the client (${this.method}): ${this.detail}`
  }
}

/** The client answered with an error, or with something that is no answer, or not in time. */
export class AskingFailed extends Schema.TaggedError<AskingFailed>()("AskingFailed", {
  method: Schema.String,
  /** The client's JSON-RPC error code; 0 when it gave none. */
  code: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return this.code === 0
      ? `${this.method} got no answer: ${this.detail}`
      : `the client refused ${this.method} (${this.code}): ${this.detail}`
  }
}

/** The user said no. */
export class Declined extends Schema.TaggedError<Declined>()("Declined", {
  /** The key of the question. */
  key: Schema.String
}) {
  override get message() {
    return `the user declined to answer "${this.key}"`
  }
}

/** The user closed the question without an answer. */
export class Cancelled extends Schema.TaggedError<Cancelled>()("Cancelled", {
  /** The key of the question. */
  key: Schema.String
}) {
  override get message() {
    return `the user did not answer "${this.key}"`
  }
}

/** The answer is not what was asked for. */
export class InvalidAnswer extends Schema.TaggedError<InvalidAnswer>()("InvalidAnswer", {
  /** The key of the question. */
  key: Schema.String,
  /** A line for each problem: where, what was expected. */
  detail: Schema.String
}) {
  override get message() {
    return `the answer to "${this.key}" cannot be used:\n${this.detail}`
  }
}

/**
 * Why a question got no answer. Every handler may fail with it, whatever its contract declares: the client is told what happened.
 */
export type AskingError = Unsupported | AskingFailed | Declined | Cancelled | InvalidAnswer

const AnyAskingError = [Unsupported, AskingFailed, Declined, Cancelled, InvalidAnswer] as const

/** True for {@link AskingError}. */
export const isAskingError = (u: unknown): u is AskingError => AnyAskingError.some((error) => u instanceof error)

/** One question: a request to the client. The key tells it from the other questions of the same request. */
export interface Question {
  readonly key: string
  readonly method: "elicitation/create" | "sampling/createMessage" | "roots/list"
  readonly params: JsonObject
}

/** The way in which one request may ask. */
export interface Asking {
  readonly mode: "live" | "replay" | "unavailable"
  /**
   * Asks and waits for the result, as the client sent it. The same key gives the same answer for the whole request; one key for two
   * different questions is a defect. It can be interrupted, even where nothing else can.
   */
  readonly ask: (question: Question) => Effect.Effect<JsonObject, Unsupported | AskingFailed>
  /**
   * Runs an effect that gives JSON, unless the request has recorded one under this key: then it gives what was recorded. It is not
   * interrupted, and the end of a round waits for it. Failures are not recorded.
   */
  readonly once: <E, R>(key: string, effect: Effect.Effect<unknown, E, R>) => Effect.Effect<unknown, E, R>
  /**
   * Tells the client that what the user was sent to a URL for is done, where the revision has a message for that. `key` is the
   * question's.
   */
  readonly completed: (key: string) => Effect.Effect<void>
}

/** The asking of requests without a way back. `detail` says why there is none. */
export const unavailable = (detail: string): Asking => {
  const recording = new Recording()
  return {
    mode: "unavailable",
    ask: ({ method }) => Effect.fail(new Unsupported({ method, detail })),
    once: (key, effect) => recording.once(key, effect),
    completed: () => Effect.void
  }
}
