import * as McpClient from "@effect-mcp/client/McpClient"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Roots from "@effect-mcp/core/Roots"
import type * as Tool from "@effect-mcp/core/Tool"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Revision from "@effect-mcp/core/Revision"
import { UnrepresentableSchema } from "@effect-mcp/core/UnrepresentableSchema"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { serve } from "../../server/test/support/peer.ts"
import { everything, rounds } from "../../server/test/support/rounds.ts"
import { Inexpressible } from "../src/Inexpressible.ts"
import * as ToolkitGroup from "../src/ToolkitGroup.ts"
import { day, ids, inputSchema, OutOfStock, Shop, ShopLive } from "./support/shop.ts"

class ShopGroup extends ToolkitGroup.make("shop", Shop) {}

const clientOf = (server: Layer.Layer<McpServer.McpServer | Dispatcher>, version: Revision.Version) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(server),
    Layer.provide(Logger.layer([]))
  )

const Server = McpServer.layer({ name: "shop", version: "1" }, ShopGroup).pipe(
  Layer.provide(ToolkitGroup.layer(ShopGroup)),
  Layer.provide(ShopLive)
)

const definitionOf = (group: McpGroup.Any, name: string) =>
  ToolCodec.definition(McpGroup.contractsOf(group).find((contract) => contract.name === name) as Tool.Any)

type Tools = McpClient.Tools<McpGroup.Contracts<typeof ShopGroup>>

describe.each(Revision.versions)("a toolkit that is served, in %s", (version) => {
  const using = <A, E>(use: (tools: Tools) => Effect.Effect<A, E, McpClient.McpClient>) =>
    Effect.provide(
      Effect.flatMap(McpClient.of(ShopGroup), ({ tools }) => use(tools)),
      clientOf(Server, version),
      { local: true }
    )

  it.effect("gives its results to a typed client", () =>
    using((tools) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* tools.lookup({ item: "apple" }), { item: "apple", count: 5, checked: day })
        const since = new Date("2020-01-01T00:00:00.000Z")
        assert.deepStrictEqual((yield* tools.lookup({ item: "fig", since })).checked, since)
        assert.strictEqual(yield* tools.told({ item: "fig" }), "fig")
        assert.strictEqual(yield* tools.ping(), undefined)
        assert.deepStrictEqual(yield* tools.picture(), { base64: "AQID" })
        assert.deepStrictEqual(yield* tools.dynamic({ q: "abc" }), { q: "abc" })
        assert.deepStrictEqual(yield* tools.anything({ a: [1] }), { a: [1] })
        assert.strictEqual(yield* tools.slow(), 3)
      })
    )
  )

  it.effect("gives its failures to a typed client, whatever the failure mode", () =>
    using((tools) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* Effect.flip(tools.lookup({ item: "unicorn" })), new OutOfStock({ item: "unicorn" }))
        assert.deepStrictEqual(yield* Effect.flip(tools.told({ item: "unicorn" })), new OutOfStock({ item: "unicorn" }))
      })
    )
  )

  it.effect("a failure that is not declared is a fault of the program", () =>
    using((tools) =>
      Effect.gen(function* () {
        const failed = yield* Effect.flip(tools.broken())
        assert.notInclude(JSON.stringify(failed), "Oops")
      })
    )
  )

  it.effect("arguments of a dynamic tool are held against its JSON Schema", () =>
    using((tools) =>
      Effect.gen(function* () {
        const failed = yield* Effect.flip(tools.dynamic({ q: "a" }))
        assert.include(JSON.stringify(failed) + String(failed), "q")
      })
    )
  )

  it.effect("what the model reads becomes blocks", () =>
    using(() =>
      Effect.gen(function* () {
        const client = yield* McpClient.McpClient
        const { content } = yield* client.callTool("picture")
        const types = content.map(({ type }) => type)
        assert.deepStrictEqual(types[0], "text")
        assert.deepInclude(content[1], { type: "image", data: "AQID", mimeType: "image/png" })
        if (version === "2026-07-28") {
          assert.deepStrictEqual(content.slice(2), [
            { type: "audio", data: "AQID", mimeType: "audio/wav" },
            { type: "resource", resource: { uri: "attachment:a%20b.pdf", mimeType: "application/pdf", blob: "AQID" } },
            { type: "resource_link", uri: "https://example.com/", name: "home", mimeType: "text/html" }
          ])
        }
      })
    )
  )
})

