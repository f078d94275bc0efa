import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as JsonSchemaTool from "../src/JsonSchemaTool.ts"
import * as Tool from "../src/Tool.ts"
import * as ToolCodec from "../src/ToolCodec.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", { until: Schema.Date }) {}

const options: ToolCodec.ServerOptions = { excess: "error", lenient: true, onRepaired: () => {} }

/** What was read, as a plain object: some of it is an `Exit`. */
const plain = (outcome: ToolCodec.CallOutcome | ToolCodec.Decoded): object =>
  outcome._tag === "Success" ? success(outcome.value) : outcome

/** Through the server's half and the client's. */
const through = (tool: Tool.Any, value: unknown): object =>
  plain(ToolCodec.client(tool).decodeResult(ToolCodec.server(tool, options).encodeSuccess(value)))

const success = (value: unknown) => ({ _tag: "Success", value })

describe("results", () => {
  const day = new Date("2026-02-03T04:05:06.000Z")

  const table: ReadonlyArray<readonly [what: string, tool: Tool.Any, value: unknown]> = [
    ["a struct", Tool.make("t", { success: Schema.Struct({ at: Schema.Date, n: Schema.optionalKey(Schema.Int) }) }), { at: day }],
    ["a number", Tool.make("t", { success: Schema.Finite }), 0],
    ["a number that is none", Tool.make("t", { success: Schema.Number }), Number.NaN],
    ["a boolean", Tool.make("t", { success: Schema.Boolean }), false],
    ["null", Tool.make("t", { success: Schema.NullOr(Schema.Int) }), null],
    ["an array", Tool.make("t", { success: Schema.Array(Schema.Date) }), [day]],
    ["a record", Tool.make("t", { success: Schema.Record(Schema.String, Schema.Int) }), { a: 1 }],
    ["a text", Tool.make("t", { success: Schema.String }), '{"a":1}'],
    ["an empty text", Tool.make("t", { success: Schema.String }), ""],
    ["a text of several lines", Tool.make("t", { success: Schema.String }), "a\n\nb\n"],
    ["a date", Tool.make("t", { success: Schema.Date }), day],
    ["bytes", Tool.make("t", { success: Schema.Uint8Array }), new Uint8Array([1, 2])],
    ["nothing", Tool.make("t"), undefined],
    ["blocks", Tool.make("t", { success: Tool.Contents }), [{ type: "text", text: "a" }]],
    ["no blocks", Tool.make("t", { success: Tool.Contents }), []],
    ["a struct that is rendered", Tool.make("t", { success: Schema.Struct({ n: Schema.Int }), render: () => "n" }), { n: 1 }],
    ["a text that is rendered", Tool.make("t", { success: Schema.String, render: (s) => `**${s}**` }), "a"],
    ["a date that is rendered", Tool.make("t", { success: Schema.Date, render: () => "today" }), day],
    ["a struct as text alone", Tool.make("t", { success: Schema.Struct({ n: Schema.Int }), structured: false }), { n: 1 }],
    ["a number as text alone", Tool.make("t", { success: Schema.Finite, structured: false }), 1],
    ["a member that is called result", Tool.make("t", { success: Schema.Struct({ result: Schema.Int }) }), { result: 1 }],
    ["a class", Tool.make("t", { success: Busy }), new Busy({ until: day })]
  ]

  for (const [what, tool, value] of table) {
    it(`${what} comes back as it was`, () => assert.deepStrictEqual(through(tool, value), success(value)))
  }

  it("what has an outputSchema has structured content, and the other way round", () => {
    for (const [what, tool, value] of table) {
      const codec = ToolCodec.server(tool, options)
      const result = codec.encodeSuccess(value)
      assert.strictEqual("outputSchema" in codec.definition, "structuredContent" in result, what)
      assert.isTrue(
        result.content.every((block) => block.type !== "text" || typeof block.text === "string"),
        what
      )
    }
  })

  it("what a handler returns against its contract is thrown, and names the tool", () => {
    const tool = Tool.make("strict", { success: Schema.Struct({ n: Schema.Int }) })
    const { encodeSuccess } = ToolCodec.server(tool, options)
    for (const value of [undefined, null, {}, { n: 1.5 }, { n: "1" }]) {
      assert.throws(() => encodeSuccess(value), 'tool "strict": the result is not what its `success` Schema says')
    }
  })
})

