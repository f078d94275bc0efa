import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, sessions, speakers } from "./support/client.ts"
import { event, eventually, type Exchange, fakeHttp, session } from "./support/fakeHttp.ts"

const ok = { content: [{ type: "text", text: "ok" }] }

/** A server of 2024-11-05: a stream at the endpoint, which tells where messages go. */
const legacy = (address: string, refusal = 404) => {
  let stream: Exchange | undefined
  return (exchange: Exchange): void => {
    const { message, method, path } = exchange
    if (path === "/mcp") {
      if (method !== "GET") return exchange.status(refusal)
      stream = exchange
      return exchange.events(`event: endpoint\ndata: ${address}\n\n`)
    }
    exchange.status(202)
    if (message.id === undefined) return
    if (message.params?.["name"] === "cut") return void stream?.socket.destroy()
    const initialized = { protocolVersion: "2024-11-05", capabilities: {}, serverInfo: { name: "old", version: "1" } }
    const answer =
      message.method === "server/discover"
        ? { error: { code: -32601, message: "Method not found" } }
        : { result: message.method === "initialize" ? initialized : ok }
    stream?.response.write(event({ jsonrpc: "2.0", id: message.id, ...answer }))
  }
}

describe("what a server speaks", () => {
  for (const [name, layer] of Object.entries(speakers)) {
    it.live(`is HTTP+SSE where initialize is refused, over ${name}`, () =>
      Effect.gen(function* () {
        for (const refusal of [400, 404, 405]) {
          const server = yield* fakeHttp(legacy("/messages?id=1", refusal))
          const client = yield* connect({ url: server.url, headers: { "x-mine": "1" } }, {}, layer)
          assert.strictEqual(client.revision.version, "2024-11-05")
          yield* client.callTool("a", {})
          const [call] = server.of("tools/call")
          assert.strictEqual(call?.path, "/messages?id=1")
          assert.strictEqual(call?.headers["x-mine"], "1")
          assert.strictEqual(server.by("GET").length, 1)
        }
      }).pipe(Effect.scoped)
    )
  }

  it.live("is HTTP+SSE at once where that is said, and never where it is excluded", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(legacy("messages"))
      yield* Effect.scoped(connect({ url: server.url, mode: "sse" }, sessions))
      assert.strictEqual(server.exchanges[0]?.method, "GET")
      server.exchanges.length = 0
      const error = yield* Effect.flip(connect({ url: server.url, mode: "streamable" }, sessions))
      assert.include(error.message, "404")
      assert.strictEqual(server.by("GET").length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("is not HTTP+SSE where `initialize` has an answer of its own", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp((exchange) => {
        const error = { code: -32602, message: "Unsupported protocol version" }
        exchange.json({ jsonrpc: "2.0", id: exchange.message.id, error }, 400)
      })
      assert.include((yield* Effect.flip(connect({ url: server.url }, sessions))).message, "Unsupported protocol version")
      assert.strictEqual(server.by("GET").length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("is asked once for HTTP+SSE, also where that refuses `initialize`, too", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp((exchange) =>
        exchange.method === "GET" ? exchange.events("event: endpoint\ndata: /messages\n\n") : exchange.status(400)
      )
      const error = yield* Effect.flip(connect({ url: server.url }, sessions))
      assert.include(error.message, "400")
      assert.strictEqual(server.by("GET").length, 1)
      assert.deepStrictEqual(
        server.of("initialize").map(({ path }) => path),
        ["/mcp", "/messages"]
      )
    }).pipe(Effect.scoped, Effect.timeout("5 seconds"))
  )

  it.live("an address for messages of another origin is refused", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(legacy("http://evil.example/messages"))
      const error = yield* Effect.flip(connect({ url: server.url, mode: "sse" }, sessions))
      assert.include(error.message, "of another origin")
      const fallen = yield* Effect.flip(connect({ url: server.url }, sessions))
      assert.include(fallen.message, "404")
      assert.isTrue(server.exchanges.every(({ path }) => path === "/mcp"))
    }).pipe(Effect.scoped)
  )

  it.live("a stream of HTTP+SSE that breaks ends the connection, and there is another one", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(legacy("/messages"))
      const client = yield* connect({ url: server.url, mode: "sse" }, sessions)
      const error = yield* Effect.flip(client.callTool("cut", {}))
      assert.strictEqual(error.reason._tag, "TransportFailed")
      yield* eventually(() => server.by("GET").length === 2)
      yield* client.callTool("a", {})
    }).pipe(Effect.scoped)
  )

  it.live("is not concluded from refusals of who asks, from failures of the server, or from the network", () =>
    Effect.gen(function* () {
      for (const status of [401, 403, 429, 500, 502, 503]) {
        const server = yield* fakeHttp((exchange) =>
          exchange.json({ jsonrpc: "2.0", id: exchange.message.id, error: { code: -32603, message: "not you" } }, status)
        )
        const error = yield* Effect.flip(connect({ url: server.url }))
        assert.strictEqual(error.reason._tag === "TransportFailed" && error.reason.error.reason._tag, "Refused")
        assert.include(error.message, "not you")
        assert.deepStrictEqual(
          server.exchanges.map(({ message }) => message.method),
          ["server/discover"]
        )
        assert.strictEqual(error.isRetryable, status >= 429)
      }
      const cut = yield* fakeHttp((exchange) => exchange.socket.destroy())
      const lost = yield* Effect.flip(connect({ url: cut.url }))
      assert.strictEqual(lost.reason._tag === "TransportFailed" && lost.reason.error.reason._tag, "AnswerLost")
      assert.strictEqual(cut.exchanges.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is the session era where the first question is not understood, however that is said", () =>
    Effect.gen(function* () {
      const refusals: ReadonlyArray<(exchange: Exchange) => void> = [
        (exchange) => exchange.status(400),
        (exchange) => exchange.status(405),
        (exchange) => exchange.json({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "not initialized" } }, 400),
        (exchange) => exchange.json({ jsonrpc: "2.0", id: exchange.message.id, error: { code: -32601, message: "?" } }),
        (exchange) => exchange.json({ error: "?" }, 200),
        (exchange) => void exchange.response.writeHead(404, { "content-type": "text/html" }).end("<h1>no</h1>")
      ]
      for (const refuse of refusals) {
        const then = session((exchange) => exchange.status(405))
        const server = yield* fakeHttp((exchange) =>
          exchange.message.method === "server/discover" ? refuse(exchange) : then(exchange)
        )
        const client = yield* connect({ url: server.url })
        assert.strictEqual(client.revision.version, "2025-11-25")
      }
    }).pipe(Effect.scoped)
  )

  it.live("a server that is not there is said to be so", () =>
    Effect.gen(function* () {
      const url = yield* Effect.scoped(
        Effect.map(
          fakeHttp(() => {}),
          ({ url }) => url
        )
      )
      const error = yield* Effect.flip(connect({ url }))
      assert.strictEqual(error.reason._tag === "TransportFailed" && error.reason.error.reason._tag, "ConnectFailed")
      assert.include(error.message, "ECONNREFUSED")
    }).pipe(Effect.scoped)
  )
})
