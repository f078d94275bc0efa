import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as Middleware from "@effect-mcp/core/Middleware"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { sessionVersions } from "./support/fixture.ts"
import { type Json, type RawPeer, serve } from "./support/peer.ts"

const info = { name: "s", version: "1" }

const Query = Tool.make("query", {
  parameters: { region: Schema.String.pipe(Tool.header("Region")), n: Schema.optionalKey(Schema.Int.pipe(Tool.header("N"))) },
  success: Schema.String
})
const Raw = JsonSchemaTool.make("raw", {
  inputSchema: { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } },
  success: Schema.String
})
const Plain = Tool.make("plain", { parameters: { region: Schema.String }, success: Schema.String })

const Server = McpServer.layer(info, Query, Raw, Plain).pipe(
  Layer.provide([
    Query.toLayer(({ region }) => Effect.succeed(region)),
    Raw.toLayer(({ region }) => Effect.succeed(String(region))),
    Plain.toLayer(({ region }) => Effect.succeed(region))
  ])
)

const calling = (peer: RawPeer, headers: RawPeer["headers"]) => (name: string, args?: unknown) =>
  Effect.suspend(() => {
    peer.headers = headers
    return Effect.map(
      peer.request("tools/call", { name, arguments: args } as Json),
      ({ error, result }) => error ?? textOf(result)
    )
  })

const textOf = (result: Json): string => result["content"][0].text

const codeOf = (answer: Json | string) => (typeof answer === "string" ? answer : answer["code"])

describe("2026-07-28: a call that came with headers", () => {
  it.effect("is served when they repeat its arguments", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const call = calling(peer, { "mcp-param-region": "=?base64?5LiW?=", "mcp-param-n": "7.0" })
      assert.strictEqual(yield* call("query", { region: "世", n: 7 }), "世")
      assert.strictEqual(yield* calling(peer, { "mcp-param-region": " a " })("raw", { region: "a" }), "a")
    })
  )

  it.effect("is refused when they do not, with the header, the argument and what was there", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      for (const name of ["query", "raw"]) {
        assert.deepStrictEqual<unknown>(yield* calling(peer, { "mcp-param-region": "b" })(name, { region: "a" }), {
          code: -32020,
          message: 'Header mismatch: Mcp-Param-Region, which repeats the argument "region", differs from the argument',
          data: { mismatch: { name: "Mcp-Param-Region", property: "region", header: "b", body: "a" } }
        })
        assert.strictEqual(codeOf(yield* calling(peer, {})(name, { region: "a" })), -32020)
        assert.strictEqual(codeOf(yield* calling(peer, { "mcp-param-region": "=?base64?YQ?=" })(name, { region: "a" })), -32020)
        assert.strictEqual(codeOf(yield* calling(peer, { "mcp-param-region": "a" })(name, {})), -32020)
      }
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("is looked at before its params, and after its method and its envelope", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const call = calling(peer, { "mcp-param-region": "a" })
      assert.strictEqual(codeOf(yield* call("query", "no object")), -32020)
      assert.strictEqual(codeOf(yield* call("query", { region: "b", unknown: true })), -32020)
      assert.match(String(yield* call("query", { region: "a", unknown: true })), /^Invalid arguments:\nunknown/)
      peer.headers = {}
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "query", arguments: { region: "a" }, _meta: {} } })
      assert.notStrictEqual((yield* peer.answer(1))["error"].code, -32020)
    })
  )

  it.effect("goes on as without them where the tool has none, or there is no such tool", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const call = calling(peer, { "mcp-param-region": "b" })
      assert.strictEqual(yield* call("plain", { region: "a" }), "a")
      assert.strictEqual(codeOf(yield* call("nobody", { region: "a" })), -32602)
      assert.strictEqual(codeOf(yield* call(7 as never, { region: "a" })), -32602)
    })
  )

  it.effect("concerns the tool that the client called: mounted, added later, whatever middleware makes of its name", () =>
    Effect.gen(function* () {
      class Redirect extends Middleware.make<Redirect>()("Redirect") {}
      const redirect = Redirect.layer({
        "tools/call": (request, next) => next(request.name === "plain" ? { ...request, name: "eu_query" } : request)
      })
      const outer = McpServer.layer(info, McpServer.use(Redirect), Plain, McpServer.mount("eu", Server)).pipe(
        Layer.provide([redirect, Plain.toLayer(({ region }) => Effect.succeed(`plain ${region}`))])
      )
      const { server, speak } = yield* serve(outer)
      const peer = yield* speak("2026-07-28")
      assert.strictEqual(codeOf(yield* calling(peer, {})("eu_query", { region: "a" })), -32020)
      assert.strictEqual(yield* calling(peer, { "mcp-param-region": "a" })("eu_query", { region: "a" }), "a")
      assert.strictEqual(yield* calling(peer, {})("plain", { region: "a" }), "a")
      const Later = Tool.make("later", { parameters: { zone: Schema.String.pipe(Tool.header("Zone")) }, success: Schema.String })
      yield* server.add(
        Later,
        Later.toLayer(({ zone }) => Effect.succeed(zone))
      )
      assert.strictEqual(codeOf(yield* calling(peer, {})("later", { zone: "a" })), -32020)
      assert.strictEqual(yield* calling(peer, { "mcp-param-zone": "a" })("later", { zone: "a" }), "a")
    })
  )

  it.effect("holds on to its headers no longer than it is open, whoever keeps its context", () =>
    Effect.gen(function* () {
      const kept: Array<object> = []
      const headerOf = (context: object): unknown => Reflect.get(context, "header")
      const Keep = Tool.make("keep", { success: Schema.String })
      const handler = Effect.map(RequestContext, (context) => {
        kept.push(context)
        return typeof headerOf(context)
      })
      const layer = McpServer.layer(info, Keep).pipe(Layer.provide(Keep.toLayer(() => handler)))
      const peer = yield* (yield* serve(layer)).speak("2026-07-28")
      assert.strictEqual(yield* calling(peer, {})("keep"), "function")
      assert.deepStrictEqual(kept.map(headerOf), [undefined])
    })
  )
})

describe("headers are not looked at", () => {
  it.effect("where the transport has none", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      assert.strictEqual(yield* calling(peer, undefined)("query", { region: "a" }), "a")
    })
  )

  for (const version of sessionVersions) {
    it.effect(`in ${version}`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        assert.strictEqual(yield* calling(peer, { "mcp-param-region": "b" })("query", { region: "a" }), "a")
      })
    )
  }
})

describe("a tool that breaks the rules", () => {
  it.effect("stops the server, with its name, the place and the rule", () =>
    Effect.gen(function* () {
      const Bad = Tool.make("bad", { parameters: { place: Schema.Struct({ lat: Schema.Finite.pipe(Tool.header("Lat")) }) } })
      const exit = yield* Effect.exit(serve(McpServer.layer(info, Bad).pipe(Layer.provide(Bad.toLayer(() => Effect.void)))))
      const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "it started"
      assert.include(
        message,
        'tool "bad", parameters, at place.lat: `x-mcp-header` needs the type "string", "integer" or "boolean"'
      )
    })
  )
})
