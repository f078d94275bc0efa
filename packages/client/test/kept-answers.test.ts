import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import { agreeing, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const server = (hints: Json, version = "2026-07-28", endpoint?: string) => {
  const asked: Array<string> = []
  const script: Script = (message, connection) => {
    const { method, params } = message
    asked.push(`${method} ${params.uri ?? params.cursor ?? ""}`.trim())
    if (method === "tools/list") connection.answer(message, { resultType: "complete", tools: [], ...hints })
    if (method === "resources/read") {
      connection.answer(message, {
        resultType: "complete",
        contents: [{ uri: params.uri, text: String(asked.length) }],
        ...hints
      })
    }
  }
  const made = scripted(agreeing(version, script))
  if (endpoint === undefined) return { asked, ...made }
  const layer = Layer.effect(
    ClientTransport,
    Effect.map(ClientTransport, (transport) => ClientTransport.of({ ...transport, endpoint }))
  ).pipe(Layer.provide(made.layer))
  return { asked, connections: made.connections, layer }
}

describe("an answer with a time to live", () => {
  it.effect("is kept for that time", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000, cacheScope: "private" })
      const client = yield* connect(rest)
      yield* client.listTools
      yield* client.readResource("a:1")
      yield* client.readResource("a:2")
      yield* TestClock.adjust("999 millis")
      yield* client.listTools
      yield* client.readResource("a:1")
      assert.deepStrictEqual(asked, ["tools/list", "resources/read a:1", "resources/read a:2"])
      yield* TestClock.adjust("1 millis")
      yield* client.listTools
      yield* client.readResource("a:1")
      assert.strictEqual(asked.length, 5)
    })
  )

  it.effect.each([{}, { ttlMs: 0 }, { ttlMs: -1 }, { ttlMs: 1.5 }, { ttlMs: "1000" }, { ttlMs: null }])(
    "is not kept when that is no time: %j",
    (hints) =>
      Effect.gen(function* () {
        const { asked, ...rest } = server(hints)
        const client = yield* connect(rest)
        yield* client.listTools
        yield* client.listTools
        assert.strictEqual(asked.length, 2)
      })
  )

  it.effect("is kept for a day at most", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: Number.MAX_SAFE_INTEGER })
      const client = yield* connect(rest)
      yield* client.listTools
      yield* TestClock.adjust("1 day")
      yield* client.listTools
      assert.strictEqual(asked.length, 2)
    })
  )

  it.effect("means nothing in the session era", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000 }, "2025-11-25")
      const client = yield* connect(rest)
      yield* client.listTools
      yield* client.listTools
      assert.strictEqual(asked.length, 2)
    })
  )

  it.effect("is forgotten when the server tells of a change, on whatever way", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000 })
      const client = yield* connect(rest)
      const again = Effect.andThen(client.listTools, client.readResource("a:1"))
      yield* again
      rest.connections[0]!.notify("notifications/tools/list_changed", {})
      yield* again
      assert.deepStrictEqual(asked.slice(2), ["tools/list"])
      rest.connections[0]!.notify("notifications/resources/updated", { uri: "a:2" })
      yield* again
      assert.strictEqual(asked.length, 3)
      rest.connections[0]!.notify("notifications/resources/updated", { uri: "a:1" })
      yield* again
      assert.deepStrictEqual(asked.slice(3), ["resources/read a:1"])
      yield* client.clearCache
      yield* again
      assert.strictEqual(asked.length, 6)
    })
  )

  it.effect.each([
    ["tools", ["tools/list"]],
    ["prompts", ["prompts/list"]],
    ["resources", ["resources/list", "resources/templates/list"]]
  ] as const)("is forgotten when its list has changed, and the others are not: %s", ([kind, expected]) =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const all = scripted(
        agreeing("2026-07-28", (message, connection) => {
          asked.push(message["method"])
          const lists = { tools: [], resources: [], resourceTemplates: [], prompts: [] }
          connection.answer(message, { resultType: "complete", ttlMs: 1000, ...lists })
        })
      )
      const client = yield* connect(all)
      const each = [client.listTools, client.listPrompts, client.listResources, client.listResourceTemplates]
      const again = Effect.all(each as ReadonlyArray<Effect.Effect<unknown, McpClientError>>)
      yield* again
      all.connections[0]!.notify(`notifications/${kind}/list_changed`, {})
      yield* again
      assert.deepStrictEqual(asked.slice(4), [...expected])
    })
  )

  it.effect("is not kept when it was asked for on an earlier connection", () =>
    Effect.gen(function* () {
      const asked: Array<Json> = []
      const slow = scripted(agreeing("2026-07-28", (message) => void asked.push(message)))
      const client = yield* connect(slow, { reconnect: Schedule.spaced("1 second") })
      const reading = yield* Effect.forkChild(client.listTools, { startImmediately: true })
      slow.connections[0]!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      slow.connections[1]!.answer(asked[1]!, { resultType: "complete", tools: [], ttlMs: 1000_000 })
      yield* settle
      assert.isDefined(reading.pollUnsafe())
      yield* Effect.forkChild(client.listTools, { startImmediately: true })
      assert.strictEqual(asked.length, 3)
    })
  )

  it.effect("is forgotten when the server tells of a part of it", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000 })
      const client = yield* connect(rest)
      const again = Effect.forEach(["a:d", "a:d/", "a:do"], (uri) => client.readResource(uri))
      yield* again
      rest.connections[0]!.notify("notifications/resources/updated", { uri: "a:d/x" })
      yield* again
      assert.deepStrictEqual(asked.slice(3), ["resources/read a:d", "resources/read a:d/"])
    })
  )

  it.effect("is not kept, nor given, where a call says something in `_meta`: it may depend on that", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000 })
      const client = yield* connect(rest)
      yield* client.readResource("a:1", { meta: { "a/user": "ada" } })
      yield* client.readResource("a:1")
      yield* client.readResource("a:1", { meta: { "a/user": "bob" } })
      assert.strictEqual(asked.length, 3)
    })
  )

  it.effect("is that of its page, even if the cursor of that is empty", () =>
    Effect.gen(function* () {
      const tool = (name: string) => ({ name, inputSchema: { type: "object" } })
      const paged = scripted(
        agreeing("2026-07-28", (message, connection) => {
          const isFirst = message["params"].cursor === undefined
          const page = isFirst ? { tools: [tool("a")], nextCursor: "" } : { tools: [tool("b")] }
          connection.answer(message, { resultType: "complete", ttlMs: 1000, ...page })
        })
      )
      const client = yield* connect(paged)
      const names = Effect.map(client.listTools, (tools) => tools.map(({ name }) => name))
      assert.deepStrictEqual(yield* names, ["a", "b"])
      assert.deepStrictEqual(yield* names, ["a", "b"])
      assert.strictEqual(paged.connections[0]!.methods.length, 3)
    })
  )

  it.effect("is not kept when a change overtook it", () =>
    Effect.gen(function* () {
      const asked: Array<Json> = []
      const slow = scripted(agreeing("2026-07-28", (message) => void asked.push(message)))
      const client = yield* connect(slow)
      const connection = () => slow.connections[0]!
      const reading = yield* Effect.forkChild(client.listTools, { startImmediately: true })
      connection().notify("notifications/tools/list_changed", {})
      connection().answer(asked[0]!, { resultType: "complete", tools: [], ttlMs: 1000 })
      yield* settle
      assert.isDefined(reading.pollUnsafe())
      yield* Effect.forkChild(client.listTools, { startImmediately: true })
      assert.strictEqual(asked.length, 2)
    })
  )

  it.effect("is forgotten with the connection, unless everybody may have it", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 100_000 })
      const client = yield* connect(rest, { reconnect: Schedule.spaced("1 second") })
      yield* client.listTools
      rest.connections[0]!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* client.listTools
      assert.strictEqual(asked.length, 2)
    })
  )

  // Telling the trace must not be in the way.
  it.effect.each([
    ["not traced", Tracer.nativeTracer],
    ["traced", Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })]
  ] as const)("is not kept when it depends on somebody's answers, %s", ([, tracer]) =>
    Effect.gen(function* () {
      let reads = 0
      const script: Script = (message, connection) => {
        const { method, params } = message
        if (method !== "resources/read") return
        reads++
        if (params.inputResponses === undefined) {
          const requestedSchema = { type: "object", properties: {} }
          const q = { method: "elicitation/create", params: { mode: "form", message: "who?", requestedSchema } }
          return connection.answer(message, { resultType: "input_required", inputRequests: { q } })
        }
        connection.answer(message, { resultType: "complete", contents: [{ uri: "a:1", text: "yours" }], ttlMs: 1000 })
      }
      const handler = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({})) })
      const client = yield* connect(scripted(agreeing("2026-07-28", script)), {}, handler)
      yield* client.readResource("a:1")
      yield* client.readResource("a:1")
      assert.strictEqual(reads, 4)
    }).pipe(Effect.provideService(Tracer.Tracer, tracer))
  )
})

