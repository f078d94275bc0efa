/**
 * What is wrong with a configuration, each with its path: all of it is said at once.
 */
import * as Schema from "effect/Schema"

/** Something that is not what it should be. */
export const Malformed = Schema.TaggedStruct("Malformed", {
  /** Where in the JSON: `mcpServers.files.args[1]`. Empty for the whole. */
  path: Schema.String,
  /** What was expected, and what was found. */
  detail: Schema.String
})

/** A variable that is not set, or an input without a value, and no default. */
export const UnsetVariable = Schema.TaggedStruct("UnsetVariable", {
  path: Schema.String,
  /** The name of the server. */
  server: Schema.String,
  /** Where in the server: `env.TOKEN`, `args[1]`. */
  field: Schema.String,
  /** The name of the variable; `input:id` for an input. */
  variable: Schema.String
})

/** One thing that is wrong. */
export const Problem = Schema.Union([Malformed, UnsetVariable])
/** One thing that is wrong. */
export type Problem = typeof Problem.Type

/** So many problems are kept; the others are counted. */
export const maxProblems = 100

/** Where a value is. */
export type Path = ReadonlyArray<PropertyKey>

/** A path as one would write it in code. */
export const render = (path: Path): string =>
  path.reduce<string>((before, key) => {
    if (typeof key === "number") return `${before}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${before}[${JSON.stringify(name)}]`
    return before === "" ? name : `${before}.${name}`
  }, "")

/** What a value is, in few words. Of texts only that they are some: they may be secret. */
export const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (typeof value === "string") return value === "" ? "an empty string" : "a string"
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** Collects problems, up to a bound. */
export class Problems {
  readonly kept: Array<Problem> = []
  count = 0

  add(problem: Problem): void {
    if (this.count++ < maxProblems) this.kept.push(problem)
  }

  malformed(path: Path, detail: string): void {
    this.add({ _tag: "Malformed", path: render(path), detail })
  }

  /** That a value is not what it should be. */
  expected(path: Path, what: string, value: unknown): void {
    this.malformed(path, `expected ${what}, got ${kindOf(value)}`)
  }
}