describe("failures", () => {
  const until = new Date("2026-02-03T04:05:06.000Z")

  for (const [what, tool] of [
    ["beside an outputSchema", Tool.make("t", { success: Schema.Int, failure: Busy })],
    ["beside a text", Tool.make("t", { success: Schema.String, failure: Busy })],
    ["beside nothing", Tool.make("t", { failure: Busy })]
  ] as const) {
    it(`a declared one comes back as the class, ${what}`, () => {
      const result = ToolCodec.server(tool, options).encodeFailure(new Busy({ until }))
      assert.isTrue(result?.isError)
      const outcome = ToolCodec.client(tool).decodeResult(result ?? { content: [] })
      assert.deepStrictEqual(outcome, { _tag: "Failure", error: new Busy({ until }) })
      assert.instanceOf(outcome._tag === "Failure" ? outcome.error : undefined, Busy)
    })
  }

  it("one that is no object comes back as it was from where only objects are allowed", () => {
    const tool = Tool.make("t", { failure: Schema.String })
    const sent = { content: [{ type: "text" as const, text: "no" }], isError: true, structuredContent: { result: "no" } }
    assert.deepStrictEqual(plain(ToolCodec.client(tool).decodeResult(sent)), { _tag: "Failure", error: "no" })
  })

  it("one that is not declared is not sent", () => {
    const busy = ToolCodec.server(Tool.make("t", { failure: Busy }), options)
    for (const error of [new Error("no"), "no", undefined, { _tag: "Busy" }]) assert.isUndefined(busy.encodeFailure(error))
    assert.isUndefined(ToolCodec.server(Tool.make("t"), options).encodeFailure(new Busy({ until })))
  })

  it("an error result is never taken for a success, whatever it holds", () => {
    const tool = Tool.make("t", { success: Schema.Struct({ n: Schema.Int }) })
    const content = [{ type: "text" as const, text: '{"n":1}' }]
    assert.deepStrictEqual(ToolCodec.client(tool).decodeResult({ content, structuredContent: { n: 1 }, isError: true }), {
      _tag: "ToolError",
      text: '{"n":1}'
    })
  })
})

describe("arguments", () => {
  const tool = Tool.make("t", {
    parameters: { a: Schema.Int, at: Schema.optionalKey(Schema.Date), deep: Schema.optionalKey(Schema.Struct({ b: Schema.Int })) }
  })

  it("that a client writes, a server reads", () => {
    const args = { a: 1, at: new Date(0), deep: { b: 2 } }
    const encoded = ToolCodec.client(tool).encodeArguments(args)
    assert.deepStrictEqual(encoded, { _tag: "Success", value: { a: 1, at: "1970-01-01T00:00:00.000Z", deep: { b: 2 } } })
    const decoded = encoded._tag === "Success" ? ToolCodec.server(tool, options).decodeArguments(encoded.value) : encoded
    assert.deepStrictEqual(plain(decoded), success(args))
  })

  it("that are wrong are explained on both sides, a line for each problem", () => {
    const refused = ToolCodec.server(tool, options).decodeArguments({ a: 1.5, deep: { b: "x" } })
    assert.deepStrictEqual(refused, {
      _tag: "Failure",
      text: 'a: expected an integer, received 1.5\ndeep.b: expected an integer, received "x"'
    })
    assert.strictEqual(ToolCodec.client(tool).encodeArguments({ a: "1" })._tag, "Failure")
  })

  it("that the contract does not have are refused or dropped, at every depth", () => {
    const args = { a: 1, b: 2, deep: { b: 1, c: 1 } }
    const refused = ToolCodec.server(tool, options).decodeArguments(args)
    const text = "b: unexpected key, the known keys are a, at, deep\ndeep.c: unexpected key, the known keys are b"
    assert.deepStrictEqual(refused, { _tag: "Failure", text })
    const dropped = ToolCodec.server(tool, { ...options, excess: "ignore" }).decodeArguments(args)
    assert.deepStrictEqual(plain(dropped), success({ a: 1, deep: { b: 1 } }))
    const flat = Tool.make("flat", { parameters: { a: Schema.Array(Schema.Int) } })
    assert.strictEqual(ToolCodec.server(flat, options).decodeArguments({ a: [], b: 1 })._tag, "Failure")
    assert.strictEqual(ToolCodec.server(Tool.make("none"), options).decodeArguments({ b: 1 })._tag, "Failure")
  })

  it("repairs are counted", () => {
    const counts: Array<number> = []
    const { decodeArguments } = ToolCodec.server(tool, { ...options, onRepaired: (count) => counts.push(count) })
    decodeArguments({ a: "1", deep: '{"b":"2"}' })
    decodeArguments({ a: 1 })
    decodeArguments({ a: "x" })
    assert.deepStrictEqual(counts, [3])
  })
})

