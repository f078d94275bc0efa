import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import type { Tool as Listed } from "@effect-mcp/core/protocol/Tools"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as ListedTool from "../src/ListedTool.ts"
import * as McpClient from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import { connected } from "./support/connected.ts"
import { agreeing, connect, type Json, scripted, settle } from "./support/server.ts"

class Busy extends Schema.TaggedError<Busy>()("Busy", { until: Schema.Date }) {}

const day = new Date("2026-02-03T00:00:00.000Z")
const Day = Schema.Struct({ day: Schema.Date })

class Kinds extends McpGroup.make(
  "kinds",
  Tool.make("struct", { success: Day }),
  Tool.make("number", { parameters: { plus: Schema.optionalKey(Schema.Int) }, success: Schema.Finite }),
  Tool.make("array", { success: Schema.Array(Schema.Int) }),
  Tool.make("string", { success: Schema.String }),
  Tool.make("json", { success: Schema.Json }),
  Tool.make("text", { success: Schema.Struct({ n: Schema.Int }), structured: false }),
  Tool.make("nothing"),
  Tool.make("busy", { success: Schema.Finite, failure: Busy })
) {}

const KindsLive = Kinds.toLayer({
  tools: {
    struct: () => Effect.succeed({ day }),
    number: ({ plus = 0 }) => Effect.succeed(41 + plus),
    array: () => Effect.succeed([1, 2]),
    string: () => Effect.succeed('{"a":1}'),
    json: () => Effect.succeed({ result: 1 }),
    text: () => Effect.succeed({ n: 1 }),
    nothing: () => Effect.void,
    busy: () => Effect.fail(new Busy({ until: day }))
  }
})

describe.each(Revision.versions)("a call without a contract in %s", (version) => {
  const Client = McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(McpServer.layer({ name: "kinds", version: "1" }, Kinds).pipe(Layer.provide(KindsLive))),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )

  it.effect("is read by the Schema that it brings", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* McpClient.call("struct", {}, { success: Day }), { day })
      assert.strictEqual(yield* McpClient.call("number", { plus: 1 }, { success: Schema.Int }), 42)
      assert.deepStrictEqual(yield* McpClient.call("array", undefined, { success: Schema.Array(Schema.Int) }), [1, 2])
      assert.strictEqual(yield* McpClient.call("string", {}, { success: Schema.String }), '{"a":1}')
      assert.deepStrictEqual(yield* McpClient.call("string", {}, { success: Schema.Struct({ a: Schema.Int }) }), { a: 1 })
      assert.deepStrictEqual(yield* McpClient.call("text", {}, { success: Schema.Struct({ n: Schema.Int }) }), { n: 1 })
      assert.strictEqual(yield* McpClient.call("nothing", {}, { success: Schema.Void }), undefined)
      assert.deepStrictEqual(yield* McpClient.call("nothing", {}, { success: Tool.Contents }), [])
    }).pipe(Effect.provide(Client))
  )

  it.effect("without a Schema gives the plain value, as far as the call knows it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* McpClient.call("struct"), { day: day.toISOString() })
      assert.strictEqual(yield* McpClient.call("string"), '{"a":1}')
      assert.strictEqual(yield* McpClient.call("nothing"), undefined)
    }).pipe(Effect.provide(Client))
  )

  it.effect("fails with what the tool says", () =>
    Effect.gen(function* () {
      const failed = yield* Effect.flip(McpClient.call("busy", {}, { success: Schema.Finite, failure: Busy }))
      assert.deepStrictEqual(failed, new Busy({ until: day }))
      const told: McpClientError = yield* Effect.flip(McpClient.call("busy"))
      assert.strictEqual(told.reason._tag, "ToolFailed")
    }).pipe(Effect.provide(Client))
  )

  it.effect("of a listed tool gives the plain value, also where the revision wraps it", () =>
    Effect.gen(function* () {
      const tools = new Map((yield* McpClient.McpClient.use(({ listTools }) => listTools)).map((tool) => [tool.name, tool]))
      const call = <S extends Schema.Codec<any, any> = typeof Schema.Unknown>(name: string, success?: S) =>
        Effect.flatMap(ListedTool.make(tools.get(name)!, success === undefined ? {} : { success }), (run) => run())
      assert.strictEqual(yield* call("number", Schema.Finite), 41)
      assert.strictEqual(yield* call("number"), 41)
      assert.deepStrictEqual(yield* call("array"), [1, 2])
      assert.deepStrictEqual(yield* call("json", Schema.Json), { result: 1 })
      assert.strictEqual(yield* call("string"), '{"a":1}')
      assert.deepStrictEqual(yield* call("struct", Day), { day })
      assert.strictEqual((yield* Effect.flip(call("busy"))).message.startsWith('tool "busy" failed'), true)
    }).pipe(Effect.provide(Client))
  )
})

