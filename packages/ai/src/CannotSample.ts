/**
 * What sampling and language models of `effect/ai` do not have in common.
 */
import * as Schema from "effect/Schema"

/** A request for sampling that cannot be put to a language model of `effect/ai`, or an answer of one that MCP cannot carry. */
export class CannotSample extends Schema.TaggedError<CannotSample>()("CannotSample", {
  /** What cannot be carried, for example `messages[2]`. */
  where: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `cannot sample, ${this.where}: ${this.detail}`
  }
}
