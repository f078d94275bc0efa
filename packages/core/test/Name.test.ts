import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Name from "../src/Name.ts"
import * as Prompt from "../src/Prompt.ts"
import * as Resource from "../src/Resource.ts"
import * as Tool from "../src/Tool.ts"

describe("names", () => {
  it("of 1 to 64 characters of A-Z a-z 0-9 _ - . are valid", () => {
    for (const name of ["a", "get_weather", "Get.Weather-2", "_", "-", ".", "0", "a".repeat(64)]) {
      assert.isUndefined(Name.fault(name), name)
    }
  })

  it("of other characters, empty ones and longer ones say what is wrong", () => {
    const characters = (name: string) => `"${name}" has characters outside [A-Za-z0-9_.-]`
    for (const name of ["a b", "a/b", "größe", "a\n", "\u0000", "😀", "a:b", " "])
      assert.strictEqual(Name.fault(name), characters(name))
    assert.strictEqual(Name.fault(""), "a name must not be empty")
    assert.strictEqual(Name.fault("a".repeat(65)), `"${"a".repeat(65)}" is longer than 64 characters`)
  })

  it("that are not valid are refused when a contract is made, also those that the compiler does not know", () => {
    for (const name of ["bad name", "", "a".repeat(65)]) {
      const fault = Name.fault(name)
      assert.throws(() => Tool.make(name as string), `Tool name: ${fault}`)
      assert.throws(() => Prompt.make(name as string), `Prompt name: ${fault}`)
      assert.throws(() => Resource.make(name as string, "file:///a"), `Resource name: ${fault}`)
      assert.throws(() => Resource.template(name as string, "file:///{a}"), `Resource name: ${fault}`)
    }
  })

  it.effect.prop("there is a fault exactly when the pattern does not match", { name: Schema.String }, ({ name }) =>
    Effect.sync(() => assert.strictEqual(Name.fault(name) === undefined, /^[A-Za-z0-9_.-]{1,64}(?!\n)$/.test(name)))
  )
})
