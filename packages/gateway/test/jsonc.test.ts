import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { maxDepth, parse } from "../src/internal/jsonc.ts"

const value = (text: string) => Result.getOrThrow(parse(text))
const fault = (text: string) => Result.getOrThrow(Result.flip(parse(text)))

describe("JSON with comments", () => {
  it("may have comments anywhere between what it says, and commas after the last member", () => {
    const text = `// first
    {
      /* of all */ "a" /* name */: [1, 2, /* , */ ], // "b": 1,
      "url": "https://x/*y*/", "c": {"d": null,},
    } /**/ // last`
    assert.deepStrictEqual(value(text), { a: [1, 2], url: "https://x/*y*/", c: { d: null } })
  })

  it("has members called as those of all objects, the last of a name wins", () => {
    const read = value('{"__proto__": {"command": "x"}, "constructor": 1, "a": 1, "a": 2}') as object
    assert.deepStrictEqual(Object.keys(read), ["__proto__", "constructor", "a"])
    assert.strictEqual(Object.getPrototypeOf(read), Object.prototype)
    assert.strictEqual((read as { a: number }).a, 2)
  })

  const faults: ReadonlyArray<readonly [text: string, line: number, column: number, detail: RegExp]> = [
    ["", 1, 1, /expected a value/],
    ["// nothing", 1, 11, /expected a value/],
    ['{\n  "a": 1\n  "b": 2}', 3, 3, /expected `,` or `}`/],
    ["[1,,2]", 1, 4, /expected a value/],
    ["[,]", 1, 2, /expected a value/],
    ["{,}", 1, 2, /expected a name/],
    ["{a: 1}", 1, 2, /expected a name in double quotes/],
    ["{'a': 1}", 1, 2, /expected a name in double quotes/],
    ['{"a" 1}', 1, 6, /expected `:`/],
    ['{"a": "b', 1, 7, /a string is not closed/],
    ['{"a": "b\n"}', 1, 7, /a string is not closed/],
    ['"\\x"', 1, 1, /an escape or a control character/],
    ["[1 /* ", 1, 4, /a comment is not closed/],
    ["[1", 1, 3, /expected `,` or `]`/],
    ["[1}", 1, 3, /expected `,` or `]`/],
    ["NaN", 1, 1, /expected a value/],
    ["01", 1, 1, /expected a value/],
    ["{} {}", 1, 4, /expected the end/]
  ]
  it.each(faults)("%j stops at %d:%d", (text, line, column, detail) => {
    const { detail: said, ...place } = fault(text)
    assert.deepStrictEqual(place, { line, column })
    assert.match(said, detail)
  })

  it("never quotes what it reads", () => {
    for (const text of ['{"KEY": hunter2}', '{"KEY": "hunter2" "x"}', '{"KEY": "hunter2', '"hunter2\\x"']) {
      assert.notInclude(JSON.stringify(fault(text)), "hunter2")
    }
  })

  it("is nested up to a bound", () => {
    assert.isTrue(Result.isSuccess(parse("[".repeat(maxDepth) + "1" + "]".repeat(maxDepth))))
    assert.match(fault("[".repeat(1_000_000)).detail, /more than 100 levels/)
    assert.match(fault('{"a":'.repeat(1_000_000)).detail, /more than 100 levels/)
  })

  it.prop("is JSON where there are none", { json: Schema.Json, space: Schema.Literals([0, 2, "\t"]) }, ({ json, space }) => {
    const text = JSON.stringify(json, null, space)
    assert.deepStrictEqual(value(text), JSON.parse(text))
  })

  const Token = Schema.Literals([
    ...'{}[]:,"\\ \n1a/*-.',
    '"a"',
    '"a":',
    "true",
    "null",
    "//",
    "/*",
    "*/",
    "12",
    "-1e3",
    "\\u0041"
  ])
  it.prop(
    "is read as JSON is whenever it is JSON, and nothing throws",
    [Schema.Array(Token)],
    ([tokens]) => {
      const text = tokens.join("")
      const read = parse(text)
      let json: unknown
      try {
        json = JSON.parse(text)
      } catch {
        return
      }
      assert.deepStrictEqual(Result.getOrThrow(read), json)
    },
    { arbitrary: { runs: 3000 } }
  )

  it.prop(
    "accepts nothing but JSON where there are neither comments nor commas to leave out",
    [Schema.Array(Token)],
    ([tokens]) => {
      const text = tokens.join("")
      if (/\/|,\s*[\]}]/.test(text) || Result.isFailure(parse(text))) return
      JSON.parse(text)
    },
    { arbitrary: { runs: 3000 } }
  )
})
