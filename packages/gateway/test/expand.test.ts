import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { expand, type Lookup, maxDepth } from "../src/internal/expand.ts"

const lookup: Lookup = {
  env: { A: "a", EMPTY: "", REF: "${A}", "ProgramFiles(x86)": "p", UNSET: undefined },
  inputs: { plain: "typed", key: Redacted.make("secret") },
  predefined: { userHome: "/home/me", "/": "/" },
  bare: false
}

const text = (source: string, more: Partial<Lookup> = {}) => {
  const expanded = expand(source, { ...lookup, ...more })
  assert.deepStrictEqual(expanded.faults, [])
  return expanded.text
}
const faults = (source: string) => expand(source, lookup).faults
const unset = (variable: string) => ({ _tag: "Unset" as const, variable })

describe("references", () => {
  const table: ReadonlyArray<readonly [source: string, text: string, secret: boolean]> = [
    ["", "", false],
    ["no reference", "no reference", false],
    ["${A}", "a", true],
    ["x${A}y${A}z", "xayaz", true],
    ["${env:A}", "a", true],
    ["${env:ProgramFiles(x86)}", "p", true],
    ["${A:-b}", "a", true],
    ["${env:NONE:-b}", "b", false],
    ["${NONE:-b}", "b", false],
    ["${NONE:-}", "", false],
    ["${NONE:-a:-b}", "a:-b", false],
    ["${EMPTY:-b}", "", true],
    ["${NONE:-${A}/x}", "a/x", true],
    ["${NONE:-${NONE:-c}}d", "cd", false],
    ["${A:-${NONE}}", "a", true],
    ["${userHome:-${A}}", "/home/me", false],
    ["${REF}", "${A}", true],
    ["${input:plain}-${input:key}", "typed-secret", true],
    ["${userHome}${/}x", "/home/me/x", false],
    ["$A $ $$ $5 {A}", "$A $ $$ $5 {A}", false]
  ]
  it.each(table)("%j is %j", (source, expected, secret) => {
    assert.deepStrictEqual(expand(source, lookup), { text: expected, secret, faults: [] })
  })

  it("are also $NAME where they may be", () => {
    assert.strictEqual(text("$A-$A/${A} $ $5 $", { bare: true }), "a-a/a $ $5 $")
    assert.deepStrictEqual(expand("$NONE", { ...lookup, bare: true }).faults, [unset("NONE")])
    assert.isTrue(expand("$A", { ...lookup, bare: true }).secret)
  })

  it("to what is not set are faults, each of them", () => {
    assert.deepStrictEqual(faults("${NONE}${env:OTHER}${input:id}${UNSET}"), ["NONE", "OTHER", "input:id", "UNSET"].map(unset))
    assert.deepStrictEqual(faults("${NONE:-${OTHER}}"), [unset("OTHER")])
  })

  it("are not found among what every object has", () => {
    assert.deepStrictEqual(faults("${constructor}${input:toString}${env:__proto__}"), [
      unset("constructor"),
      unset("input:toString"),
      unset("__proto__")
    ])
  })

  it("of other forms, or that are not closed, are faults", () => {
    for (const source of ["${}", "${a b}", "${config:x.y}", "${command:x}", "${A${A}}", "${5}", "${env:}", "${input:}"]) {
      assert.match(JSON.stringify(faults(source)), /^\[{"_tag":"Malformed","detail":"a reference is none of/, source)
    }
    for (const source of ["${", "x${A", "${A:-b", "${NONE:-${A}", "${NONE:-${NONE:-"]) {
      const found = faults(source)
      assert.deepStrictEqual(found, [{ _tag: "Malformed", detail: "`${` is not closed with `}`" }], source)
    }
  })

  it("are nested up to a bound", () => {
    const nested = (depth: number) => "${NONE:-".repeat(depth) + "x" + "}".repeat(depth)
    assert.strictEqual(text(nested(maxDepth)), "x")
    assert.match(
      JSON.stringify(faults(nested(maxDepth + 1))),
      /^\[{"_tag":"Malformed","detail":"references are nested more than 10/
    )
    assert.lengthOf(faults(nested(200_000)), 1)
  })

  it("take time that grows with the text alone", () => {
    for (const part of ["${", "${A", "${A:-", "$", "}", "${A}", "${NONE}"]) {
      expand(part.repeat(300_000 / part.length), lookup)
    }
  })

  const Piece = Schema.Literals([..."${}:-A/ ", "${", "env:", "input:", "NONE", "key", "userHome", ":-", "}"])
  it.prop(
    "never throw, and stand for nothing that looks like one in what they stand for",
    [Schema.Array(Piece)],
    ([pieces]) => {
      const source = pieces.join("")
      const { faults, secret, text } = expand(source, lookup)
      if (!source.includes("$")) assert.strictEqual(text, source)
      if (faults.length === 0 && !secret && !/userHome|\/|:-/.test(source)) assert.strictEqual(text, source)
      if (text.includes("secret")) assert.isTrue(secret)
    },
    { arbitrary: { runs: 3000 } }
  )

  it.prop(
    "to any value give exactly that value",
    { value: Schema.String, before: Schema.Literals(["", "x", "$", "}"]) },
    ({ before, value }) => {
      const expanded = expand(`${before}\${V}\${env:V}`, { ...lookup, env: { V: value } })
      assert.deepStrictEqual(expanded, { text: before + value + value, secret: true, faults: [] })
    }
  )
})
