/**
 * Reads the frontmatter of a `SKILL.md`: YAML between two lines of `---`, as JSON.
 *
 * What is read may come from anybody: its length, its depth and what its aliases unfold to are bounded, and what JSON cannot say is
 * refused.
 *
 * Source: "Skill Format" and "Frontmatter" of the skills extension; https://agentskills.io/specification.
 */
import * as Yaml from "effect/encoding/Yaml"
import * as Result from "effect/Result"
import { isObject } from "./Jsonrpc.ts"
import type { Frontmatter } from "./SkillsExtension.ts"

/**
 * The longest frontmatter, in UTF-16 code units; how deep it goes; of how many values it is made, those of aliases counted each time.
 * Some texts take YAML a time that grows with the square of their length: of this length it is below a second.
 */
export const limits = { length: 16_384, depth: 32, values: 10_000 } as const

const namePattern = /^(?!.*--)[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

/** Whether skills may have that name: 1 to 64 lower-case letters, digits and single hyphens, none of which begins or ends it. */
export const isName = (name: string): boolean => namePattern.test(name)

const lineOf = (detail: unknown): string => (detail instanceof SyntaxError ? detail.message : "it is nested too deeply")

/** What JSON cannot say, or what is too much. */
const faultOf = (root: unknown): string | undefined => {
  let values = 0
  const look = (value: unknown, depth: number): string | undefined => {
    if (++values > limits.values) return `it has more than ${limits.values} values`
    if (typeof value === "number" && !Number.isFinite(value)) return "it has a number that JSON does not have"
    if (typeof value !== "object" || value === null) return undefined
    if (depth >= limits.depth) return `it is nested more than ${limits.depth} levels deep`
    // A member of this name becomes a prototype in careless hands.
    if (Object.hasOwn(value, "__proto__")) return "it has a member `__proto__`"
    for (const member of Object.values(value)) {
      const fault = look(member, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return look(root, 0)
}

const opening = /^\uFEFF?---\r?\n/
const closing = /(?:^|\n)---[ \t]*(?:\r?\n|$)/

/** The YAML of a text, or what is wrong. */
const yamlOf = (text: string): Result.Result<string, string> => {
  const start = opening.exec(text)
  if (start === null) return Result.fail("it does not begin with a line `---`")
  const rest = text.slice(start[0].length)
  const end = closing.exec(rest)
  if (end === null) return Result.fail("its frontmatter does not end with a line `---`")
  if (end.index > limits.length) return Result.fail(`its frontmatter is longer than ${limits.length} characters`)
  // The line end before the last `---` belongs to the YAML: a block of text may end with it.
  return Result.succeed(`${rest.slice(0, end.index)}\n`)
}

const read = (yaml: string): Result.Result<unknown, string> => {
  try {
    return Result.succeed(Yaml.parse(yaml))
  } catch (error) {
    return Result.fail(`its frontmatter is no YAML: ${lineOf(error)}`)
  }
}

/**
 * The frontmatter of a text, or what is wrong with it, as the end of a sentence. It has a `name` that skills may have, and a
 * `description` that is not empty.
 *
 * @example
 * SkillFrontmatter.parse("---\nname: greeting\ndescription: How to greet\n---\n\n# Greeting\n")
 */
export const parse = (text: string): Result.Result<Frontmatter, string> => {
  const yaml = yamlOf(text)
  if (Result.isFailure(yaml)) return Result.fail(yaml.failure)
  const parsed = read(yaml.success)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const value = parsed.success
  if (!isObject(value)) return Result.fail("its frontmatter is no mapping")
  const fault = faultOf(value)
  if (fault !== undefined) return Result.fail(`its frontmatter cannot be taken: ${fault}`)
  const { description, name } = value
  if (typeof name !== "string" || !isName(name)) {
    return Result.fail("`name` must be 1 to 64 lower-case letters, digits and single hyphens, with no hyphen at an end")
  }
  if (typeof description !== "string" || description.trim() === "")
    return Result.fail("`description` must be a text that is not empty")
  return Result.succeed(value as Frontmatter) // looked at above: all of it is JSON
}

const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
    return false
  return memberThatDiffers(a, b) === undefined
}

/** The first member in which two objects of JSON differ; of the first one the depth is bounded. */
const memberThatDiffers = (a: object, b: object): string | undefined => {
  const own: { readonly [key: string]: unknown } = { ...a }
  const other: { readonly [key: string]: unknown } = { ...b }
  const missing = Object.keys(other).find((key) => !Object.hasOwn(own, key))
  return missing ?? Object.keys(own).find((key) => !isSame(own[key], other[key]))
}

/** The first member in which a frontmatter that was read here differs from one that was told; `undefined` when they are the same. */
export const difference = (read: Frontmatter, told: Frontmatter): string | undefined => memberThatDiffers(read, told)
