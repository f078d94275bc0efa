import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { type Kind, toolJsonSchema } from "../src/internal/jsonSchema.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"
import { UnrepresentableSchema } from "../src/UnrepresentableSchema.ts"

const show = (schema: Schema.Constraint, kind: Kind = "parameters") =>
  toolJsonSchema(schema, `tool "forecast", ${kind}`, kind) as {
    readonly properties: Record<string, JsonObject>
    readonly required: ReadonlyArray<string>
    readonly $defs?: Record<string, JsonObject>
    readonly [key: string]: unknown
  }

/** How one key is shown, and whether it is required. */
const showKey = (schema: Schema.Constraint, kind?: Kind): JsonObject => {
  const { properties, required } = show(Schema.Struct({ key: schema }), kind)
  return { ...properties["key"], required: required.includes("key") }
}

const refusal = (schema: Schema.Constraint, kind: Kind = "parameters"): UnrepresentableSchema => {
  try {
    show(schema, kind)
  } catch (error) {
    assert.instanceOf(error, UnrepresentableSchema)
    return error as UnrepresentableSchema
  }
  return assert.fail("it was not refused")
}

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}

const tree = (identifier?: string): Schema.Codec<Tree> => {
  const schema: Schema.Codec<Tree> = Schema.Struct({
    name: Schema.String,
    children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => annotated))
  })
  const annotated = identifier === undefined ? schema : schema.annotate({ identifier })
  return annotated
}

class Person extends Schema.Class<Person>("app/Person")({
  name: Schema.String,
  friends: Schema.Array(Schema.suspend((): Schema.Codec<Person, PersonEncoded> => Person)),
  boss: Schema.optional(Schema.suspend((): Schema.Codec<Person, PersonEncoded> => Person))
}) {}
interface PersonEncoded {
  readonly name: string
  readonly friends: ReadonlyArray<PersonEncoded>
  readonly boss?: PersonEncoded | undefined
}

describe("the root of parameters", () => {
  const empty = { type: "object", properties: {}, required: [], additionalProperties: false }

  it("is an object that says all it has", () => {
    assert.deepStrictEqual(show(Schema.Struct({ city: Schema.String, days: Schema.optionalKey(Schema.Int) })), {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city"],
      additionalProperties: false
    })
    assert.deepStrictEqual(show(Schema.Struct({})), empty)
    assert.deepStrictEqual(show(Schema.Void), empty)
    assert.deepStrictEqual(show(Schema.Undefined), empty)
  })

  it("is open for records and for structs with a rest", () => {
    assert.deepStrictEqual(show(Schema.Record(Schema.String, Schema.Int)), {
      type: "object",
      properties: {},
      required: [],
      additionalProperties: { type: "integer" }
    })
    assert.strictEqual(show(Schema.Record(Schema.String, Schema.Unknown))["additionalProperties"], true)
    const rest = (value: Schema.Constraint) => [Schema.Record(Schema.String, value)] as const
    const open = Schema.StructWithRest(Schema.Struct({ a: Schema.String }), rest(Schema.Unknown))
    assert.deepStrictEqual(show(open), {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: true
    })
    const typed = Schema.StructWithRest(Schema.Struct({ a: Schema.Int }), rest(Schema.Union([Schema.Int, Schema.Boolean])))
    assert.deepStrictEqual(show(typed)["additionalProperties"], { anyOf: [{ type: "integer" }, { type: "boolean" }] })
  })

  it("is never anything else", () => {
    const union = refusal(Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.String })]))
    assert.include(union.message, 'tool "forecast", parameters: parameters must be an object, and hosts refuse a union')
    assert.include(refusal(Schema.NullOr(Schema.Struct({}))).detail, "union")
    for (const schema of [Schema.String, Schema.Array(Schema.String), Schema.Unknown, Schema.Json, Schema.Null]) {
      assert.include(refusal(schema).detail, "parameters must be an object")
    }
    assert.deepStrictEqual(show(Schema.Union([Schema.Struct({ a: Schema.String })]))["required"], ["a"])
  })

  it("is dereferenced when it is recursive", () => {
    const { $defs, ...root } = show(tree("app/Tree"))
    assert.deepStrictEqual(root, $defs?.["Tree"] as unknown)
    assert.deepStrictEqual(root.properties["children"], { type: "array", items: { $ref: "#/$defs/Tree" } })
    assert.deepStrictEqual(Object.keys(show(tree())["$defs"] ?? {}), ["Parameters"])
    assert.deepStrictEqual(Object.keys(show(tree(), "success")["$defs"] ?? {}), ["Result"])
  })
})

