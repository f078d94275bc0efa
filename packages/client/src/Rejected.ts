/**
 * The user does not want a question to be answered.
 */
import * as Schema from "effect/Schema"

/** The user rejected the question. The server gets error -1, the code that the specification shows for it. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", { detail: Schema.String }) {
  static readonly code = -1
  override get message() {
    return this.detail
  }
}
