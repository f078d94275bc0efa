/**
 * There and back again: nothing is lost on the way.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as ProtocolTools from "@effect-mcp/core/protocol/Tools"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as GroupToolkit from "../src/GroupToolkit.ts"
import * as ToolkitGroup from "../src/ToolkitGroup.ts"
import { results } from "./support/call.ts"
import { Shop, ShopLive } from "./support/shop.ts"
import { Weather, WeatherLive } from "./support/weather.ts"

const toolsOf = (group: McpGroup.Any) => McpGroup.contractsOf(group).filter(Tool.isTool)

describe("toolkit, group, toolkit", () => {
  class ShopGroup extends ToolkitGroup.make("shop", Shop) {}
  const Back = GroupToolkit.make(ShopGroup)
  const BackLive = GroupToolkit.layer(ShopGroup).pipe(Layer.provide(ToolkitGroup.layer(ShopGroup)), Layer.provide(ShopLive))

  it("gives the very tools", () => {
    assert.deepStrictEqual(Object.keys(Back.tools), Object.keys(Shop.tools))
    for (const [name, tool] of Object.entries(Shop.tools)) assert.strictEqual((Back.tools as Record<string, unknown>)[name], tool)
  })

  const calls: ReadonlyArray<readonly [string, unknown]> = [
    ["lookup", { item: "apple" }],
    ["lookup", { item: "unicorn" }],
    ["lookup", { item: 1 }],
    ["told", { item: "apple" }],
    ["told", { item: "unicorn" }],
    ["told", {}],
    ["ping", {}],
    ["picture", {}],
    ["dynamic", { q: "abc" }],
    ["anything", { a: 1 }],
    ["slow", {}],
    ["broken", {}]
  ]

  it.effect.each(calls)("%s %o gives the same", ([name, args]) =>
    Effect.gen(function* () {
      const there = yield* Effect.exit(results(Shop, ShopLive, name, args))
      const back = yield* Effect.exit(results(Back, BackLive, name, args))
      assert.deepStrictEqual(back, there)
    })
  )

  it("keeps what MCP has no words for", () => {
    class Note extends Context.Service<Note, string>()("Note") {}
    const tool = AiTool.make("remove", { needsApproval: true, failureMode: "return" })
      .annotate(AiTool.Strict, true)
      .annotate(Note, "careful")
    class Group extends ToolkitGroup.make("g", Toolkit.make(tool), { approval: "host" }) {}
    assert.strictEqual(GroupToolkit.make(Group).tools.remove, tool)
  })
})

describe("group, toolkit, group", () => {
  const Kit = GroupToolkit.make(Weather)
  class Back extends ToolkitGroup.make("back", Kit) {}

  it("gives the same tools", () => {
    const before = toolsOf(Weather)
    const after = toolsOf(Back)
    assert.deepStrictEqual(after.map(ToolCodec.definition), before.map(ToolCodec.definition))
    for (const [i, tool] of before.entries()) {
      for (const member of ["parameters", "success", "failure", "render", "structured", "timeout"] as const) {
        if (member === "parameters" && tool.raw !== undefined) continue
        assert.strictEqual(after[i]?.[member], tool[member], `${tool.name}, ${member}`)
      }
    }
  })

  const clientOf = (server: Layer.Layer<any>) =>
    McpClient.layer({ name: "tester", version: "1" }).pipe(
      Layer.provide(MemoryTransport.layer()),
      Layer.provide(server as ReturnType<typeof McpServer.layer> as Layer.Layer<any>),
      Layer.provide(Logger.layer([]))
    )
  const info = { name: "weather", version: "1" }
  const before = McpServer.layer(info, Weather).pipe(Layer.provide(WeatherLive))
  const after = McpServer.layer(info, Back).pipe(
    Layer.provide(ToolkitGroup.layer(Back)),
    Layer.provide(GroupToolkit.layer(Weather)),
    Layer.provide(WeatherLive)
  )

  const calls: ReadonlyArray<readonly [string, McpClientArguments]> = [
    ["forecast", { city: "Oslo", on: "2020-01-01T00:00:00.000Z" }],
    ["forecast", { city: "Atlantis" }],
    ["forecast", { city: 1 }],
    ["add", { a: 1, b: 2 }],
    ["hello", {}],
    ["nothing", {}],
    ["gallery", {}],
    ["rendered", {}],
    ["plain", {}],
    ["search", { q: "abc" }],
    ["search", { q: "a" }],
    ["scoped", {}]
  ]

  it.effect.each(calls)("%s %o gives the same", ([name, args]) =>
    Effect.gen(function* () {
      const asked = (server: Layer.Layer<any>) =>
        Effect.exit(Effect.flatMap(McpClient.McpClient, (client) => client.callTool(name, args))).pipe(
          Effect.provide(clientOf(server))
        )
      assert.deepStrictEqual(yield* asked(after), yield* asked(before))
    })
  )
})

type McpClientArguments = { readonly [key: string]: unknown }

const Said = Schema.Struct({
  title: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String),
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  version: Schema.optionalKey(Schema.String),
  meta: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  annotations: Schema.optionalKey(ProtocolTools.ToolAnnotations)
})

// Core refuses names that are not well-formed Unicode.
const Properties = Schema.Record(
  Schema.String.check(Schema.makeFilter((name) => name.isWellFormed())),
  Schema.Struct({ type: Schema.Literals(["string", "integer"]) })
)

const schemas = [
  Schema.String,
  Schema.Struct({ a: Schema.Int, b: Schema.optionalKey(Schema.Date) }),
  Schema.Struct({ a: Schema.optional(Schema.Array(Schema.FiniteFromString)) }),
  class Named extends Schema.Class<Named>("Named")({ bytes: Schema.Uint8Array }) {},
  Schema.Union([Schema.Struct({ kind: Schema.tag("a") }), Schema.Struct({ kind: Schema.tag("b"), at: Schema.Date })]),
  Schema.Void
]

const indexes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: schemas.length - 1 }))

const there = (contract: Tool.Any): Tool.Any =>
  toolsOf(ToolkitGroup.make("g", GroupToolkit.make(McpGroup.make("g", contract)) as unknown as typeof Shop))[0]!

describe("whatever a tool says", () => {
  it.prop("it says after a round trip", { said: Said, success: indexes, failure: indexes }, ({ failure, said, success }) => {
    const contract = Tool.make<string, {}, Schema.Codec<unknown, any>, Schema.Codec<unknown, any>>("tool", {
      ...said,
      parameters: { value: schemas[1]! },
      success: schemas[success]!,
      failure: schemas[failure]!
    } as never)
    const back = there(contract)
    assert.deepStrictEqual(ToolCodec.definition(back), ToolCodec.definition(contract))
    assert.deepStrictEqual(back.tags, contract.tags)
    assert.strictEqual(back.version, contract.version)
    // And once more, from the tool that remembers.
    assert.deepStrictEqual(ToolCodec.definition(there(back)), ToolCodec.definition(contract))
  })

  it.prop("a JSON Schema is the same after a round trip", { properties: Properties }, ({ properties }) => {
    const contract = JsonSchemaTool.make("tool", { inputSchema: { type: "object", properties }, outputSchema: { properties } })
    const back = there(contract)
    assert.deepStrictEqual(ToolCodec.definition(back), ToolCodec.definition(contract))
  })
})

describe("what is changed on the way", () => {
  const change = (tool: AiTool.Any) => toolsOf(ToolkitGroup.make("g", Toolkit.make(tool) as unknown as typeof Shop))[0]!
  const { forecast, rendered, search } = GroupToolkit.make(Weather).tools

  it("a title, a hint or a description is the new one", () => {
    const changed = change(forecast.annotate(AiTool.Title, "New").annotate(AiTool.Readonly, false))
    assert.strictEqual(changed.title, "New")
    assert.deepStrictEqual(changed.annotations, { readOnlyHint: false, openWorldHint: false })
    assert.deepStrictEqual(changed.icons, [{ src: "https://example.com/sun.png" }])
  })

  it("another result is not shown as the old one was", () => {
    const changed = change(rendered.setSuccess(Schema.String))
    assert.strictEqual(changed.render, undefined)
    assert.strictEqual(changed.success, Schema.String)
  })

  it("other parameters take the place of a JSON Schema", () => {
    const changed = change(search.setParameters(Schema.Struct({ other: Schema.String })))
    assert.strictEqual(changed.raw, undefined)
    assert.deepStrictEqual(Object.keys(ToolCodec.definition(changed).inputSchema["properties"] as object), ["other"])
  })
})
