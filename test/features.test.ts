import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { check, type List } from "../scripts/features.ts"

const list: List = { areas: { ONE: 2, TWO: 1 }, elsewhere: ["TWO-01"] }
const some: List = { areas: { ...list.areas, SOME: [30, 76] }, elsewhere: list.elsewhere }

const files: Readonly<Record<string, string>> = {
  "packages/core/src/Tool.ts": "export interface Options { readonly timeout?: number }\nexport const make = 1",
  "packages/core/src/Again.ts": 'export { make as again, type Options } from "./Tool.ts"',
  "packages/core/src/internal/Hidden.ts": "export const make = 1",
  "packages/core/test/a.test.ts":
    'const cases = [["from a table"]]\ndescribe("outer", () => {\n  it.effect(`${v}: is told, ${w}`, () => {}) // only a comment\n})',
  "node_modules/effect/src/Effect.ts": "export const log = 1"
}

const test = '`packages/core/test/a.test.ts` "outer"'
const first = `| ONE-01 | a | \`Tool.make\` | ${test} |`
const second = "| ONE-02 | b | comes with HTTP | — |"
const third = "| TWO-01 | c | d |"
const elsewhere = ["## What belongs to another language", "| id | what | why |", "|---|---|---|"]

/** What is wrong with a page of these rows, as `line problem`. */
const problemsOf = (
  rows: ReadonlyArray<string>,
  closed: ReadonlyArray<string> = [third],
  of: List = list
): ReadonlyArray<string> => {
  const root = mkdtempSync(join(tmpdir(), "features-"))
  try {
    const page = [...rows, ...elsewhere, ...closed].join("\n")
    for (const [file, text] of Object.entries({ ...files, "docs/features.md": page })) {
      mkdirSync(join(root, dirname(file)), { recursive: true })
      writeFileSync(join(root, file), text)
    }
    return check(root, of).map(({ line, problem }) => `${line} ${problem}`)
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** The same of a page whose first row has these cells. */
const row = (how: string, tests = test) => problemsOf([`| ONE-01 | a | ${how} | ${tests} |`, second])

describe("rows", () => {
  it("are there, each of them once, and no others", () => {
    assert.deepStrictEqual(problemsOf([first, second]), [])
    assert.deepStrictEqual(problemsOf([first, second, first]), ["3 ONE-01 stands in line 1 already"])
    assert.deepStrictEqual(problemsOf([first, "| ONE-03 | b | comes with HTTP | — |"]), [
      "2 ONE-03 is no row of the list",
      "6 ONE-02 is not there"
    ])
  })

  it("of an area may be some alone, by their numbers", () => {
    const row = (n: number) => `| SOME-${n} | a | comes with HTTP | — |`
    assert.deepStrictEqual(problemsOf([first, second, row(30), row(76)], [third], some), [])
    assert.deepStrictEqual(problemsOf([first, second, row(30), row(31)], [third], some), [
      "4 SOME-31 is no row of the list",
      "8 SOME-76 is not there"
    ])
  })

  it("stand in the closed list when they belong there, and only then", () => {
    assert.deepStrictEqual(problemsOf([first], ["| ONE-02 | b | c |", third]), ["5 ONE-02 does not belong into the closed list"])
    assert.deepStrictEqual(problemsOf([first, second, `| TWO-01 | c | d | ${test} |`], []), [
      "3 TWO-01 belongs into the closed list"
    ])
  })

  it("have all their cells", () => {
    for (const cells of ["a | b", `a |  | ${test}`, `a | b | ${test} | c`]) {
      assert.deepStrictEqual(problemsOf([`| ONE-01 | ${cells} |`, second]), ["1 ONE-01 has not the cells of its table"])
    }
    assert.deepStrictEqual(problemsOf([first, second], ["| TWO-01 | c |"]), ["6 TWO-01 has not the cells of its table"])
  })
})

describe("tests", () => {
  it("are in a file that exists, under the title that is quoted", () => {
    for (const title of ["outer", ": is told, ", "from a table"]) {
      assert.deepStrictEqual(row("b", `\`packages/core/test/a.test.ts\` "${title}"`), [], title)
    }
    assert.deepStrictEqual(row("b", `${test}; \`packages/core/test/a.test.ts\` "inner"; \`test/b.test.ts\` "outer"`), [
      '1 ONE-01 packages/core/test/a.test.ts has no test "inner"',
      "1 ONE-01 test/b.test.ts does not exist"
    ])
    assert.deepStrictEqual(row("b", '`packages/core/test/a.test.ts` "only a comment"'), [
      '1 ONE-01 packages/core/test/a.test.ts has no test "only a comment"'
    ])
    assert.deepStrictEqual(row("b", `\`packages/core/test/a.test.ts\`; ${test}`), [
      "1 ONE-01 packages/core/test/a.test.ts stands without the title of a test"
    ])
  })

  it("may be left out where the row says why", () => {
    assert.deepStrictEqual(row("missing: a way to do it", "—"), [])
    assert.deepStrictEqual(row("comes with HTTP", test), [])
    const problem = "1 ONE-01 names no test, and does not say that it is missing or what it comes with"
    assert.deepStrictEqual(row("it works", "—"), [problem])
    assert.deepStrictEqual(row("comes with HTTP", "soon"), [problem])
  })
})

describe("names", () => {
  it("are exports, of types too, of this house or of Effect", () => {
    assert.deepStrictEqual(row("`Tool.make`, `Tool.Options`, `Again.again`, `Again.Options`, `Effect.log`"), [])
    assert.deepStrictEqual(row("`Tool.gone`, `Again.make`, `Hidden.make`, `Nobody.make`"), [
      "1 ONE-01 Tool.gone is not exported",
      "1 ONE-01 Again.make is not exported",
      "1 ONE-01 Hidden.make is not exported",
      "1 ONE-01 Nobody.make is not exported"
    ])
  })

  it("of members are in the module", () => {
    assert.deepStrictEqual(row("`timeout` of `Tool.Options`"), [])
    assert.deepStrictEqual(row("`time` of `Tool.Options`"), ["1 ONE-01 Tool.Options has no time"])
    // Or in the one from which it is exported again.
    assert.deepStrictEqual(row("`timeout` of `Again.Options`"), [])
    assert.deepStrictEqual(row("`again` of `Again.Options`"), ["1 ONE-01 Again.Options has no again"])
  })

  it("count between the rows, too", () => {
    assert.deepStrictEqual(problemsOf([first, second, "See `Tool.gone`."]), ["3 Tool.gone is not exported"])
  })
})
