import { assert, describe, it } from "@effect/vitest"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
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
  const connection = yield* Scope.provide(
    transport.connect((message) => void received.push(message)),
    scope
  )
  return { connection, received, close: Scope.close(scope, Exit.void) }
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
