import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { connect, requests, speakers } from "./support/client.ts"
import { event, eventually, type Exchange, fakeHttp, modern } from "./support/fakeHttp.ts"

const ok = { resultType: "complete", content: [{ type: "text", text: "ok" }] }

const calling = (answers: { readonly [method: string]: (exchange: Exchange) => void }) =>
  modern((exchange) => {
    const answer = answers[exchange.message.method ?? ""]
    if (answer === undefined) exchange.status(500)
    else answer(exchange)
  })

const acknowledged = (exchange: Exchange) =>
  event({
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: {
      _meta: { "io.modelcontextprotocol/subscriptionId": exchange.message.id },
      notifications: { toolsListChanged: true }
    }
  })

const changed = (exchange: Exchange) =>
  event({
    jsonrpc: "2.0",
    method: "notifications/tools/list_changed",
    params: { _meta: { "io.modelcontextprotocol/subscriptionId": exchange.message.id } }
  })

for (const [name, layer] of Object.entries(speakers)) {
  describe(`in the request era, over ${name}`, () => {
    it.live("each request carries what it says of itself, and there is no session", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling({
            "tools/call": (exchange) => exchange.result(ok, { "mcp-session-id": "no" }),
            "resources/read": (exchange) =>
              exchange.result({ resultType: "complete", contents: [], ttlMs: 0, cacheScope: "private" })
          })
        )
        yield* Effect.scoped(
          Effect.gen(function* () {
            const client = yield* connect({ url: server.url }, requests, layer)
            yield* client.callTool("Hello, 世界", {})
            yield* client.readResource("file:///path/to/file%20name.txt")
          })
        )
        const [discover, call, read] = server.exchanges
        assert.strictEqual(server.exchanges.length, 3)
        assert.strictEqual(discover?.headers["mcp-method"], "server/discover")
        assert.isUndefined(discover?.headers["mcp-name"])
        assert.strictEqual(call?.headers["mcp-protocol-version"], "2026-07-28")
        assert.strictEqual(call?.headers["mcp-method"], "tools/call")
        assert.strictEqual(call?.headers["mcp-name"], "=?base64?SGVsbG8sIOS4lueVjA==?=")
        assert.strictEqual(read?.headers["mcp-name"], "file:///path/to/file%20name.txt")
        assert.isUndefined(read?.headers["mcp-session-id"])
      }).pipe(Effect.scoped)
    )

    it.live("cancelling closes the response and sends nothing", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(calling({ "tools/call": (exchange) => exchange.events() }))
        const client = yield* connect({ url: server.url }, requests, layer)
        const running = yield* Effect.forkChild(client.callTool("slow", {}), { startImmediately: true })
        yield* eventually(() => server.of("tools/call").length === 1)
        yield* Fiber.interrupt(running)
        yield* eventually(() => server.of("tools/call")[0]?.isClosed === true)
        assert.strictEqual(server.exchanges.length, 2)
      }).pipe(Effect.scoped)
    )

    it.live("an error on any status is the answer, also 404", () =>
      Effect.gen(function* () {
        const error = { code: -32601, message: "no such tool" }
        const server = yield* fakeHttp(
          calling({ "tools/call": (exchange) => exchange.json({ jsonrpc: "2.0", id: exchange.message.id, error }, 404) })
        )
        const client = yield* connect({ url: server.url }, requests, layer)
        const failed = yield* Effect.flip(client.callTool("a", {}))
        assert.strictEqual(failed.reason._tag === "RequestFailed" && failed.reason.code, -32601)
      }).pipe(Effect.scoped)
    )

    it.live("progress comes before the answer, and a stream that ends without one says so", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling({
            "tools/call": (exchange) => {
              const progressToken = exchange.message.params?.["_meta"].progressToken
              exchange.events(
                event({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken, progress: 1 } }, "1")
              )
              if (exchange.message.params?.["name"] === "fine") {
                exchange.response.write(event({ jsonrpc: "2.0", id: exchange.message.id, result: ok }))
              }
              exchange.response.end()
            }
          })
        )
        const client = yield* connect({ url: server.url }, requests, layer)
        const seen: Array<number> = []
        yield* client.callTool("fine", {}, { onProgress: ({ progress }) => Effect.sync(() => void seen.push(progress)) })
        assert.deepStrictEqual(seen, [1])
        const failed = yield* Effect.flip(client.callTool("lost", {}))
        assert.include(failed.message, "ended without its answer")
        assert.strictEqual(server.by("GET").length, 0)
      }).pipe(Effect.scoped)
    )
  })
}