/** A client of a server whose only tool answers with this. */
const answering = (result: Json, version = "2025-11-25") =>
  Effect.gen(function* () {
    const server = scripted(agreeing(version, (message, connection) => connection.answer(message, result)))
    const client = yield* connect(server)
    const using = Effect.provideService(McpClient.McpClient, client)
    return { using, sent: server.connections[0]!.sent }
  })

const invalid = (error: unknown) => {
  const { reason } = error as McpClientError
  if (reason._tag !== "InvalidAnswer") return assert.fail(reason.message)
  return reason
}

describe("a result that is not as the Schema says", () => {
  const Hit = Schema.Struct({ id: Schema.Int, tags: Schema.Array(Schema.String) })

  const table: ReadonlyArray<readonly [what: string, result: Json, detail: string]> = [
    [
      "in several places",
      { content: [], structuredContent: { id: "1", tags: ["a", 2] } },
      'id: expected an integer, received "1"\ntags[1]: expected a string, received 2'
    ],
    ["in its text", { content: [{ type: "text", text: '{"id":1}' }] }, "tags: missing, expected an array"],
    ["where it is wrapped", { content: [], structuredContent: { result: { id: 1 } } }, "tags: missing, expected an array"],
    ["as a whole", { content: [], structuredContent: 3 }, "result: expected an object, received 3"]
  ]

  for (const [what, result, detail] of table) {
    it.effect(`${what}: tool, place, what was expected and what was received are told`, () =>
      Effect.gen(function* () {
        const { using } = yield* answering(result)
        const reason = invalid(yield* Effect.flip(using(McpClient.call("find", {}, { success: Hit }))))
        assert.strictEqual(reason.method, 'tool "find"')
        assert.strictEqual(reason.detail, `the result is not what the contract says:\n${detail}`)
      })
    )
  }

  it.effect("because there is none: that is told", () =>
    Effect.gen(function* () {
      const { using } = yield* answering({ content: [{ type: "text", text: "no JSON" }] })
      const { detail } = invalid(yield* Effect.flip(using(McpClient.call("find", {}, { success: Hit }))))
      assert.strictEqual(
        detail,
        "the result is not what the contract says: it has no structured content, and no JSON in its text"
      )
    })
  )
})

describe("a result of FastMCP that is wrapped", () => {
  const wrapped = { content: [], structuredContent: { result: { result: 1 } }, _meta: { fastmcp: { wrap_result: true } } }

  it.effect("says so itself since version 3", () =>
    Effect.gen(function* () {
      const { using } = yield* answering(wrapped)
      assert.deepStrictEqual(yield* using(McpClient.call("t")), { result: 1 })
      const Any = Schema.Record(Schema.String, Schema.Unknown)
      assert.deepStrictEqual(yield* using(McpClient.call("t", {}, { success: Any })), { result: 1 })
    })
  )
})

