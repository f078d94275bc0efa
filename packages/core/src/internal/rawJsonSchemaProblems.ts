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

const maxProblems = 1000

/** Keywords that only say that something inside of them did not match. */
const wrappers = new Set(
  (
    "$ref $recursiveRef properties patternProperties additionalProperties unevaluatedProperties items prefixItems additionalItems " +
    "unevaluatedItems allOf if dependentSchemas"
  ).split(" ")
)

/** Reports from inside of these say nothing about the value at the place that they name. */
const hidden = /(?<!\/(?:properties|patternProperties|\$defs|definitions|dependentSchemas))\/(?:contains|propertyNames)\//

/** The problems that the engine found in `value`, at most 1000. */
export const toProblems = (
  units: ReadonlyArray<OutputUnit>,
  value: unknown,
  root: EngineSchema,
  lookup: Lookup
): ReadonlyArray<Problem> => {
  const shown = units.filter((unit) => !hidden.test(unit.keywordLocation))
  const problems = collect(shown, { value, root, lookup })
  return problems.length === 0 ? [{ path: "", message: "is not valid" }] : problems.slice(0, maxProblems)
}

const collect = (units: ReadonlyArray<OutputUnit>, context: Context): Array<Problem> => {
  const out: Array<Problem> = []
  let closed: OutputUnit | undefined
  for (let i = 0; i < units.length && out.length < maxProblems; i++) {
    const unit = units[i]
    if (unit === undefined) continue
    if (wrappers.has(unit.keyword)) closed = unit
    else if (unit.keyword === "anyOf" || unit.keyword === "oneOf") {
      const prefix = `${unit.keywordLocation}/`
      const inner = units.slice(i + 1, endOf(units, i + 1, prefix))
      out.push(...nearest(unit, inner, prefix, context))
      i += inner.length
    } else out.push(toProblem(unit, closed, context))
  }
  return out
}

/** Where the reports from inside of a schema end. */
const endOf = (units: ReadonlyArray<OutputUnit>, from: number, prefix: string): number => {
  for (let end = from; end < units.length; end++) {
    if (units[end]?.keywordLocation.startsWith(prefix) !== true) return end
  }
  return units.length
}

/** Of the alternatives that had the right kind of value, the one with the fewest problems; without such, what all of them expect. */
const nearest = (
  unit: OutputUnit,
  inner: ReadonlyArray<OutputUnit>,
  prefix: string,
  context: Context
): ReadonlyArray<Problem> => {
  const branches = new Map<string, Array<OutputUnit>>()
  for (const u of inner) {
    const branch = u.keywordLocation.slice(prefix.length).split("/")[0] ?? ""
    const all = branches.get(branch)
    if (all === undefined) branches.set(branch, [u])
    else all.push(u)
  }
  const tag = discriminator([...branches.values()], context)
  if (tag !== undefined) return [tag]
  const isInside = (u: OutputUnit) => u.instanceLocation !== unit.instanceLocation || u.keyword === "required"
  const [first, ...others] = [...branches.values()].filter((all) => all.some(isInside)).map((all) => collect(all, context))
  if (first === undefined || isAmbiguous(unit)) return [toProblem(unit, undefined, context)]
  return others.reduce((a, b) => (b.length < a.length ? b : a), first)
}

/** The place where every alternative wants another constant. */
const discriminator = (branches: ReadonlyArray<ReadonlyArray<OutputUnit>>, context: Context): Problem | undefined => {
  const constants = branches.map((units) => units.filter((u) => u.keyword === "const" || u.keyword === "enum"))
  for (const { instanceLocation } of branches.length > 1 ? (constants[0] ?? []) : []) {
    const same = constants.map((units) => units.find((u) => u.instanceLocation === instanceLocation))
    const expected = same.map((u) => (u === undefined ? undefined : describe(schemaAt(u.keywordLocation, context))))
    if (!expected.every((text) => text !== undefined)) continue
    const { path, value } = locate(context.value, tokens(instanceLocation))
    return { path, message: `expected ${alternatives(expected)}, received ${abbreviate(value)}` }
  }
  return undefined
}

const isAmbiguous = ({ error, keyword }: OutputUnit): boolean => keyword === "oneOf" && !error.includes("(0 matches)")

const toProblem = (unit: OutputUnit, closed: OutputUnit | undefined, context: Context): Problem => {
  const { path, value } = locate(context.value, tokens(unit.instanceLocation))
  const schema = schemaAt(unit.keywordLocation, context)
  switch (unit.keyword) {
    case "false": {
      const properties = (closed === undefined ? undefined : schemaAt(closed.keywordLocation, context))?.properties ?? {}
      const own = tokens(unit.instanceLocation).at(-1)
      if (own !== undefined && properties[own] === false) return { path, message: "is not allowed here" }
      const keys = Object.keys(properties).filter((key) => properties[key] !== false)
      return {
        path,
        message: keys.length === 0 ? "unexpected" : `unexpected key, the known keys are ${keys.slice(0, 12).join(", ")}`
      }
    }
    case "required": {
      const key = /"(.*)"\.$/s.exec(unit.error)?.[1] ?? ""
      // What a branch requires is often described beside it.
      const beside = unit.instanceLocation === "#" ? context.root.properties?.[key] : undefined
      const expected = describe(schema?.properties?.[key] ?? beside)
      return { path: append(path, key), message: expected === undefined ? "missing" : `missing, expected ${expected}` }
    }
    case "propertyNames":
    case "dependentRequired":
    case "dependencies":
    case "contains":
    case "minContains":
    case "maxContains":
      return { path, message: sentence(unit.error) }
  }
  if (isAmbiguous(unit)) return { path, message: "matches more than one of the forms that are allowed" }
  const expected = expectation(unit.keyword, schema)
  return {
    path,
    message: `${expected === undefined ? sentence(unit.error) : `expected ${expected}`}, received ${abbreviate(value)}`
  }
}

const sentence = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "")

const expectation = (keyword: string, schema: EngineSchema | undefined): string | undefined => {
  const limit: unknown = schema?.[keyword]
  switch (keyword) {
    case "type":
    case "const":
    case "enum":
      return describe({ [keyword]: limit })
    case "anyOf":
    case "oneOf":
      return describe({ [keyword]: limit }) ?? "one of the forms that are allowed"
    case "not":
      return "another value"
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
const describe = (schema: unknown): string | undefined => {
  const all = forms(schema, 0)
  return all.length === 0 ? undefined : alternatives(all)
}

const forms = (schema: unknown, depth: number): ReadonlyArray<string> => {
  if (typeof schema !== "object" || schema === null || depth > 4) return []
  const { anyOf, const: value, enum: values, oneOf, type }: EngineSchema = schema
  if (value !== undefined) return [abbreviate(value)]
  if (Array.isArray(values)) return values.map((v) => abbreviate(v))
  if (typeof type === "string") return [article(type)]
  if (Array.isArray(type)) return type.map(article)
  const all = (anyOf ?? oneOf ?? []).map((s) => forms(s, depth + 1))
  return all.every((some) => some.length > 0) ? all.flat() : []
}

const decodeToken = (token: string): string => {
  try {
    return unescape(decodeURIComponent(token))
  } catch {
    return unescape(token)
  }
}

const unescape = (token: string): string => token.replace(/~1/g, "/").replace(/~0/g, "~")

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
    // The engine takes two steps through a `$recursiveRef`, the second is from where the first has led.
    at = token === "$ref" ? lookup[absolute] : token === "$recursiveRef" ? (lookup[recursive] ?? at) : Reflect.get(at, token)
  }
  return typeof at === "object" && at !== null ? at : undefined
}
