import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpClient from "../src/McpClient.ts"
import { ContractMismatch, type McpClientError } from "../src/McpClientError.ts"
import { agreeing, connect, type Connection, type Json, scripted } from "./support/server.ts"

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}
class Forecast extends Schema.Class<Forecast>("Forecast")({ city: Schema.String, day: Schema.Date }) {}

class Everything extends McpGroup.make(
  "everything",
  Tool.make("forecast", {
    parameters: {
      city: Schema.String,
      on: Schema.Date,
      days: Schema.optionalKey(Schema.Int),
      unit: Schema.optionalKey(Schema.Literals(["C", "F"])),
      where: Schema.optionalKey(
        Schema.Union([
          Schema.Struct({ kind: Schema.tag("point"), lat: Schema.Finite, lon: Schema.Finite }),
          Schema.Struct({ kind: Schema.tag("name"), name: Schema.String })
        ])
      )
    },
    success: Forecast,
    failure: Busy
  }),
  Tool.make("grow", { parameters: { tree: Tree }, success: Tree }),
  Tool.make("number", { success: Schema.Number }),
  Tool.make("array", { success: Schema.Array(Schema.NullOr(Schema.String)) }),
  Tool.make("string", { success: Schema.String }),
  Tool.make("json", { parameters: { any: Schema.Json }, success: Schema.Json }),
  Tool.make("record", {
    parameters: { all: Schema.Record(Schema.String, Schema.Int) },
    success: Schema.Record(Schema.String, Schema.Int)
  }),
  Tool.make("tuple", { success: Schema.Tuple([Schema.String, Schema.Int]) }),
  Tool.make("nothing"),
  Tool.make("contents", { success: Tool.Contents }),
  Tool.make("plain", { success: Schema.Struct({ n: Schema.Int }), structured: false }),
  JsonSchemaTool.make("raw", {
    inputSchema: { type: "object", properties: { q: { $ref: "#/$defs/q" } }, required: ["q"], $defs: { q: { type: "string" } } },
    outputSchema: { anyOf: [{ type: "string" }, { type: "integer" }] }
  }),
  Resource.make("today", "weather://today"),
  Resource.template("daily", "weather://{city}/daily{?unit}"),
  Prompt.make("packing", { parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) } })
) {}

const EverythingLive = Everything.toLayer({
  tools: {
    forecast: () => Effect.fail(new Busy()),
    grow: ({ tree }) => Effect.succeed(tree),
    number: () => Effect.succeed(1),
    array: () => Effect.succeed([]),
    string: () => Effect.succeed(""),
    json: () => Effect.succeed(null),
    record: ({ all }) => Effect.succeed(all),
    tuple: () => Effect.succeed(["a", 1]),
    nothing: () => Effect.void,
    contents: () => Effect.succeed([]),
    plain: () => Effect.succeed({ n: 1 }),
    raw: () => Effect.succeed(1)
  },
  resources: { today: () => Effect.succeed("sun"), daily: () => Effect.succeed("sun") },
  prompts: { packing: () => Effect.succeed("socks") }
})

const clientOf = <E>(version: Revision.Version, server: Layer.Layer<Dispatcher, E>) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(server),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )

describe.each(Revision.versions)("a contract in %s", (version) => {
  const Server = McpServer.layer({ name: "weather", version: "1" }, Everything).pipe(Layer.provide(EverythingLive))

  it.effect("does not differ from a server that was made of it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        (yield* McpClient.check(Everything)).map(({ message }) => message),
        []
      )
      const { tools } = yield* McpClient.of(Everything, { check: "fail" })
      assert.strictEqual(yield* tools.number(), 1)
    }).pipe(Effect.provide(clientOf(version, Server)))
  )

  it.effect("is found in a namespace, where its names and URIs are told", () =>
    Effect.gen(function* () {
      const names = (name: string) => `eu_${name}`
      const uris = (uri: string) => uri.replace("weather://", "weather://eu/")
      assert.deepStrictEqual(yield* McpClient.check(Everything, { names, uris }), [])
      const { prompts, resources, tools } = yield* McpClient.of(Everything, { check: "fail", names, uris })
      assert.strictEqual(yield* tools.number(), 1)
      assert.strictEqual(yield* resources.daily({ city: "Oslo" }), "sun")
      assert.strictEqual((yield* prompts.packing({ city: "Oslo" })).messages.length, 1)
      const lost = (yield* McpClient.check(Everything)).map(({ message }) => message)
      assert.strictEqual(lost.length, Everything.contracts.length)
      assert.include(lost, 'tool "number": the contract has one that is called "number", the server has none, but "eu_number"')
    }).pipe(Effect.provide(clientOf(version, McpServer.layer({ name: "all", version: "1" }, McpServer.mount("eu", Server)))))
  )

  it.effect("with nothing that the server has", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        (yield* McpClient.check(Everything)).filter(({ contract }) => !contract.startsWith("one ")),
        []
      )
    }).pipe(Effect.provide(clientOf(version, McpServer.layer({ name: "empty", version: "1" }))))
  )
})

