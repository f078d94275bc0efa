import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ask, base, call, envelope, greeting, type How, serve, type Served, settle, tell } from "./support/served.ts"
import { check, table } from "./support/table.ts"
import type { Response } from "./support/wire.ts"

const on: How = { legacySse: true }
type Headers = ReadonlyArray<readonly [string, string]>

/** Opens the stream and waits for the address to post to. */
const open = Effect.fnUntraced(function* (served: Served, path = "/sse", headers: Headers = []) {
  const stream = served.send({ method: "GET", path, headers: [["Accept", "text/event-stream"], ...headers] })
  yield* stream.until(({ events, over }) => events.length > 0 || over !== undefined)
  const address = stream.events[0]?.data ?? ""
  const post = (body: unknown, more: Headers = headers) => served.send({ path: address, headers: [...base, ...more], body })
  return { stream, address, post }
})

const greet = Effect.fnUntraced(function* (served: Served, capabilities = {}) {
  const opened = yield* open(served)
  yield* opened.post(greeting("2024-11-05", capabilities)).done
  yield* opened.stream.count(1)
  yield* opened.post(tell("notifications/initialized")).done
  return opened
})

const last = (stream: Response) => stream.messages.at(-1)

describe("HTTP+SSE of 2024-11-05", () => {
  it.effect("one stream says where to post, and then everything that the server says", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const { address, post, stream } = yield* open(served)
      check(stream, {
        status: 200,
        headers: {
          "content-type": "text/event-stream",
          "cache-control": "no-cache, no-transform",
          "x-accel-buffering": "no",
          "mcp-session-id": null
        }
      })
      assert.match(address, /^\/messages\?sessionId=[A-Za-z0-9_-]{24}$/)
      assert.strictEqual(stream.text, `event: endpoint\ndata: ${address}\n\n`)
      check(yield* post(greeting("2024-11-05")).done, { status: 202, text: "", headers: { "mcp-session-id": null } })
      const [greeted] = yield* stream.count(1)
      assert.strictEqual(greeted?.["result"].protocolVersion, "2024-11-05")
      check(yield* post(tell("notifications/initialized")).done, { status: 202 })
      check(yield* post(call("a", "add", { a: 1, b: 2 })).done, { status: 202 })
      assert.deepStrictEqual((yield* stream.count(2))[1], {
        jsonrpc: "2.0",
        id: "a",
        result: { content: [{ type: "text", text: "3" }], _meta: { "effect-mcp/structuredContent": 3 } }
      })
      yield* post(call("s", "steps", { count: 2 }, { progressToken: "p" })).done
      const told = (yield* stream.count(5)).slice(2).map(({ id, params }) => params?.progress ?? id)
      assert.deepStrictEqual(told, [1, 2, "s"])
      yield* served.addTool
      assert.strictEqual((yield* stream.count(6))[5]?.["method"], "notifications/tools/list_changed")
      assert.isTrue(stream.events.slice(1).every(({ event, id }) => event === "message" && id === undefined))
      stream.cut()
    })
  )

  it.effect("the client can be asked, and its answers are posted", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const { post, stream } = yield* greet(served, { roots: {} })
      yield* post(call(1, "ask")).done
      const question = (yield* stream.count(2))[1]
      check(yield* post({ jsonrpc: "2.0", id: question?.["id"], result: { roots: [] } }).done, { status: 202 })
      assert.strictEqual((yield* stream.count(3))[2]?.["result"].content[0].text, "[]")
      yield* post(call(2, "ask")).done
      const other = (yield* stream.count(4))[3]
      check(yield* post({ jsonrpc: "2.0", id: other?.["id"], result: 7 }).done, { status: 202 })
      yield* stream.until(({ messages }) => messages.some(({ id, method }) => id === 2 && method === undefined))
      assert.match(JSON.stringify(stream.messages), /malformed response/)
      stream.cut()
    })
  )

  it.effect("the session ends with its stream, and everything in it", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const { post, stream } = yield* greet(served)
      yield* post(call(1, "hold")).done
      yield* served.holds.until("held")
      stream.cut()
      yield* served.holds.until("interrupted")
      check(yield* post(ask(2, "ping")).done, { status: 404, text: /open the stream again/ })
    })
  )

  it.effect("sessions do not hear of each other, and cancel only what is theirs", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const [ada, eve] = [yield* greet(served), yield* greet(served)]
      yield* ada.post(call(1, "hold")).done
      yield* served.holds.until("held")
      yield* eve.post(tell("notifications/cancelled", { requestId: 1 })).done
      yield* settle
      yield* served.holds.release
      yield* ada.stream.count(2)
      assert.strictEqual(last(ada.stream)?.["result"].content[0].text, "released")
      assert.strictEqual(eve.stream.messages.length, 1)
      ada.stream.cut()
      eve.stream.cut()
    })
  )

  it.effect("a session is its principal's alone", () =>
    Effect.gen(function* () {
      const served = yield* serve({
        ...on,
        authenticate: (exchange) => Effect.succeed({ subject: exchange.header("authorization"), scopes: [], claims: {} })
      })
      const { post, stream } = yield* open(served, "/sse", [["Authorization", "ada"]])
      check(yield* post(greeting("2024-11-05"), [["Authorization", "eve"]]).done, { status: 404 })
      check(yield* post(greeting("2024-11-05")).done, { status: 202 })
      yield* post(call(1, "who")).done
      assert.match((yield* stream.count(2))[1]?.["result"].content[0].text, /^ada in [A-Za-z0-9_-]{24}$/)
      stream.cut()
    })
  )

  it.effect("what was refused is told by its status, what was taken on the stream", () =>
    Effect.gen(function* () {
      const served = yield* serve({ ...on, maxBodyBytes: 1000, maxDepth: 10 })
      const { address, post, stream } = yield* greet(served)
      check(yield* post("{").done, { status: 400, error: [-32700] })
      check(yield* post({ jsonrpc: "2.0", id: 5, method: 7 }).done, { status: 400, error: [-32600, 5] })
      check(yield* post("x".repeat(2000)).done, { status: 413 })
      check(yield* post(ask(1, "ping", JSON.parse(`${'{"a":'.repeat(20)}1${"}".repeat(20)}`))).done, {
        status: 400,
        error: [-32700]
      })
      check(yield* post(call(1, "add", {}, envelope())).done, { status: 400, error: [-32600], text: /not for this endpoint/ })
      check(yield* post([call(1, "add", {}, envelope())]).done, { status: 400, error: [-32600] })
      check(yield* served.send({ path: address, headers: [["Content-Type", "text/plain"]], body: "{}" }).done, { status: 415 })
      assert.strictEqual(stream.messages.length, 1)
      check(yield* post(greeting("2024-11-05")).done, { status: 202 })
      assert.strictEqual((yield* stream.count(2))[1]?.["error"].code, -32600)
      check(yield* post([ask(1, "ping")]).done, { status: 202 })
      assert.strictEqual((yield* stream.count(3))[2]?.["error"].code, -32600)
      stream.cut()
    })
  )

  it.effect("limits are those of the endpoint", () =>
    Effect.gen(function* () {
      const served = yield* serve({ ...on, maxRequests: 1, maxStreams: 1 })
      const { post, stream } = yield* greet(served)
      check(yield* served.send({ method: "GET", path: "/sse" }).done, { status: 503, headers: { "retry-after": "1" } })
      yield* post(call(1, "hold")).done
      yield* served.holds.until("held")
      check(yield* post(ask(2, "ping")).done, { status: 503, text: /more than 1 requests/ })
      check(yield* served.modern("tools/list").done, { status: 503 })
      check(yield* post(tell("notifications/cancelled", { requestId: 1 })).done, { status: 202 })
      yield* served.holds.until("interrupted")
      check(yield* post(ask(2, "ping")).done, { status: 202 })
      stream.cut()
      yield* settle
      const { stream: other } = yield* open(served)
      check(other, { status: 200 })
      other.cut()
    })
  )

  it.effect("streams are kept alive with comments", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const { stream } = yield* greet(served)
      yield* TestClock.adjust("31 seconds")
      yield* stream.until(({ blocks }) => blocks.filter(({ comment }) => comment === "keep-alive").length === 2)
      stream.cut()
    })
  )

  it.effect("who does not read is not answered for long: requests are refused, and then the stream is cut", () =>
    Effect.gen(function* () {
      const served = yield* serve({ ...on, highWaterMark: 1000 })
      const { post, stream } = yield* greet(served)
      stream.pause()
      while ((yield* post(call(1, "large", { size: 1_000_000 })).done).status === 202) yield* settle
      check(yield* post(ask("p", "ping")).done, { status: 503, text: /not read/ })
      check(yield* post(tell("notifications/initialized")).done, { status: 202 })
      yield* TestClock.adjust("1 minute")
      check(yield* post(ask("p", "ping")).done, { status: 404 })
      stream.resume()
      yield* stream.done
      assert.strictEqual(stream.over, "cut")
    })
  )

  it.effect("a shutdown lets what runs end, and then the stream", () =>
    Effect.gen(function* () {
      const served = yield* serve(on)
      const { post, stream } = yield* greet(served)
      yield* post(call(1, "hold")).done
      yield* served.holds.until("held")
      const closing = yield* Effect.forkChild(served.close, { startImmediately: true })
      check(yield* post(ask(2, "ping")).done, { status: 503, text: /shutting down/ })
      yield* served.holds.release
      yield* stream.done
      assert.strictEqual(last(stream)?.["result"].content[0].text, "released")
      assert.strictEqual(stream.over, "ended")
      yield* Fiber.join(closing)
    })
  )

  it.effect("a shutdown does not wait for what does not end", () =>
    Effect.gen(function* () {
      const served = yield* serve({ ...on, drainTimeout: "5 seconds" })
      const { post, stream } = yield* greet(served)
      yield* post(call(1, "hold")).done
      yield* served.holds.until("held")
      yield* Effect.forkChild(served.close, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* stream.done
      yield* served.holds.until("interrupted")
    })
  )
})

