import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ClientTransport } from "../src/ClientTransport.ts"
import { Dispatcher, type Emit, type Outcome, type PeerOptions, withoutSessions } from "../src/Dispatcher.ts"
import * as Jsonrpc from "../src/Jsonrpc.ts"
import * as MemoryTransport from "../src/MemoryTransport.ts"

interface Opened {
  readonly options: PeerOptions
  readonly handled: Array<readonly [message: Jsonrpc.Inbound, emit: Emit]>
  isOpen: boolean
}

/** A dispatcher that keeps what it is given and answers as the test says. */
const scripted = (handle: (message: Jsonrpc.Inbound, emit: Emit) => Effect.Effect<Outcome>) => {
  const peers: Array<Opened> = []
  const open: Dispatcher["Service"]["open"] = (options) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const opened: Opened = { options, handled: [], isOpen: true }
        peers.push(opened)
        return { id: peers.length, inFlight: 0, agreement: undefined }
      }),
      ({ id }) => Effect.sync(() => void (peers[id - 1]!.isOpen = false))
    )
  const layer = Layer.succeed(
    Dispatcher,
    Dispatcher.of({
      open,
      ...withoutSessions(open),
      handle: (peer, message, emit) => {
        peers[peer.id - 1]!.handled.push([message, emit])
        return handle(message, emit)
      },
      drain: () => Effect.void,
      abandon: () => ({ _tag: "NoReply" })
    })
  )
  return { peers, layer }
}

const accepted: Effect.Effect<Outcome> = Effect.succeed({ _tag: "Accepted" })

const echo = (message: Jsonrpc.Inbound): Effect.Effect<Outcome> =>
  message._tag === "Request"
    ? Effect.succeed({ _tag: "Reply", message: Jsonrpc.reply(message.id, JSON.stringify({ method: message.method })) })
    : accepted

/** Connects, for as long as the scope is open. */
const connect = Effect.fnUntraced(function* (server: ReturnType<typeof scripted>, options?: MemoryTransport.Options) {
  const received: Array<Jsonrpc.Inbound> = []
  const context = yield* Layer.build(Layer.fresh(MemoryTransport.layer(options)).pipe(Layer.provide(server.layer)))
  const transport = ClientTransport.pipe(Effect.provideContext(context), Effect.runSync)
  const connection = yield* transport.connect((message) => void received.push(message))
  return { connection, received, transport }
})