describe("a contract that is made from a tool", () => {
  it("says what the tool says", () => {
    const shown = definitionOf(ShopGroup, "lookup")
    assert.strictEqual(shown.title, "Look it up")
    assert.strictEqual(shown.description, "Looks up an item")
    assert.deepStrictEqual(shown.annotations, {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false
    })
    assert.deepStrictEqual(shown._meta, { "example.com/team": "shop" })
    assert.deepStrictEqual(Object.keys(shown.inputSchema["properties"] as object), ["item", "since"])
    assert.deepStrictEqual(Object.keys(shown.outputSchema?.["properties"] as object), ["item", "count", "checked"])
  })

  it("says no more than that", () => {
    assert.deepStrictEqual(Object.keys(definitionOf(ShopGroup, "ping")), ["name", "inputSchema"])
  })

  it("is described by its parameters, where it is not by itself", () => {
    const parameters = Schema.Struct({ a: Schema.Int }).annotate({ description: "Counts" })
    const group = ToolkitGroup.make("g", Toolkit.make(AiTool.make("count", { parameters })))
    assert.strictEqual(definitionOf(group, "count").description, "Counts")
  })

  it("shows a JSON Schema as it is, and one of results that is made from a Schema", () => {
    const shown = definitionOf(ShopGroup, "dynamic")
    assert.strictEqual(shown.inputSchema, inputSchema)
    assert.deepStrictEqual(shown.outputSchema, {
      type: "object",
      properties: { q: { type: "string" } },
      required: ["q"],
      additionalProperties: false
    })
    assert.deepStrictEqual(definitionOf(ShopGroup, "anything").inputSchema, { type: "object" })
  })
})

describe("what MCP cannot express", () => {
  const refused = (make: () => unknown): Inexpressible => {
    try {
      make()
    } catch (error) {
      assert.instanceOf(error, Inexpressible)
      return error
    }
    return assert.fail("it was made")
  }

  it("a tool of a model's provider is refused", () => {
    const search = AiTool.providerDefined({ id: "openai.web_search", customName: "Search", providerName: "web_search" })(
      undefined
    )
    // The compiler refuses it, too.
    const error = refused(() => ToolkitGroup.make("g", Toolkit.make(search) as never))
    assert.include(error.message, 'tool "Search"')
  })

  it("a tool that needs approval is refused, unless the host is to ask", () => {
    for (const needsApproval of [true, () => false]) {
      const toolkit = Toolkit.make(AiTool.make("remove", { needsApproval }))
      assert.include(refused(() => ToolkitGroup.make("g", toolkit)).message, 'tool "remove": it needs approval')
      assert.strictEqual(definitionOf(ToolkitGroup.make("g", toolkit, { approval: "host" }), "remove").name, "remove")
    }
    ToolkitGroup.make("g", Toolkit.make(AiTool.make("remove", { needsApproval: false })))
  })

  it("a Schema that cannot be shown is refused", () => {
    const text = AiTool.make("text", { parameters: Schema.String })
    assert.throws(() => ToolkitGroup.make("g", Toolkit.make(text)), UnrepresentableSchema, "parameters must be an object")
    const remote = AiTool.dynamic("remote", { parameters: { type: "object", $ref: "https://example.com/schema" } })
    assert.throws(() => ToolkitGroup.make("g", Toolkit.make(remote)), UnrepresentableSchema, 'tool "remote"')
  })

  it("a name that MCP does not allow is refused", () => {
    assert.throws(() => ToolkitGroup.make("g", Toolkit.make(AiTool.make("not allowed"))), "not allowed")
  })
})