describe("several clients of one endpoint", () => {
  const pair = (hints: Json, endpoints: readonly [string | undefined, string | undefined]) =>
    Effect.gen(function* () {
      const first = server(hints, "2026-07-28", endpoints[0])
      const second = server(hints, "2026-07-28", endpoints[1])
      const clients = yield* Effect.provideService(
        Effect.all([connect(first), connect(second)]),
        ResponseCache.ResponseCache,
        ResponseCache.make()
      )
      yield* clients[0].listTools
      yield* clients[1].listTools
      return { first, second, clients }
    })

  it.effect("share what everybody may have", () =>
    Effect.gen(function* () {
      const { clients, first, second } = yield* pair({ ttlMs: 1000, cacheScope: "public" }, ["http://a/mcp", "http://a/mcp"])
      assert.deepStrictEqual([first.asked.length, second.asked.length], [1, 0])
      first.connections[0]!.notify("notifications/tools/list_changed", {})
      yield* clients[1].listTools
      assert.strictEqual(second.asked.length, 1)
    })
  )

  it.effect.each([
    [{ ttlMs: 1000, cacheScope: "private" }, ["http://a/mcp", "http://a/mcp"]],
    [{ ttlMs: 1000 }, ["http://a/mcp", "http://a/mcp"]],
    [{ ttlMs: 1000, cacheScope: "public" }, ["http://a/mcp", "http://b/mcp"]],
    [{ ttlMs: 1000, cacheScope: "public" }, [undefined, undefined]]
  ] as const)("share nothing else: %j", ([hints, endpoints]) =>
    Effect.gen(function* () {
      const { second } = yield* pair(hints, endpoints)
      assert.strictEqual(second.asked.length, 1)
    })
  )

  it.effect("what changes at one endpoint is kept at the others", () =>
    Effect.gen(function* () {
      const { clients, first, second } = yield* pair({ ttlMs: 1000, cacheScope: "public" }, ["http://a/mcp", "http://b/mcp"])
      first.connections[0]!.notify("notifications/tools/list_changed", {})
      yield* clients[1].listTools
      assert.strictEqual(second.asked.length, 1)
    })
  )

  it.effect("what everybody may have outlives a client", () =>
    Effect.gen(function* () {
      const { asked, ...rest } = server({ ttlMs: 1000, cacheScope: "public" }, "2026-07-28", "http://c/mcp")
      const store = ResponseCache.make()
      for (let i = 0; i < 2; i++) {
        const scope = yield* Scope.make()
        const client = yield* connect(rest).pipe(Effect.provideService(ResponseCache.ResponseCache, store), Scope.provide(scope))
        yield* client.listTools
        yield* Scope.close(scope, Exit.void)
      }
      assert.strictEqual(asked.length, 1)
    })
  )
})

describe("a store", () => {
  it("keeps what was used last", () => {
    const store = ResponseCache.make(2)
    store.set("a", { a: 1 }, 10)
    store.set("b", { b: 1 }, 10)
    assert.isDefined(store.get("a", 0))
    store.set("c", { c: 1 }, 10)
    assert.deepStrictEqual(
      ["a", "b", "c"].map((key) => store.get(key, 0) !== undefined),
      [true, false, true]
    )
  })

  it("forgets what does not hold any more", () => {
    const store = ResponseCache.make()
    store.set("a", { a: 1 }, 10)
    assert.isDefined(store.get("a", 9))
    assert.isUndefined(store.get("a", 10))
    assert.isUndefined(store.get("a", 0))
  })
})
