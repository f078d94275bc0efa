/**
 * Turns the output of the JSON Schema engine into problems. The engine reports every schema that did not match, outer ones first; what a
 * model needs are the innermost ones, and of several alternatives the nearest.
 */
import type { OutputUnit, Schema as EngineSchema } from "@cfworker/json-schema"
import { abbreviate, alternatives, append, type Problem } from "./problems.ts"

type Lookup = Record<string, EngineSchema | boolean>

/** What the reports are about. */
interface Context {
  readonly value: unknown
  readonly root: EngineSchema
  readonly lookup: Lookup
}

const maxProblems = 20

/** Keywords that only say that something inside of them did not match. */
const wrappers = new Set(
  (
    "$ref $recursiveRef properties patternProperties additionalProperties unevaluatedProperties items prefixItems additionalItems " +
    "unevaluatedItems allOf if dependentSchemas propertyNames"
  ).split(" ")
)

/** The problems that the engine found in `value`, at most 20. */
export const toProblems = (units: ReadonlyArray<OutputUnit>, value: unknown, root: EngineSchema, lookup: Lookup): ReadonlyArray<Problem> => {
  const problems = collect(units, { value, root, lookup })
  return problems.length === 0 ? [{ path: "", message: "is not valid" }] : problems.slice(0, maxProblems)
}

const collect = (units: ReadonlyArray<OutputUnit>, context: Context): Array<Problem> => {
  const out: Array<Problem> = []
  for (let i = 0; i < units.length; i++) {
    const unit = units[i]
    if (unit === undefined || (wrappers.has(unit.keyword) && unit.keyword !== "contains")) continue
    if (unit.keyword !== "anyOf" && unit.keyword !== "oneOf" && unit.keyword !== "contains") {
      out.push(toProblem(unit, context))
      continue
    }
    const prefix = `${unit.keywordLocation}/`
    let end = i + 1
    while (units[end]?.keywordLocation.startsWith(unit.keyword === "contains" ? unit.keywordLocation : prefix)) end++
    out.push(...nearest(unit, units.slice(i + 1, end), prefix, context))
    i = end - 1
  }
  return out
}

/** Of the alternatives that had the right kind of value, the one with the fewest problems; without such, what all of them expect. */
const nearest = (unit: OutputUnit, inner: ReadonlyArray<OutputUnit>, prefix: string, context: Context): ReadonlyArray<Problem> => {
  const branches = new Map<string, Array<OutputUnit>>()
  for (const u of inner) {
    const branch = u.keywordLocation.slice(prefix.length).split("/")[0] ?? ""
    branches.set(branch, [...(branches.get(branch) ?? []), u])
  }
  const close = [...branches.values()].filter((all) => all.some((u) => u.instanceLocation !== unit.instanceLocation || u.keyword === "required"))
  const [first, ...others] = (unit.keyword === "contains" ? [] : close).map((all) => collect(all, context))
  if (first === undefined) return [toProblem(unit, context)]
  return others.reduce((a, b) => (b.length < a.length ? b : a), first)
}

const toProblem = (unit: OutputUnit, context: Context): Problem => {
  const keys = tokens(unit.instanceLocation)
  const { path, value } = locate(context.value, keys)
  if (unit.keyword === "false") return { path, message: "unexpected key" }
  const schema = schemaAt(unit.keywordLocation, context)
  const missing = unit.keyword === "required" ? /"(.*)"\.$/s.exec(unit.error)?.[1] : undefined
  if (missing !== undefined) {
    const expected = describe(schema?.properties?.[missing])
    return { path: append(path, missing), message: expected === undefined ? "missing" : `missing, expected ${expected}` }
  }
  const expected = expectation(unit.keyword, schema)
  return { path, message: `${expected === undefined ? lowerFirst(unit.error) : `expected ${expected}`}, received ${abbreviate(value)}` }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "")

const expectation = (keyword: string, schema: EngineSchema | undefined): string | undefined => {
  const limit: unknown = schema?.[keyword]
  switch (keyword) {
    case "type":
    case "const":
    case "enum":
    case "anyOf":
    case "oneOf":
      return describe(keyword === "anyOf" || keyword === "oneOf" ? { [keyword]: limit } : { [keyword]: limit })
    case "minimum":
      return `a value of at least ${limit}`
    case "maximum":
      return `a value of at most ${limit}`
    case "exclusiveMinimum":
      return `a value greater than ${limit}`
    case "exclusiveMaximum":
      return `a value less than ${limit}`
    case "multipleOf":
      return `a multiple of ${limit}`
    case "minLength":
    case "minItems":
    case "minProperties":
      return `a length of at least ${limit}`
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return `a length of at most ${limit}`
    case "pattern":
      return `a string matching ${limit}`
    case "format":
      return `the format ${limit}`
    case "uniqueItems":
      return "no item twice"
    default:
      return undefined
  }
}

const article = (type: string): string =>
  type === "null" ? type : `${type === "integer" || type === "object" || type === "array" ? "an" : "a"} ${type}`

/** What a schema wants, as far as it says so by itself. */
const describe = (schema: unknown, depth = 0): string | undefined => {
  if (typeof schema !== "object" || schema === null || depth > 4) return undefined
  const { anyOf, const: value, enum: values, oneOf, type }: EngineSchema = schema
  if (value !== undefined) return abbreviate(value)
  if (Array.isArray(values)) return alternatives(values.map((v) => abbreviate(v)))
  if (typeof type === "string") return article(type)
  if (Array.isArray(type)) return alternatives(type.map(article))
  const all = (anyOf ?? oneOf)?.map((s) => describe(s, depth + 1))
  return all !== undefined && all.length > 0 && all.every((s) => s !== undefined) ? alternatives(all) : undefined
}

const decodeToken = (token: string): string => {
  const text = token.replace(/~1/g, "/").replace(/~0/g, "~")
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const tokens = (pointer: string): ReadonlyArray<string> => pointer.split("/").slice(1).map(decodeToken)

const locate = (root: unknown, keys: ReadonlyArray<string>): { path: string; value: unknown } => {
  let path = ""
  let value = root
  for (const key of keys) {
    path = append(path, Array.isArray(value) ? Number(key) : key)
    value = typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
  }
  return { path, value }
}

/** The schema that holds the keyword of a report. References are steps of its location. */
const schemaAt = (location: string, { lookup, root }: Context): EngineSchema | undefined => {
  let at: unknown = root
  for (const token of tokens(location).slice(0, -1)) {
    if (typeof at !== "object" || at === null) return undefined
    const { __absolute_recursive_ref__: recursive = "", __absolute_ref__: absolute = "" }: EngineSchema = at
    at = token === "$ref" ? lookup[absolute] : token === "$recursiveRef" ? lookup[recursive] : Reflect.get(at, token)
  }
  return typeof at === "object" && at !== null ? at : undefined
}
