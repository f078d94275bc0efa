import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Tool from "@effect-mcp/core/Tool"
import * as Schema from "effect/Schema"
import { candidates, checker } from "../src/internal/jsonCheck.ts"
import { Random } from "../src/internal/random.ts"
import { Sampler } from "../src/internal/jsonSamples.ts"
import { mergedSchema } from "../src/internal/schemaParts.ts"
import { sampleText } from "../src/internal/textSamples.ts"

const tree = {
  $defs: { node: { type: "object", properties: { left: { $ref: "#/$defs/node" }, v: { type: "integer" } }, required: ["v"] } },
  $ref: "#/$defs/node"
}

/** Schemas as servers have them. */
const schemas: { readonly [name: string]: JsonObject } = {
  empty: {},
  "no arguments": { type: "object" },
  closed: { type: "object", properties: {}, additionalProperties: false },
  texts: {
    type: "object",
    properties: {
      short: { type: "string", maxLength: 2 },
      long: { type: "string", minLength: 40 },
      code: { type: "string", pattern: "^[A-Z]{2}-[0-9]{3}$" },
      day: { type: "string", format: "date" },
      id: { type: "string", format: "uuid" }
    },
    required: ["short", "long", "code", "day", "id"]
  },
  numbers: {
    type: "object",
    properties: {
      a: { type: "integer", minimum: 3, maximum: 5 },
      b: { type: "number", exclusiveMinimum: 0, maximum: 0.9 },
      c: { type: "integer", multipleOf: 7, minimum: 10 },
      d: { type: "integer", maximum: -3 },
      e: { type: "integer", exclusiveMinimum: 3, exclusiveMaximum: 5 }
    },
    required: ["a", "b", "c", "d", "e"]
  },
  lists: {
    type: "object",
    properties: {
      two: { type: "array", items: { type: "string" }, minItems: 2, maxItems: 2, uniqueItems: true },
      pair: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }], minItems: 2 },
      has: { type: "array", contains: { const: 7 }, items: { type: "integer" } },
      flags: { type: "array", items: { enum: ["a", "b", "c"] }, uniqueItems: true, minItems: 3 }
    },
    required: ["two", "pair", "has", "flags"]
  },
  "older lists": {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "array",
    items: [{ type: "string" }, { type: "boolean" }],
    minItems: 2
  },
  choices: {
    type: "object",
    properties: {
      fixed: { const: { a: 1 } },
      either: { anyOf: [{ type: "string" }, { type: "null" }] },
      kind: {
        oneOf: [
          { properties: { k: { const: "a" } }, required: ["k"] },
          { properties: { k: { const: "b" } }, required: ["k"] }
        ]
      },
      maybe: { type: ["null", "integer"] }
    },
    required: ["fixed", "either", "kind", "maybe"]
  },
  together: {
    type: "object",
    allOf: [
      { properties: { a: { type: "integer", minimum: 1 } }, required: ["a"] },
      { properties: { a: { maximum: 1 }, b: { type: "string" } }, required: ["b"] }
    ]
  },
  recursive: tree,
  "needs more": { type: "object", minProperties: 3, additionalProperties: { type: "integer" } },
  unknown: { type: "object", required: ["nameless"] },
  escaped: { $ref: "#/$defs/a~1b%20c", $defs: { "a/b c": { type: "boolean" } } },
  "default and examples": { type: "string", default: "x", examples: ["y"] },
  conditional: { type: "object", properties: { a: { type: "boolean" } }, dependentRequired: { a: ["b"] } },
  "without a type": { properties: { n: { minimum: 5 }, l: { items: { type: "string" }, minItems: 1 } }, required: ["n", "l"] }
}