describe("the memory transport", () => {
  it.effect("delivers in order, and answers before `send` is done where nothing has to wait", () =>
    Effect.gen(function* () {
      const server = scripted(echo)
      const { connection, received } = yield* connect(server)
      yield* connection.send(Jsonrpc.request(1, "a"))
      assert.isTrue(connection.sendUnsafe(Jsonrpc.request("2", "b")))
      yield* connection.send(Jsonrpc.notification("c"))
      assert.deepStrictEqual(received, [
        { _tag: "Success", id: 1, result: { method: "a" } },
        { _tag: "Success", id: "2", result: { method: "b" } }
      ])
      assert.deepStrictEqual(
        server.peers[0]?.handled.map(([message]) => message._tag),
        ["Request", "Request", "Notification"]
      )
    })
  )

  it.effect("messages go through the real encoding, as text", () =>
    Effect.gen(function* () {
      const server = scripted((_, emit) =>
        Effect.as(emit.send(Jsonrpc.notification("n", { date: new Date(0), gone: undefined })), { _tag: "Accepted" })
      )
      const { connection, received } = yield* connect(server)
      const params = { date: new Date(0), gone: undefined, bytes: new Uint8Array([1]) }
      yield* connection.send(Jsonrpc.request(1, "a", params))
      const [message] = server.peers[0]?.handled[0] ?? []
      const date = "1970-01-01T00:00:00.000Z"
      assert.deepStrictEqual(message, { _tag: "Request", id: 1, method: "a", params: { date, bytes: { "0": 1 } } })
      assert.deepStrictEqual(received, [{ _tag: "Notification", method: "n", params: { date } }])
    })
  )

  it.effect("every outcome is what the client gets: an answer, a rejection, or nothing", () =>
    Effect.gen(function* () {
      const failure = Jsonrpc.failure(undefined, { code: -32600, message: "no" })
      const outcomes: ReadonlyArray<Outcome> = [
        { _tag: "Accepted" },
        { _tag: "NoReply" },
        { _tag: "Rejected", message: failure },
        { _tag: "Reply", message: [Jsonrpc.reply(1, "{}"), failure] }
      ]
      let next = 0
      const { connection, received } = yield* connect(scripted(() => Effect.sync(() => outcomes[next++]!)))
      for (const [id] of outcomes.entries()) yield* connection.send(Jsonrpc.request(id, "a"))
      yield* Effect.yieldNow
      assert.deepStrictEqual(received, [failure, { _tag: "Batch", items: [{ _tag: "Success", id: 1, result: {} }, failure] }])
    })
  )

  it.effect("what takes time does not hold up what comes after it", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const server = scripted((message) =>
        message._tag === "Request" && message.method === "slow"
          ? Effect.andThen(Deferred.await(gate), echo(message))
          : echo(message)
      )
      const { connection, received } = yield* connect(server)
      yield* connection.send(Jsonrpc.request(1, "slow"))
      yield* connection.send(Jsonrpc.request(2, "fast"))
      assert.strictEqual(received.length, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.yieldNow
      assert.deepStrictEqual(
        received.map((message) => (message._tag === "Success" ? message.id : message)),
        [2, 1]
      )
    })
  )

  it.effect("each connection is a peer of its own, with the principal and the way back that it was given", () =>
    Effect.gen(function* () {
      const server = scripted(echo)
      const principal = { subject: "ada", scopes: [], claims: {} }
      const { transport } = yield* connect(server, { principal, canAsk: false })
      yield* transport.connect(() => {})
      assert.strictEqual(transport.kind, "memory")
      assert.deepStrictEqual(
        server.peers.map(({ options }) => [options.transport, options.principal, options.push.canAsk]),
        [
          ["memory", principal, false],
          ["memory", principal, false]
        ]
      )
      const anonymous = scripted(echo)
      yield* connect(anonymous)
      assert.notProperty(anonymous.peers[0]?.options, "principal")
      assert.isTrue(anonymous.peers[0]?.options.push.canAsk)
    })
  )

  it.effect("closing the scope closes the peer; nothing is sent or received any more, and it is told why", () =>
    Effect.gen(function* () {
      const server = scripted(echo)
      const scope = yield* Scope.make()
      const { connection, received } = yield* Scope.provide(connect(server), scope)
      const closed = yield* Effect.forkChild(connection.closed, { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(server.peers[0]?.isOpen)
      assert.strictEqual((yield* Fiber.join(closed)).message, "connection closed: the connection was closed")
      const error = yield* Effect.flip(connection.send(Jsonrpc.request(1, "a")))
      assert.strictEqual(error.reason._tag, "ConnectionClosed")
      assert.isFalse(connection.sendUnsafe(Jsonrpc.request(1, "a")))
      assert.isFalse(server.peers[0]?.options.push.sendUnsafe(Jsonrpc.notification("late")))
      assert.deepStrictEqual(received, [])
      assert.deepStrictEqual(server.peers[0]?.handled, [])
    })
  )

  it.effect("an answer that comes after the end is dropped", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const server = scripted((message) => Effect.andThen(Deferred.await(gate), echo(message)))
      const scope = yield* Scope.make()
      const { connection, received } = yield* Scope.provide(connect(server), scope)
      yield* connection.send(Jsonrpc.request(1, "a"))
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.yieldNow
      assert.deepStrictEqual(received, [])
    })
  )
})
