import { assert, describe, it } from "@effect/vitest"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Form from "../src/Form.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"

const one = (field: JsonObject): JsonObject => ({ type: "object", properties: { a: field } })

/** What is wrong with the value of one field, a line for each problem. */
const lines = (field: JsonObject, value: unknown): ReadonlyArray<string> => {
  const text = Form.problems(one(field), { a: value })
  return text === undefined ? [] : text.split("\n")
}

const accepts = (field: JsonObject, ...values: ReadonlyArray<unknown>) => {
  for (const value of values) assert.deepStrictEqual(lines(field, value), [], JSON.stringify(value))
}

const refuses = (field: JsonObject, ...values: ReadonlyArray<unknown>) => {
  for (const value of values) assert.strictEqual(lines(field, value).length, 1, JSON.stringify(value))
}

describe("problems", () => {
  it("names missing and unknown members", () => {
    const form = {
      type: "object",
      properties: { name: { type: "string" }, size: { type: "string", enum: ["s", "m"] }, age: { type: "integer" } },
      required: ["name", "size"]
    } as const
    assert.isUndefined(Form.problems(form, { name: "", size: "s" }))
    assert.isUndefined(Form.problems(form, { name: "", size: "s", age: undefined, other: undefined }))
    assert.deepStrictEqual(Form.problems(form, { "o ther": 1, age: 1.5 })?.split("\n"), [
      '["o ther"]: unexpected key, the known keys are name, size, age',
      "age: expected an integer, received 1.5",
      "name: missing, expected a string",
      'size: missing, expected "s" or "m"'
    ])
    assert.strictEqual(Form.problems(form, [1]), "content: expected an object, received [1]")
    assert.strictEqual(Form.problems({ type: "object", properties: {} }, { a: 1 }), "a: unexpected key")
    assert.isUndefined(Form.problems({ type: "object", properties: {} }, {}))
  })

  it("counts the characters of texts, not their UTF-16 units", () => {
    const field = { type: "string", minLength: 2, maxLength: 3 }
    accepts(field, "ab", "abc", "😀😀", "😀😀😀")
    assert.deepStrictEqual(
      lines(field, "😀"),
      ['expected at least 2 characters, received "😀"'].map((text) => `a: ${text}`)
    )
    assert.deepStrictEqual(lines(field, "abcd"), ['a: expected at most 3 characters, received "abcd"'])
    assert.deepStrictEqual(lines(field, 3), ["a: expected a string, received 3"])
    assert.deepStrictEqual(lines({ type: "string", maxLength: 1 }, "ab"), ['a: expected at most 1 character, received "ab"'])
    accepts({ type: "string", minLength: 0, maxLength: 0 }, "")
  })

  it("knows email addresses", () => {
    const field = { type: "string", format: "email" }
    accepts(field, "a@b", "ada.lovelace+notes@example.co.uk", "o'hara@example.com")
    refuses(field, "", "a", "a@", "@b", "a b@c.d", "a@b@c", "a@-b.c", "a@b..c", "a@b.c ", `${"a".repeat(320)}@b.c`)
    assert.deepStrictEqual(lines(field, "nope"), ['a: expected an email address, received "nope"'])
  })

  it("knows URIs", () => {
    const field = { type: "string", format: "uri" }
    accepts(field, "https://example.com", "mailto:a@b.c", "urn:isbn:1", "http://[::1]:80/a?b=c#d", "file:///tmp/a%20b")
    refuses(field, "", "example.com", "/a", "https:", "https://a b", "1:a", "https://a\n", 'https://"')
    assert.deepStrictEqual(lines(field, "a"), ['a: expected a URI with its scheme (https://example.com), received "a"'])
  })

  it("knows dates", () => {
    const field = { type: "string", format: "date" }
    accepts(field, "2026-07-28", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31")
    refuses(field, "", "2026-7-28", "2026-13-01", "2026-00-01", "2026-04-31", "2025-02-29", "1900-02-29", "2026-07-28T00:00:00Z")
    assert.deepStrictEqual(lines(field, "today"), ['a: expected a date (2026-07-28), received "today"'])
  })

  it("knows dates with times", () => {
    const field = { type: "string", format: "date-time" }
    accepts(field, "2026-07-28T12:00:00Z", "2026-07-28T23:59:59.999999+05:30", "1970-01-01T00:00:00.000Z")
    refuses(
      field,
      "",
      "2026-07-28",
      "2026-07-28T12:00:00",
      "2026-07-28 12:00:00Z",
      "2026-02-30T12:00:00Z",
      "2026-07-28T24:00:00Z"
    )
    assert.deepStrictEqual(lines(field, "now"), [
      'a: expected a date and time with its offset (2026-07-28T12:00:00Z), received "now"'
    ])
  })

  it("knows numbers, integers and booleans", () => {
    const number = { type: "number", minimum: -1, maximum: 2.5 }
    accepts(number, -1, 0.1, 2.5)
    assert.deepStrictEqual(lines(number, -1.5), ["a: expected a number of at least -1, received -1.5"])
    assert.deepStrictEqual(lines(number, 3), ["a: expected a number of at most 2.5, received 3"])
    refuses(number, "1", null, NaN, Infinity, true)
    const integer = { type: "integer", minimum: 1 }
    accepts(integer, 1, 2.0, Number.MAX_SAFE_INTEGER)
    assert.deepStrictEqual(lines(integer, 0), ["a: expected an integer of at least 1, received 0"])
    refuses(integer, 1.5, 2 ** 53, "1", [1])
    accepts({ type: "boolean" }, true, false)
    assert.deepStrictEqual(lines({ type: "boolean" }, "true"), ['a: expected a boolean, received "true"'])
  })

  it("knows choices, in all their forms", () => {
    const titled = [
      { const: "a", title: "A" },
      { const: "b", title: "B" }
    ]
    for (const field of [
      { type: "string", enum: ["a", "b"] },
      { type: "string", enum: ["a", "b"], enumNames: ["A", "B"] },
      { type: "string", oneOf: titled }
    ]) {
      accepts(field, "a", "b")
      refuses(field, "A", "", 1)
      assert.deepStrictEqual(lines(field, "c"), ['a: expected "a" or "b", received "c"'])
    }
    for (const items of [{ type: "string", enum: ["a", "b"] }, { anyOf: titled }]) {
      const field = { type: "array", items, minItems: 1, maxItems: 2 }
      accepts(field, ["a"], ["b", "a"])
      assert.deepStrictEqual(lines(field, "a"), ['a: expected an array, received "a"'])
      assert.deepStrictEqual(lines(field, []), ["a: expected at least 1 item, received []"])
      assert.deepStrictEqual(lines(field, ["a", "c", 1]), [
        'a: expected at most 2 items, received ["a","c",1]',
        'a[1]: expected "a" or "b", received "c"',
        'a[2]: expected "a" or "b", received 1'
      ])
    }
  })

  it("accepts anything for what is outside of the vocabulary", () => {
    for (const field of [{}, { type: "object" }, { type: ["string", "null"] }, { type: 1 }, { $ref: "#" }, { enum: ["a"] }]) {
      accepts(field, null, 1, "x", { b: [1] }, [])
    }
    accepts({ type: "string", minLength: "3", maxLength: null, format: "color", enum: [1], pattern: "^a" }, "x")
    accepts({ type: "array", items: { type: "object" }, minItems: "1" }, [], [{}])
    for (const form of [{}, { properties: 1, required: 2 }, { properties: [], required: { a: 1 } }]) {
      assert.isUndefined(Form.problems(form as JsonObject, {}))
    }
    assert.strictEqual(Form.problems({ required: ["a", 1] }, {}), "a: missing, expected a value")
    assert.isUndefined(Form.problems({ required: ["a"] }, { a: 1 }))
  })

  it("lists no more than 20 problems", () => {
    const content = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]))
    const text = Form.problems(one({ type: "string" }), content) ?? ""
    assert.strictEqual(text.split("\n").length, 21)
    assert.match(text, /\n\.\.\. and 980 more$/)
  })
})

