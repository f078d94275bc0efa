import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { nearNames } from "../src/internal/nearNames.ts"
import { maxMisfits, misfits } from "../src/internal/schemaFit.ts"
import type { Json } from "./support/server.ts"

const told = (writer: Json, reader: Json, refusesOthers = true): ReadonlyArray<string> =>
  misfits(writer, reader, { refusesOthers }).map(({ path, read, written }) => `${path}: ${written} / ${read}`)

const object = (properties: Json, more: Json = {}): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  ...more
})

const text = { type: "string" }
const integer = { type: "integer" }
const cyclic = { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } }
const tree = (leaf: Json): Json => ({
  $ref: "#/$defs/tree",
  $defs: { tree: object({ leaf, children: { type: "array", items: { $ref: "#/$defs/tree" } } }) }
})

describe("what is written by one JSON Schema and read by another", () => {
  const table: ReadonlyArray<readonly [what: string, writer: Json, reader: Json, expected: ReadonlyArray<string>]> = [
    ["the same", text, text, []],
    ["an integer as a number", integer, { type: "number" }, []],
    ["a number as an integer", { type: "number" }, integer, [": a number / an integer"]],
    ["one type of several", text, { type: ["null", "string"] }, []],
    ["several types as one", { type: ["null", "string"] }, text, [": null or a string / a string"]],
    ["a constant as its type", { const: "a" }, text, []],
    ["a constant as another", { const: "a" }, { const: "b" }, [': "a" / "b"']],
    ["a type as a constant", text, { enum: ["a"] }, [': a string / "a"']],
    ["values of several types", { enum: ["a", 1, null] }, { enum: [null, 1, "a", true] }, []],
    ["a boolean as its two values", { type: "boolean" }, { enum: [true, false] }, []],
    ["a boolean as one of them", { type: "boolean" }, { const: true }, [": a boolean / true"]],
    ["objects as values, in whatever order they are listed", { enum: [{ a: 1 }, 2] }, { enum: [2, { a: 1 }] }, []],
    ["null as its only value", { type: "null" }, { enum: [null] }, []],
    ["a choice as none of it", { anyOf: [text, { type: "boolean" }] }, integer, [": a string or a boolean / an integer"]],
    [
      "a member that may be absent, of another type",
      { type: "object", properties: { a: text } },
      object({ a: integer }),
      ["a: a string that may be absent / an integer that is required"]
    ],
    ["anything", {}, text, []],
    ["into anything", text, {}, []],
    ["what is never read", object({ a: text }), object({ a: false }), ["a: a string / nothing"]],
    [
      "references",
      { $ref: "#/$defs/t", $defs: { t: text } },
      { $ref: "#/definitions/a~1b", definitions: { "a/b": integer } },
      [": a string / an integer"]
    ],
    [
      "a reference with more beside it",
      { $ref: "#/$defs/t", $defs: { t: { type: "object" } }, properties: { a: text }, required: ["a"] },
      object({ a: integer }),
      ["a: a string / an integer"]
    ],
    ["a reference that leads nowhere", { $ref: "#/$defs/t" }, integer, []],
    ["a reference into the prototype", { $ref: "#/constructor" }, integer, []],
    ["references that go in a circle", cyclic, integer, []],
    ["a recursive type as itself", tree(text), tree(text), []],
    [
      "a recursive type as another",
      tree(text),
      tree(integer),
      ["leaf: a string / an integer", "children[].leaf: a string / an integer"]
    ],
    [
      "all of several",
      { allOf: [object({ a: text }), object({ b: text })] },
      object({ a: text, b: integer }),
      ["b: a string / an integer"]
    ],
    ["a choice as one of it", { anyOf: [text, integer] }, text, [": a string or an integer / a string"]],
    [
      "one of a choice",
      object({ kind: { const: "a" }, x: text }),
      { oneOf: [object({ kind: { const: "a" }, x: text }), object({ kind: { const: "b" } })] },
      []
    ],
    [
      "none of a choice",
      { anyOf: [object({ kind: { const: "a" } }), object({ kind: { const: "c" } })] },
      { oneOf: [object({ kind: { const: "a" } }), object({ kind: { const: "b" } })] },
      [": an object / only others of that type"]
    ],
    [
      "a choice with what all of it has",
      { type: "object", properties: { a: text }, required: ["a"], anyOf: [{ required: ["b"] }, {}] },
      object({ a: text }),
      []
    ],
    ["conditions", { if: { type: "null" }, type: "string" }, integer, []],
    ["tuples", { prefixItems: [text] }, { type: "array", items: integer }, []],
    [
      "items",
      { items: { items: text } },
      { type: "array", items: { type: "array", items: integer } },
      ["[][]: a string / an integer"]
    ],
    ["more members", object({ a: text }), { type: "object", additionalProperties: false }, ["a: a string / nothing"]],
    ["members of a pattern", object({ a: text }), object({}, { patternProperties: { a: integer } }), []],
    [
      "members of a record",
      object({ a: text, b: integer }),
      { type: "object", additionalProperties: integer },
      ["a: a string / an integer"]
    ],
    ["a record as a struct", { type: "object", additionalProperties: text }, object({ a: text }), []],
    ["names that are no identifiers", object({ "a.b": text }), object({ "a.b": integer }), ['["a.b"]: a string / an integer']],
    [
      "keywords of the wrong shape",
      { type: 1, enum: 2, properties: [], required: {}, anyOf: 3 },
      { type: [1], required: [1] },
      []
    ],
    ["types that do not exist", { type: "date" }, text, [': "date" / a string']]
  ]

  for (const [what, writer, reader, expected] of table) {
    it(`${what}: ${expected.length === 0 ? "fits" : "does not fit"}`, () =>
      assert.deepStrictEqual(told(writer, reader), expected))
  }

  it("members that are not known may be ignored", () => {
    const closed = { type: "object", properties: { b: text }, additionalProperties: false }
    assert.deepStrictEqual(told(object({ a: text }), closed), ["a: a string / nothing"])
    assert.deepStrictEqual(told(object({ a: text }), closed, false), [])
  })

  it("there are at most a hundred places", () => {
    const many = (type: string) => object(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, { type }])))
    assert.strictEqual(told(many("string"), many("integer")).length, maxMisfits)
    assert.strictEqual(told(object({}), many("integer")).length, maxMisfits)
  })

  it("schemas of any size and depth end, and are then taken to fit", () => {
    let deep: Json = text
    for (let i = 0; i < 5000; i++) deep = { type: "array", items: deep }
    assert.deepStrictEqual(told(deep, deep), [])
    const wide = { anyOf: Array.from({ length: 1000 }, () => text) }
    assert.deepStrictEqual(told(wide, integer), [])
    let branching: Json = text
    for (let i = 0; i < 40; i++) branching = { anyOf: [branching, branching] }
    assert.deepStrictEqual(told(branching, integer), [])
    const members = (leaf: Json) => {
      let at = leaf
      for (let i = 0; i < 60; i++) at = { anyOf: [object({ a: at, b: at }), object({ b: at, c: at })] }
      return at
    }
    assert.isAtMost(told(members(text), members(integer)).length, maxMisfits)
  })

  const Json = Schema.Json
  it.effect.prop("a schema that is no schema breaks nothing", { a: Json, b: Json }, ({ a, b }) =>
    Effect.sync(() => assert.isArray(told({ properties: a, anyOf: b } as never, { properties: b, items: a, $ref: b } as never)))
  )

  it("what a contract shows fits itself", () => {
    const schemas: ReadonlyArray<Schema.Codec<any, any>> = [
      Schema.Number,
      Schema.Union([Schema.Struct({ a: Schema.Date }), Schema.Struct({ b: Schema.Duration })]),
      Schema.Tuple([Schema.String, Schema.optionalKey(Schema.Int)]),
      Schema.Record(Schema.String, Schema.NullOr(Schema.BigInt)),
      Schema.TemplateLiteral(["a", Schema.Finite]),
      Schema.StructWithRest(Schema.Struct({ a: Schema.String }), [Schema.Record(Schema.String, Schema.Json)]),
      Schema.optional(Schema.Uint8Array)
    ]
    for (const schema of schemas) {
      const { outputSchema } = ToolCodec.definition(Tool.make("t", { success: Schema.Struct({ schema }) }))
      assert.deepStrictEqual(told(outputSchema ?? {}, outputSchema ?? {}), [])
    }
  })
})

describe("names that may have been meant", () => {
  it("differ in case, signs, a namespace or a few letters, and are at most three", () => {
    const all = ["getForecast", "get_forecast", "weather_getforecast", "forecast", "getForcast", "getForecasts", "delete"]
    assert.deepStrictEqual(nearNames("getForecast", all), ["getForecast", "get_forecast", "getForcast"])
    assert.deepStrictEqual(nearNames("getforecast", ["weather_getforecast", "a.getforecast"]), [
      "weather_getforecast",
      "a.getforecast"
    ])
    assert.deepStrictEqual(nearNames("add", ["sub", "ad", "adds", "delete"]), ["ad", "adds"])
    assert.deepStrictEqual(nearNames("", ["a", "ab"]), ["a"])
  })
})
