import { assert, describe, it } from "@effect/vitest"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import { ClientTransportError, ConnectFailed } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { HttpCredentials } from "../src/HttpCredentials.ts"
import { connect, requests, sessions, speakers } from "./support/client.ts"
import { event, eventually, type Exchange, fakeHttp, modern, session } from "./support/fakeHttp.ts"

const ok = { content: [{ type: "text", text: "ok" }] } as const
const twice = Schedule.upTo(Schedule.spaced("1 millis"), { times: 2 })

const answerTo = ({ message }: Exchange) => ({ jsonrpc: "2.0", id: message.id, result: ok })

/** A server of the session era that answers calls, and what is asked with GET by `stream`. */
const calling = (call: (exchange: Exchange) => void, stream: (exchange: Exchange) => void = (exchange) => exchange.status(405)) =>
  session((exchange) => {
    if (exchange.method === "GET") return stream(exchange)
    if (exchange.message.method === "tools/call") return call(exchange)
    exchange.status(202)
  })

/** A server that closes the stream of a call before the answer, and goes on with it by `rest`; `first` is what it says before. */
const cutting = (rest: (exchange: Exchange, asked: Exchange) => void, first = "id: e0\ndata:\n\n") => {
  let asked: Exchange | undefined
  return calling(
    (exchange) => {
      asked = exchange
      exchange.events(first)
      exchange.response.end()
    },
    (exchange) => (asked === undefined ? exchange.status(405) : rest(exchange, asked))
  )
}

const callingBy = (version: string, then: (exchange: Exchange) => void) => session(then, undefined, version)

const unreached = new ClientTransportError({ reason: new ConnectFailed({ detail: "no token yet" }) })

