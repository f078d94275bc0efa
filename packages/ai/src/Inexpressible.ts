/**
 * What one side cannot say of the other, found while a group or a toolkit is made and never while a call runs.
 */
import * as Schema from "effect/Schema"

/** Thrown when a tool or a group has no counterpart on the other side. It is a fault of the program, to be fixed by its author. */
export class Inexpressible extends Schema.TaggedError<Inexpressible>()("Inexpressible", {
  /** What cannot be expressed, for example `tool "search"`. */
  where: Schema.String,
  /** Why not, and what to do instead. */
  detail: Schema.String
}) {
  override get message() {
    return `${this.where}: ${this.detail}`
  }
}
