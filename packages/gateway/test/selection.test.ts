/**
 * Which tools of a server are offered, and what they are called.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { matches, naming, offers } from "../src/internal/selection.ts"

describe("patterns", () => {
  it("stand for themselves, with * for any text", () => {
    const yes: ReadonlyArray<readonly [string, string]> = [
      ["get", "get"],
      ["get_*", "get_"],
      ["get_*", "get_issue"],
      ["*_issue", "get_issue"],
      ["*", ""],
      ["*", "anything"],
      ["a*b*c", "a-b-b-c"],
      ["**", "x"],
      ["a*a", "aa"],
      ["*get*", "forget it"],
      ["a.c", "a.c"]
    ]
    for (const [pattern, name] of yes) assert.isTrue(matches(pattern, name), `${pattern} ${name}`)
    const no: ReadonlyArray<readonly [string, string]> = [
      ["get", "get_"],
      ["get", "GET"],
      ["get_*", "get"],
      ["a*a", "a"],
      ["a*b*c", "ac"],
      ["a*bc*c", "abc"],
      ["a.c", "abc"],
      ["", "a"]
    ]
    for (const [pattern, name] of no) assert.isFalse(matches(pattern, name), `${pattern} ${name}`)
  })

  const Text = Schema.Array(Schema.Literals(["a", "b", "*", "ab"]))
  it.prop(
    "say the same as a regular expression",
    { pattern: Text, name: Text },
    ({ name, pattern }) => {
      const text = name.join("").replaceAll("*", "c")
      const regex = new RegExp(`^${pattern.join("").replaceAll("*", ".*")}$`)
      assert.strictEqual(matches(pattern.join(""), text), regex.test(text))
    },
    { arbitrary: { runs: 500 } }
  )

  it("take no longer for patterns that are made to", () => {
    assert.isFalse(matches("*a".repeat(5000) + "b", "a".repeat(20_000)))
  })
})

describe("a selection", () => {
  it("offers everything by default", () => assert.isTrue(offers({}, "x")))

  it("offers what is included and not excluded", () => {
    const selection = { include: ["get_*", "list"], exclude: ["get_secret*"] }
    assert.deepStrictEqual(
      ["get_a", "list", "get_secrets", "delete"].map((name) => offers(selection, name)),
      [true, true, false, false]
    )
  })

  it("that includes nothing offers nothing", () => assert.isFalse(offers({ include: [] }, "x")))

  it("renames, and what has the new name already gives way", () => {
    const called = naming({ rename: { a: "x" } })
    assert.deepStrictEqual(called("a"), { as: "x", marked: false })
    assert.deepStrictEqual(called("x"), { as: undefined, marked: true })
    assert.deepStrictEqual(called("b"), { as: undefined, marked: false })
  })

  it("that renames two tools alike lets none of them have the name alone", () => {
    const called = naming({ rename: { a: "x", b: "x", c: "c" } })
    assert.deepStrictEqual(
      ["a", "b", "c"].map((name) => called(name).marked),
      [true, true, false]
    )
  })

  it("knows no names that every object has", () => {
    assert.deepStrictEqual(naming({ rename: {} })("constructor"), { as: undefined, marked: false })
  })
})
