/**
 * A Schema that the wire cannot carry, found while a contract is put to use and never while a request runs.
 */
import * as Schema from "effect/Schema"

/**
 * Thrown when a Schema has no JSON form that a tool could show, or when somebody's raw JSON Schema cannot be used: an unsupported
 * dialect, a reference that leads nowhere, too many subschemas. It is a fault of the program, to be fixed by its author.
 */
export class UnrepresentableSchema extends Schema.TaggedError<UnrepresentableSchema>()("UnrepresentableSchema", {
  /** What the Schema belongs to, for example `tool "forecast", parameters`. */
  where: Schema.String,
  /** The place inside of the Schema, for example `filter.pattern`; empty for its root. */
  path: Schema.String,
  /** What is wrong, and what to write instead. */
  detail: Schema.String
}) {
  override get message() {
    return `${this.where}${this.path === "" ? "" : `, at ${this.path}`}: ${this.detail}`
  }
}
