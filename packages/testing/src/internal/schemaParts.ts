/**
 * Parts of JSON Schemas: what references lead to, and what several Schemas say together.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"

const unescaped = (step: string): string => {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")
  } catch {
    return step
  }
}

/** What a reference inside of a Schema leads to; a Schema that says nothing where it leads elsewhere. */
export const resolvedRef = (root: JsonObject, ref: string): unknown => {
  if (!ref.startsWith("#")) return {}
  let at: unknown = root
  for (const step of ref.slice(1).split("/").slice(1)) {
    const name = unescaped(step)
    if (Array.isArray(at)) at = at[Number(name)]
    else at = isObject(at) && Object.hasOwn(at, name) ? at[name] : {}
  }
  return at ?? {}
}

const both = (a: unknown, b: unknown, pick: (a: number, b: number) => number): unknown =>
  typeof a === "number" && typeof b === "number" ? pick(a, b) : (b ?? a)

const greatest = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"])
const smallest = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"])

const together = (keyword: string, a: unknown, b: unknown): unknown => {
  if (b === undefined) return a
  if (a === undefined) return b
  if (greatest.has(keyword)) return both(a, b, Math.max)
  if (smallest.has(keyword)) return both(a, b, Math.min)
  if (keyword === "required" && Array.isArray(a) && Array.isArray(b)) return [...new Set([...a, ...b])]
  if (keyword === "allOf" && Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  if (keyword === "enum" && Array.isArray(a) && Array.isArray(b)) {
    return a.filter((value) => b.some((other) => JSON.stringify(other) === JSON.stringify(value)))
  }
  if (keyword === "properties" && isObject(a) && isObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)])
    return Object.fromEntries(
      [...names].map((name) => [
        name,
        a[name] === undefined ? b[name] : b[name] === undefined ? a[name] : { allOf: [a[name], b[name]] }
      ])
    )
  }
  return b
}

/** One Schema that says what all of them say, as far as it goes: of keywords that cannot be put together the last one counts. */
export const mergedSchema = (schemas: ReadonlyArray<unknown>): unknown => {
  if (schemas.includes(false)) return false
  const merged: { [keyword: string]: unknown } = {}
  for (const schema of schemas.filter(isObject)) {
    for (const [keyword, value] of Object.entries(schema)) {
      const known = together(keyword, merged[keyword], value)
      if (known !== undefined) merged[keyword] = known
    }
  }
  return merged
}
