/**
 * Validation against a JSON Schema that somebody else wrote: 2020-12 unless `$schema` names 2019-09 or draft-07.
 *
 * The engine is `@cfworker/json-schema`. It gets a copy, because it writes into schemas and looks for subschemas in places that have
 * nothing to do with validation. References to other documents are refused, nothing is ever fetched.
 */
import { dereference, type Schema as EngineSchema, type SchemaDraft, validate } from "@cfworker/json-schema"
import type { JsonObject } from "../Jsonrpc.ts"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { abbreviate, type Problem, render } from "./problems.ts"
import { SchemaCopy, TooManySteps } from "./rawJsonSchemaCopy.ts"
import { toProblems } from "./rawJsonSchemaProblems.ts"

/** A schema that is ready for use. */
export interface Validator {
  /** `undefined` when the value is valid, else what is wrong with it: the first 1000 problems. */
  readonly validate: (value: unknown) => ReadonlyArray<Problem> | undefined
}

const drafts: ReadonlyArray<readonly [pattern: RegExp, draft: SchemaDraft]> = [
  [/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, "2020-12"],
  [/^https?:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, "2019-09"],
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, "7"]
]

/**
 * Prepares a schema, which itself is left as it is. Throws {@link UnrepresentableSchema} for another dialect, a reference that leads
 * nowhere or to another document, a keyword of the wrong shape, a pattern that is no regular expression, and for schemas that are deeper
 * than 64 or have more than 10 000 parts.
 */
export const compile = (schema: JsonObject, where: string): Validator => {
  const draft = draftOf(schema, where)
  const copy = new SchemaCopy(schema, where)
  const { root } = copy
  if (typeof root === "boolean") return { validate: () => undefined } // an object stays one, this is for the types
  const lookup = resolve(root, copy)

  const run = (value: unknown, shortCircuit: boolean) => {
    copy.restart()
    return validate(value, root, draft, lookup, shortCircuit)
  }
  const problemsOf = (value: unknown): ReadonlyArray<Problem> | undefined => {
    const first = run(value, true)
    if (first.valid) return undefined
    try {
      return toProblems(run(value, false).errors, value, root, lookup)
    } catch {
      return toProblems(first.errors, value, root, lookup) // too much is wrong to list it
    }
  }
  return {
    validate(value) {
      try {
        return problemsOf(value)
      } catch (error) {
        return problemsOfJson(error, value, problemsOf)
      }
    }
  }
}

const draftOf = (schema: JsonObject, where: string): SchemaDraft => {
  const { $schema } = schema
  if ($schema === undefined) return "2020-12"
  const known = drafts.find(([pattern]) => typeof $schema === "string" && pattern.test($schema))
  if (known !== undefined) return known[1]
  const detail = `the dialect ${abbreviate($schema)} is not supported: use 2020-12, 2019-09 or draft-07`
  throw new UnrepresentableSchema({ where, path: "$schema", detail })
}

type Lookup = Record<string, EngineSchema | boolean>

const resolve = (root: EngineSchema, copy: SchemaCopy): Lookup => {
  const lookup = index(root, copy)
  for (const schema of copy.schemas) {
    for (const uri of [schema.__absolute_ref__, schema.__absolute_recursive_ref__]) {
      if (uri === undefined || lookup[uri] !== undefined) continue
      const shown = abbreviate(schema.$ref ?? schema.$recursiveRef)
      copy.refuse("", `the reference ${shown} leads out of this schema or nowhere: put what it refers to into \`$defs\``)
    }
  }
  return lookup
}

const index = (root: EngineSchema, copy: SchemaCopy): Lookup => {
  try {
    return dereference(root)
  } catch (error) {
    return copy.refuse("", error instanceof Error ? error.message : String(error))
  }
}

// The engine throws for what JSON does not have, also for keys that are `undefined` and will never be sent, for keys with half of a
// surrogate pair, and when the stack is full.
const problemsOfJson = (
  error: unknown,
  value: unknown,
  problemsOf: (json: unknown) => ReadonlyArray<Problem> | undefined
): ReadonlyArray<Problem> | undefined => {
  if (error instanceof TooManySteps) return [{ path: "", message: "takes too long to validate" }]
  if (error instanceof RangeError) return [{ path: "", message: "is nested too deeply" }]
  try {
    const text: string | undefined = JSON.stringify(value)
    return text === undefined ? [{ path: "", message: "missing" }] : problemsOf(JSON.parse(wellFormed(text)))
  } catch {
    return [{ path: "", message: "is not JSON" }]
  }
}

/** JSON text without halves of surrogate pairs, which `JSON.stringify` leaves as escapes. */
const wellFormed = (json: string): string =>
  json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (escape) => (escape.length > 2 ? "\\ufffd" : escape))

/** The lines that say to a model what is wrong; `root` names the value that was validated. See `explain`. */
export const explainProblems = (problems: ReadonlyArray<Problem>, root = "arguments"): string =>
  render(problems, problems.length, root)
