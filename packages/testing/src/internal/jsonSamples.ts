/**
 * Values for JSON Schemas of other people: tolerant, seeded, bounded. What a Schema says beyond types, limits, formats and patterns
 * (`not`, `if`, `dependentRequired` and the like) is not looked at: whoever samples checks the values.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Random } from "./random.ts"
import { mergedSchema, resolvedRef } from "./schemaParts.ts"
import { sampleText } from "./textSamples.ts"

/** How much of what is optional is there: nothing, all, or some of it. */
export type Mode = "least" | "most" | "any"

// Beyond the first, nothing optional is made; beyond the second, nothing at all. Schemas may be recursive.
const softDepth = 6
const hardDepth = 16
const maxItems = 100
// What one value may cost: a part 10, a character 1. Schemas that want more get `null` for the rest.
const maxCost = 500_000

const number = (u: unknown): number | undefined => (typeof u === "number" && Number.isFinite(u) ? u : undefined)
const list = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

const inferred = (schema: JsonObject): string => {
  const has = (...keywords: ReadonlyArray<string>) => keywords.some((keyword) => keyword in schema)
  if (has("properties", "required", "additionalProperties", "minProperties")) return "object"
  if (has("items", "prefixItems", "minItems", "contains")) return "array"
  if (has("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")) return "number"
  return "string"
}

/** See the module. */
export class Sampler {
  private readonly root: JsonObject
  private readonly random: Random
  private readonly mode: Mode
  private cost = 0

  constructor(root: JsonObject, random: Random, mode: Mode) {
    this.root = root
    this.random = random
    this.mode = mode
  }

  /** A value; `name` is where it stands, and what texts are made of. */
  value(schema: unknown = this.root, name = "value", depth = 0): unknown {
    this.cost += 10
    if (schema === false || depth > hardDepth || this.cost > maxCost) return null
    if (!isObject(schema)) return name
    const { $ref, ...beside } = schema
    if (typeof $ref === "string") {
      return this.value(mergedSchema([resolvedRef(this.root, $ref), beside]), name, depth + 1)
    }
    if ("const" in schema) return schema["const"]
    const given = this.given(schema)
    if (given.length > 0) return this.chosen(given)
    const { allOf, anyOf, oneOf, ...own } = schema
    if (Array.isArray(allOf)) return this.value(mergedSchema([{ ...own, anyOf, oneOf }, ...allOf]), name, depth + 1)
    const choice = this.chosen(list(anyOf).length > 0 ? list(anyOf) : list(oneOf))
    if (choice !== undefined) return this.value(mergedSchema([own, choice]), name, depth + 1)
    return this.typed(schema, name, depth)
  }

  // Values that the Schema itself names.
  private given({ default: byDefault, enum: values, examples }: JsonObject): ReadonlyArray<unknown> {
    if (list(values).length > 0) return list(values)
    const named = [...list(examples), ...(byDefault === undefined ? [] : [byDefault])]
    return this.mode === "any" && this.random.chance(0.5) ? [] : named
  }

  private chosen<A>(values: ReadonlyArray<A>): A | undefined {
    return this.mode === "any" ? this.random.pick(values) : values[0]
  }

  private typed(schema: JsonObject, name: string, depth: number): unknown {
    const { type = inferred(schema) } = schema
    const types = list(type).filter((type) => type !== "null")
    switch (Array.isArray(type) ? (this.chosen(types) ?? "null") : type) {
      case "null":
        return null
      case "boolean":
        return this.mode === "any" ? this.random.chance(0.5) : true
      case "integer":
        return this.number(schema, true)
      case "number":
        return this.number(schema, false)
      case "array":
        return this.array(schema, name, depth)
      case "object":
        return this.object(schema, depth)
      default:
        return this.text(schema, name)
    }
  }

  private text(schema: JsonObject, name: string): string {
    const text = sampleText(schema, name, this.random, this.mode === "any")
    this.cost += text.length
    return text
  }

  private number(schema: JsonObject, isInteger: boolean): number {
    const step = number(schema["multipleOf"]) ?? (isInteger ? 1 : 0)
    const beyond = step === 0 ? 0.5 : step
    const above = number(schema["exclusiveMinimum"])
    const below = number(schema["exclusiveMaximum"])
    const least = Math.max(number(schema["minimum"]) ?? -Infinity, above === undefined ? -Infinity : above + beyond)
    const most = Math.min(number(schema["maximum"]) ?? Infinity, below === undefined ? Infinity : below - beyond)
    const from = Number.isFinite(least) ? least : Math.min(1, most)
    const to = Number.isFinite(most) ? Math.max(from, most) : from + 100
    const wanted =
      this.mode === "least" ? from : this.mode === "most" ? Math.min(to, from + 100) : from + this.random.next() * (to - from)
    if (step === 0) return this.mode === "any" ? Math.round(wanted * 100) / 100 : wanted
    const rounded = this.mode === "most" ? Math.floor(wanted / step) : Math.ceil(wanted / step)
    return rounded * step
  }

  private array(schema: JsonObject, name: string, depth: number): ReadonlyArray<unknown> {
    const { contains, items, prefixItems, uniqueItems } = schema
    const first = Array.isArray(items) ? items : list(prefixItems) // a list of items is what older dialects say
    const least = Math.min(maxItems, Math.max(number(schema["minItems"]) ?? 0, contains === undefined ? 0 : 1))
    const most = Math.min(maxItems, number(schema["maxItems"]) ?? Infinity)
    const some = this.mode === "most" ? 2 : this.random.integer(0, 3)
    const isShort = this.mode === "least" || depth > softDepth
    const count = Math.min(most, Math.max(least, isShort ? 0 : some, isShort ? 0 : Math.min(first.length, most)))
    const made: Array<unknown> = []
    const known = new Set<string>()
    for (let i = 0; made.length < count && i < count + 20; i++) {
      const at = made.length
      const schema =
        at < first.length ? first[at] : contains !== undefined && at === 0 ? contains : Array.isArray(items) ? {} : items
      const value = this.value(schema, i === 0 ? name : `${name} ${i + 1}`, depth + 1)
      const json = uniqueItems === true ? JSON.stringify(value) : undefined
      if (json === undefined || !known.has(json)) made.push(value)
      if (json !== undefined) known.add(json)
    }
    return made
  }

  private object(schema: JsonObject, depth: number): JsonObject {
    const { properties, required } = schema
    const known = isObject(properties) ? properties : {}
    const schemaOf = (name: string) => (Object.hasOwn(known, name) ? known[name] : this.rest(schema))
    const needed = new Set(list(required).filter((name) => typeof name === "string"))
    const names = [...new Set([...Object.keys(known), ...needed])].filter((name) => needed.has(name) || this.wantsMore(depth))
    const members = names.map((name) => [name, this.value(schemaOf(name), name, depth + 1)] as const)
    const missing = Math.min(maxItems, number(schema["minProperties"]) ?? 0) - members.length
    const more = Array.from({ length: Math.max(0, missing) }, (_, i) => {
      return [`key${i + 1}`, this.value(this.rest(schema), `key${i + 1}`, depth + 1)] as const
    })
    return Object.fromEntries([...members, ...more])
  }

  private rest({ additionalProperties }: JsonObject): unknown {
    return isObject(additionalProperties) ? additionalProperties : {}
  }

  private wantsMore(depth: number): boolean {
    if (depth > softDepth) return false
    return this.mode === "any" ? this.random.chance(0.5) : this.mode === "most"
  }
}