describe("references", () => {
  it("are inlined unless they are recursive", () => {
    const Point = Schema.Struct({ x: Schema.Finite }).annotate({ identifier: "Point" })
    class Line extends Schema.Class<Line>("Line")({ from: Point, to: Point }) {}
    const shown = show(Schema.Struct({ a: Line, b: Schema.optional(Line) }))
    assert.isUndefined(shown["$defs"])
    const point = { type: "object", properties: { x: { type: "number" } }, required: ["x"], additionalProperties: false }
    assert.deepStrictEqual(shown.properties["a"], shown.properties["b"])
    assert.deepStrictEqual(shown.properties["a"]?.["properties"], { from: point, to: point })
  })

  it("have readable names", () => {
    const shown = show(Schema.Struct({ menu: tree(), other: tree("x/Menu"), person: Person }))
    assert.deepStrictEqual(Object.keys(shown.$defs ?? {}), ["Menu", "Menu_2", "Person"])
    assert.deepStrictEqual(shown.properties["person"], { $ref: "#/$defs/Person" })
    assert.deepStrictEqual(shown.$defs?.["Person"]?.["required"], ["name", "friends"])
  })

  it("are not confused by types that share their parts", () => {
    const Base = Schema.Struct({ a: Schema.String })
    const Open = Schema.StructWithRest(Base, [Schema.Record(Schema.String, Schema.Unknown)])
    const shown = show(Schema.Struct({ base: Base, open: Open, described: Base.annotate({ description: "d" }) })).properties
    assert.strictEqual(shown["base"]?.["additionalProperties"], false)
    assert.strictEqual(shown["open"]?.["additionalProperties"], true)
    assert.strictEqual(shown["described"]?.["description"], "d")
    assert.isUndefined(shown["base"]?.["description"])
  })

  it("keep what is said where they are used", () => {
    const shown = show(Schema.Struct({ menu: tree("Menu").pipe(Schema.annotateKey({ description: "the menu" })) }))
    assert.deepStrictEqual(shown.properties["menu"], { $ref: "#/$defs/Menu", description: "the menu" })
  })
})

describe("values that may be absent", () => {
  it("are optional keys that are not nullable", () => {
    for (const schema of [Schema.optional(Schema.String), Schema.UndefinedOr(Schema.String), Schema.optionalKey(Schema.String)]) {
      assert.deepStrictEqual(showKey(schema), { type: "string", required: false })
    }
    const nested = Schema.Struct({ a: Schema.optional(Schema.Struct({ b: Schema.UndefinedOr(Schema.Int) })) })
    assert.deepStrictEqual(show(nested).properties["a"], {
      type: "object",
      properties: { b: { type: "integer" } },
      required: [],
      additionalProperties: false
    })
  })

  it("keep a null that was asked for, once", () => {
    const anyOf = [{ type: "string" }, { type: "null" }]
    assert.deepStrictEqual(showKey(Schema.NullOr(Schema.String)), { anyOf, required: true })
    const several = Schema.Union([Schema.NullOr(Schema.String), Schema.NullOr(Schema.Int)])
    assert.deepStrictEqual(showKey(several)["anyOf"], [{ type: "string" }, { type: "null" }, { type: "integer" }])
    for (const schema of [Schema.optional(Schema.NullOr(Schema.String)), Schema.NullishOr(Schema.String)]) {
      assert.deepStrictEqual(showKey(schema), { anyOf, required: false })
    }
  })

  it("keep what is said about them", () => {
    assert.deepStrictEqual(showKey(Schema.optional(Schema.String).annotate({ description: "d" })), {
      type: "string",
      description: "d",
      required: false
    })
    const key = Schema.optional(Schema.String).pipe(Schema.annotateKey({ title: "t" }))
    assert.deepStrictEqual(showKey(key), { type: "string", title: "t", required: false })
  })

  it("show the default that decoding gives them, when it is a constant", () => {
    const withDefault = Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(10)))
    assert.deepStrictEqual(showKey(withDefault), { type: "integer", default: 10, required: false })
    assert.deepStrictEqual(showKey(Schema.Int.pipe(Schema.withDecodingDefault(Effect.succeed(10)))), {
      type: "integer",
      default: 10,
      required: false
    })
    const date = Schema.Date.pipe(Schema.withDecodingDefaultKey(Effect.succeed(new Date(0))))
    assert.deepStrictEqual(showKey(date)["default"], "1970-01-01T00:00:00.000Z")
    let runs = 0
    const effect = Effect.sync(() => ++runs)
    assert.deepStrictEqual(showKey(Schema.Int.pipe(Schema.withDecodingDefaultKey(effect))), { type: "integer", required: false })
    assert.strictEqual(runs, 0)
  })
})

