import { assert, describe, it } from "@effect/vitest"
import { Endpoints, make as makeMemory } from "@effect-mcp/client/Endpoints"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { connect, sessions, speakers } from "./support/client.ts"
import { event, eventually, type Exchange, fakeHttp, session } from "./support/fakeHttp.ts"

const ok = { content: [{ type: "text", text: "ok" }] } as const
const quick = Schedule.spaced("10 millis")

/** A server of the session era that answers calls, and has no stream of its own unless `stream` says so. */
const calling = (call: (exchange: Exchange) => void, stream?: (exchange: Exchange) => void) =>
  session((exchange) => {
    if (exchange.method === "GET") return stream === undefined ? exchange.status(405) : stream(exchange)
    if (exchange.message.method === "tools/call") return call(exchange)
    if (exchange.message.method === undefined || exchange.message.id === undefined) return exchange.status(202)
    exchange.result({ tools: [] })
  })

for (const [name, layer] of Object.entries(speakers)) {
  describe(`in the session era, over ${name}`, () => {
    it.live("a client carries the session and the version, opens the stream, and ends the session", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling(
            (exchange) => exchange.result(ok),
            (exchange) => exchange.events()
          )
        )
        const scope = yield* Scope.make()
        const client = yield* Scope.provide(
          connect({ url: server.url, headers: { "x-mine": "1", accept: "no" } }, sessions, layer),
          scope
        )
        assert.deepStrictEqual((yield* client.callTool("a", {})).content, [...ok.content])
        const first = server.of("initialize")[0]
        const [call] = server.of("tools/call")
        const [get] = server.by("GET")
        assert.isUndefined(first?.headers["mcp-session-id"])
        assert.isUndefined(first?.headers["mcp-protocol-version"])
        assert.strictEqual(call?.headers["accept"], "application/json, text/event-stream")
        assert.strictEqual(call?.headers["content-type"], "application/json")
        for (const exchange of [server.of("notifications/initialized")[0], call, get]) {
          assert.strictEqual(exchange?.headers["mcp-session-id"], "s1")
          assert.strictEqual(exchange?.headers["mcp-protocol-version"], "2025-11-25")
          assert.strictEqual(exchange?.headers["x-mine"], "1")
        }
        assert.strictEqual(get?.headers["accept"], "text/event-stream")
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(server.by("DELETE")[0]?.headers["mcp-session-id"], "s1")
        yield* eventually(() => get?.isClosed === true)
      }).pipe(Effect.scoped)
    )

    it.live("a client outlives the layer of its transport, and connections end with the last of them", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling(
            (exchange) => exchange.result(ok),
            (exchange) => exchange.events()
          )
        )
        const scope = yield* Scope.make()
        const client = yield* McpClient.make({ name: "test", version: "1", ...sessions }).pipe(
          Effect.provide([layer({ url: server.url }), Layer.succeed(Endpoints, makeMemory())]),
          Scope.provide(scope)
        )
        yield* eventually(() => server.by("GET").length === 1)
        assert.deepStrictEqual((yield* client.callTool("a", {})).content, [...ok.content])
        assert.isFalse(server.by("GET")[0]?.isClosed)
        const sockets = new Set(server.exchanges.map(({ socket }) => socket))
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(server.by("DELETE").length, 1)
        // Idle ones would be closed after three seconds in any case.
        const areClosed = eventually(() => [...sockets].every((socket) => socket.destroyed))
        if (name === "undici") yield* Effect.timeout(areClosed, "2 seconds")
      }).pipe(Effect.scoped)
    )

    it.live("answers come as JSON and as events, in pieces of one byte", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling((exchange) => {
            const answer = { jsonrpc: "2.0", id: exchange.message.id, result: { content: [{ type: "text", text: "é😀" }] } }
            const isEvents = exchange.message.params?.["name"] === "events"
            const bytes = Buffer.from(isEvents ? `: hi\n\n${event(answer)}` : JSON.stringify(answer))
            exchange.response.writeHead(200, {
              "content-type": isEvents ? "text/event-stream; charset=utf-8" : "Application/JSON"
            })
            for (const byte of bytes) exchange.response.write(new Uint8Array([byte]))
            exchange.response.end()
          })
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        for (const name of ["json", "events"]) {
          assert.deepStrictEqual((yield* client.callTool(name, {})).content, [{ type: "text", text: "é😀" }])
        }
      }).pipe(Effect.scoped)
    )

    it.live("a session that is gone is made anew, and nobody notices", () =>
      Effect.gen(function* () {
        let current = 1
        const ran: Array<string> = []
        const server = yield* fakeHttp((exchange) => {
          const id = exchange.headers["mcp-session-id"]
          if (id !== undefined && id !== `s${current}`)
            return exchange.json({ jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } }, 404)
          const answer = calling((call) => {
            ran.push(String(call.message.params?.["name"]))
            call.result(ok)
          })
          session(answer, () => `s${current}`)(exchange)
        })
        const client = yield* connect({ url: server.url }, sessions, layer)
        yield* client.callTool("before", {})
        current = 2
        const all = ["a", "b", "c", "d", "e"]
        yield* Effect.forEach(all, (tool) => client.callTool(tool, {}), { concurrency: "unbounded" })
        assert.deepStrictEqual(ran.toSorted(), ["a", "b", "before", "c", "d", "e"])
        assert.strictEqual(server.of("initialize").length, 2)
        assert.isUndefined(server.of("initialize")[1]?.headers["mcp-session-id"])
        assert.strictEqual(server.by("DELETE").length, 0)
      }).pipe(Effect.scoped)
    )

    it.live("a stream that is closed before the answer is resumed after what the server says, from the last id", () =>
      Effect.gen(function* () {
        let id: number | undefined
        const server = yield* fakeHttp(
          calling(
            (exchange) => {
              id = exchange.message.id
              exchange.events("id: e1\nretry: 300\ndata:\n\n")
              exchange.response.end()
            },
            (exchange) => {
              if (exchange.headers["last-event-id"] === undefined) return exchange.status(405)
              exchange.events(event({ jsonrpc: "2.0", id, result: ok }, "e2"))
              exchange.response.end()
            }
          )
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        yield* client.callTool("a", {})
        const [, resumed] = server.by("GET")
        const [call] = server.of("tools/call")
        assert.strictEqual(resumed?.headers["last-event-id"], "e1")
        assert.strictEqual(resumed?.headers["mcp-session-id"], "s1")
        const waited = (resumed?.at ?? 0) - (call?.at ?? 0)
        assert.isTrue(waited >= 299 && waited < 700, `it came after ${waited} ms`)
        assert.strictEqual(server.of("tools/call").length, 1)
      }).pipe(Effect.scoped)
    )

    it.live("a stream that breaks and cannot be resumed fails its call, and no other one", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling((exchange) => {
            if (exchange.message.params?.["name"] !== "broken") return exchange.result(ok)
            exchange.events()
            setTimeout(() => exchange.socket.destroy(), 20)
          })
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        const error = yield* Effect.flip(client.callTool("broken", {}))
        assert.strictEqual(error.reason._tag === "TransportFailed" && error.reason.error.reason._tag, "AnswerLost")
        yield* client.callTool("fine", {})
        assert.strictEqual(server.of("initialize").length, 1)
      }).pipe(Effect.scoped)
    )

    it.live("cancelling is told, what the server still says is heard, and old responses are given up", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(calling((exchange) => exchange.events()))
        const heard: Array<unknown> = []
        const onNotification = ({ method }: { readonly method: string }) => Effect.sync(() => void heard.push(method))
        const client = yield* connect({ url: server.url }, { ...sessions, onNotification }, layer)
        for (let count = 1; count <= 17; count++) {
          const running = yield* Effect.forkChild(client.callTool("slow", {}), { startImmediately: true })
          yield* eventually(() => server.of("tools/call").length === count)
          yield* Fiber.interrupt(running)
          yield* eventually(() => server.of("notifications/cancelled").length === count)
        }
        const [first, second] = server.of("tools/call")
        assert.strictEqual(server.of("notifications/cancelled")[0]?.message.params?.["requestId"], first?.message.id)
        yield* eventually(() => first?.isClosed === true)
        assert.isFalse(second?.isClosed)
        second?.response.write(event({ jsonrpc: "2.0", method: "notifications/late" }))
        yield* eventually(() => heard.includes("notifications/late"))
      }).pipe(Effect.scoped)
    )
  })
}