describe("filled", () => {
  const form = {
    type: "object",
    properties: {
      name: { type: "string", default: "Ada" },
      age: { type: "integer", default: 36 },
      agrees: { type: "boolean", default: false },
      tags: { type: "array", items: { type: "string", enum: ["a", "b"] }, default: ["b"] },
      bare: { type: "string" }
    }
  } as const

  it("fills in the defaults of what was left out", () => {
    const all = { name: "Ada", age: 36, agrees: false, tags: ["b"] }
    for (const content of [{}, undefined, null, 3, [1], { name: undefined }])
      assert.deepStrictEqual(Form.filled(form, content), all)
    const content = { name: "", agrees: null, other: 1 }
    assert.deepStrictEqual(Form.filled(form, content), { ...all, ...content })
    assert.deepStrictEqual(content, { name: "", agrees: null, other: 1 })
  })

  it("leaves out defaults that the form itself does not accept", () => {
    const properties = {
      a: { type: "string", default: 1 },
      b: { type: "string", minLength: 2, default: "x" },
      c: { type: "string", enum: ["x"], default: "y" },
      d: { type: "object", default: { a: 1 } },
      e: { default: [1] },
      f: { default: "kept" }
    }
    assert.deepStrictEqual(Form.filled({ properties }, {}), { f: "kept" })
  })
})