describe("in the request era", () => {
  it.live("a subscription does not take the place of a request, and is asked for again when its stream breaks", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(
        calling({
          "subscriptions/listen": (exchange) => {
            const count = server.of("subscriptions/listen").length
            if (count > 1 && count < 7) return exchange.status(503)
            exchange.events(acknowledged(exchange) + changed(exchange))
            if (count === 1) setTimeout(() => exchange.socket.destroy(), 10)
          },
          "tools/call": (exchange) => exchange.result(ok)
        })
      )
      const client = yield* connect(
        { url: server.url, maxConcurrent: 1 },
        { ...requests, reconnect: Schedule.spaced("5 millis") }
      )
      const heard = Deferred.makeUnsafe<void>()
      let count = 0
      const told = client.notifications(["notifications/tools/list_changed"], { toolsListChanged: true })
      yield* Effect.forkScoped(
        Stream.runForEach(told, () => Effect.sync(() => ++count === 2 && Deferred.doneUnsafe(heard, Exit.void)))
      )
      yield* Deferred.await(heard)
      yield* client.callTool("a", {})
      assert.strictEqual(server.of("subscriptions/listen").length, 7)
    }).pipe(Effect.scoped)
  )

  it.live("a subscription does not wait for a place, and gives none back", () =>
    Effect.gen(function* () {
      const held: Array<Exchange> = []
      const server = yield* fakeHttp(
        calling({
          "subscriptions/listen": (exchange) => exchange.events(acknowledged(exchange)),
          "tools/call": (exchange) => void held.push(exchange)
        })
      )
      const client = yield* connect({ url: server.url, maxConcurrent: 1 }, requests)
      yield* Effect.forkScoped(client.callTool("a", {}), { startImmediately: true })
      yield* eventually(() => held.length === 1)
      yield* Effect.scoped(client.listen({ toolsListChanged: true }))
      yield* eventually(() => server.of("subscriptions/listen")[0]?.isClosed === true)
      const second = yield* Effect.forkScoped(client.callTool("b", {}), { startImmediately: true })
      yield* client.listen({ toolsListChanged: true })
      assert.strictEqual(held.length, 1)
      for (let n = 0; n < 2; n++) {
        yield* eventually(() => held.length > n)
        held[n]?.result(ok)
      }
      yield* Fiber.join(second)
    }).pipe(Effect.scoped)
  )

  it.live("arguments that a tool marks travel as headers, and are sent again with them when they are missing", () =>
    Effect.gen(function* () {
      const inputSchema = {
        type: "object",
        properties: { region: { type: "string", "x-mcp-header": "Region" }, count: { type: "integer", "x-mcp-header": "Count" } }
      }
      const server = yield* fakeHttp(
        calling({
          "tools/list": (exchange) =>
            exchange.result({ resultType: "complete", ttlMs: 0, cacheScope: "private", tools: [{ name: "a", inputSchema }] }),
          "tools/call": (exchange) => {
            if (exchange.headers["mcp-param-region"] !== undefined) return exchange.result(ok)
            const error = { code: -32020, message: "Mcp-Param-Region is missing" }
            exchange.json({ jsonrpc: "2.0", id: exchange.message.id, error }, 400)
          }
        })
      )
      const client = yield* connect({ url: server.url }, requests)
      yield* client.callTool("a", { region: "Köln", count: 3 })
      const [, second] = server.of("tools/call")
      assert.strictEqual(second?.headers["mcp-param-region"], "=?base64?S8O2bG4=?=")
      assert.strictEqual(second?.headers["mcp-param-count"], "3")
    }).pipe(Effect.scoped)
  )
})