describe("a listed tool", () => {
  const tool = {
    name: "t",
    inputSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
    outputSchema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }
  } as const

  const exit = (result: Json, options: ListedTool.Options<any> = {}, listed: Listed = tool, version?: string) =>
    Effect.gen(function* () {
      const { sent, using } = yield* answering(result, version)
      const run = yield* using(ListedTool.make(listed, options))
      return { outcome: yield* Effect.result(run({ q: 1 })), sent }
    })

  const failing = (result: Json, listed?: Parameters<typeof exit>[2]) =>
    Effect.map(exit(result, {}, listed), ({ outcome }) =>
      outcome._tag === "Failure" ? invalid(outcome.failure).detail : undefined
    )

  it.effect("gives what its schema describes", () =>
    Effect.gen(function* () {
      const { outcome } = yield* exit({ content: [], structuredContent: { n: 1 } })
      assert.deepStrictEqual(outcome._tag === "Success" ? outcome.success : outcome, { n: 1 })
    })
  )

  it.effect("gives a member that is called result with what is around it, when nothing says that it is wrapped", () =>
    Effect.gen(function* () {
      const open = { ...tool, outputSchema: { type: "object" } }
      const { outcome } = yield* exit({ content: [], structuredContent: { result: 1 } }, { success: Schema.Json }, open)
      assert.deepStrictEqual(outcome._tag === "Success" ? outcome.success : outcome, { result: 1 })
    })
  )

  it.effect("fails when its result is not what its schema says, or is missing", () =>
    Effect.gen(function* () {
      const said = "the result is not what its outputSchema says:\n"
      assert.strictEqual(
        yield* failing({ content: [], structuredContent: { n: "1" } }),
        `${said}n: expected an integer, received "1"`
      )
      assert.strictEqual(yield* failing({ content: [], structuredContent: 1 }), `${said}result: expected an object, received 1`)
      assert.strictEqual(
        yield* failing({ content: [{ type: "text", text: '{"n":1}' }] }),
        `${said}result: missing, but the tool has an outputSchema`
      )
    })
  )

  it.effect("may fail in words, whatever its schema says", () =>
    Effect.gen(function* () {
      const { outcome } = yield* exit({ content: [{ type: "text", text: "no" }], isError: true, structuredContent: { code: 1 } })
      assert.strictEqual(outcome._tag === "Failure" ? outcome.failure.message : outcome, 'tool "t" failed: no')
    })
  )

  it.effect("is not held against schemas of results where the revision has none", () =>
    Effect.gen(function* () {
      const { outcome } = yield* exit({ content: [{ type: "text", text: "a" }] }, {}, tool, "2025-03-26")
      assert.deepStrictEqual(outcome._tag === "Success" ? outcome.success : outcome, "a")
    })
  )

  it.effect("sends no arguments that its schema refuses, when it is asked to look", () =>
    Effect.gen(function* () {
      const { outcome, sent } = yield* exit({ content: [], structuredContent: { n: 1 } }, { checkArguments: true })
      assert.strictEqual(
        outcome._tag === "Failure" ? outcome.failure.message : outcome,
        'the arguments of tool "t" cannot be sent: q: expected a string, received 1'
      )
      assert.isFalse(sent.some(({ method }) => method === "tools/call"))
    })
  )

  it.effect("with a schema that cannot be used is called all the same, and the log says so", () =>
    Effect.gen(function* () {
      const { client, logged } = yield* connected("2025-11-25", Layer.empty, (message, connection) =>
        connection.answer(message, { content: [], structuredContent: { n: 1 } })
      )
      const log = Logger.layer([Logger.make(({ message }) => void logged.push([message].flat().join(" ")))])
      const listed = { ...tool, outputSchema: { $ref: "https://example.com/schema.json" } }
      const run = yield* ListedTool.make(listed).pipe(Effect.provideService(McpClient.McpClient, client), Effect.provide(log))
      assert.deepStrictEqual(yield* run({}), { n: 1 })
      assert.strictEqual(logged.length, 1)
      assert.match(logged[0]!, /^values are not held against a schema that cannot be used: tool "t", outputSchema/)
    })
  )

  it.effect("is found by its name in the catalogue, or what it may have been is named", () =>
    Effect.gen(function* () {
      const listed = { ...tool, inputSchema: { type: "object" } }
      const lists: Json = { "tools/list": { tools: [listed] }, "tools/call": { content: [], structuredContent: { n: 1 } } }
      const server = scripted(
        agreeing("2025-11-25", (message, connection) => connection.answer(message, lists[message["method"]]))
      )
      const using = Effect.provideService(McpClient.McpClient, yield* connect(server))
      const run = yield* using(ListedTool.named("t", { success: Schema.Struct({ n: Schema.Int }) }))
      assert.deepStrictEqual(yield* run(), { n: 1 })
      const { message } = yield* Effect.flip(using(ListedTool.named("T")))
      assert.strictEqual(message, 'the arguments of tool "T" cannot be sent: the server lists no such tool; it has "t"')
      const other = yield* Effect.flip(using(ListedTool.named("something")))
      assert.match(other.message, /the server lists no such tool$/)
      assert.strictEqual(server.connections[0]!.methods.filter((method) => method === "tools/list").length, 1)
    })
  )
})

