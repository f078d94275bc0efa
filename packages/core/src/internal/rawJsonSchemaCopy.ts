/**
 * The copy of a raw JSON Schema that the engine works with: keywords of validation only, all of the right shape, all bounds checked.
 */
import type { Schema as EngineSchema } from "@cfworker/json-schema"
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { isUnicodePattern, toUnicode } from "./pattern.ts"
import { abbreviate } from "./problems.ts"

const maxDepth = 64
const maxSubschemas = 10_000
/** Schemas applied in one validation. Schemas that refer to each other can make it grow without bound. */
const maxSteps = 1_000_000

/** Thrown by a schema that is asked to validate after {@link maxSteps}. */
export class TooManySteps extends Error {}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "))

const schemaKeywords = words(
  "additionalItems unevaluatedItems items contains additionalProperties unevaluatedProperties propertyNames not if then else"
)
const listKeywords = words("prefixItems allOf anyOf oneOf")
const mapKeywords = words("$defs definitions properties patternProperties dependentSchemas dependencies")

type Shape = readonly [name: string, test: (u: unknown) => boolean]

const aString: Shape = ["a string", (u) => typeof u === "string"]
const aNumber: Shape = ["a number", (u) => typeof u === "number"]
const aBoolean: Shape = ["a boolean", (u) => typeof u === "boolean"]
const aList: Shape = ["a list", Array.isArray]
const strings: Shape = ["a list of strings", (u) => Array.isArray(u) && u.every((s) => typeof s === "string")]
const aType: Shape = ["a type or a list of types", (u) => typeof u === "string" || strings[1](u)]
const lists: Shape = ["an object of lists of strings", (u) => isObject(u) && Object.values(u).every(strings[1])]
const anything: Shape = ["anything", () => true]

const all = (keywords: string, shape: Shape) => [...words(keywords)].map((key) => [key, shape] as const)

const plainKeywords: ReadonlyMap<string, Shape> = new Map([
  ...all("$id $ref $anchor $recursiveRef format pattern", aString),
  ...all("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems", aNumber),
  ...all("minContains maxContains minProperties maxProperties", aNumber),
  ...all("uniqueItems $recursiveAnchor", aBoolean),
  ["enum", aList],
  ["required", strings],
  ["type", aType],
  ["dependentRequired", lists],
  ["const", anything]
])

/** Copies one schema and refuses what cannot be validated. */
export class SchemaCopy {
  /** Every schema of the copy that is an object. */
  readonly schemas: Array<EngineSchema> = []
  readonly root: EngineSchema | boolean
  private readonly where: string
  private readonly referred: ReadonlySet<string>
  private steps = 0

  constructor(schema: JsonObject, where: string) {
    this.where = where
    this.referred = referredKeywords(schema, new Set(), 0)
    this.root = this.copy(schema, "", 0)
  }

  /** To be called before each validation. */
  restart(): void {
    this.steps = 0
  }

  refuse(path: string, detail: string): never {
    throw new UnrepresentableSchema({ where: this.where, path, detail })
  }

  private copy(schema: unknown, path: string, depth: number): EngineSchema | boolean {
    if (typeof schema === "boolean") return schema
    if (!isObject(schema)) return this.refuse(path, `a schema must be an object or a boolean, this is ${abbreviate(schema)}`)
    if (depth > maxDepth) return this.refuse("", `it is nested deeper than ${maxDepth} levels`)
    const out: EngineSchema = {}
    this.schemas.push(out)
    if (this.schemas.length > maxSubschemas) return this.refuse("", `it has more than ${maxSubschemas} subschemas`)
    for (const [key, value] of Object.entries(schema))
      this.copyKeyword(out, key, value, path === "" ? key : `${path}/${key}`, depth)
    this.countSteps(out)
    return out
  }

  private copyKeyword(out: EngineSchema, key: string, value: unknown, path: string, depth: number): void {
    const sub = (u: unknown, name: string | number) => this.copy(u, `${path}/${name}`, depth + 1)
    const shape = plainKeywords.get(key)
    if (key === "$dynamicRef") this.refuse(path, "`$dynamicRef` is not supported: use `$ref`")
    if (shape !== undefined) {
      if (!shape[1](value)) this.refuse(path, `it must be ${shape[0]}, this is ${abbreviate(value)}`)
      out[key] = key === "pattern" ? this.pattern(String(value), path) : value
    } else if (listKeywords.has(key) || (key === "items" && Array.isArray(value))) {
      if (!Array.isArray(value)) return this.refuse(path, `it must be a list of schemas, this is ${abbreviate(value)}`)
      out[key] = value.map(sub)
    } else if (mapKeywords.has(key)) {
      if (!isObject(value)) return this.refuse(path, `it must be an object of schemas, this is ${abbreviate(value)}`)
      const name = (key: string) => (path.endsWith("patternProperties") ? this.pattern(key, path) : key)
      out[key] = Object.fromEntries(Object.entries(value).map(([key, u]) => [name(key), strings[1](u) ? u : sub(u, key)]))
    } else if (schemaKeywords.has(key) || (this.referred.has(key) && isObject(value))) {
      out[key] = this.copy(value, path, depth + 1)
    }
  }

  private pattern(source: string, path: string): string {
    const found = [source, toUnicode(source)].find(isUnicodePattern)
    return found ?? this.refuse(path, `${abbreviate(source)} is not a regular expression of JSON Schema (ECMA-262)`)
  }

  // Whenever a schema is applied it is asked for its `$ref` first, so that is where the steps are counted.
  private countSteps(out: EngineSchema): void {
    const { $ref } = out
    const get = () => {
      if (++this.steps > maxSteps) throw new TooManySteps()
      return $ref
    }
    Object.defineProperty(out, "$ref", { get, enumerable: false })
  }
}

// What holds schemas only because references such as `#/components/schemas/Pet` lead there.
const referredKeywords = (schema: unknown, found: Set<string>, depth: number): ReadonlySet<string> => {
  if (typeof schema !== "object" || schema === null || depth > maxDepth * 2) return found
  for (const [key, value] of Object.entries(schema)) {
    if (key !== "$ref" || typeof value !== "string" || !value.startsWith("#/")) referredKeywords(value, found, depth + 1)
    else for (const word of value.split("/").slice(1)) if (word !== "__proto__") found.add(word)
  }
  return found
}
