import { assert, describe, it } from "@effect/vitest"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type { Options } from "../src/HttpClientTransport.ts"
import { speakers } from "./support/client.ts"
import { event, eventually, type Exchange, fakeHttp } from "./support/fakeHttp.ts"

const answerTo = ({ message }: Exchange) => ({ jsonrpc: "2.0", id: message.id, result: {} })
const ask = (id: number) => Jsonrpc.request(id, "tools/call", { name: "a" })

/** A connection without a client. */
const connect = Effect.fnUntraced(function* (options: Options, layer: (typeof speakers)["undici" | "fetch"]) {
  const transport = Context.get(yield* Layer.build(layer(options)), ClientTransport)
  const received: Array<Jsonrpc.Inbound> = []
  const scope = yield* Scope.make()
  const failures: Array<readonly [reason: string, isUnheard: boolean]> = []
  const connection = yield* Scope.provide(
    transport.connect(
      (message) => void received.push(message),
      (_, { reason }, isUnheard) => void failures.push([reason._tag, isUnheard])
    ),
    scope
  )
  return { connection, failures, received, close: Scope.close(scope, Exit.void) }
})

for (const [name, layer] of Object.entries(speakers)) {
  describe(`a connection over ${name}`, () => {
    it.live("that is closed fails who waits for room, and gives up what is under way, answered or not", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) =>
          exchange.events(exchange.message.id === 1 ? event(answerTo(exchange)) : undefined)
        )
        const { close, connection, received } = yield* connect({ url: server.url, maxConcurrent: 1 }, layer)
        assert.isTrue(connection.sendUnsafe(ask(1)))
        yield* eventually(() => received.length === 1)
        assert.isTrue(connection.sendUnsafe(ask(2)))
        assert.isFalse(connection.sendUnsafe(ask(3)))
        const waiting = yield* Effect.forkChild(Effect.flip(connection.send(ask(3))), { startImmediately: true })
        yield* eventually(() => server.exchanges.length === 2)
        yield* close
        assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "ConnectionClosed")
        yield* eventually(() => server.exchanges.every(({ isClosed }) => isClosed))
        assert.isFalse(connection.sendUnsafe(ask(4)))
        assert.strictEqual((yield* Effect.flip(connection.send(ask(5)))).reason._tag, "ConnectionClosed")
      }).pipe(Effect.scoped)
    )

    it.live("hears an answer once, and what comes with it all the same", () =>
      Effect.gen(function* () {
        const note = { jsonrpc: "2.0", method: "notifications/late" }
        const server = yield* fakeHttp((exchange) =>
          exchange.events(event(answerTo(exchange)) + event(answerTo(exchange)) + event([answerTo(exchange), note]) + event(note))
        )
        const { connection, received } = yield* connect({ url: server.url }, layer)
        connection.sendUnsafe(ask(1))
        yield* eventually(() => received.length === 3)
        assert.deepStrictEqual(
          received.map(({ _tag }) => _tag),
          ["Success", "Batch", "Notification"]
        )
      }).pipe(Effect.scoped)
    )

    it.live("sends nothing of a request that is given up at once", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) => exchange.json(answerTo(exchange)))
        const { connection, received } = yield* connect({ url: server.url }, layer)
        const modern = (id: number) => {
          const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" }
          return Jsonrpc.request(id, "tools/call", { name: "a", _meta })
        }
        connection.sendUnsafe(modern(1))
        connection.sendUnsafe(Jsonrpc.notification("notifications/cancelled", { requestId: 1 }))
        connection.sendUnsafe(modern(2))
        yield* eventually(() => received.length === 1)
        assert.deepStrictEqual(
          server.exchanges.map(({ message }) => message.id),
          [2]
        )
      }).pipe(Effect.scoped)
    )

    it.live("says of a request whether it was heard", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(({ json, message, socket }) => {
          const error = { code: -32000, message: "busy" }
          if (message.id === 1) socket.destroy()
          else json({ jsonrpc: "2.0", id: null, error }, message.id === 2 ? 503 : 400)
        })
        const { connection, failures, received } = yield* connect({ url: server.url }, layer)
        for (const id of [1, 2, 3]) {
          connection.sendUnsafe(ask(id))
          yield* eventually(() => failures.length + received.length === id)
        }
        assert.deepStrictEqual(failures, [
          ["AnswerLost", false],
          ["Refused", false]
        ])
        // Below 500, an error without an id is the answer.
        assert.deepInclude(received[0], { _tag: "Failure", id: 3 })
        const nobody = yield* connect({ url: "http://127.0.0.1:1/mcp" }, layer)
        nobody.connection.sendUnsafe(ask(1))
        yield* eventually(() => nobody.failures.length === 1)
        assert.deepStrictEqual(nobody.failures, [name === "undici" ? ["ConnectFailed", true] : ["AnswerLost", false]])
      }).pipe(Effect.scoped)
    )

    it.live("has a place again for each message that was taken", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp((exchange) => exchange.status(202))
        const { connection } = yield* connect({ url: server.url }, layer)
        for (let n = 0; n < 1100; n++) yield* connection.send(Jsonrpc.notification("notifications/x"))
        assert.strictEqual(server.exchanges.length, 1100)
      }).pipe(Effect.scoped)
    )

    it.effect("is known by its URL, unless that may hold a secret", () =>
      Effect.gen(function* () {
        const endpointOf = (url: Options["url"]) =>
          Effect.map(Layer.build(layer({ url })), (context) => Context.get(context, ClientTransport).endpoint)
        assert.strictEqual(yield* endpointOf("http://user:pass@localhost/mcp#part"), "http://localhost/mcp")
        assert.isUndefined(yield* endpointOf("http://localhost/mcp?key=secret"))
        assert.isUndefined(yield* endpointOf(Redacted.make("http://localhost/mcp")))
      }).pipe(Effect.scoped)
    )

    it.live("has so many messages on their way that want no answer, and others wait", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(() => {})
        const { close, connection } = yield* connect({ url: server.url, responseTimeout: "1 minute" }, layer)
        const note = Jsonrpc.notification("notifications/x")
        let sent = 0
        while (connection.sendUnsafe(note)) sent++
        assert.strictEqual(sent, 1024)
        const waiting = yield* Effect.forkChild(Effect.flip(connection.send(note)), { startImmediately: true })
        yield* close
        assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "ConnectionClosed")
      }).pipe(Effect.scoped)
    )
  })
}