describe("the handlers of a toolkit", () => {
  class Db extends Context.Service<Db, string>()("Db") {}
  class User extends Context.Service<User, string>()("User") {}
  class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}
  const whoami = AiTool.make("whoami", { success: Schema.String, dependencies: [User] })
  const People = Toolkit.make(whoami)

  it.effect("run with what their layer captured, under what middleware provides", () =>
    Effect.gen(function* () {
      class PeopleGroup extends ToolkitGroup.make("people", People).middleware(Auth) {}
      const PeopleLive = PeopleGroup.toLayer(ToolkitGroup.handlers(People)).pipe(
        Layer.provide(
          People.toLayer({
            whoami: () =>
              Effect.contextWith((context: Context.Context<User>) =>
                Effect.succeed(`${Context.get(context, User)} ${Context.getOrUndefined(context, Db)}`)
              )
          }).pipe(Layer.provide(Layer.succeed(Db, "inner")))
        ),
        Layer.provide([Layer.succeed(Db, "outer"), Layer.succeed(User, "nobody")])
      )
      const AuthLive = Auth.layer({ "tools/call": (request, next) => Effect.provideService(next(request), User, "ada") })
      const server = McpServer.layer({ name: "people", version: "1" }, PeopleGroup).pipe(Layer.provide([PeopleLive, AuthLive]))
      const said = yield* Effect.provide(
        Effect.flatMap(McpClient.of(PeopleGroup), ({ tools }) => tools.whoami()),
        clientOf(server, "2025-11-25")
      )
      assert.strictEqual(said, "ada inner")
    })
  )

  it.effect("know the id of the request, and their first results are progress of it", () =>
    Effect.gen(function* () {
      ids.length = 0
      const reported: Array<number> = []
      const client = yield* McpClient.McpClient
      yield* client.callTool("ping")
      yield* client.callTool("slow", {}, { onProgress: ({ progress }) => Effect.sync(() => void reported.push(progress)) })
      assert.lengthOf(ids, 1)
      assert.match(String(ids[0]), /^\d+$/)
      assert.deepStrictEqual(reported, [1, 2])
    }).pipe(Effect.provide(clientOf(Server, "2025-11-25")))
  )

  it.effect.each(["2025-11-25", "2026-07-28"] as const)("may ask for the request, and ask the client with it, in %s", (version) =>
    Effect.gen(function* () {
      const where = AiTool.make("where", { success: Schema.Array(Schema.String), dependencies: [RequestContext] })
      const Asking = Toolkit.make(where)
      class AskingGroup extends ToolkitGroup.make("asking", Asking) {}
      const AskingLive = Asking.toLayer({
        where: () =>
          Roots.list.pipe(
            Effect.map((roots) => roots.map(({ uri }) => uri)),
            Effect.orDie
          )
      })
      const server = McpServer.layer({ name: "asking", version: "1" }, AskingGroup).pipe(
        Layer.provide(ToolkitGroup.layer(AskingGroup)),
        Layer.provide(AskingLive)
      )
      const { open } = yield* serve(server)
      const peer = yield* open()
      yield* peer.speak(version, everything)
      const roots = { roots: [{ uri: "file:///here" }] }
      if (version === "2026-07-28") {
        const { answer, asked } = yield* rounds(peer, { name: "where" }, () => roots)
        assert.deepStrictEqual(asked, [["roots"]])
        assert.deepStrictEqual(answer["result"].structuredContent, ["file:///here"])
      } else {
        const id = peer.startCall("where")
        const question = yield* peer.until(({ notifications }) => notifications.find(({ method }) => method === "roots/list"))
        peer.send({ jsonrpc: "2.0", id: question["id"], result: roots })
        assert.deepStrictEqual((yield* peer.answer(id))["result"].structuredContent, { result: ["file:///here"] })
      }
    })
  )

  it.effect("are missed when they are not there", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Layer.build(ToolkitGroup.layer(ShopGroup) as Layer.Layer<never, never, any>))
      assert.include(String(exit), 'tool "lookup": it has no handler')
    })
  )
})
