/**
 * Finds the properties of a JSON Schema that are marked with `x-mcp-header`, and what is wrong with the marks.
 *
 * Source: "Custom Headers from Tool Parameters" in the Streamable HTTP transport of 2026-07-28.
 */
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import { abbreviate } from "./problems.ts"

/** The keyword that marks a property: its value is the name of the header, without the prefix. */
export const keyword = "x-mcp-header"

/** A property that is marked. */
export interface Found {
  /** The names of the properties that lead to it. */
  readonly path: ReadonlyArray<string>
  readonly name: string
}

/** A rule that is broken, and where: the steps into the schema with dots between them; empty for its root. */
export interface Fault {
  readonly path: string
  readonly detail: string
}

/** Where a part of a schema is. Its properties are `names` as long as nothing but `properties` leads there. */
interface Place {
  readonly schema: JsonObject
  readonly parent: Place | undefined
  readonly step: string
  /** How many properties lead there; `undefined` when something else does, too. */
  readonly depth: number | undefined
}

const maxParts = 100_000
const maxDepth = 64

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const types: ReadonlySet<unknown> = new Set(["string", "integer", "boolean"])

// The keywords under which there are schemas: by name, in a list, or one. `items` and `dependencies` have two forms.
const named = new Set(["patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"])
const several = new Set(["prefixItems", "anyOf", "oneOf", "allOf", "items"])
const ofItems = "items additionalItems contains unevaluatedItems contentSchema"
const ofObjects = "additionalProperties unevaluatedProperties propertyNames"
const single = new Set(`${ofItems} ${ofObjects} not if then else`.split(" "))

const stepsTo = (place: Place): ReadonlyArray<string> => {
  const steps: Array<string> = []
  for (let at = place; at.parent !== undefined; at = at.parent) steps.push(at.step)
  return steps.toReversed()
}

const faultOf = (place: Place, name: unknown, taken: ReadonlySet<string>): string | undefined => {
  if (typeof name !== "string" || !token.test(name)) {
    return `\`${keyword}\` must be a token of RFC 9110 (letters, digits and !#$%&'*+-.^_\`|~), not ${abbreviate(name)}`
  }
  if (place.depth === undefined || place.depth === 0) {
    return `\`${keyword}\` is for properties that nothing but \`properties\` leads to: not under arrays, unions, conditions or references`
  }
  if (place.depth > maxDepth) return `\`${keyword}\` is nested deeper than ${maxDepth} properties`
  const { type } = place.schema
  if (!types.has(type)) {
    const is = type === undefined ? "missing" : abbreviate(type)
    return `\`${keyword}\` needs the type "string", "integer" or "boolean", and its \`type\` is ${is}`
  }
  if (taken.has(name.toLowerCase())) return `\`${keyword}\` is "${name}", which another property has already, case aside`
  return undefined
}

const push = (places: Array<Place>, schema: unknown, parent: Place, step: string, depth: number | undefined): void => {
  if (isObject(schema)) places.push({ schema, parent, step, depth })
}

const pushAll = (places: Array<Place>, parent: Place): void => {
  const { depth, schema } = parent
  for (const key in schema) {
    const value = schema[key]
    if (key === "properties" && isObject(value)) {
      for (const name in value) push(places, value[name], parent, name, depth === undefined ? undefined : depth + 1)
    } else if (named.has(key) && isObject(value)) {
      for (const name in value) push(places, value[name], parent, `${key}.${name}`, undefined)
    } else if (several.has(key) && Array.isArray(value)) {
      for (const [i, one] of value.entries()) push(places, one, parent, `${key}.${i}`, undefined)
    } else if (single.has(key)) push(places, value, parent, key, undefined)
  }
}

/** The properties that are marked, in no order; or the first fault. */
export const findKeyword = (root: JsonObject): ReadonlyArray<Found> | Fault => {
  const places: Array<Place> = [{ schema: root, parent: undefined, step: "", depth: 0 }]
  const found: Array<Found> = []
  const taken = new Set<string>()
  let parts = 0
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    if (++parts > maxParts) return { path: "", detail: `it has more than ${maxParts} parts` }
    if (Object.hasOwn(place.schema, keyword)) {
      const name = place.schema[keyword]
      const detail = faultOf(place, name, taken)
      if (detail !== undefined) return { path: stepsTo(place).join("."), detail }
      const text = name as string // or there was a fault
      taken.add(text.toLowerCase())
      found.push({ path: stepsTo(place), name: text })
    }
    pushAll(places, place)
  }
  return found
}
