import { assert, describe, it } from "@effect/vitest"
import { compile, explainProblems } from "../src/internal/rawJsonSchema.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"
import { UnrepresentableSchema } from "../src/UnrepresentableSchema.ts"

const where = 'tool "search", inputSchema'

/** What is wrong with a value, a line for each problem; nothing when it is valid. */
const check = (schema: JsonObject, value: unknown): ReadonlyArray<string> => {
  const problems = compile(schema, where).validate(value)
  return problems === undefined ? [] : explainProblems(problems).split("\n")
}

const refusal = (schema: JsonObject): UnrepresentableSchema => {
  try {
    compile(schema, where)
  } catch (error) {
    assert.instanceOf(error, UnrepresentableSchema)
    return error as UnrepresentableSchema
  }
  return assert.fail("it was not refused")
}

// The tool `json_schema_2020_12_tool` of the official conformance suite.
const contact = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
      required: ["city"]
    }
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    billing: { $ref: "#addressDef" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string", format: "email" }
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false
}

describe("validate", () => {
  it("says of what a branch forbids that it is not allowed, and lists only what is", () => {
    const schema = { properties: { a: false, b: {} }, additionalProperties: false }
    assert.deepStrictEqual(check(schema, { a: 1 }), ["a: is not allowed here"])
    assert.deepStrictEqual(check(schema, { c: 1 }), ["c: unexpected key, the known keys are b"])
  })

  it("knows the keywords of 2020-12", () => {
    assert.deepStrictEqual(check(contact, { contactMethod: "phone", phone: "1" }), [])
    assert.deepStrictEqual(check(contact, { contactMethod: "phone", email: "a@b.c" }), ["phone: missing, expected a string"])
    assert.deepStrictEqual(check(contact, { email: "nope" }), ['email: expected the format email, received "nope"'])
    assert.deepStrictEqual(check(contact, { email: "a@b.c", address: {}, billing: { city: 1 } }), [
      "address.city: missing, expected a string",
      "billing.city: expected a string, received 1"
    ])
    assert.deepStrictEqual(check(contact, { email: "a@b.c", contactMethod: "fax", fax: 1 }), [
      'contactMethod: expected "phone" or "email", received "fax"',
      "fax: unexpected key, the known keys are name, address, billing, contactMethod, phone, email"
    ])
    const tuple = { prefixItems: [{ type: "string" }], items: { type: "integer", exclusiveMinimum: 0 }, uniqueItems: true }
    assert.deepStrictEqual(check(tuple, ["a", 1, 2]), [])
    assert.deepStrictEqual(check(tuple, [1, 0]), [
      "[0]: expected a string, received 1",
      "[1]: expected a value greater than 0, received 0"
    ])
    assert.deepStrictEqual(check({ not: { type: "string" } }, "a"), ['arguments: expected another value, received "a"'])
    assert.strictEqual(check({ contains: { type: "integer" } }, ["a"]).length, 1)
    assert.strictEqual(check({ propertyNames: { pattern: "^a" } }, { b: 1 }).length, 1)
    assert.strictEqual(check({ unevaluatedProperties: false, properties: { a: {} } }, { b: 1 }).length, 1)
    assert.deepStrictEqual(check({ const: { a: [1] } }, { a: [1] }), [])
  })

  it("explains alternatives by the nearest", () => {
    const shape = {
      oneOf: [
        { type: "object", properties: { kind: { const: "a" }, n: { type: "integer" } }, required: ["kind", "n"] },
        { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] }
      ]
    }
    assert.deepStrictEqual(check(shape, { kind: "b" }), [])
    assert.deepStrictEqual(check(shape, { kind: "a" }), ["n: missing, expected an integer"])
    assert.deepStrictEqual(check(shape, { kind: "c" }), ['kind: expected "a" or "b", received "c"'])
    assert.deepStrictEqual(check(shape, 3), ["arguments: expected an object, received 3"])
    const types = { anyOf: [{ type: "string" }, { type: ["integer", "null"] }] }
    assert.deepStrictEqual(check(types, true), ["arguments: expected a string, an integer or null, received true"])
    const twice = { oneOf: [{ type: "integer" }, { type: "number" }] }
    assert.deepStrictEqual(check(twice, 1), ["arguments: matches more than one of the forms that are allowed"])
    const list = { items: types }
    assert.deepStrictEqual(check(list, [true, 1, false]), [
      "[0]: expected a string, an integer or null, received true",
      "[2]: expected a string, an integer or null, received false"
    ])
  })

  it("knows draft-07 and 2019-09", () => {
    const draft07 = {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { name: { type: "string" } },
      // In draft-07 what stands beside a reference is ignored.
      properties: { x: { $ref: "#/definitions/name", minLength: 5 }, y: { items: [{ type: "string" }], additionalItems: false } },
      dependencies: { x: ["y"] }
    }
    assert.deepStrictEqual(check(draft07, { x: "a", y: ["b"] }), [])
    assert.strictEqual(check(draft07, { x: "a" }).length, 1)
    assert.strictEqual(check(draft07, { y: ["b", "c"] }).length, 1)
    const recursive = {
      $schema: "https://json-schema.org/draft/2019-09/schema",
      properties: { child: { $recursiveRef: "#" }, name: { type: "string" } }
    }
    assert.deepStrictEqual(check(recursive, { child: { child: { name: 1 } } }), [
      "child.child.name: expected a string, received 1"
    ])
  })

  it("follows references into keywords that no dialect knows, and odd names", () => {
    const openapi = { $ref: "#/components/schemas/Pet", components: { schemas: { Pet: { required: ["name"] } } } }
    assert.deepStrictEqual(check(openapi, {}), ["name: missing"])
    const odd = { properties: { "a/b~c d": { $ref: "#/$defs/x~1y%20z" } }, $defs: { "x/y z": { type: "string" } } }
    assert.deepStrictEqual(check(odd, { "a/b~c d": 1 }), ['["a/b~c d"]: expected a string, received 1'])
  })

  it("is not fooled by the prototype", () => {
    assert.deepStrictEqual(check({ required: ["toString"] }, {}), ["toString: missing"])
    const value: unknown = JSON.parse('{"__proto__":{"a":1}}')
    assert.strictEqual(check({ properties: { a: { type: "string" } }, additionalProperties: false }, value).length, 1)
  })

  it("accepts patterns that only JavaScript without the u flag accepts", () => {
    const pattern = { pattern: "^[\\w-.]+\\@x\\_y$" }
    assert.deepStrictEqual(check(pattern, "a-b.c@x_y"), [])
    assert.strictEqual(check(pattern, "a b@x_y").length, 1)
  })

  it("treats values that JSON does not have as they will be sent", () => {
    const schema = { type: "object", properties: { a: { type: "string" }, when: { type: "string" } } }
    assert.deepStrictEqual(check(schema, { a: undefined, when: new Date(0) }), [])
    assert.deepStrictEqual(check(schema, undefined), ["arguments: missing"])
    assert.deepStrictEqual(check(schema, { a: 1n }), ["arguments: is not JSON"])
  })

  it("survives halves of surrogate pairs", () => {
    const schema = { additionalProperties: { type: "integer" } }
    assert.deepStrictEqual(check(schema, { "\ud800": 1, "\\ud800": 2 }), [])
    assert.strictEqual(check(schema, { "\ud800": "x" }).length, 1)
  })

  it("leaves the schema alone", () => {
    const schema = { type: "object", properties: { a: { $ref: "#/$defs/a" } }, $defs: { a: { type: "string" } } }
    const before = structuredClone(schema)
    Object.freeze(schema.properties.a)
    compile(schema, where).validate({ a: 1 })
    assert.deepStrictEqual(schema, before)
    assert.deepStrictEqual(Reflect.ownKeys(schema), Reflect.ownKeys(before))
  })
})