describe("numbers", () => {
  it("know neither NaN nor the bounds of JavaScript", () => {
    assert.deepStrictEqual(showKey(Schema.Number), { type: "number", required: true })
    assert.deepStrictEqual(showKey(Schema.Int), { type: "integer", required: true })
    assert.deepStrictEqual(showKey(Schema.Natural), { type: "integer", minimum: 0, required: true })
    const port = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 16 }))
    assert.deepStrictEqual(showKey(port), { type: "integer", minimum: 1, maximum: 16, required: true })
    assert.deepStrictEqual(showKey(Schema.Number.check(Schema.isInt32())), {
      type: "integer",
      minimum: -2147483648,
      maximum: 2147483647,
      required: true
    })
  })

  it("keep their checks and annotations where Effect replaces them by a union", () => {
    const schema = Schema.Number.check(Schema.isGreaterThan(0)).annotate({ description: "d" })
    assert.deepStrictEqual(showKey(schema), { type: "number", exclusiveMinimum: 0, description: "d", required: true })
  })
})

describe("strings", () => {
  it("keep patterns that other validators can read", () => {
    const pattern = (regExp: RegExp) => showKey(Schema.String.check(Schema.isPattern(regExp)))["pattern"]
    assert.strictEqual(pattern(/^a+$/), "^a+$")
    assert.strictEqual(pattern(/^a+$/u), "^a+$")
    assert.strictEqual(pattern(/a/y), "^(?:a)")
    assert.isUndefined(pattern(/^a+$/i))
    assert.isUndefined(pattern(/^[\w-.]+$/))
    const own = Schema.isPattern(/^a+$/, { toJsonSchema: () => ({ pattern: "mine" }) })
    assert.strictEqual(showKey(Schema.String.check(own))["pattern"], "mine")
  })

  it("show lengths as they were written to models, and as validators count them otherwise", () => {
    const schema = Schema.String.check(Schema.isMinLength(4), Schema.isMaxLength(9))
    assert.deepStrictEqual(showKey(schema), { type: "string", minLength: 4, maxLength: 9, required: true })
    assert.deepStrictEqual(showKey(schema, "success"), { type: "string", minLength: 2, maxLength: 9, required: true })
    assert.deepStrictEqual(showKey(Schema.String.check(Schema.isBetweenLength(4, 9)))["minLength"], 4)
    assert.deepStrictEqual(showKey(Schema.NonEmptyString)["minLength"], 1)
  })

  it("keep formats", () => {
    assert.strictEqual(showKey(Schema.String.check(Schema.isUUID()))["format"], "uuid")
    assert.strictEqual(showKey(Schema.Date)["format"], "date-time")
    assert.strictEqual(showKey(Schema.DateTimeUtc)["format"], "date-time")
    assert.strictEqual(showKey(Schema.DateFromString)["format"], "date-time")
    assert.strictEqual(showKey(Schema.DateTimeUtcFromString)["format"], "date-time")
    const european = Schema.String.pipe(
      Schema.decodeTo(Schema.Date, {
        decode: SchemaGetter.transform((s) => new Date(s.split("/").toReversed().join("-"))),
        encode: SchemaGetter.transform((d) => d.toISOString().slice(0, 10).split("-").toReversed().join("/"))
      })
    )
    assert.deepStrictEqual(showKey(european), { type: "string", required: true })
  })

  it("show what a text holds", () => {
    const shown = showKey(Schema.fromJsonString(Schema.Struct({ a: Schema.optional(Schema.Int) })))
    assert.deepStrictEqual(shown, {
      type: "string",
      contentMediaType: "application/json",
      contentSchema: { type: "object", properties: { a: { type: "integer" } }, required: [], additionalProperties: false },
      required: true
    })
  })
})

