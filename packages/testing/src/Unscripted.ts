/**
 * A scripted user or model was asked something that the test did not foresee: a fault of the test, or of what it tests.
 */
import * as Schema from "effect/Schema"

/**
 * What was asked, why there is no answer, and how to script one. It is a defect of the call during which it happened, in every revision,
 * and the server is told that its question failed.
 */
export class Unscripted extends Schema.TaggedError<Unscripted>()("Unscripted", {
  who: Schema.Literals(["user", "model"]),
  /** The question, with all that it asks for. */
  question: Schema.String,
  /** Why the script has no answer. */
  why: Schema.String,
  /** What the test could say. */
  advice: Schema.String
}) {
  override get message() {
    return `the scripted ${this.who} has no answer for ${this.question}\nbecause ${this.why}\n${this.advice}`
  }
}