describe("tools described by JSON Schema", () => {
  const inputSchema = {
    type: "object",
    properties: { q: { type: "string", minLength: 2 } },
    required: ["q"],
    "x-own": 1
  } as const
  const outputSchema = { type: "object", properties: { hits: { type: "integer" } }, required: ["hits"] } as const
  const tool = JsonSchemaTool.make("search", { inputSchema, outputSchema })

  it("show their schemas unchanged, and hold arguments and results against them", () => {
    const codec = ToolCodec.server(tool, options)
    assert.deepStrictEqual([codec.definition.inputSchema, codec.definition.outputSchema], [inputSchema, outputSchema])
    assert.deepStrictEqual(codec.decodeArguments({ q: "ab", more: 1 }), { _tag: "Success", value: { q: "ab", more: 1 } })
    assert.strictEqual(codec.decodeArguments({ q: "a" })._tag, "Failure")
    assert.deepStrictEqual(codec.encodeSuccess({ hits: 1 }).structuredContent, { hits: 1 })
    assert.throws(() => codec.encodeSuccess({ hits: "1" }), 'tool "search": the result is not what its `outputSchema` says')
    assert.deepStrictEqual(through(tool, { hits: 2 }), success({ hits: 2 }))
  })

  it("with a schema that cannot be used do not get as far as a request", () => {
    for (const schema of [
      { type: "object", $ref: "https://example.com/a.json" },
      { $schema: "https://example.com/own", type: "object" }
    ]) {
      assert.throws(
        () => ToolCodec.server(JsonSchemaTool.make("bad", { inputSchema: schema }), options),
        /tool "bad", inputSchema/
      )
      const tool = JsonSchemaTool.make("bad", { inputSchema: { type: "object" }, outputSchema: schema })
      assert.throws(() => ToolCodec.server(tool, options), /tool "bad", outputSchema/)
    }
  })
})

describe("a contract that cannot be shown", () => {
  const Odd = Schema.declare((u: unknown): u is symbol => typeof u === "symbol")

  for (const [what, tool, where] of [
    ["a result", Tool.make("bad", { success: Odd }), 'tool "bad", success'],
    [
      "a result beside plain parameters",
      Tool.make("bad", { parameters: { a: Schema.Int }, success: Odd }),
      'tool "bad", success'
    ],
    ["a parameter", Tool.make("bad", { parameters: { a: Odd } }), 'tool "bad", parameters'],
    [
      "parameters that are no object",
      Tool.make("bad", { parameters: Schema.String as never, success: Schema.Int }),
      'tool "bad", parameters'
    ]
  ] as const) {
    it(`${what}: it is refused when the server is built, not with the first list`, () => {
      assert.throws(() => ToolCodec.server(tool, options), where)
    })
  }
})

describe("results that contradict their description are refused when the tool is made", () => {
  const inputSchema = { type: "object" }
  const outputSchema = { type: "string" }

  it("an outputSchema with a result that is not structured", () => {
    const says = /needs a structured result/
    assert.throws(() => JsonSchemaTool.make("t", { inputSchema, outputSchema, success: Tool.Contents }), says)
    assert.throws(() => JsonSchemaTool.make("t", { inputSchema, outputSchema, success: Schema.Void }), says)
    assert.throws(() => JsonSchemaTool.make("t", { inputSchema, outputSchema, structured: false }), says)
  })

  it("render without an outputSchema, and render of blocks", () => {
    assert.throws(() => JsonSchemaTool.make("t", { inputSchema, render: () => "x" }), /needs an `outputSchema`/)
    assert.throws(() => Tool.make("t", { success: Tool.Contents, render: () => "x" }), /has nothing to do/)
  })

  it("a text that is shown a schema for is structured, too", () => {
    const tool = JsonSchemaTool.make("t", { inputSchema, outputSchema, success: Schema.String })
    const server = ToolCodec.server(tool, { excess: "error", lenient: true, onRepaired: () => {} })
    assert.deepStrictEqual({ ...server.encodeSuccess("x") }, { content: [{ type: "text", text: "x" }], structuredContent: "x" })
  })
})
