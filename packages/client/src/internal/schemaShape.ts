/**
 * JSON Schemas, brought into a form in which two of them can be compared: references are followed, and what may be one of several things
 * is a list of them.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"

/** One of the things that a value may be: no reference and no choice at its root. */
export interface Shape {
  /** Of which JSON type it is; `undefined` when it may be of any. */
  readonly type: string | undefined
  /** The only values, when the schema lists them. */
  readonly values: ReadonlyArray<unknown> | undefined
  readonly schema: JsonObject
}

/** What a value may be; `undefined` when that cannot be said. */
export type Shapes = ReadonlyArray<Shape> | undefined

// Schemas of others may be of any size, and recursive.
const maxHops = 16
const maxShapes = 100

/** What these mean together with the rest is not followed. */
const opaque = ["not", "if", "dependentSchemas", "dependentRequired", "$dynamicRef", "$recursiveRef", "unevaluatedProperties"]

const keysOfObjects = ["properties", "required", "additionalProperties", "patternProperties"]
const keysOfArrays = ["items", "prefixItems"]

const at = (root: JsonObject, pointer: string): unknown => {
  if (pointer === "#") return root
  if (!pointer.startsWith("#/")) return undefined
  let found: unknown = root
  for (const step of pointer.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~")
    if (!isObject(found) || !Object.hasOwn(found, key)) return undefined
    found = found[key]
  }
  return found
}

const both = (a: unknown, b: unknown): unknown => {
  if (isObject(a) && isObject(b)) return { ...a, ...b }
  return Array.isArray(a) && Array.isArray(b) ? [...a, ...b] : b
}

// A choice, and what stands beside it, hold together.
const merged = (rest: JsonObject, more: JsonObject): JsonObject => {
  const all: { [key: string]: unknown } = { ...rest, ...more }
  for (const key of ["properties", "required"]) {
    if (Object.hasOwn(rest, key) && Object.hasOwn(more, key)) all[key] = both(rest[key], more[key])
  }
  return all
}

const typeOfValue = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value

const typeOf = (schema: JsonObject): string | undefined =>
  keysOfObjects.some((key) => Object.hasOwn(schema, key))
    ? "object"
    : keysOfArrays.some((key) => Object.hasOwn(schema, key))
      ? "array"
      : undefined

const valuesOf = ({ const: constant, enum: values }: JsonObject): ReadonlyArray<unknown> | undefined =>
  constant !== undefined ? [constant] : Array.isArray(values) ? values : undefined

const withValues = (schema: JsonObject, values: ReadonlyArray<unknown>): ReadonlyArray<Shape> =>
  [...Map.groupBy(values, typeOfValue)].map(([type, same]) => ({ type, values: same, schema }))

const withTypes = (schema: JsonObject): ReadonlyArray<Shape> => {
  const { type } = schema
  if (typeof type === "string") return [{ type, values: undefined, schema }]
  if (!Array.isArray(type)) return [{ type: typeOf(schema), values: undefined, schema }]
  return type.filter((one) => typeof one === "string").map((one) => ({ type: one, values: undefined, schema }))
}

/** What a value of `schema` may be; `root` is where its references lead. */
export const shapesOf = (schema: unknown, root: JsonObject, hops = 0): Shapes => {
  if (schema === false) return []
  if (schema === true) return [{ type: undefined, values: undefined, schema: {} }]
  if (!isObject(schema) || hops > maxHops || opaque.some((key) => Object.hasOwn(schema, key))) return undefined
  const { $ref, allOf, anyOf, oneOf, ...rest } = schema
  if ($ref !== undefined) {
    const target = typeof $ref === "string" ? at(root, $ref) : undefined
    return isObject(target) ? shapesOf(merged(target, { ...rest, ...choices(schema) }), root, hops + 1) : undefined
  }
  if (allOf !== undefined) {
    const all = Array.isArray(allOf) && allOf.every(isObject) ? allOf : undefined
    if (all === undefined || all.length > maxShapes) return undefined
    return shapesOf(all.reduce(merged, { ...rest, ...choices(schema, "allOf") }), root, hops + 1)
  }
  if (anyOf !== undefined && oneOf !== undefined) return undefined
  const alternatives = anyOf ?? oneOf
  if (alternatives !== undefined) return choiceOf(alternatives, rest, root, hops)
  const values = valuesOf(schema)
  return values === undefined ? withTypes(schema) : withValues(schema, values)
}

const choices = (schema: JsonObject, except = ""): JsonObject =>
  Object.fromEntries(
    ["allOf", "anyOf", "oneOf"].flatMap((key) => (key !== except && Object.hasOwn(schema, key) ? [[key, schema[key]]] : []))
  )

const choiceOf = (alternatives: unknown, rest: JsonObject, root: JsonObject, hops: number): Shapes => {
  if (!Array.isArray(alternatives)) return undefined
  const all: Array<Shape> = []
  for (const one of alternatives) {
    const shapes = shapesOf(isObject(one) ? merged(rest, one) : one, root, hops + 1)
    if (shapes === undefined || all.length + shapes.length > maxShapes) return undefined
    all.push(...shapes)
  }
  return all
}
