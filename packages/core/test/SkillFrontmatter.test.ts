import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SkillFrontmatter from "../src/SkillFrontmatter.ts"
import type { Frontmatter } from "../src/SkillsExtension.ts"

const faultOf = (text: string): string => {
  const read = SkillFrontmatter.parse(text)
  assert.isTrue(Result.isFailure(read), `should have failed: ${text.slice(0, 80)}`)
  return Result.isFailure(read) ? read.failure : ""
}

const readOf = (text: string): Frontmatter => Result.getOrThrow(SkillFrontmatter.parse(text))

const withMember = (yaml: string) => `---\nname: pdf\ndescription: Reads PDF\n${yaml}\n---\n\n# PDF\n`

describe("SkillFrontmatter", () => {
  it("reads all members, as JSON", () => {
    const text = withMember(
      'license: "MIT"\nmetadata:\n  version: 2.1\n  tags: [a, b]\n  on: 2026-07-28\nallowed-tools: Bash(git:*) Read\nnone:'
    )
    assert.deepStrictEqual<unknown>(readOf(text), {
      name: "pdf",
      description: "Reads PDF",
      license: "MIT",
      metadata: { version: 2.1, tags: ["a", "b"], on: "2026-07-28" },
      "allowed-tools": "Bash(git:*) Read",
      none: null
    })
  })

  it("takes the line ends of Windows, a byte order mark, blanks behind the last line, and nothing after it", () => {
    const plain = { name: "a", description: "b" }
    for (const text of [
      "---\r\nname: a\r\ndescription: b\r\n---\r\nText",
      "\ufeff---\nname: a\ndescription: b\n---\n",
      "---\nname: a\ndescription: b\n---  \t\nText",
      "---\nname: a\ndescription: b\n---"
    ]) {
      assert.deepStrictEqual<unknown>(readOf(text), plain, JSON.stringify(text))
    }
    assert.deepStrictEqual<unknown>(readOf("---\nname: a\ndescription: |\n  one\n  --- two\n---\n"), {
      name: "a",
      description: "one\n--- two\n"
    })
  })

  it("says what is wrong", () => {
    const cases: ReadonlyArray<readonly [text: string, fault: RegExp]> = [
      ["", /does not begin with a line `---`/],
      ["# PDF\n---\nname: a\n---\n", /does not begin/],
      [" ---\nname: a\n---\n", /does not begin/],
      ["---\nname: a\ndescription: b\n", /does not end with a line `---`/],
      ["---\nname: a\ndescription: b\n----\n", /does not end/],
      ["---\n---\n", /is no mapping/],
      ["---\n- a\n---\n", /is no mapping/],
      ["---\ntext\n---\n", /is no mapping/],
      ["---\nname: [a\n---\n", /is no YAML/],
      ["---\nname: a\nname: b\n---\n", /Duplicate key 'name'/],
      ["---\ndescription: b\n---\n", /`name` must be/],
      ["---\nname: 1\ndescription: b\n---\n", /`name` must be/],
      ["---\nname: a\n---\n", /`description` must be/],
      ["---\nname: a\ndescription: '  '\n---\n", /`description` must be/],
      ["---\nname: a\ndescription: [b]\n---\n", /`description` must be/],
      [withMember("__proto__: {polluted: true}"), /a member `__proto__`/],
      [withMember("a:\n  - b: {__proto__: 1}"), /a member `__proto__`/],
      [withMember("n: .nan"), /a number that JSON does not have/],
      [withMember("n: [-.inf]"), /a number that JSON does not have/]
    ]
    for (const [text, fault] of cases) assert.match(faultOf(text), fault, JSON.stringify(text))
    assert.isUndefined(({} as { readonly polluted?: unknown }).polluted)
  })

  it("takes the names that skills may have, and no others", () => {
    for (const name of ["a", "0", "a-b", "a1-b2-c3", "a".repeat(64)]) assert.isTrue(SkillFrontmatter.isName(name), name)
    const wrong = ["", "-a", "a-", "a--b", "A", "a b", "a/b", "..", "a.b", "é", "a\n", "a".repeat(65), `${"a-".repeat(32)}a`]
    for (const name of wrong) assert.isFalse(SkillFrontmatter.isName(name), JSON.stringify(name))
  })

  it("reads as much as is allowed, and no more", () => {
    const head = "name: a\ndescription: "
    const longest = "b".repeat(SkillFrontmatter.limits.length - head.length)
    assert.strictEqual(readOf(`---\n${head}${longest}\n---\n`).description, longest)
    assert.match(faultOf(`---\n${head}${longest}b\n---\n`), /longer than 16384 characters/)
    assert.match(faultOf(`---\n${"x".repeat(1_000_000)}\n---\n`), /longer than/)
    assert.match(faultOf(`---\nname: a\n---${" ".repeat(1_000_000)}x`), /does not end/)
    const nested = (depth: number) => withMember(`n: ${"[".repeat(depth)}${"]".repeat(depth)}`)
    assert.doesNotThrow(() => readOf(nested(31)))
    assert.match(faultOf(nested(32)), /more than 32 levels deep/)
    assert.match(faultOf(nested(6000)), /levels deep|nested too deeply/)
  })

  it("is not unfolded by aliases that are", () => {
    const layers = Array.from(
      { length: 12 },
      (_, i) => `l${i}: &l${i} [${Array.from({ length: 9 }, () => (i === 0 ? "1" : `*l${i - 1}`)).join(", ")}]`
    )
    assert.match(faultOf(withMember(layers.join("\n"))), /more than 10000 values/)
    assert.deepStrictEqual<unknown>(readOf(withMember("a: &a [1]\nb: *a"))["b"], [1])
  })

  it("takes a bounded time for texts that YAML is slow with", () => {
    const { length } = SkillFrontmatter.limits
    const slow = [
      `n: [a${" ".repeat(length - 60)}b]`,
      `n: "${"\\".repeat(length - 60)}"`,
      `n: 'a${" ".repeat(length - 60)}\n  b'`
    ]
    const begin = performance.now()
    for (const yaml of slow) SkillFrontmatter.parse(withMember(yaml))
    assert.isBelow(performance.now() - begin, 5000)
  })

  it("tells the first member that differs, however deep", () => {
    const read = readOf(withMember("metadata: {a: [1, {b: null}]}"))
    const told = (json: string): Frontmatter => ({ ...read, ...JSON.parse(json) })
    assert.isUndefined(SkillFrontmatter.difference(read, told("{}")))
    assert.isUndefined(SkillFrontmatter.difference(read, told('{"metadata":{"a":[1,{"b":null}]}}')))
    const others = [
      '{"metadata":{"a":[1,{"b":0}]}}',
      '{"metadata":{"a":[1,{}]}}',
      '{"metadata":{"a":[1,{"b":null,"c":1}]}}',
      '{"metadata":{"a":[1]}}',
      '{"metadata":{"a":{"0":1,"1":{"b":null}}}}',
      '{"metadata":null}',
      '{"metadata":{"a":[1,{"b":null}],"__proto__":{}}}'
    ]
    for (const json of others) assert.strictEqual(SkillFrontmatter.difference(read, told(json)), "metadata", json)
    assert.strictEqual(SkillFrontmatter.difference(read, told('{"license":"MIT"}')), "license")
    const { metadata: _, ...less } = read
    assert.strictEqual(SkillFrontmatter.difference(read, less), "metadata")
    const inherited = Object.assign(Object.create({ metadata: read["metadata"] }), less)
    assert.strictEqual(SkillFrontmatter.difference(read, inherited), "metadata")
  })

  it.prop("reads any text or says what is wrong with it", { text: Schema.String, yaml: Schema.String }, ({ text, yaml }) => {
    for (const each of [text, `---\n${text}`, withMember(yaml), withMember(`a: ${yaml}`)]) {
      const read = SkillFrontmatter.parse(each)
      if (Result.isFailure(read)) assert.isAbove(read.failure.length, 0)
      else assert.deepStrictEqual<unknown>(JSON.parse(JSON.stringify(read.success)), read.success)
    }
  })

  it.prop("reads what JSON wrote, and finds no difference", { json: Schema.Record(Schema.String, Schema.Json) }, ({ json }) => {
    const written = { ...json, name: "a", description: "b" }
    const text = `---\n${JSON.stringify(written)}\n---\n`
    const read = SkillFrontmatter.parse(text)
    const isRefused = JSON.stringify(json).includes("__proto__") || text.length > SkillFrontmatter.limits.length
    if (!isRefused)
      assert.isUndefined(SkillFrontmatter.difference(Result.getOrThrow(read), JSON.parse(JSON.stringify(written))), text)
  })
})
