import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Contract from "../src/Contract.ts"
import * as McpGroup from "../src/McpGroup.ts"
import * as Middleware from "../src/Middleware.ts"
import * as Prompt from "../src/Prompt.ts"
import * as Resource from "../src/Resource.ts"
import * as Tool from "../src/Tool.ts"

describe("metadata", () => {
  it("tags and version travel in _meta, beside what the author puts there", () => {
    assert.isUndefined(Contract.toMeta({ title: "t", description: "d", icons: [] }))
    assert.deepStrictEqual(Contract.toMeta({ tags: ["a"], version: "1", meta: { "x/y": 1 } }), {
      "x/y": 1,
      "effect-mcp/tags": ["a"],
      "effect-mcp/version": "1"
    })
    assert.deepStrictEqual(Contract.toMeta({ tags: [] }), { "effect-mcp/tags": [] })
    assert.deepStrictEqual(Contract.toMeta({ meta: {} }), {})
  })
})

describe("parameters", () => {
  it("may be fields, a Schema, or nothing", () => {
    const decode = Schema.decodeUnknownSync(Contract.toSchema({ a: Schema.Int }) as Schema.Codec<unknown>)
    assert.deepStrictEqual(decode({ a: 1, b: 2 }), { a: 1 })
    const own = Schema.Struct({ a: Schema.Int })
    assert.strictEqual(Contract.toSchema(own), own)
    assert.deepStrictEqual(Schema.decodeUnknownSync(Contract.toSchema(undefined) as Schema.Codec<unknown>)({}), {})
  })
})

describe("a contract", () => {
  it("is a group of one, told apart from the others by kind and name", () => {
    const all = [Tool.make("a"), Prompt.make("a"), Resource.make("a", "file:///a")] as const
    assert.deepStrictEqual(
      all.map(({ id }) => id),
      ["tool/a", "prompt/a", "resource/a"]
    )
    for (const contract of all) {
      assert.deepStrictEqual(McpGroup.contractsOf(contract), [contract])
      assert.deepStrictEqual(McpGroup.middlewaresOf(contract), [])
    }
    assert.deepStrictEqual(
      [Tool.isTool(all[0]), Tool.isTool(all[1]), Prompt.isPrompt(all[1]), Resource.isResource(all[2])],
      [true, false, true, true]
    )
    assert.isFalse(Tool.isTool({ _tag: "Tool", name: "a" }))
  })

  it("with `structured: false` cannot have a `render`, whose text a typed client could not read", () => {
    assert.throws(
      () => Tool.make("a", { success: Schema.Int, structured: false, render: String }),
      'Tool "a": `structured: false` and `render` do not go together'
    )
  })
})

describe("a group", () => {
  class M1 extends Middleware.make<M1>()("M1") {}
  class M2 extends Middleware.make<M2>()("M2") {}
  const A = Tool.make("a")

  it("asking for a middleware makes another group, the last one asked for outermost", () => {
    const Plain = McpGroup.make("g", A)
    const Both = Plain.middleware(M1).middleware(M2)
    assert.deepStrictEqual(McpGroup.middlewaresOf(Plain), [])
    assert.deepStrictEqual(McpGroup.middlewaresOf(Both), [M2, M1])
    assert.deepStrictEqual([Both.id, Both.contracts], ["g", [A]])
  })

  it("may be extended by a class, which is the group", () => {
    class G extends McpGroup.make("g", A).middleware(M1) {}
    assert.deepStrictEqual(McpGroup.contractsOf(G), [A])
    assert.deepStrictEqual(McpGroup.middlewaresOf(G), [M1])
    assert.strictEqual(G.id, "g")
  })
})

describe("resources", () => {
  it("need a URI with a scheme, and a template that can be read", () => {
    assert.throws(() => Resource.make("plain", "config/database"), /has no scheme/)
    assert.throws(() => Resource.template("open", "file:///{path"), /position/)
    assert.throws(() => Resource.template("twice", "x://{a}/{a}"), /x:\/\/\{a\}\/\{a\}/)
  })

  it("refuse values that leave their place, unless they say otherwise", () => {
    const safe = Resource.template("safe", "file:///{path*}")
    const unsafe = Resource.template("unsafe", "file:///{path*}", { unsafe: true })
    assert.strictEqual(safe.template?.match("file:///a/../b")?._tag, "Refused")
    assert.deepStrictEqual(unsafe.template?.match("file:///a/../b"), { _tag: "Match", values: { path: "a/../b" } })
    assert.strictEqual(unsafe.template?.match("file:///a%00b")?._tag, "Refused")
  })
})
