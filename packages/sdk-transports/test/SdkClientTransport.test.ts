import { assert, describe, it } from "@effect/vitest"
import { ClientTransport, type ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as SdkClientTransport from "../src/SdkClientTransport.ts"
import { FakeTransport, request } from "./support/FakeTransport.ts"
import { turn } from "./support/turn.ts"

/** Connects over a fake, which `set` may change before. */
const connect = Effect.fnUntraced(function* (set?: (fake: FakeTransport) => void, options?: SdkClientTransport.Options) {
  const fake = new FakeTransport()
  set?.(fake)
  const received: Array<Jsonrpc.Inbound> = []
  const transport = yield* Effect.provide(
    ClientTransport,
    SdkClientTransport.layer(() => fake, options)
  )
  const connection = yield* transport.connect((message) => void received.push(message))
  yield* turn
  return { fake, received, connection }
})

const failing = (effect: Effect.Effect<unknown, ClientTransportError, Scope.Scope>) =>
  Effect.map(Effect.flip(Effect.scoped(effect)), ({ reason }) => reason)

const initialize = Jsonrpc.request(1, "initialize", { protocolVersion: "2025-11-25" })
const version = "2026-07-28"
const modern = (id: number, method: string) =>
  Jsonrpc.request(id, method, { _meta: { "io.modelcontextprotocol/protocolVersion": version } })
const answer = (id: number, result: object) => ({ jsonrpc: "2.0", id, result })
const cancel = (id: number) => Jsonrpc.notification("notifications/cancelled", { requestId: id })

describe("messages", () => {
  it.effect("go both ways as JSON: members that are undefined are gone", () =>
    Effect.gen(function* () {
      const { connection, fake, received } = yield* connect()
      yield* connection.send(Jsonrpc.request(1, "ping", { a: undefined, b: 1 }))
      yield* connection.send(Jsonrpc.reply(2, '{"ok":true}'))
      assert.deepStrictEqual(fake.messages, [request(1, "ping", { b: 1 }), answer(2, { ok: true })])
      fake.arrive({ ...answer(1, { a: undefined, b: 2 }), extra: undefined })
      assert.deepStrictEqual(JSON.stringify(received), '[{"_tag":"Success","id":1,"result":{"b":2}}]')
    })
  )

  it.effect("that are no messages say what they answer", () =>
    Effect.gen(function* () {
      const { fake, received } = yield* connect()
      const cycle: { self?: unknown } = {}
      cycle.self = cycle
      for (const message of [undefined, 1, { jsonrpc: "1.0" }, request(3, "a", cycle), answer(4, cycle)]) fake.arrive(message)
      const invalid = received.map((message) => (message._tag === "Invalid" ? [message.id, message.answers] : message))
      assert.deepStrictEqual(invalid, [
        [undefined, undefined],
        [undefined, undefined],
        [undefined, undefined],
        [3, undefined],
        [undefined, 4]
      ])
    })
  )

  it.effect("of a batch leave one by one", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect()
      yield* connection.send([Jsonrpc.reply(1, "{}"), Jsonrpc.reply(2, "{}")])
      assert.deepStrictEqual(fake.messages, [answer(1, {}), answer(2, {})])
    })
  )

  it.effect("of a batch are sent when the last one is, and fail with any of them", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect((fake) => void (fake.isSlow = true))
      const sent = yield* Effect.forkChild(Effect.flip(connection.send([Jsonrpc.reply(1, "{}"), Jsonrpc.reply(2, "{}")])))
      yield* turn
      fake.sent[0]!.settle()
      yield* turn
      assert.isUndefined(sent.pollUnsafe())
      fake.sent[1]!.settle(new Error("gone"))
      assert.include((yield* Fiber.join(sent)).message, "gone")
    })
  )

  it.effect("that arrive while it starts are delivered afterwards, in order", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => {
        fake.arrive(request(1, "a"))
        fake.arrive(request(2, "b"))
      }
      const received: Array<Jsonrpc.Inbound> = []
      const transport = yield* Effect.provide(
        ClientTransport,
        SdkClientTransport.layer(() => fake)
      )
      yield* transport.connect((message) => void received.push(message))
      assert.deepStrictEqual(received, [])
      yield* turn
      fake.arrive(request(3, "c"))
      assert.deepStrictEqual(
        received.map((message) => message._tag === "Request" && message.id),
        [1, 2, 3]
      )
    })
  )

  it.effect("are bounded while it starts", () =>
    Effect.gen(function* () {
      const reason = yield* failing(
        connect((fake) => {
          fake.starting = async () => {
            for (let i = 0; i <= 1024; i++) fake.arrive(request(i, "a"))
            await new Promise(() => {})
          }
        })
      )
      assert.strictEqual(reason._tag, "ConnectionClosed")
      assert.include(reason.message, "more than 1024 messages")
    })
  )
})