for (const [name, layer] of Object.entries(speakers)) {
  describe(`over ${name}, a server`, () => {
    it.live("that answers 404 to GET has no stream, and its session goes on", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          calling(
            (exchange) => exchange.result(ok),
            (exchange) => exchange.status(404)
          )
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        yield* eventually(() => server.by("GET").length === 1)
        for (const tool of ["a", "b", "c"]) yield* client.callTool(tool, {})
        assert.strictEqual(server.of("initialize").length, 1)
      }).pipe(Effect.scoped)
    )

    it.live("that closes a stream and gives an id each time is asked for the answer until it is there", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          cutting((exchange, asked) => {
            const next = Number(String(exchange.headers["last-event-id"]).slice(1)) + 1
            exchange.events(next === 8 ? event(answerTo(asked), "e8") : `id: e${next}\ndata:\n\n`)
            exchange.response.end()
          })
        )
        const client = yield* connect({ url: server.url, resume: twice }, sessions, layer)
        yield* client.callTool("a", {})
        assert.strictEqual(server.of("tools/call").length, 1)
      }).pipe(Effect.scoped)
    )

    it.live("that resumes with an answer over the limit fails the call with that", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          cutting((exchange, asked) => exchange.events(event({ ...answerTo(asked), pad: "x".repeat(20_000) }, "e1")))
        )
        const client = yield* connect({ url: server.url, resume: twice, maxMessageBytes: 10_000 }, sessions, layer)
        const error = yield* Effect.flip(client.callTool("a", {}))
        assert.strictEqual(error.reason._tag === "TransportFailed" && error.reason.error.reason._tag, "MessageTooLong")
      }).pipe(Effect.scoped)
    )

    it.live("that never ends what nobody waits for any more does not collect streams that are resumed", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(cutting((exchange) => exchange.events(), "id: e0\nretry: 10\ndata:\n\n"))
        const client = yield* connect({ url: server.url }, sessions, layer)
        const resumed = () => server.by("GET").filter(({ headers }) => headers["last-event-id"] !== undefined)
        for (let count = 1; count <= 17; count++) {
          const running = yield* Effect.forkChild(client.callTool("slow", {}), { startImmediately: true })
          yield* eventually(() => resumed().length === count)
          yield* Fiber.interrupt(running)
          yield* eventually(() => server.of("notifications/cancelled").length === count)
        }
        yield* eventually(() => resumed()[0]?.isClosed === true)
        assert.isFalse(resumed()[1]?.isClosed)
      }).pipe(Effect.scoped)
    )

    it.live("that accepts messages and never ends the response holds few of them open", () =>
      Effect.gen(function* () {
        const open = new Set<Exchange>()
        const server = yield* fakeHttp((exchange) => {
          if (exchange.message.method !== "notifications/roots/list_changed") return calling(() => {})(exchange)
          open.add(exchange)
          exchange.response.on("close", () => open.delete(exchange))
          exchange.response.writeHead(202).write(" ")
        })
        const client = yield* connect({ url: server.url }, sessions, layer)
        for (let count = 0; count < 40; count++) yield* client.notify("notifications/roots/list_changed")
        yield* eventually(() => server.of("notifications/roots/list_changed").length === 40 && open.size <= 16)
      }).pipe(Effect.scoped)
    )

    it.live("that pours out what nobody reads is cut off", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) => {
          if (exchange.message.method !== "notifications/roots/list_changed") return calling(() => {})(exchange)
          exchange.response.writeHead(202)
          const pour = () => exchange.isClosed || (exchange.response.write("x".repeat(10_000)), setTimeout(pour, 1))
          pour()
        })
        const client = yield* connect({ url: server.url }, sessions, layer)
        yield* client.notify("notifications/roots/list_changed")
        yield* eventually(() => server.of("notifications/roots/list_changed")[0]?.isClosed === true)
      }).pipe(Effect.scoped)
    )

    it.live("that has forgotten the session over a notification gets a new one", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) =>
          exchange.message.method === "notifications/roots/list_changed"
            ? exchange.status(404)
            : calling((call) => call.result(ok))(exchange)
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        yield* Effect.flip(client.notify("notifications/roots/list_changed"))
        yield* client.callTool("a", {})
        assert.strictEqual(server.of("initialize").length, 2)
      }).pipe(Effect.scoped)
    )

    it.live("that is full for a moment is asked again for the rest of an answer", () =>
      Effect.gen(function* () {
        let refusals = 1
        const rest = (exchange: Exchange, asked: Exchange) =>
          refusals-- > 0 ? exchange.status(503) : exchange.events(event(answerTo(asked)))
        const server = yield* fakeHttp(cutting(rest))
        const client = yield* connect({ url: server.url, resume: twice }, sessions, layer)
        yield* client.callTool("a", {})
        assert.strictEqual(refusals, -1)
        // The server does not end it.
        yield* eventually(() => server.by("GET").at(-1)?.isClosed === true)
      }).pipe(Effect.scoped)
    )

    it.live("that answers on the stream of the session does not collect streams that are resumed", () =>
      Effect.gen(function* () {
        let own: Exchange | undefined
        const resumed: Array<Exchange> = []
        const server = yield* fakeHttp(
          calling(
            (exchange) => {
              exchange.events(`id: ${exchange.message.id}\nretry: 10\ndata:\n\n`)
              exchange.response.end()
            },
            (exchange) => {
              const id = exchange.headers["last-event-id"]
              exchange.events()
              if (id === undefined) return void (own = exchange)
              resumed.push(exchange)
              own?.response.write(event({ jsonrpc: "2.0", id: Number(id), result: ok }))
            }
          )
        )
        const client = yield* connect({ url: server.url }, sessions, layer)
        for (let count = 0; count < 17; count++) yield* client.callTool("a", {})
        yield* eventually(() => resumed[0]?.isClosed === true)
        assert.isFalse(resumed[1]?.isClosed)
      }).pipe(Effect.scoped)
    )

    it.live("that never ends the response to DELETE is left all the same", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) => {
          if (exchange.method !== "DELETE") return calling((call) => call.result(ok))(exchange)
          exchange.response.writeHead(200).write(" ")
        })
        const scope = yield* Scope.make()
        const client = yield* Scope.provide(connect({ url: server.url, closeTimeout: "30 millis" }, sessions, layer), scope)
        yield* client.reconnect
        yield* eventually(() => server.by("DELETE")[0]?.isClosed === true)
        yield* Scope.close(scope, Exit.void)
      }).pipe(Effect.scoped)
    )

    it.live("that does not answer `notifications/initialized` fails the connect in time", () =>
      Effect.gen(function* () {
        const answer = calling(() => {})
        const server = yield* fakeHttp((exchange) => {
          if (exchange.message.method !== "notifications/initialized") answer(exchange)
        })
        const error = yield* Effect.flip(connect({ url: server.url }, { ...sessions, negotiationTimeout: "100 millis" }, layer))
        assert.include(error.message, "notifications/initialized")
      }).pipe(Effect.scoped, Effect.timeout("4 seconds"))
    )

    it.live("whose ids are not ASCII gets them back as they were", () =>
      Effect.gen(function* () {
        const rest = (exchange: Exchange, asked: Exchange) => {
          exchange.events(event(answerTo(asked)))
          exchange.response.end()
        }
        const server = yield* fakeHttp(cutting(rest, "id: plätze-日本\ndata:\n\nid: \u0007\ndata:\n\n"))
        const client = yield* connect({ url: server.url, resume: twice }, sessions, layer)
        yield* client.callTool("a", {})
        const last = server.by("GET").at(-1)?.headers["last-event-id"]
        assert.strictEqual(Buffer.from(String(last), "latin1").toString("utf8"), "plätze-日本")
      }).pipe(Effect.scoped)
    )

    it.live("that answers several requests in one batch frees the places of them all", () =>
      Effect.gen(function* () {
        const asked: Array<Exchange> = []
        const server = yield* fakeHttp(
          callingBy("2025-03-26", (exchange) => {
            if (exchange.message.method !== "tools/call") return exchange.status(exchange.method === "GET" ? 405 : 202)
            if (asked.push(exchange) === 2) exchange.json(asked.map(answerTo))
            // Each of these waits for the other.
            else if (asked.length === 4) for (const one of asked.slice(2)) one.result(ok)
          })
        )
        const client = yield* connect({ url: server.url, maxConcurrent: 2 }, { versions: ["2025-03-26"] }, layer)
        yield* Effect.all([client.callTool("a", {}), client.callTool("b", {})], { concurrency: 2 })
        yield* Effect.all([client.callTool("c", {}), client.callTool("d", {})], { concurrency: 2 })
        assert.strictEqual(asked.length, 4)
      }).pipe(Effect.scoped)
    )
  })

  describe(`over ${name}, credentials`, () => {
    it.live("take the place of headers that the program has set", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(modern((exchange) => exchange.result({ resultType: "complete", ...ok })))
        const credentials = Layer.succeed(HttpCredentials, {
          headers: () => Effect.succeed({ Authorization: "Bearer new" }),
          refused: () => Effect.succeed(false)
        })
        const url = server.url.replace("http://", "http://user:pass@")
        const withHeaders = { url, headers: { "x-scheme": "authorization" } }
        const client = yield* connect(withHeaders, requests, (options) => Layer.provide(layer(options), credentials))
        yield* client.callTool("a", {})
        assert.strictEqual(server.of("tools/call")[0]?.headers["authorization"], "Bearer new")
        const plain = yield* connect(withHeaders, requests, layer)
        yield* plain.callTool("b", {})
        assert.strictEqual(server.of("tools/call")[1]?.headers["authorization"], `Basic ${btoa("user:pass")}`)
      }).pipe(Effect.scoped)
    )

    it.live("that cannot be had for a moment delay what waits for room, and a stream that is resumed", () =>
      Effect.gen(function* () {
        let missing = 0
        const credentials = Layer.succeed(HttpCredentials, {
          headers: () => (missing-- > 0 ? Effect.fail(unreached) : Effect.succeed({ authorization: "x" })),
          refused: () => Effect.succeed(false)
        })
        const held: Array<Exchange> = []
        const server = yield* fakeHttp(
          calling(
            (exchange) => {
              if (exchange.message.params?.["name"] === "first") return void held.push(exchange)
              if (exchange.message.params?.["name"] !== "resumed") return exchange.result(ok)
              held[0] = exchange
              exchange.events("id: e0\nretry: 10\ndata:\n\n")
              missing = 1
              exchange.response.end()
            },
            (exchange) => (held[0] === undefined ? exchange.status(405) : exchange.events(event(answerTo(held[0]))))
          )
        )
        const client = yield* connect({ url: server.url, maxConcurrent: 1 }, { ...sessions, timeout: "3 seconds" }, (options) =>
          Layer.provide(layer(options), credentials)
        )
        const first = yield* Effect.forkChild(client.callTool("first", {}), { startImmediately: true })
        yield* eventually(() => held.length === 1)
        const second = yield* Effect.forkChild(client.callTool("second", {}), { startImmediately: true })
        missing = 1
        held[0]?.result(ok)
        yield* Fiber.join(first)
        yield* Fiber.join(second)
        yield* client.callTool("resumed", {})
        assert.strictEqual(server.of("tools/call").length, 3)
      }).pipe(Effect.scoped)
    )
  })
}