describe("hostile forms and contents", () => {
  const nested = (depth: number): unknown => {
    let value: unknown = []
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
    return value
  }

  it("may be nested deeper than the stack", () => {
    const deep = nested(100_000)
    for (const type of ["string", "number", "boolean", "array", "object"]) {
      const field = { type, enum: deep, oneOf: deep, items: deep, default: deep }
      Form.problems(one(field), { a: deep })
      Form.problems(one(field), deep)
      Form.problems({ properties: deep, required: deep }, { a: deep })
      Form.filled(one(field), deep)
    }
    assert.strictEqual(lines({ type: "string", enum: ["x"] }, deep).length, 1)
  })

  it("may be huge", () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `option ${i}`)
    const list = { type: "array", items: { type: "string", enum: many } }
    accepts(list, many)
    assert.strictEqual(
      lines(
        list,
        many.map((option) => `no ${option}`)
      ).length,
      21
    )
    const long = "a@".repeat(2_000_000)
    for (const format of ["email", "uri", "date", "date-time"])
      assert.strictEqual(lines({ type: "string", format }, long).length, 1)
    assert.isBelow((lines({ type: "string", maxLength: 3 }, long)[0] ?? "").length, 200)
    const keys = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [long.slice(i), {}]))
    assert.isBelow((Form.problems({ properties: keys }, { b: 1 }) ?? "").length, 1000)
  })

  it("may use the names of prototypes", () => {
    const form = JSON.parse('{"properties":{"__proto__":{"type":"string","default":"x"}},"required":["__proto__","toString"]}')
    assert.deepStrictEqual(Form.problems(form, {})?.split("\n"), [
      "__proto__: missing, expected a string",
      "toString: missing, expected a value"
    ])
    const content = Form.filled(form, { toString: 1 })
    assert.strictEqual(JSON.stringify(content), '{"toString":1,"__proto__":"x"}')
    assert.isUndefined(Form.problems(form, content))
    assert.strictEqual(Form.problems(one({}), JSON.parse('{"__proto__":1}')), "__proto__: unexpected key, the known keys are a")
    assert.strictEqual(Form.problems(one({}), { constructor: 1 }), "constructor: unexpected key, the known keys are a")
  })

  const vocabulary = ["type", "enum", "oneOf", "items", "default", "minLength", "maximum", "minItems", "format", "const"] as const
  const Value = Schema.Union([Schema.Json, Schema.Literals(["string", "integer", "number", "boolean", "array", "date"])])
  const Field = Schema.Struct(
    Object.fromEntries(vocabulary.map((key) => [key, Schema.optionalKey(Value)])) as Record<
      (typeof vocabulary)[number],
      Schema.optionalKey<typeof Value>
    >
  )
  const Properties = Schema.Union([Schema.Json, Schema.Struct({ a: Field, b: Schema.optionalKey(Field) })])
  const AnyForm = Schema.Struct({
    properties: Properties,
    required: Schema.Union([Schema.Json, Schema.Tuple([Schema.Literal("a")])])
  })
  const Content = Schema.Union([Schema.Json, Schema.Struct({ a: Schema.Json, b: Schema.optionalKey(Schema.Json) })])

  it.prop(
    "never make a check throw, and what is filled stays as it is",
    { form: AnyForm, content: Content },
    ({ content, form }) => {
      const text = Form.problems(form, content)
      assert.isTrue(text === undefined || text.length > 0)
      const content2 = Form.filled(form, content)
      assert.deepStrictEqual(Form.filled(form, content2), content2)
      Form.problems(form, content2)
    },
    { arbitrary: { runs: 1000 } }
  )
})

describe("choices", () => {
  it("is a choice of its keys", () => {
    const Size = Form.choices({ s: "Small", m: "Medium" })
    assert.strictEqual(Schema.decodeUnknownSync(Size)("s"), "s")
    assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(Size)("Small")))
  })

  it("infers what can be chosen", () => {
    const Size = Form.choices({ s: "Small", m: "Medium" })
    const size: (typeof Size)["Type"] = "s"
    const wire: (typeof Size)["Encoded"] = size
    // @ts-expect-error: there is no such key
    const none: (typeof Size)["Type"] = "x"
    assert.notStrictEqual<string>(none, wire)
  })
})

describe("options", () => {
  const small = { value: "s", title: "Small" }
  const plain = { value: "m", title: "m" }

  it("are those of a choice, and of a list of choices, in the words of every revision", () => {
    const titled = [{ const: "s", title: "Small" }, { const: "m" }]
    assert.deepStrictEqual(Form.options({ type: "string", oneOf: titled }), [small, plain])
    assert.deepStrictEqual(Form.options({ type: "string", enum: ["s", "m"], enumNames: ["Small"] }), [small, plain])
    assert.deepStrictEqual(Form.options({ type: "array", items: { anyOf: titled } }), [small, plain])
    assert.deepStrictEqual(Form.options({ type: "array", items: { type: "string", enum: ["m"] } }), [plain])
  })

  it("are none where a field is no choice of texts", () => {
    const fields: ReadonlyArray<JsonObject> = [
      {},
      { type: "string" },
      { type: "string", enum: [] },
      { type: "string", enum: ["s", 1] },
      { type: "string", enum: "s", enumNames: ["Small"] },
      { type: "string", oneOf: [null, { const: "s" }] },
      { type: "integer", enum: ["s"] },
      { type: "array" },
      { type: "array", items: ["s"] }
    ]
    for (const field of fields) assert.isUndefined(Form.options(field), JSON.stringify(field))
    assert.deepStrictEqual(Form.options({ type: "string", enum: ["m"], enumNames: "Small" }), [plain])
    assert.deepStrictEqual(Form.options({ type: "string", enum: ["m"], enumNames: [5] }), [plain])
  })
})