const object = (properties: Json, required: ReadonlyArray<string> = Object.keys(properties), more: Json = {}): Json => ({
  type: "object",
  properties,
  required,
  ...more
})

/** Answers lists with these. */
const offering = (lists: Json) => (message: Json, connection: Connection) => {
  const list = lists[message["method"]]
  if (list === undefined) connection.refuse(message, -32601, "Method not found")
  else connection.answer(message, { resultType: "complete", ttlMs: 0, cacheScope: "private", ...list })
}

const differences = (group: McpGroup.Any, lists: Json, version = "2025-11-25") =>
  Effect.gen(function* () {
    const client = yield* connect(scripted(agreeing(version, offering(lists))))
    return yield* Effect.provideService(McpClient.check(group), McpClient.McpClient, client)
  })

const messages = (group: McpGroup.Any, lists: Json, version?: string) =>
  Effect.map(differences(group, lists, version), (all) => all.map(({ message }) => message))

const toolsOf = (...tools: ReadonlyArray<Json>): Json => ({ "tools/list": { tools } })

describe("what differs", () => {
  const Search = Tool.make("search", {
    parameters: { q: Schema.String, limit: Schema.optionalKey(Schema.Int), tags: Schema.Array(Schema.Literals(["a", "b"])) },
    success: Schema.Struct({ hits: Schema.Array(Schema.Struct({ id: Schema.Int, title: Schema.optionalKey(Schema.String) })) })
  })
  const input = object(
    { q: { type: "string" }, limit: { type: "integer" }, tags: { type: "array", items: { enum: ["a", "b"] } } },
    ["q"]
  )
  const output = object({ hits: { type: "array", items: object({ id: { type: "integer" } }) } })
  const listed = { name: "search", inputSchema: input, outputSchema: output }
  const withInput = (properties: Json, required?: ReadonlyArray<string>, more?: Json) =>
    toolsOf({ ...listed, inputSchema: object({ ...input["properties"], ...properties }, required ?? ["q"], more) })
  const withOutput = (outputSchema: Json | undefined) => toolsOf({ ...listed, outputSchema })

  const table: ReadonlyArray<readonly [what: string, lists: Json, expected: ReadonlyArray<string>]> = [
    ["nothing", toolsOf(listed), []],
    ["more tools, and more arguments that may be absent", withInput({ more: { type: "string" } }), []],
    ["an argument that may be more", withInput({ q: { type: ["string", "null"] }, limit: { type: "number" } }), []],
    ["what cannot be judged", withInput({ q: { not: { type: "string" } }, limit: { $ref: "https://a.b/c" } }), []],
    ["lengths and formats", withInput({ q: { type: "string", minLength: 100, format: "uri", pattern: "^x$" } }), []],
    [
      "no tool",
      { "tools/list": { tools: [] } },
      ['tool "search": the contract has one that is called "search", the server has none']
    ],
    ["no tools at all", {}, ['tool "search": the contract has one that is called "search", the server has none']],
    [
      "a tool of a similar name",
      toolsOf({ ...listed, name: "Serch" }, { ...listed, name: "my.search" }, { ...listed, name: "delete" }),
      ['tool "search": the contract has one that is called "search", the server has none, but "my.search" and "Serch"']
    ],
    [
      "an argument that the server requires",
      withInput({ lang: { enum: ["de", "en"] } }, ["q", "lang"]),
      ['tool "search", arguments.lang: the contract has nothing, the server has "de" or "en" that is required']
    ],
    [
      "an argument that may be absent here alone",
      withInput({}, ["q", "limit"]),
      [
        'tool "search", arguments.limit: the contract has an integer that may be absent, the server has an integer that is required'
      ]
    ],
    [
      "an argument that the server does not know",
      toolsOf({ ...listed, inputSchema: object({ q: { type: "string" }, tags: {} }, ["q"]) }),
      ['tool "search", arguments.limit: the contract has an integer, the server has nothing']
    ],
    [
      "an argument that an open tool takes all the same",
      toolsOf({ ...listed, inputSchema: { type: "object", additionalProperties: true } }, { ...listed, name: "b" }),
      []
    ],
    ["an object of which nothing is said", toolsOf({ ...listed, inputSchema: { type: "object" } }), []],
    [
      "an argument of another type",
      withInput({ limit: { type: "string" }, q: { anyOf: [{ type: "integer" }, { type: "null" }] } }),
      [
        'tool "search", arguments.q: the contract has a string, the server has an integer or null',
        'tool "search", arguments.limit: the contract has an integer, the server has a string'
      ]
    ],
    [
      "fewer values, inside of an array",
      withInput({ tags: { type: "array", items: { enum: ["a", "c"] } } }),
      ['tool "search", arguments.tags[]: the contract has "a" or "b", the server has "a" or "c"']
    ],
    [
      "no schema of results",
      withOutput(undefined),
      ['tool "search", result: the contract has an output schema, the server has none']
    ],
    [
      "a result that lacks something, and has another type",
      withOutput(object({ hits: { type: "array", items: object({ id: { type: "string" } }) }, more: {} })),
      ['tool "search", result.hits[].id: the contract has an integer, the server has a string']
    ],
    [
      "a result without what the contract needs",
      withOutput(object({ found: { type: "array" } })),
      ['tool "search", result.hits: the contract has an array that is required, the server has nothing']
    ],
    ["a result that is wrapped", withOutput({ ...object({ result: output }), "x-fastmcp-wrap-result": true }), []],
    ["a result that is wrapped without a word", withOutput(object({ result: output })), []]
  ]

  for (const [what, lists, expected] of table) {
    it.effect(`${what}: ${expected.length === 0 ? "no difference" : "is told"}`, () =>
      Effect.map(messages(Search, lists), (found) => assert.deepStrictEqual(found, expected))
    )
  }

  it.effect("in a result that is a text", () =>
    Effect.gen(function* () {
      const Say = Tool.make("say", { success: Schema.String })
      const say = { name: "say", inputSchema: object({}) }
      const wrapped = (schema: Json) => ({
        ...say,
        outputSchema: { ...object({ result: schema }), "x-fastmcp-wrap-result": true }
      })
      assert.deepStrictEqual(yield* messages(Say, toolsOf(say)), [])
      assert.deepStrictEqual(yield* messages(Say, toolsOf(wrapped({ type: "string" }))), [])
      assert.deepStrictEqual(yield* messages(Say, toolsOf(wrapped({ type: "integer" }))), [
        'tool "say", result: the contract has a string, the server has an integer'
      ])
      assert.deepStrictEqual(yield* messages(Tool.make("say"), toolsOf(wrapped({ type: "integer" }))), [])
    })
  )

  it.effect("in lists that the server does not declare is that they are empty, whatever it answers", () =>
    Effect.gen(function* () {
      const refusing = (message: Json, connection: Connection) => connection.refuse(message, -32000, "no")
      const client = yield* connect(scripted(agreeing("2025-11-25", refusing)))
      const found = (group: McpGroup.Any) => Effect.provideService(McpClient.check(group), McpClient.McpClient, client)
      assert.strictEqual((yield* found(Prompt.make("p"))).length, 1)
      assert.strictEqual((yield* Effect.flip(found(Tool.make("t")))).reason._tag, "RequestFailed")
    })
  )

  it.effect("in results is not looked at where the revision has no schemas of them", () =>
    Effect.map(messages(Search, withOutput(undefined), "2025-03-26"), (found) => assert.deepStrictEqual(found, []))
  )

  it.effect("in resources is where they are", () =>
    Effect.gen(function* () {
      class Books extends McpGroup.make(
        "books",
        Resource.make("index", "books://index"),
        Resource.make("first", "books://by/1"),
        Resource.template("book", "books://by/{isbn}{?page}")
      ) {}
      const index = { uri: "books://index", name: "anything" }
      const template = { uriTemplate: "books://by/{isbn}{?page}", name: "b" }
      assert.deepStrictEqual(
        yield* messages(Books, {
          "resources/list": { resources: [index] },
          "resources/templates/list": { resourceTemplates: [template, { uriTemplate: "{{", name: "c" }] }
        }),
        []
      )
      assert.deepStrictEqual(
        yield* messages(Books, {
          "resources/list": { resources: [{ ...index, uri: "books://indx" }] },
          "resources/templates/list": { resourceTemplates: [{ ...template, uriTemplate: "shelves://{id}" }] }
        }),
        [
          'resource "index": the contract has one at books://index, the server has none, but "books://indx"',
          'resource "first": the contract has one at books://by/1, the server has none',
          'resource template "book": the contract has one at books://by/{isbn}{?page}, the server has none'
        ]
      )
    })
  )

  it.effect("in prompts are their arguments", () =>
    Effect.gen(function* () {
      const Letter = Prompt.make("letter", { parameters: { to: Schema.String, topic: Schema.optionalKey(Schema.String) } })
      const prompt = (args?: ReadonlyArray<Json>): Json => ({
        "prompts/list": { prompts: [{ name: "letter", arguments: args }] }
      })
      const to = { name: "to", required: true }
      assert.deepStrictEqual(yield* messages(Letter, prompt([to, { name: "topic" }, { name: "more" }])), [])
      assert.deepStrictEqual(
        yield* messages(Letter, prompt([to, { name: "topic", required: true }, { name: "by", required: true }])),
        [
          'prompt "letter", arguments.topic: the contract has one that may be absent, the server has one that is required',
          'prompt "letter", arguments.by: the contract has none, the server has one that is required'
        ]
      )
      assert.deepStrictEqual(yield* messages(Letter, prompt()), [
        'prompt "letter", arguments.to: the contract has an argument, the server has none',
        'prompt "letter", arguments.topic: the contract has an argument, the server has none'
      ])
    })
  )
})