describe("connecting", () => {
  it.effect("fails when no transport is made, with what was thrown", () =>
    Effect.gen(function* () {
      const boom = new Error("boom")
      const layer = SdkClientTransport.layer(() => {
        throw boom
      })
      const transport = yield* Effect.provide(ClientTransport, layer)
      const reason = yield* failing(transport.connect(() => {}))
      assert.strictEqual(reason.message, "could not connect: no transport was made: boom")
      assert.strictEqual(reason._tag === "ConnectFailed" && reason.cause, boom)
    })
  )

  it.effect("fails when it does not start, and closes it at once", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => Promise.reject(new Error("no port"))
      const transport = yield* Effect.provide(
        ClientTransport,
        SdkClientTransport.layer(() => fake)
      )
      const { reason } = yield* Effect.flip(transport.connect(() => {}))
      assert.strictEqual(reason.message, "could not connect: no port")
      assert.strictEqual(fake.closed, 1)
    })
  )

  it.effect("fails after 30 seconds", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => new Promise(() => {})
      const transport = yield* Effect.provide(
        ClientTransport,
        SdkClientTransport.layer(() => fake)
      )
      const fiber = yield* Effect.forkChild(failing(transport.connect(() => {})), { startImmediately: true })
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(fake.closed, 0)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).message, "could not connect: its `start` took longer than 30s")
      assert.strictEqual(fake.closed, 1)
    })
  )

  it.effect("says after which time, however that is given", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => new Promise(() => {})
      const layer = SdkClientTransport.layer(() => fake, { startTimeout: { seconds: 1.5 } })
      const transport = yield* Effect.provide(ClientTransport, layer)
      const fiber = yield* Effect.forkChild(failing(transport.connect(() => {})), { startImmediately: true })
      yield* TestClock.adjust("1500 millis")
      assert.include((yield* Fiber.join(fiber)).message, "took longer than 1s 500ms")
    })
  )

  it.effect("closes the transport when it is interrupted", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => new Promise(() => {})
      const transport = yield* Effect.provide(
        ClientTransport,
        SdkClientTransport.layer(() => fake)
      )
      const fiber = yield* Effect.forkChild(Effect.scoped(transport.connect(() => {})), { startImmediately: true })
      yield* turn
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(fake.closed, 1)
    })
  )

  it.effect("fails when it is closed meanwhile", () =>
    Effect.gen(function* () {
      const reason = yield* failing(
        connect((fake) => {
          fake.starting = () => {
            fake.onerror?.(new Error("refused"))
            fake.onclose?.()
            return new Promise(() => {})
          }
        })
      )
      assert.strictEqual(reason.message, "connection closed: after an error: refused")
    })
  )

  it.effect("calls the callbacks that were there, and is not disturbed by what they throw", () =>
    Effect.gen(function* () {
      const called: Array<string> = []
      const calling = (name: string) => () => {
        called.push(name)
        throw new Error(name)
      }
      const { connection, fake, received } = yield* connect((fake) => {
        fake.onmessage = calling("message")
        fake.onerror = calling("error")
        fake.onclose = calling("close")
      })
      fake.arrive(request(1, "a"))
      fake.onerror?.(new Error("so what"))
      assert.strictEqual(received.length, 1)
      fake.onclose?.()
      assert.strictEqual((yield* connection.closed).reason._tag, "ConnectionClosed")
      assert.deepStrictEqual(called, ["message", "error", "close"])
    })
  )
})

describe("sending", () => {
  it.effect("fails with what the promise rejects with, and the connection goes on", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect((fake) => {
        fake.sending = (message) => {
          if ("method" in message && message["method"] === "bad") throw new Error("500")
        }
      })
      const { reason } = yield* Effect.flip(connection.send(Jsonrpc.request(1, "bad")))
      assert.deepStrictEqual([reason._tag, reason.message], ["SendFailed", "could not send a message: 500"])
      yield* connection.send(Jsonrpc.request(2, "good"))
      assert.deepStrictEqual(fake.messages, [request(2, "good")])
    })
  )

  it.effect("is never done without waiting: nobody would hear of a failure", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect()
      assert.isFalse(connection.sendUnsafe(Jsonrpc.request(1, "a")))
      assert.deepStrictEqual(fake.sent, [])
    })
  )

  it.effect("says when the message is handed over, which is before it is known to be sent", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect((fake) => void (fake.isSlow = true), { highWaterMark: 1 })
      const written: Array<number> = []
      const send = (id: number) => connection.send(Jsonrpc.request(id, "a"), () => void written.push(id))
      const fibers = yield* Effect.forEach([1, 2], (id) => Effect.forkChild(Effect.exit(send(id)), { startImmediately: true }))
      assert.deepStrictEqual(written, [1])
      fake.sent[0]!.settle()
      yield* turn
      assert.deepStrictEqual(written, [1, 2])
      const third = yield* Effect.forkChild(Effect.exit(send(3)), { startImmediately: true })
      fake.onclose?.()
      for (const fiber of [...fibers, third]) yield* Fiber.join(fiber)
      assert.deepStrictEqual(written, [1, 2])
    })
  )

  it.effect("waits while the way is full, in order", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect((fake) => void (fake.isSlow = true), { highWaterMark: 0 })
      const fibers = [1, 2, 3].map((id) => Effect.runFork(connection.send(Jsonrpc.request(id, "a"))))
      yield* turn
      assert.strictEqual(fake.sent.length, 1)
      yield* Fiber.interrupt(fibers[1]!)
      fake.sent[0]!.settle()
      yield* Fiber.join(fibers[0]!)
      yield* turn
      assert.deepStrictEqual(fake.messages, [request(1, "a"), request(3, "a")])
      fake.sent[1]!.settle()
      yield* Fiber.join(fibers[2]!)
    })
  )

  it.effect("ends when the connection does, for whoever waits for room and for the transport", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect((fake) => void (fake.isSlow = true), { highWaterMark: 1 })
      const fibers = [1, 2].map((id) => Effect.runFork(Effect.flip(connection.send(Jsonrpc.request(id, "a")))))
      yield* turn
      fake.onclose?.()
      for (const fiber of fibers) assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "ConnectionClosed")
      const { reason } = yield* Effect.flip(connection.send(Jsonrpc.request(3, "a")))
      assert.strictEqual(reason.message, "connection closed: by the server")
    })
  )
})