describe("paths of HTTP+SSE", () => {
  const page = ["Origin", "https://app.example.com"] as const
  table([
    {
      title: "a message without a session is not found",
      how: on,
      send: { path: "/messages", body: ask(1, "ping") },
      status: 404
    },
    {
      title: "nor is one of a session that nobody knows",
      how: on,
      send: { path: "/messages?sessionId=none", body: ask(1, "ping") },
      status: 404
    },
    {
      title: "nothing is posted to the stream",
      how: on,
      send: { path: "/sse", body: ask(1, "ping") },
      status: 405,
      headers: { allow: "GET" }
    },
    {
      title: "nothing is read from where messages go",
      how: on,
      send: { method: "GET", path: "/messages" },
      status: 405,
      headers: { allow: "POST" }
    },
    { title: "nothing is deleted", how: on, send: { method: "DELETE", path: "/messages?sessionId=none" }, status: 405 },
    {
      title: "who takes no stream gets none",
      how: on,
      send: { method: "GET", path: "/sse", headers: [["Accept", "application/json"]] },
      status: 406
    },
    {
      title: "the host is looked at",
      how: on,
      send: { method: "GET", path: "/sse", headers: [["Host", "evil.example.com"]] },
      status: 403
    },
    { title: "so is the origin", how: on, send: { path: "/messages", headers: [page], body: ask(1, "ping") }, status: 403 },
    {
      title: "pages of allowed origins may ask",
      how: { ...on, cors: true, allowedOrigins: [page[1]] },
      send: { method: "OPTIONS", path: "/messages", headers: [page] },
      status: 204,
      headers: { "access-control-allow-origin": page[1] }
    },
    { title: "the endpoint is where it was", how: on, send: { body: greeting("2025-11-25") }, status: 200 },
    {
      title: "paths may be others",
      how: { legacySse: { path: "/old", messages: "/old/say" } },
      send: { path: "/old/say", body: ask(1, "ping") },
      status: 404,
      text: /stream/
    },
    {
      title: "then there is nothing under those",
      how: { legacySse: { path: "/old" } },
      send: { method: "GET", path: "/sse" },
      status: 404,
      text: "Not found\n"
    }
  ])

  it.effect("one path may be both", () =>
    Effect.gen(function* () {
      const served = yield* serve({ legacySse: { path: "/old", messages: "/old" } })
      const { address, post, stream } = yield* open(served, "/old")
      assert.match(address, /^\/old\?sessionId=/)
      check(yield* post(greeting("2024-11-05")).done, { status: 202 })
      stream.cut()
    })
  )

  it.effect("the path of the endpoint is not theirs", () =>
    Effect.gen(function* () {
      for (const legacySse of [{ path: "/mcp" }, { messages: "/mcp" }]) {
        const exit = yield* Effect.exit(serve({ legacySse }))
        assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", /legacySse needs paths of its own/)
      }
    })
  )
})