describe("differences from a hostile server", () => {
  it.effect("are bounded in number and in length", () =>
    Effect.gen(function* () {
      const long = "x".repeat(100_000)
      const many = Array.from({ length: 300 }, (_, i) => `${i}${long}`)
      class Both extends McpGroup.make("both", Prompt.make("p"), Tool.make("t"), Tool.make("missing")) {}
      const found = yield* messages(Both, {
        "prompts/list": { prompts: [{ name: "p", arguments: many.map((name) => ({ name, required: true })) }] },
        "tools/list": {
          tools: [
            { name: "t", inputSchema: object(Object.fromEntries(many.map((name) => [name, { const: long }]))) },
            { name: `${long}.missing`, inputSchema: { type: "object" } }
          ]
        }
      })
      assert.strictEqual(found.length, 100 + 100 + 1)
      for (const message of found) assert.isAtMost(message.length, 300)
    })
  )
})

describe("McpClient.of with a check", () => {
  const Add = Tool.make("add", { parameters: { a: Schema.Finite }, success: Schema.Finite })

  const made = (check: "fail" | "warn" | undefined, lists: Json) =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void logged.push([message].flat().join(" ")))])
      const server = scripted(agreeing("2025-11-25", offering(lists)))
      const client = yield* connect(server)
      const typed =
        check === "fail" ? McpClient.of(Add, { check }) : check === undefined ? McpClient.of(Add) : McpClient.of(Add, { check })
      const result = yield* Effect.result(
        (typed as Effect.Effect<unknown, McpClientError, McpClient.McpClient>).pipe(
          Effect.provideService(McpClient.McpClient, client),
          Effect.provide(log)
        )
      )
      return { logged, result, asked: server.connections[0]!.methods.filter((method) => String(method).includes("list")) }
    })

  it.effect("asks nothing and fails never by default", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* made(undefined, {})
      assert.strictEqual(result._tag, "Success")
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("fails with all differences, and asks for no lists that the contract does not need", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* made("fail", toolsOf())
      assert.deepStrictEqual(asked, ["tools/list"])
      if (result._tag !== "Failure") return assert.fail("it did not fail")
      const { reason } = result.failure
      assert.instanceOf(reason, ContractMismatch)
      assert.strictEqual(
        reason.message,
        'the server "legacy" does not offer what the contract says:\n- tool "add": the contract has one that is called "add", the server has none'
      )
    })
  )

  it.effect("warns and goes on, also when the server does not tell what it has", () =>
    Effect.gen(function* () {
      const warned = yield* made("warn", toolsOf())
      assert.strictEqual(warned.result._tag, "Success")
      assert.match(warned.logged.join(), /^the server "legacy" does not offer/)
      const refused = yield* made("warn", { "tools/list": { tools: "none" } })
      assert.strictEqual(refused.result._tag, "Success")
      assert.match(refused.logged.join(), /tools\/list cannot be used/)
    })
  )

  it.effect("fails when the server does not tell what it has", () =>
    Effect.gen(function* () {
      const { result } = yield* made("fail", { "tools/list": { tools: "none" } })
      assert.strictEqual(result._tag === "Failure" ? result.failure.reason._tag : result._tag, "InvalidAnswer")
    })
  )

  it("tells twenty in the message, and keeps all", () => {
    const one = (name: string): Json => ({ kind: "tool", name, path: "", contract: "x", server: "y" })
    const differences = Array.from({ length: 23 }, (_, i) => one(`t${i}`))
    const { message } = Schema.decodeUnknownSync(ContractMismatch)({ _tag: "ContractMismatch", differences })
    assert.strictEqual(message.split("\n").length, 22)
    assert.match(message, /^the server does not offer .*\n- tool "t0": the contract has x, the server has y\n.*\n- and 3 more$/s)
  })
})