describe("values made up for JSON Schemas", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    it(`pass: ${name}`, () => {
      const check = checker(schema, name)
      assert.strictEqual(check._tag, "Usable")
      for (let seed = 0; seed < 20; seed++) {
        const { problem, values } = candidates(schema, name, 5, String(seed))
        assert.isUndefined(problem)
        assert.isAtLeast(values.length, 1)
        for (const value of values) assert.isUndefined(check._tag === "Usable" ? check.problemsOf(value) : "unusable")
      }
    })
  }

  it("have nothing that is optional at first, then all of it, and are different", () => {
    const schema = { type: "object", properties: { a: { type: "string" }, b: { type: "integer" } }, required: ["a"] }
    const { values } = candidates(schema, "x", 3, "1")
    assert.deepStrictEqual(values.slice(0, 2), [{ a: "a" }, { a: "a", b: 101 }])
    assert.strictEqual(new Set(values.map((value) => JSON.stringify(value))).size, 3)
  })

  it("are those that the Schema names itself: constants, options, defaults and examples", () => {
    const least = (schema: JsonObject) => new Sampler(schema, new Random(1), "least").value()
    assert.strictEqual(least({ type: "string", examples: ["Oslo"], default: "Bergen" }), "Oslo")
    assert.strictEqual(least({ type: "string", default: "Bergen" }), "Bergen")
    assert.strictEqual(least({ enum: [7, 8] }), 7)
    assert.strictEqual(least({ const: null }), null)
  })

  it("end for Schemas that do not", () => {
    const endless = {
      $defs: { a: { type: "object", properties: { a: { $ref: "#/$defs/a" } }, required: ["a"] } },
      $ref: "#/$defs/a"
    }
    assert.include(String(candidates(endless, "endless", 1, "1").problem), "a.a.a")
    const circle = { $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }
    assert.isDefined(candidates(circle, "circle", 1, "1"))
    const wide = { type: "array", minItems: 1e9, items: { type: "string", minLength: 1e9 } }
    const many = { $defs: { a: { type: "array", minItems: 100, items: { $ref: "#/$defs/a" } } }, $ref: "#/$defs/a" }
    for (const schema of [wide, many]) {
      assert.isAtMost(JSON.stringify(new Sampler(schema, new Random(1), "least").value()).length, 1_000_000)
    }
  })

  it("of Schemas that take their time are tried as long as there is patience, and once in any case", () => {
    assert.lengthOf(candidates({ enum: [1, 2, 3, 4] }, "quick", 3, "1").values, 3)
    assert.lengthOf(candidates({ enum: [1, 2, 3, 4] }, "slow", 3, "1", 0).values, 1)
    const { problem, values } = candidates({ type: "integer", minimum: 5, maximum: 4 }, "slow", 3, "1", 0)
    assert.deepStrictEqual(values, [])
    assert.include(problem, "expected")
  })

  it("that must differ are told apart in a time that does not grow with the square of their number", () => {
    const list = (items: JsonObject): JsonObject => ({ type: "array", minItems: 100, uniqueItems: true, items })
    const value = new Sampler(list(list(list({}))), new Random(1), "least").value()
    assert.isAtMost(JSON.stringify(value).length, 1_000_000)
  })

  it("are not made for patterns of long texts, which would take for ever", () => {
    for (const pattern of [
      "^[a-z]{1000000}$",
      "^(([a-z]{1,9}){1000}){1000}$",
      "^(a{100}b{100}){11}$",
      "^a{1500}b{600}$",
      "^(a){0}b{5000}$"
    ]) {
      assert.strictEqual(sampleText({ pattern }, "name", new Random(1), false), "name")
    }
    for (const [pattern, length] of [
      ["^[a-f0-9]{64}$", 64],
      ["^([a-z]{10}){10}$", 100],
      ["^(ab){0}c$", 1]
    ] as const) {
      assert.lengthOf(sampleText({ pattern }, "name", new Random(1), false), length)
    }
  })

  it("are none where one of several Schemas takes none", () => {
    assert.isFalse(mergedSchema([{ type: "string" }, false]))
    const schema = { type: "object", properties: { a: { allOf: [{ type: "string" }, false] } }, required: ["a"] }
    assert.deepStrictEqual(new Sampler(schema, new Random(1), "least").value(), { a: null })
  })

  it("have members that are called as those of every object", () => {
    const schema = { type: "object", required: ["toString", "constructor"], additionalProperties: { type: "integer" } }
    const [value] = candidates(schema, "inherited", 1, "1").values
    assert.deepStrictEqual(Object.entries(value as object), [
      ["toString", 1],
      ["constructor", 1]
    ])
  })

  it("may be wrong where the Schema can be met by nothing, and say how", () => {
    assert.deepStrictEqual(candidates({ type: "integer", minimum: 5, maximum: 4 }, "x", 2, "1").values, [])
    assert.match(String(candidates({ type: "object", properties: { a: false }, required: ["a"] }, "x", 1, "1").problem), /a/)
    const other = candidates({ $schema: "https://example.com/mine", type: "string" }, "x", 1, "1")
    assert.deepStrictEqual(other.values, ["value"])
    assert.include(other.problem, "dialect")
    assert.isDefined(candidates({ type: "string", pattern: "(" }, "x", 1, "1").problem)
  })

  it("are accepted by the tools whose Schemas they are made for", () => {
    const tool = Tool.make("t", {
      parameters: {
        city: Schema.NonEmptyString.check(Schema.isMaxLength(20)),
        day: Schema.optionalKey(Schema.DateTimeUtcFromString),
        at: Schema.Struct({ lat: Schema.Finite.check(Schema.isBetween({ minimum: -90, maximum: 90 })) }),
        how: Schema.Union([Schema.Literal("fast"), Schema.Struct({ speed: Schema.Int })]),
        tags: Schema.Array(Schema.String.check(Schema.isPattern(/^[a-z]+$/)))
      }
    })
    const { decodeArguments, definition } = ToolCodec.server(tool, { excess: "error", lenient: false, onRepaired: () => {} })
    const { values } = candidates(definition.inputSchema, "t", 30, "1")
    assert.isAtLeast(values.length, 10)
    for (const value of values) {
      const decoded = decodeArguments(value as JsonObject)
      // A text that is a date is something that JSON Schema does not say.
      if (decoded._tag === "Failure") assert.match(decoded.text, /^day:/)
    }
  })
})
