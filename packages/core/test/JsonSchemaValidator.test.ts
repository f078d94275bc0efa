import { assert, describe, it } from "@effect/vitest"
import * as JsonSchemaValidator from "../src/JsonSchemaValidator.ts"
import { UnrepresentableSchema } from "../src/UnrepresentableSchema.ts"

describe("a validator of a JSON Schema", () => {
  const validate = JsonSchemaValidator.make(
    { type: "object", properties: { n: { type: "integer" }, tags: { items: { type: "string" } } }, required: ["n"] },
    "the answer"
  )

  it("says nothing of what is valid", () => assert.isUndefined(validate({ n: 1, tags: ["a"] })))

  it("says where what is wrong", () => {
    assert.strictEqual(validate({ tags: ["a", 1] }), "n: missing, expected an integer\ntags[1]: expected a string, received 1")
    assert.strictEqual(validate("one"), 'value: expected an object, received "one"')
    assert.strictEqual(validate("one", "result"), 'result: expected an object, received "one"')
  })

  it("throws for schemas that cannot be used, and names whose they are", () => {
    for (const schema of [{ $ref: "https://example.com" }, { $schema: "draft-04" }, { pattern: "(" }]) {
      assert.throws(() => JsonSchemaValidator.make(schema, "the answer"), UnrepresentableSchema, /the answer/)
    }
  })
})
