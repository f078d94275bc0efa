/**
 * The failure of serving two components under one name.
 */
import * as Schema from "effect/Schema"

/** Two components have the same name, and the server's `onDuplicate` is `"error"`. */
export class DuplicateName extends Schema.TaggedError<DuplicateName>()("DuplicateName", {
  kind: Schema.Literals(["tool", "resource", "prompt"]),
  name: Schema.String
}) {
  override get message() {
    return (
      `the ${this.kind} "${this.name}" is served twice; rename one, mount one under a namespace, or set ` +
      '`onDuplicate` of the server to "replace" or "ignore"'
    )
  }
}