describe("in the session era", () => {
  it.live("the stream of the session is asked for again from its last id, and its questions are answered", () =>
    Effect.gen(function* () {
      const ask = { method: "elicitation/create", params: { message: "?", requestedSchema: { type: "object", properties: {} } } }
      const server = yield* fakeHttp(
        calling(
          (exchange) => exchange.result(ok),
          (exchange) => {
            const last = exchange.headers["last-event-id"]
            exchange.events(last === undefined ? "id: g1\ndata:\n\n" : event({ jsonrpc: "2.0", id: "q", ...ask }, "g2"))
            if (last === undefined) exchange.response.end()
          }
        )
      )
      const handler = ElicitationHandler.layer({ form: () => Effect.succeed({ action: "decline" }) })
      yield* Effect.provide(connect({ url: server.url, resume: quick }, sessions), handler)
      yield* eventually(() => server.exchanges.some(({ message }) => message.result !== undefined))
      assert.strictEqual(server.by("GET")[1]?.headers["last-event-id"], "g1")
      assert.deepStrictEqual(server.exchanges.find(({ message }) => message.result !== undefined)?.message.result, {
        action: "decline"
      })
    }).pipe(Effect.scoped)
  )

  it.live("so many requests are under way at once, and one that is interrupted gives its place on", () =>
    Effect.gen(function* () {
      const gate = Deferred.makeUnsafe<void>()
      const server = yield* fakeHttp(
        calling((exchange) => void Effect.runFork(Effect.map(Deferred.await(gate), () => exchange.result(ok))))
      )
      const client = yield* connect({ url: server.url, maxConcurrent: 2 }, sessions)
      const call = (name: string) => Effect.forkChild(client.callTool(name, {}), { startImmediately: true })
      const [a, b, c, d] = [yield* call("a"), yield* call("b"), yield* call("c"), yield* call("d")]
      yield* eventually(() => server.of("tools/call").length === 2)
      yield* Fiber.interrupt(c)
      yield* Fiber.interrupt(a)
      yield* eventually(() => server.of("tools/call").length === 3)
      const names = server.of("tools/call").map(({ message }) => message.params?.["name"])
      assert.deepStrictEqual(names.toSorted(), ["a", "b", "d"])
      Deferred.doneUnsafe(gate, Exit.void)
      yield* Fiber.join(b)
      yield* Fiber.join(d)
    }).pipe(Effect.scoped)
  )

  it.live("a session id that no header can have is refused", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(
        session(
          (exchange) => exchange.status(405),
          () => "a b"
        )
      )
      const error = yield* Effect.flip(connect({ url: server.url }, sessions))
      assert.include(error.message, "id of the session")
    }).pipe(Effect.scoped)
  )

  it.live("a server without sessions gets no id and no DELETE", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(
        session(
          (exchange) => (exchange.method === "GET" ? exchange.status(405) : exchange.result(ok)),
          () => undefined
        )
      )
      yield* Effect.scoped(Effect.flatMap(connect({ url: server.url }, sessions), (client) => client.callTool("a", {})))
      assert.isUndefined(server.of("tools/call")[0]?.headers["mcp-session-id"])
      assert.strictEqual(server.by("DELETE").length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("closing takes a bounded time where the server does not answer", () =>
    Effect.gen(function* () {
      const answer = calling((exchange) => exchange.result(ok))
      const server = yield* fakeHttp((exchange) => exchange.method === "DELETE" || answer(exchange))
      yield* Effect.scoped(connect({ url: server.url, closeTimeout: "50 millis" }, sessions))
      assert.strictEqual(server.by("DELETE").length, 1)
    }).pipe(Effect.scoped, Effect.timeout("5 seconds"))
  )
})