describe("literals", () => {
  it("are a constant when there is one, an enum when there are several", () => {
    assert.deepStrictEqual(showKey(Schema.Literal("a")), { type: "string", const: "a", required: true })
    assert.deepStrictEqual(showKey(Schema.Literals(["a", "b"])), { type: "string", enum: ["a", "b"], required: true })
    assert.deepStrictEqual(showKey(Schema.Enum({ A: "a", B: "b" })), { type: "string", enum: ["a", "b"], required: true })
    const mixed = [
      { type: "string", const: "a" },
      { type: "number", const: 1 }
    ]
    assert.deepStrictEqual(showKey(Schema.Enum({ A: "a", B: 1 })), { anyOf: mixed, required: true })
  })

  it("keep what is said about each of them", () => {
    const schema = Schema.Union([Schema.Literal("a").annotate({ title: "A" }), Schema.Literal("b").annotate({ title: "B" })])
    assert.deepStrictEqual(showKey(schema)["anyOf"], [
      { type: "string", title: "A", const: "a" },
      { type: "string", title: "B", const: "b" }
    ])
  })
})

describe("objects and arrays inside", () => {
  it("say all they have", () => {
    const inner = show(Schema.Struct({ key: Schema.Struct({}) })).properties["key"]
    assert.deepStrictEqual(inner, { type: "object", properties: {}, required: [], additionalProperties: false })
    assert.deepStrictEqual(showKey(Schema.Record(Schema.String, Schema.String))["properties"], {})
    assert.deepStrictEqual(showKey(Schema.Array(Schema.Unknown)), { type: "array", items: {}, required: true })
    const variables = Schema.Record(Schema.TemplateLiteral(["x-", Schema.String]), Schema.Int)
    assert.deepStrictEqual(showKey(variables)["patternProperties"], { "^x-[\\s\\S]*?$": { type: "integer" } })
    assert.strictEqual(showKey(variables)["additionalProperties"], false)
  })

  it("are tuples that also say what they hold", () => {
    const string = { type: "string" }
    const integer = { type: "integer" }
    assert.deepStrictEqual(showKey(Schema.Tuple([Schema.String, Schema.optionalKey(Schema.Int)])), {
      type: "array",
      prefixItems: [string, integer],
      maxItems: 2,
      minItems: 1,
      items: { anyOf: [string, integer] },
      required: true
    })
    const rest = Schema.TupleWithRest(Schema.Tuple([Schema.String]), [Schema.Int])
    assert.deepStrictEqual(showKey(rest)["items"], integer)
    assert.deepStrictEqual(showKey(Schema.UniqueArray(Schema.Int))["uniqueItems"], true)
  })

  it("drop keys that cannot have a value", () => {
    assert.deepStrictEqual(Object.keys(show(Schema.Struct({ a: Schema.optionalKey(Schema.Never) })).properties), [])
    assert.deepStrictEqual(showKey(Schema.Union([Schema.String, Schema.Never])), { type: "string", required: true })
  })
})

describe("annotations", () => {
  it("survive, also where the codec puts another type in place", () => {
    const said = { title: "t", description: "d", default: 3, examples: [1, 2] }
    assert.deepStrictEqual(showKey(Schema.Int.annotate(said)), { type: "integer", ...said, required: true })
    const date = Schema.Date.annotate({ description: "d", examples: [new Date(0)] })
    assert.deepStrictEqual(showKey(date), {
      type: "string",
      description: "d",
      format: "date-time",
      examples: ["1970-01-01T00:00:00.000Z"],
      required: true
    })
    assert.strictEqual(showKey(Schema.NumberFromString.annotate({ description: "d" }))["description"], "d")
    const struct = Schema.Struct({ n: Schema.NumberFromString }).annotate({ examples: [{ n: 1 }] })
    assert.deepStrictEqual(showKey(struct)["examples"], [{ n: "1" }])
    class Point extends Schema.Class<Point>("Point")({ x: Schema.Finite }, { description: "a point" }) {}
    assert.strictEqual(showKey(Point)["description"], "a point")
  })

  it("of a key win over those of its type", () => {
    const schema = Schema.String.annotate({ description: "type" }).pipe(Schema.annotateKey({ description: "key" }))
    assert.deepStrictEqual(showKey(schema), { type: "string", description: "key", required: true })
  })

  it("of extensions are shown", () => {
    const region = Schema.String.annotate({ "x-mcp-header": "Region", internal: true })
    assert.deepStrictEqual(showKey(region), { type: "string", "x-mcp-header": "Region", required: true })
  })
})

