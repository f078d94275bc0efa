import * as Content from "@effect-mcp/core/Content"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpClient from "../src/McpClient.ts"
import { agreeing, connect, type Json, scripted } from "./support/server.ts"

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { city: Schema.String, at: Schema.Date }) {}
class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}

class Forecast extends Schema.Class<Forecast>("Forecast")({ city: Schema.String, day: Schema.Date }) {}

const day = new Date("2026-02-03T00:00:00.000Z")

class Kinds extends McpGroup.make(
  "kinds",
  Tool.make("struct", {
    parameters: { city: Schema.String, on: Schema.Date },
    success: Forecast,
    failure: Schema.Union([NotFound, Busy])
  }),
  Tool.make("number", { success: Schema.Finite }),
  Tool.make("array", { success: Schema.Array(Schema.Date) }),
  Tool.make("string", { success: Schema.String }),
  Tool.make("literal", { success: Schema.Literals(["a", "b"]), failure: Schema.String }),
  Tool.make("nullable", { success: Schema.NullOr(Schema.Boolean) }),
  Tool.make("result", { success: Schema.Struct({ result: Schema.Finite }) }),
  Tool.make("nothing"),
  Tool.make("contents", { success: Tool.Contents }),
  Tool.make("rendered", { success: Schema.Struct({ n: Schema.Int }), render: ({ n }) => `n is ${n}` }),
  Tool.make("plain", { success: Schema.Struct({ n: Schema.Int }), structured: false, failure: Busy }),
  Tool.make("optional", { parameters: { a: Schema.optionalKey(Schema.String) }, success: Schema.String }),
  Tool.make("broken", { failure: Busy })
) {}

const blocks = [Content.text("hi"), Content.image(new Uint8Array([1]), "image/png")]

const KindsLive = Kinds.toLayer({
  tools: {
    struct: ({ city, on }) =>
      city === "Atlantis"
        ? Effect.fail(new NotFound({ city, at: on }))
        : city === "Rome"
          ? Effect.fail(new Busy())
          : Effect.succeed(new Forecast({ city, day: on })),
    number: () => Effect.succeed(-1.5),
    array: () => Effect.succeed([day]),
    string: () => Effect.succeed('{"not":"parsed"}'),
    literal: () => Effect.fail("no luck"),
    nullable: () => Effect.succeed(null),
    result: () => Effect.succeed({ result: 3 }),
    nothing: () => Effect.void,
    contents: () => Effect.succeed(blocks),
    rendered: () => Effect.succeed({ n: 4 }),
    plain: () => Effect.succeed({ n: 5 }),
    optional: ({ a }) => Effect.succeed(a ?? "none"),
    broken: () => Effect.die("secret")
  }
})

type Tools = McpClient.Tools<McpGroup.Contracts<typeof Kinds>>

const Server = McpServer.layer({ name: "kinds", version: "1" }, Kinds).pipe(Layer.provide(KindsLive))

const Client = (version: Revision.Version) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(Server),
    Layer.provide(Logger.layer([]))
  )