describe("a call that was under way when the connection was lost", () => {
  const Read = Tool.make("read", { annotations: { readOnlyHint: true } })
  const Put = Tool.make("put", { annotations: { idempotentHint: true } })
  const Post = Tool.make("post")

  const lost = Effect.fnUntraced(function* (
    call: (client: McpClient.McpClient["Service"]) => Effect.Effect<unknown, McpClientError>,
    options: Partial<McpClient.Options> = {}
  ) {
    const server = scripted(
      agreeing("2025-11-25", (message, connection) => {
        if (connection.index > 0) connection.answer(message, { content: [] })
      })
    )
    const client = yield* connect(server, { reconnect: Schedule.spaced("1 second"), ...options })
    const calling = yield* Effect.forkChild(Effect.result(call(client)), { startImmediately: true })
    yield* settle
    server.connections[0]!.end()
    yield* settle
    yield* TestClock.adjust("1 second")
    const result = yield* Fiber.join(calling)
    return result._tag === "Success" ? "repeated" : result.failure.reason._tag
  })

  const typed =
    (contract: typeof Read | typeof Put | typeof Post, call?: McpClient.CallOptions) =>
    (client: McpClient.McpClient["Service"]): Effect.Effect<void, McpClientError> => {
      const [run] = Object.values(McpClient.typed(contract, client).tools)
      return run!({}, call)
    }

  it.effect("is made again where the hints of the contract say that it does no harm", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* lost(typed(Read)), "repeated")
      assert.strictEqual(yield* lost(typed(Put)), "repeated")
      assert.strictEqual(yield* lost(typed(Post)), "TransportFailed")
    })
  )

  it.effect("is made as the call, or the client, wants it in any case", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* lost(typed(Read), { retry: false }), "TransportFailed")
      assert.strictEqual(yield* lost(typed(Read, { retry: false })), "TransportFailed")
      assert.strictEqual(yield* lost(typed(Read, { idempotent: false })), "TransportFailed")
      assert.strictEqual(yield* lost(typed(Post, { idempotent: true })), "repeated")
      assert.strictEqual(yield* lost(typed(Post, { retry: true }), { retry: false }), "repeated")
    })
  )

  it.effect("is made again where the listing says that it does no harm", () =>
    Effect.gen(function* () {
      const listed = (annotations: Json) => (client: McpClient.McpClient["Service"]) =>
        ListedTool.make({ name: "t", inputSchema: { type: "object" }, annotations }).pipe(
          Effect.provideService(McpClient.McpClient, client),
          Effect.flatMap((run) => run())
        )
      assert.strictEqual(yield* lost(listed({ readOnlyHint: true })), "repeated")
      assert.strictEqual(yield* lost(listed({ destructiveHint: false })), "TransportFailed")
    })
  )
})
