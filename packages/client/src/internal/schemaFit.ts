/**
 * Whether all that one JSON Schema describes fits another one. Structural and modest: types, listed values, members, items and choices are
 * looked at; lengths, ranges, patterns and formats are not. What cannot be judged fits.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { type Shape, shapesOf } from "./schemaShape.ts"

/** Where it does not fit: what is written there, and what would be read. */
export interface Misfit {
  /** Dotted, with `[]` for the items of an array; empty for the value itself. */
  readonly path: string
  readonly written: string
  readonly read: string
}

/** How strict the reader is. */
export interface Options {
  /** Whether members that the reader does not name are misfits. An open reader, with `additionalProperties`, takes them all the same. */
  readonly refusesOthers: boolean
}

/** As many are found in one schema; the rest is not looked for. */
export const maxMisfits = 100

// Each step compares one pair of schemas. Recursive ones end because no pair is compared twice.
const maxSteps = 10_000
const maxDepth = 64

const maxText = 80

const cut = (text: string): string => (text.length > maxText ? `${text.slice(0, maxText - 3)}...` : text)

const nouns: { readonly [type: string]: string } = {
  string: "a string",
  number: "a number",
  integer: "an integer",
  boolean: "a boolean",
  object: "an object",
  array: "an array",
  null: "null"
}

const shown = ({ type, values }: Shape): string => {
  if (values !== undefined)
    return values
      .slice(0, 6)
      .map((value) => cut(JSON.stringify(value) ?? "undefined"))
      .join(" or ")
  return type === undefined ? "anything" : (nouns[type] ?? cut(JSON.stringify(type)))
}

const describe = (shapes: ReadonlyArray<Shape>): string =>
  shapes.length === 0 ? "nothing" : cut([...new Set(shapes.map(shown))].join(" or "))

const membersOf = ({ properties }: JsonObject): JsonObject => (isObject(properties) ? properties : {})

const requiredOf = ({ required }: JsonObject): ReadonlyArray<string> =>
  Array.isArray(required) ? [...new Set(required.filter((name) => typeof name === "string"))] : []

/** A path with one more name: `filter` and `tags` make `filter.tags`; names that are no identifiers are in brackets, and cut. */
export const step = (path: string, name: string): string => {
  const key = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(name) && name.length <= 40 ? name : `[${cut(JSON.stringify(name))}]`
  return path === "" || key.startsWith("[") ? `${path}${key}` : `${path}.${key}`
}

class Comparison {
  private readonly seen = new Map<unknown, Set<unknown>>()
  private steps = 0
  private depth = 0
  private readonly writer: JsonObject
  private readonly reader: JsonObject
  private readonly refusesOthers: boolean

  constructor(writer: JsonObject, reader: JsonObject, { refusesOthers }: Options) {
    this.writer = writer
    this.reader = reader
    this.refusesOthers = refusesOthers
  }

  /** Where what `written` describes does not fit `read`. A pair that is being compared already is taken to fit. */
  compare(written: unknown, read: unknown, path: string): ReadonlyArray<Misfit> {
    const before = this.seen.get(written) ?? new Set()
    if (before.has(read) || this.depth >= maxDepth || this.steps++ > maxSteps) return []
    this.seen.set(written, before.add(read))
    const ours = shapesOf(written, this.writer)
    const theirs = shapesOf(read, this.reader)
    this.depth++
    const misfits = ours === undefined || theirs === undefined ? [] : this.choices(ours, theirs, path)
    this.depth--
    // What does not fit here is said again where it is met again.
    if (misfits.length > 0) before.delete(read)
    return misfits.slice(0, maxMisfits)
  }