describe("results", () => {
  it("may have any root", () => {
    assert.deepStrictEqual(show(Schema.String, "success"), { type: "string" } as never)
    assert.deepStrictEqual(show(Schema.Void, "success"), { type: "null" } as never)
    const shapes = show(Schema.Union([Schema.Struct({ a: Schema.tag("x") }), Schema.Struct({ a: Schema.tag("y") })]), "success")
    assert.strictEqual((shapes["anyOf"] as ReadonlyArray<unknown>).length, 2)
  })

  it("with an empty struct are open, because encoding does not close them", () => {
    assert.strictEqual(show(Schema.Struct({}), "success")["additionalProperties"], true)
  })
})

describe("what cannot be shown", () => {
  class Opaque {}

  it("is refused with its path", () => {
    const at = (schema: Schema.Constraint) => {
      const { message, path } = refusal(Schema.Struct({ filter: Schema.Struct({ pattern: schema }) }))
      assert.include(message, `tool "forecast", parameters, at ${path}: `)
      return path
    }
    const opaque = Schema.instanceOf(Opaque)
    assert.strictEqual(at(opaque), "filter.pattern")
    assert.strictEqual(at(Schema.optionalKey(opaque)), "filter.pattern")
    assert.strictEqual(at(Schema.Array(opaque)), "filter.pattern[]")
    assert.strictEqual(at(Schema.Tuple([Schema.String, opaque])), "filter.pattern[1]")
    assert.strictEqual(at(Schema.Record(Schema.String, opaque)), "filter.pattern[*]")
    assert.strictEqual(at(Schema.Union([Schema.String, opaque])), "filter.pattern")
    assert.strictEqual(at(Schema.declare((u): u is () => void => typeof u === "function")), "filter.pattern")
    assert.strictEqual(at(Schema.Symbol), "filter.pattern")
    assert.strictEqual(at(Schema.UniqueSymbol(Symbol.for("a"))), "filter.pattern")
    assert.strictEqual(at(Schema.Never), "filter.pattern")
    assert.strictEqual(at(Schema.Struct({ deep: Schema.Never })), "filter.pattern.deep")
    assert.strictEqual(at(Schema.Tuple([Schema.Never])), "filter.pattern[0]")
    assert.strictEqual(at(Schema.Array(Schema.Void)), "filter.pattern[]")
    assert.strictEqual(at(Schema.Array(Schema.UndefinedOr(Schema.String))), "filter.pattern[]")
    assert.strictEqual(at(Schema.Record(Schema.String, Schema.UndefinedOr(Schema.String))), "filter.pattern[*]")
  })

  it("is refused at the root and for keys", () => {
    assert.strictEqual(refusal(Schema.Never, "success").path, "")
    assert.strictEqual(refusal(Schema.instanceOf(Opaque), "success").path, "")
    assert.include(refusal(Schema.Struct({ [Symbol.for("a")]: Schema.String })).detail, "must be strings")
  })

  it("is not what has a JSON form of its own", () => {
    assert.deepStrictEqual(Object.keys(showKey(Schema.RegExp)["properties"] ?? {}), ["source", "flags"])
    const decoded = Schema.String.pipe(
      Schema.decodeTo(Schema.instanceOf(Opaque), {
        decode: SchemaGetter.transform(() => new Opaque()),
        encode: SchemaGetter.transform(() => "")
      })
    )
    assert.deepStrictEqual(showKey(decoded), { type: "string", required: true })
    assert.deepStrictEqual(showKey(Schema.BigInt), { type: "string", pattern: "^-?\\d+$", required: true })
    for (const schema of [Schema.Unknown, Schema.Any, Schema.Json]) assert.deepStrictEqual(showKey(schema), { required: true })
  })
})

it("is deterministic and plain JSON", () => {
  const schema = Schema.Struct({ person: Person, when: Schema.optional(Schema.Date), tree: tree() })
  const once = show(schema)
  assert.strictEqual(JSON.stringify(once), JSON.stringify(show(schema)))
  assert.deepStrictEqual(once, JSON.parse(JSON.stringify(once)))
})