describe("closing", () => {
  it.effect("closes the transport once, and delivers nothing afterwards", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { connection, fake, received } = yield* Effect.provideService(connect(), Scope.Scope, scope)
      yield* Scope.close(scope, Exit.void)
      fake.arrive(request(1, "late"))
      assert.deepStrictEqual([fake.closed, received], [1, []])
      assert.strictEqual((yield* connection.closed).message, "connection closed: its scope was closed")
    })
  )

  it.effect("does not mind what `close` throws, and gives it up after 10 seconds", () =>
    Effect.gen(function* () {
      yield* Effect.scoped(connect((fake) => void (fake.closing = () => Promise.reject(new Error("busy")))))
      const stuck = (fake: FakeTransport) => void (fake.closing = () => new Promise(() => {}))
      const fiber = yield* Effect.forkChild(Effect.scoped(connect(stuck)), { startImmediately: true })
      yield* turn
      yield* turn
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(fiber)
    })
  )
})

describe("the version", () => {
  it.effect("is told to the transport with the answer to `initialize`", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect()
      yield* connection.send(initialize)
      fake.arrive(answer(7, { protocolVersion: "2024-11-05" })) // of something else
      fake.arrive(answer(1, { protocolVersion: "2025-06-18" }))
      assert.deepStrictEqual(fake.versions, ["2025-06-18"])
    })
  )

  it.effect("is told with the answer to `server/discover`, if the server supports it", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect()
      for (const id of [1, 2, 3]) yield* connection.send(modern(id, "server/discover"))
      fake.arrive({ jsonrpc: "2.0", id: 1, error: { code: -32601, message: "no" } })
      fake.arrive(answer(2, { supportedVersions: ["2025-11-25"] }))
      assert.deepStrictEqual(fake.versions, [])
      fake.arrive(answer(3, { supportedVersions: [version] }))
      assert.deepStrictEqual(fake.versions, [version])
    })
  )
})

describe("a stream for each request", () => {
  const streams = (fake: FakeTransport) => void (fake.hasPerRequestStream = true)

  it.effect("is closed to cancel the request in the request era", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect(streams)
      yield* connection.send(modern(1, "tools/call"))
      yield* connection.send(cancel(1))
      assert.isTrue(fake.sent[0]!.options?.requestSignal?.aborted)
      assert.strictEqual(fake.sent.length, 1)
      yield* connection.send(cancel(1)) // there is no such stream any more
      assert.strictEqual(fake.sent.length, 2)
    })
  )

  it.effect("is not closed in the session era, where a message cancels", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect(streams)
      yield* connection.send(Jsonrpc.request(1, "tools/call"))
      yield* connection.send(cancel(1))
      assert.isUndefined(fake.sent[0]!.options?.requestSignal)
      assert.strictEqual(fake.sent.length, 2)
    })
  )

  it.effect("fails the request when it ends without the answer", () =>
    Effect.gen(function* () {
      const { connection, fake, received } = yield* connect(streams)
      for (const id of [1, 2, 3]) yield* connection.send(modern(id, "tools/call"))
      fake.arrive(answer(1, {}))
      yield* connection.send(cancel(2))
      for (const { options } of fake.sent) options?.onRequestStreamEnd?.()
      assert.deepStrictEqual(
        received.map((message) => [message._tag, "id" in message && message.id]),
        [
          ["Success", 1],
          ["Failure", 3]
        ]
      )
    })
  )

  it.effect("is closed with the connection", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect(streams)
      yield* connection.send(modern(1, "tools/call"))
      fake.onclose?.()
      assert.isTrue(fake.sent[0]!.options?.requestSignal?.aborted)
    })
  )

  it.effect("is no concern of transports that have one channel", () =>
    Effect.gen(function* () {
      const { connection, fake } = yield* connect()
      yield* connection.send(modern(1, "tools/call"))
      yield* connection.send(cancel(1))
      assert.deepStrictEqual(
        fake.sent.map(({ options }) => options),
        [undefined, undefined]
      )
    })
  )
})