describe.each(Revision.versions)("a typed client in %s", (version) => {
  /** The tools while the client is connected. */
  const using = <A, E>(use: (tools: Tools) => Effect.Effect<A, E>) =>
    Effect.provide(
      Effect.flatMap(McpClient.of(Kinds), ({ tools }) => use(tools)),
      Client(version),
      { local: true }
    )

  it.effect("speaks it", () =>
    Effect.gen(function* () {
      const { revision, serverInfo } = yield* McpClient.McpClient
      assert.strictEqual(revision.version, version)
      assert.deepStrictEqual(serverInfo, { name: "kinds", version: "1" })
    }).pipe(Effect.provide(Client(version), { local: true }))
  )

  it.effect("every kind of result comes back as its type", () =>
    using((tools) =>
      Effect.gen(function* () {
        const forecast = yield* tools.struct({ city: "Oslo", on: day })
        assert.instanceOf(forecast, Forecast)
        assert.deepStrictEqual(forecast, new Forecast({ city: "Oslo", day }))
        assert.strictEqual(yield* tools.number(), -1.5)
        assert.deepStrictEqual(yield* tools.array(), [day])
        assert.strictEqual(yield* tools.string(), '{"not":"parsed"}')
        assert.strictEqual(yield* tools.nullable(), null)
        assert.deepStrictEqual(yield* tools.result(), { result: 3 })
        assert.strictEqual(yield* tools.nothing(), undefined)
        assert.deepStrictEqual(yield* tools.contents(), blocks)
        assert.deepStrictEqual(yield* tools.rendered(), { n: 4 })
        assert.deepStrictEqual(yield* tools.plain(), { n: 5 })
        assert.strictEqual(yield* tools.optional(), "none")
        assert.strictEqual(yield* tools.optional({ a: "x" }), "x")
      })
    )
  )

  it.effect("declared failures come back as the class, and as what they are", () =>
    using((tools) =>
      Effect.gen(function* () {
        const notFound = yield* Effect.flip(tools.struct({ city: "Atlantis", on: day }))
        assert.instanceOf(notFound, NotFound)
        assert.deepStrictEqual(notFound, new NotFound({ city: "Atlantis", at: day }))
        const caught = yield* tools
          .struct({ city: "Rome", on: day })
          .pipe(Effect.catchTag("Busy", (busy) => Effect.succeed(busy)))
        assert.instanceOf(caught, Busy)
        assert.strictEqual(yield* Effect.flip(tools.literal()), "no luck")
      })
    )
  )

  it.effect("what is not declared is ToolFailed, and tells nothing but an id", () =>
    using((tools) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(tools.broken())
        assert.strictEqual(error._tag, "McpClientError")
        assert.match(error.message, /^tool "broken" failed: Internal error \([0-9a-f-]{36}\)$/)
      })
    )
  )

  it.effect("arguments that the contract does not allow are not sent", () =>
    using((tools) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(tools.struct({ city: 1, on: day } as never))
        assert.strictEqual(error._tag, "McpClientError")
        if (error._tag === "McpClientError") assert.strictEqual(error.reason._tag, "InvalidArguments")
      })
    )
  )

  it.effect("the same server without a contract: names and results as the revision has them", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      assert.deepStrictEqual(
        (yield* client.listTools).map(({ name }) => name),
        Kinds.contracts.map(({ name }) => name)
      )
      const result = yield* client.callTool("number")
      assert.deepStrictEqual(result.content, [{ type: "text", text: "-1.5" }])
      assert.strictEqual(
        (yield* Effect.flip(client.callTool("nope"))).message,
        "the server refused tools/call (-32602): Unknown tool: nope"
      )
    }).pipe(Effect.provide(Client(version), { local: true }))
  )
})

describe("a typed client and a server that nobody here wrote", () => {
  const Ask = Tool.make("ask", { success: Schema.Struct({ n: Schema.Int }), failure: Busy })

  const answered = (result: Json, version = "2025-11-25") =>
    Effect.gen(function* () {
      const server = scripted(agreeing(version, (message, connection) => connection.answer(message, result)))
      const { tools } = McpClient.typed(Ask, yield* connect(server))
      return yield* Effect.exit(tools.ask())
    })

  const failureOf = <A, E>(exit: Exit.Exit<A, E>): unknown =>
    Exit.isFailure(exit) ? exit.cause.reasons.map((r) => ("error" in r ? r.error : r))[0] : exit.value

  it.effect("takes the structured content, or the JSON in the text", () =>
    Effect.gen(function* () {
      for (const result of [
        { content: [], structuredContent: { n: 1 } },
        { content: [{ type: "text", text: '{"n":1}' }] },
        { content: [{ type: "text", text: "one" }], structuredContent: { result: { n: 1 } } },
        { content: [{ type: "text", text: "one" }], structuredContent: { n: 1, more: true } }
      ]) {
        assert.deepStrictEqual(yield* answered(result), Exit.succeed({ n: 1 }))
      }
    })
  )

  it.effect("a result that is not what the contract says is an invalid answer", () =>
    Effect.gen(function* () {
      for (const result of [
        { content: [] },
        { content: [{ type: "text", text: "one" }] },
        { content: [], structuredContent: { n: 1.5 } },
        { content: [], structuredContent: null }
      ]) {
        const error = failureOf(yield* answered(result)) as { readonly reason: { readonly _tag: string } }
        assert.strictEqual(error.reason._tag, "InvalidAnswer", JSON.stringify(result))
      }
    })
  )

  it.effect("an error that is not what the contract says is ToolFailed, in the server's words", () =>
    Effect.gen(function* () {
      const said = [
        { type: "text", text: "it is" },
        { type: "text", text: "broken" }
      ]
      for (const result of [
        { content: said, isError: true },
        { content: said, isError: true, structuredContent: { _tag: "Other" } },
        { content: said, isError: true, structuredContent: { n: 1 } }
      ]) {
        const error = failureOf(yield* answered(result)) as Error
        assert.strictEqual(error.message, 'tool "ask" failed: it is\nbroken', JSON.stringify(result))
      }
    })
  )
})
