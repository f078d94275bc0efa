/**
 * Says what is wrong with a value that a JSON Schema describes: one that another program wrote, such as the schemas that a server lists. A
 * module of its own, so that only who needs it loads a validator.
 */
import { compile, explainProblems } from "./internal/rawJsonSchema.ts"
import type { JsonObject } from "./Jsonrpc.ts"

/**
 * What is wrong with a value, a line for each problem: the path, what was expected and what was received. At most 20 lines. `undefined` when
 * nothing is. `root` names the value itself.
 */
export type Validate = (value: unknown, root?: string) => string | undefined

/**
 * Prepares a JSON Schema: dialect 2020-12 unless `$schema` says otherwise (2019-09, draft-07). `where` says in errors whose it is.
 *
 * Throws `UnrepresentableSchema` for a schema that cannot be used: another dialect, a reference that leads nowhere or to another document,
 * which is never fetched, a keyword of the wrong shape, more than 64 levels or 10,000 parts.
 *
 * @example
 * const validate = JsonSchemaValidator.make({ type: "integer" }, "the answer")
 * validate("one") // "value: expected an integer, received \"one\""
 */
export const make = (schema: JsonObject, where: string): Validate => {
  const { validate } = compile(schema, where)
  return (value, root = "value") => {
    const problems = validate(value)
    return problems === undefined ? undefined : explainProblems(problems, root)
  }
}
