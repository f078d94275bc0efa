/**
 * Makes a correct JSON Schema one that hosts accept: objects that say all they have, arrays that say what they hold, one value as
 * `const`, no `allOf` that is only there because two things were said about one type.
 */

/** A JSON Schema that is being rewritten. */
export interface MutableSchema {
  [key: string]: unknown
}

const annotationKeywords = new Set(["title", "description", "default", "examples", "readOnly", "writeOnly", "deprecated"])
const lowerBounds = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const upperBounds = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])
const otherKeywords = "type format pattern multipleOf uniqueItems propertyNames contentEncoding contentMediaType contentSchema"
/** Keywords that mean the same wherever they stand. All others look at their neighbours. */
const independentKeywords = new Set([...annotationKeywords, ...lowerBounds, ...upperBounds, ...otherKeywords.split(" ")])

const isAnnotation = (key: string): boolean => annotationKeywords.has(key) || key.startsWith("x-")

/** True for what JSON calls an object. */
export const isObject = (u: unknown): u is MutableSchema => typeof u === "object" && u !== null && !Array.isArray(u)

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const isRecordOnly = (schema: MutableSchema): boolean =>
  schema["type"] === "object" && Object.keys(schema).every((key) => key === "type" || key === "additionalProperties")

const mergeValue = (key: string, a: unknown, b: unknown): unknown => {
  if (isSame(a, b) || isAnnotation(key)) return b
  if (typeof a === "number" && typeof b === "number") {
    if (lowerBounds.has(key)) return Math.max(a, b)
    if (upperBounds.has(key)) return Math.min(a, b)
  }
  const numeric = key === "type" && [a, b].every((type) => type === "number" || type === "integer")
  return numeric ? "integer" : undefined
}

/** Both schemas as one, or nothing when they can only stand beside each other. The later annotation is the nearer one and wins. */
const merge = (left: MutableSchema, right: MutableSchema): MutableSchema | undefined => {
  if (Object.keys(left).length === 0) return right
  const keys = Object.keys(right)
  const movable =
    keys.every(isAnnotation) ||
    (left["$ref"] === undefined &&
      (keys.every((key) => independentKeywords.has(key) || isAnnotation(key)) || isRecordOnly(right)))
  if (!movable) return undefined
  const out = { ...left }
  for (const key of keys) {
    const value = Object.hasOwn(left, key) ? mergeValue(key, left[key], right[key]) : right[key]
    if (value === undefined) return undefined
    out[key] = value
  }
  return out
}

const flatten = (schema: MutableSchema): MutableSchema => {
  const { allOf, ...rest } = schema
  if (!Array.isArray(allOf)) return schema
  let out: MutableSchema = rest
  const kept: Array<unknown> = []
  const pending = [...allOf]
  while (pending.length > 0) {
    const member = pending.shift()
    if (!isObject(member)) {
      kept.push(member)
      continue
    }
    const { allOf: nested, ...own } = flatten(member)
    if (Array.isArray(nested)) kept.push(...nested)
    const merged = Object.keys(own).length === 0 ? out : merge(out, own)
    if (merged === undefined) kept.push(own)
    else out = merged
  }
  return kept.length === 0 ? out : { ...out, allOf: kept }
}

const uniqueMembers = (members: ReadonlyArray<unknown>): Array<unknown> =>
  members.filter((member, i) => members.findIndex((other) => isSame(member, other)) === i)

const isOnlyAnyOf = (u: unknown): u is { readonly anyOf: ReadonlyArray<unknown> } =>
  isObject(u) && Object.keys(u).length === 1 && Array.isArray(u["anyOf"])

const tidyUnion = (schema: MutableSchema): MutableSchema => {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf)) return schema
  const members = uniqueMembers(anyOf.flatMap((member) => (isOnlyAnyOf(member) ? member.anyOf : [member])))
  const [only] = members
  const merged = members.length === 1 && isObject(only) ? merge(only, rest) : undefined
  return merged ?? { ...rest, anyOf: members }
}

const tidyArray = (schema: MutableSchema): MutableSchema => {
  const { items, maxItems, prefixItems } = schema
  if (items === false && prefixItems === undefined) return { ...schema, items: {}, maxItems: 0 }
  if (items !== undefined) return schema
  if (!Array.isArray(prefixItems) || maxItems !== prefixItems.length) return { ...schema, items: {} }
  // Nothing comes after a tuple. This is for hosts that do not know `prefixItems` and want every array to say what it holds.
  const members = uniqueMembers(prefixItems)
  return { ...schema, items: members.length === 1 ? members[0] : { anyOf: members } }
}

const tidyObject = (schema: MutableSchema): MutableSchema => {
  const { additionalProperties = true, description, properties = {}, required = [], title, type, ...rest } = schema
  return {
    type,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    properties,
    required,
    additionalProperties:
      isObject(additionalProperties) && Object.keys(additionalProperties).length === 0 ? true : additionalProperties,
    ...rest
  }
}

const mapValues = (u: unknown, f: (u: unknown) => unknown): unknown =>
  isObject(u) ? Object.fromEntries(Object.entries(u).map(([key, value]) => [key, f(value)])) : u

/** Rewrites a schema that Effect compiled. An empty struct accepts everything but `null`; `emptyIsOpen` says whether it is shown so. */
export const tidy = (schema: MutableSchema, emptyIsOpen: boolean): MutableSchema => {
  const sub = (u: unknown): unknown => (isObject(u) ? tidy(u, emptyIsOpen) : u)
  const child = (key: string, value: unknown): unknown => {
    switch (key) {
      case "properties":
      case "patternProperties":
        return mapValues(value, sub)
      case "additionalProperties":
      case "items":
      case "contentSchema":
      case "propertyNames":
        return sub(value)
      case "prefixItems":
      case "anyOf":
        return Array.isArray(value) ? value.map(sub) : value
      default:
        return value
    }
  }
  const flat = flatten(schema)
  let out: MutableSchema = Object.fromEntries(Object.entries(flat).map(([key, value]) => [key, child(key, value)]))
  if (out["type"] === undefined && isSame(out["not"], { type: "null" })) {
    const { not: _, ...rest } = out
    out = { type: "object", ...rest, additionalProperties: emptyIsOpen }
  }
  const { enum: values } = out
  if (Array.isArray(values) && values.length === 1) {
    const { enum: _, ...rest } = out
    out = { ...rest, const: values[0] }
  }
  out = tidyUnion(out)
  return out["type"] === "object" ? tidyObject(out) : out["type"] === "array" ? tidyArray(out) : out
}