  private choices(ours: ReadonlyArray<Shape>, theirs: ReadonlyArray<Shape>, path: string): ReadonlyArray<Misfit> {
    const found: Array<Misfit> = []
    for (const one of ours) {
      const candidates = theirs.filter((other) => isAccepted(one, other))
      const [best, ...others] = candidates.map((other) => this.insides(one, other, path)).toSorted((a, b) => a.length - b.length)
      if (best === undefined) found.push({ path, written: describe(ours), read: describe(theirs) })
      else if (others.length === 0) found.push(...best)
      else if (best.length > 0) found.push({ path, written: shown(one), read: "only others of that type" })
    }
    // One line for one place.
    return [...new Map(found.map((misfit) => [misfit.path, misfit])).values()]
  }

  private insides(one: Shape, other: Shape, path: string): ReadonlyArray<Misfit> {
    if (one.type === undefined || other.type === undefined) return []
    if (one.type === "object") return this.members(one.schema, other.schema, path)
    return one.type === "array" ? this.items(one.schema, other.schema, path) : []
  }

  private items(one: JsonObject, other: JsonObject, path: string): ReadonlyArray<Misfit> {
    const isPlain = (schema: JsonObject) => schema["prefixItems"] === undefined && isObject(schema["items"])
    return isPlain(one) && isPlain(other) ? this.compare(one["items"], other["items"], `${path}[]`) : []
  }

  private members(one: JsonObject, other: JsonObject, path: string): ReadonlyArray<Misfit> {
    const written = membersOf(one)
    const read = membersOf(other)
    const always = new Set(requiredOf(one))
    const needed = new Set(requiredOf(other))
    const found: Array<Misfit> = []
    for (const name of needed) {
      if (always.has(name)) continue
      const here = step(path, name)
      const expected = `${this.noun(read[name], this.reader)} that is required`
      if (Object.hasOwn(written, name)) {
        found.push({ path: here, written: `${this.noun(written[name], this.writer)} that may be absent`, read: expected })
      } else if (!isOpen(one)) found.push({ path: here, written: "nothing", read: expected })
    }
    for (const [name, schema] of Object.entries(written)) {
      const here = step(path, name)
      if (Object.hasOwn(read, name)) {
        if (always.has(name) || !needed.has(name)) found.push(...this.compare(schema, read[name], here))
      } else found.push(...this.other(schema, other, here))
    }
    return found
  }

  /** A member that the reader does not name. */
  private other(schema: unknown, reader: JsonObject, path: string): ReadonlyArray<Misfit> {
    const { additionalProperties, patternProperties, properties } = reader
    if (patternProperties !== undefined || additionalProperties === true) return []
    if (isObject(additionalProperties)) return this.compare(schema, additionalProperties, path)
    const isAnyObject = additionalProperties === undefined && properties === undefined
    if (!this.refusesOthers || isAnyObject) return []
    return [{ path, written: this.noun(schema, this.writer), read: "nothing" }]
  }

  private noun(schema: unknown, root: JsonObject): string {
    const shapes = schema === undefined ? undefined : shapesOf(schema, root)
    return shapes === undefined ? "a value" : describe(shapes)
  }
}

// Whether there may be members that it does not name.
const isOpen = ({ additionalProperties, patternProperties }: JsonObject): boolean =>
  patternProperties !== undefined || additionalProperties === true || isObject(additionalProperties)

const isAccepted = (one: Shape, other: Shape): boolean => {
  if (one.type === undefined || other.type === undefined) return true
  if (one.type !== other.type && !(one.type === "integer" && other.type === "number")) return false
  const { values } = other
  if (values === undefined) return true
  if (one.type === "null" || (one.type === "boolean" && values.includes(true) && values.includes(false))) return true
  const known = new Set(values.map((value) => JSON.stringify(value)))
  return one.values !== undefined && one.values.every((value) => known.has(JSON.stringify(value)))
}

/** Where what is written by `writer` does not fit what is read by `reader`, at most 100 places. */
export const misfits = (writer: JsonObject, reader: JsonObject, options: Options): ReadonlyArray<Misfit> =>
  new Comparison(writer, reader, options).compare(writer, reader, "")