describe("over undici, a server of HTTP+SSE", () => {
  it.live("that never ends its responses to messages, or cuts them, is understood, and holds few of them open", () =>
    Effect.gen(function* () {
      let stream: Exchange | undefined
      let cuts = false
      const open = new Set<Exchange>()
      const server = yield* fakeHttp((exchange) => {
        if (exchange.method === "GET") return (stream = exchange).events("event: endpoint\ndata: /messages\n\n")
        open.add(exchange)
        exchange.response.on("close", () => open.delete(exchange))
        exchange.response.writeHead(202).write(" ")
        const { id, method } = exchange.message
        const serverInfo = { name: "old", version: "1" }
        const result = method === "initialize" ? { protocolVersion: "2024-11-05", capabilities: {}, serverInfo } : ok
        const answer = () => stream?.response.write(event({ jsonrpc: "2.0", id, result }))
        if (cuts) setTimeout(() => (exchange.socket.destroy(), setTimeout(answer, 50)), 20)
        else if (id !== undefined) answer()
      })
      const client = yield* connect({ url: server.url, mode: "sse" }, sessions)
      for (let count = 0; count < 40; count++) yield* client.callTool("a", {})
      yield* eventually(() => open.size <= 32)
      // The answer comes on the stream.
      cuts = true
      yield* client.callTool("b", {})
    }).pipe(Effect.scoped)
  )
})

describe("questions on a stream that is resumed", () => {
  it.live("are answered while the answer is awaited", () =>
    Effect.gen(function* () {
      const ask = { method: "elicitation/create", params: { message: "?", requestedSchema: { type: "object", properties: {} } } }
      let asked: Exchange | undefined
      let rest: Exchange | undefined
      const server = yield* fakeHttp(
        session((exchange) => {
          if (exchange.message.method === "tools/call") {
            asked = exchange
            exchange.events("id: e0\nretry: 10\ndata:\n\n")
            return void exchange.response.end()
          }
          if (exchange.method === "GET") {
            if (asked === undefined) return exchange.status(405)
            rest = exchange
            return exchange.events(event({ jsonrpc: "2.0", id: "q", ...ask }, "e1"))
          }
          exchange.status(202)
          if (exchange.message.result !== undefined && asked !== undefined) rest?.response.write(event(answerTo(asked)))
        })
      )
      const handler = ElicitationHandler.layer({ form: () => Effect.succeed({ action: "decline" }) })
      const client = yield* Effect.provide(connect({ url: server.url }, sessions), handler)
      yield* client.callTool("a", {})
    }).pipe(Effect.scoped)
  )
})