describe("bounds", () => {
  it("hold for schemas", () => {
    let deep: JsonObject = {}
    for (let i = 0; i < 65; i++) deep = { items: deep }
    assert.include(refusal(deep).detail, "deeper than 64")
    assert.include(refusal({ anyOf: Array.from({ length: 10_000 }, () => ({})) }).detail, "more than 10000")
    assert.deepStrictEqual(check({ anyOf: Array.from({ length: 9_999 }, () => ({})) }, 1), [])
  })

  it("hold for validation", () => {
    assert.deepStrictEqual(check({ $ref: "#" }, 1), ["arguments: is nested too deeply"])
    let value: unknown = 1
    for (let i = 0; i < 50_000; i++) value = [value]
    assert.deepStrictEqual(check({ items: { $ref: "#" } }, value), ["arguments: is nested too deeply"])
    const doubling = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`a${i}`, { allOf: [{ $ref: `#/$defs/a${i + 1}` }, { $ref: `#/$defs/a${i + 1}` }] }])
    )
    const bomb = { $ref: "#/$defs/a0", $defs: { ...doubling, a40: {} } }
    assert.deepStrictEqual(check(bomb, 1), ["arguments: takes too long to validate"])
  })

  it("hold for explanations", () => {
    const lines = check(
      { items: { type: "integer" } },
      Array.from({ length: 150_000 }, () => "x")
    )
    assert.strictEqual(lines.length, 21)
    assert.include(lines.at(-1), "more")
    const nested = { properties: { a: { items: { type: "integer" } } } }
    assert.isAtLeast(check(nested, { a: Array.from({ length: 150_000 }, () => "x") }).length, 1)
  })
})

describe("refused", () => {
  it("are dialects that are not supported", () => {
    for (const $schema of ["http://json-schema.org/draft-04/schema#", "https://example.com/mine", 7]) {
      const { message, path } = refusal({ $schema })
      assert.strictEqual(path, "$schema")
      assert.include(message, 'tool "search", inputSchema, at $schema: the dialect')
    }
    assert.include(refusal({ items: { $dynamicRef: "#node" } }).message, "at items/$dynamicRef")
  })

  it("are references that lead out or nowhere; nothing is fetched", () => {
    for (const $ref of [
      "https://example.com/canary.json",
      "other.json",
      "#/$defs/none",
      "#anchor",
      "http://json-schema.org/draft-07/schema"
    ]) {
      assert.include(refusal({ properties: { a: { $ref } } }).detail, JSON.stringify($ref))
    }
    const absolute = {
      $id: "https://example.com/a.json",
      $ref: "https://example.com/a.json#/$defs/x",
      $defs: { x: { type: "string" } }
    }
    assert.strictEqual(check(absolute, 1).length, 1)
  })

  it("are keywords of the wrong shape", () => {
    assert.strictEqual(refusal({ properties: { a: { required: true } } }).path, "properties/a/required")
    assert.strictEqual(refusal({ exclusiveMinimum: true }).path, "exclusiveMinimum")
    assert.strictEqual(refusal({ properties: { a: "string" } }).path, "properties/a")
    assert.strictEqual(refusal({ anyOf: {} }).path, "anyOf")
    assert.strictEqual(refusal({ properties: [] }).path, "properties")
    assert.strictEqual(refusal({ pattern: "(?P<name>a)" }).path, "pattern")
    assert.strictEqual(refusal({ patternProperties: { "(": {} } }).path, "patternProperties")
  })
})
