import { assert, describe, it } from "@effect/vitest"
import { Dispatcher, type Emit, fork, type Outcome, type PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as SdkDispatcher from "../src/SdkDispatcher.ts"
import type { MessageExtra, SdkTransport } from "../src/SdkTransport.ts"
import { request } from "./support/FakeTransport.ts"
import { turn } from "./support/turn.ts"

/** A server of the SDK: keeps what it is told, and sends what the test says. */
class FakeServer {
  readonly heard: Array<unknown> = []
  readonly extras: Array<MessageExtra | undefined> = []
  closed = 0
  transport!: SdkTransport

  readonly connect = async (transport: SdkTransport): Promise<void> => {
    this.attach(transport)
    await transport.start()
  }

  attach(transport: SdkTransport): void {
    this.transport = transport
    transport.onclose = () => void this.closed++
    transport.onmessage = (message, extra) => {
      this.heard.push(message)
      this.extras.push(extra)
    }
  }

  readonly answer = (id: number, result: object): Promise<void> => this.transport.send({ jsonrpc: "2.0", id, result })
}

/** A way back that keeps what goes there. */
const emitTo = (sent: Array<unknown>, canAsk = true): Emit => ({
  canAsk,
  send: (message) => Effect.sync(() => void sent.push(message)),
  sendUnsafe: (message) => sent.push(message) > 0
})

interface Setting {
  readonly connect?: (transport: SdkTransport) => unknown
  readonly options?: SdkDispatcher.Options
  readonly peer?: Partial<PeerOptions>
}

/** A conversation with a fake server. */
const converse = Effect.fnUntraced(function* ({ connect, options, peer: more }: Setting = {}) {
  const server = new FakeServer()
  const pushed: Array<unknown> = []
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push(String(message)))
  const layer = SdkDispatcher.layer(connect ?? server.connect, options).pipe(Layer.provide(Logger.layer([logger])))
  const dispatcher = Context.get(yield* Layer.build(layer), Dispatcher)
  const scope = yield* Scope.make()
  const opened = dispatcher.open({ transport: "test", push: emitTo(pushed), ...more })
  const peer = yield* Effect.provideService(opened, Scope.Scope, scope)
  const run = fork(dispatcher, Context.empty())
  /** Hands a message over, and keeps its outcome. */
  const hand = (message: Jsonrpc.Inbound, emit = emitTo([]), principal?: Principal.Principal): Array<Outcome> => {
    const outcomes: Array<Outcome> = []
    run(peer, message, emit, (outcome) => outcomes.push(outcome), { principal })
    return outcomes
  }
  return { server, dispatcher, peer, hand, pushed, logged, close: Scope.close(scope, Exit.void) }
})

const reply = (id: number, result: object): Outcome => ({ _tag: "Reply", message: Jsonrpc.reply(id, JSON.stringify(result)) })
const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progress: 1 } } as const
const question = request(7, "roots/list")
const cancel = (id: number) => Jsonrpc.notification("notifications/cancelled", { requestId: id })

/** What an outcome is refused with. */
const refusal = ([outcome]: ReadonlyArray<Outcome>): string =>
  outcome !== undefined && "message" in outcome && "error" in outcome.message ? outcome.message.error.message : "nothing"

describe("messages", () => {
  it.effect("reach the server as its messages, and its answers are outcomes", () =>
    Effect.gen(function* () {
      const { hand, peer, server } = yield* converse()
      const outcomes = hand(Jsonrpc.request(1, "tools/list", { cursor: "a" }))
      assert.deepStrictEqual([server.heard, outcomes, peer.inFlight], [[request(1, "tools/list", { cursor: "a" })], [], 1])
      yield* Effect.promise(() => server.answer(1, { tools: [], gone: undefined }))
      yield* turn
      assert.deepStrictEqual([outcomes, peer.inFlight], [[reply(1, { tools: [] })], 0])
    })
  )

  it.effect("that are no requests are accepted", () =>
    Effect.gen(function* () {
      const { hand, server } = yield* converse()
      const messages = [
        Jsonrpc.notification("notifications/initialized"),
        Jsonrpc.failure(3, { code: 1, message: "no" }),
        { _tag: "Success", id: 4, result: {} } as const
      ]
      assert.deepStrictEqual(
        messages.flatMap((message) => hand(message)),
        messages.map(() => ({ _tag: "Accepted" }))
      )
      assert.deepStrictEqual(server.heard, [
        { jsonrpc: "2.0", method: "notifications/initialized" },
        { jsonrpc: "2.0", id: 3, error: { code: 1, message: "no" } },
        { jsonrpc: "2.0", id: 4, result: {} }
      ])
    })
  )

  it.effect("that are none are refused; what should have been an answer ends its question", () =>
    Effect.gen(function* () {
      const { hand, server } = yield* converse()
      hand(Jsonrpc.request(1, "a"))
      const error = { code: -32600, message: "bad" }
      const invalid = { _tag: "Invalid", error } as const
      const rejected = (id: number | undefined): Outcome => ({ _tag: "Rejected", message: Jsonrpc.failure(id, error) })
      assert.deepStrictEqual(hand({ ...invalid, id: 2, answers: undefined }), [rejected(2)])
      assert.deepStrictEqual(hand({ ...invalid, id: 1, answers: undefined }), [rejected(undefined)])
      assert.deepStrictEqual(hand({ ...invalid, id: undefined, answers: 5 }), [rejected(undefined)])
      assert.deepStrictEqual(server.heard.at(-1), { jsonrpc: "2.0", id: 5, error })
    })
  )

  it.effect("of the server go the way of the request that they name, and otherwise of the conversation", () =>
    Effect.gen(function* () {
      const { hand, pushed, server } = yield* converse()
      const told: Array<unknown> = []
      hand(Jsonrpc.request(0, "a"), emitTo(told))
      yield* Effect.promise(() => server.transport.send(progress, { relatedRequestId: 0 }))
      yield* Effect.promise(() => server.transport.send(question))
      yield* Effect.promise(() => server.transport.send(progress, { relatedRequestId: 1 }))
      assert.strictEqual(
        JSON.stringify(told),
        '[{"_tag":"Notification","method":"notifications/progress","params":{"progress":1}}]'
      )
      assert.containSubset(pushed, [{ _tag: "Request", id: 7 }, { _tag: "Notification" }])
    })
  )

  it.effect("of the server wait for room", () =>
    Effect.gen(function* () {
      const room = Promise.withResolvers<void>()
      const push: Emit = { ...emitTo([]), send: () => Effect.promise(() => room.promise) }
      const { server } = yield* converse({ peer: { push } })
      let isSent = false
      const sent = server.transport.send(progress).then(() => void (isSent = true))
      yield* turn
      assert.isFalse(isSent)
      room.resolve()
      yield* Effect.promise(() => sent)
    })
  )

  it.effect("cannot be questions where nobody can be asked", () =>
    Effect.gen(function* () {
      const { server } = yield* converse({ peer: { push: emitTo([], false) } })
      const error = yield* Effect.flip(Effect.tryPromise(() => server.transport.send(question)))
      assert.include(String(error.cause), "cannot be asked")
      yield* Effect.promise(() => server.transport.send(progress))
    })
  )

  it.effect("carry what the options make of the principal", () =>
    Effect.gen(function* () {
      const authInfo = ({ subject }: Principal.Principal) =>
        subject === undefined ? undefined : { token: "", clientId: subject, scopes: [] }
      const { hand, server } = yield* converse({ options: { authInfo } })
      hand(Jsonrpc.request(1, "a"))
      hand(Jsonrpc.request(2, "a"), undefined, Principal.make({ subject: "ada" }))
      assert.deepStrictEqual(
        server.extras.map((extra) => extra?.authInfo?.clientId),
        [undefined, "ada"]
      )
    })
  )
})

describe("requests", () => {
  it.effect("that are cancelled are over, whatever the server still answers", () =>
    Effect.gen(function* () {
      const { hand, server } = yield* converse()
      const outcomes = hand(Jsonrpc.request(1, "a"))
      hand(cancel(1))
      hand(cancel(2))
      yield* Effect.promise(() => server.answer(1, {}))
      yield* turn
      assert.deepStrictEqual(outcomes, [{ _tag: "NoReply" }])
      assert.containSubset(server.heard[1], { method: "notifications/cancelled" })
    })
  )

  it.effect("have an id of their own, and a number of places", () =>
    Effect.gen(function* () {
      const { hand } = yield* converse({ options: { maxInFlight: 2 } })
      hand(Jsonrpc.request(1, "a"))
      assert.include(refusal(hand(Jsonrpc.request(1, "b"))), "in flight already")
      hand(Jsonrpc.request(2, "a"))
      assert.include(refusal(hand(Jsonrpc.request(3, "a"))), "2 requests of this client in flight")
    })
  )

  it.effect("are answered when the result is no JSON, and the server hears of it", () =>
    Effect.gen(function* () {
      const { hand, logged, server } = yield* converse()
      const outcomes = hand(Jsonrpc.request(1, "a"))
      const error = yield* Effect.flip(Effect.tryPromise(() => server.answer(1, { big: 1n })))
      yield* turn
      assert.match(refusal(outcomes), /^Internal error \([-0-9a-f]{36}\)$/)
      assert.include(String(error.cause), "BigInt")
      assert.include(logged[0], "no JSON")
    })
  )

  it.effect("are answered when the server throws over them", () =>
    Effect.gen(function* () {
      const { hand, logged, server } = yield* converse()
      server.transport.onmessage = () => {
        throw new Error("secret")
      }
      const outcomes = hand(Jsonrpc.request(1, "a"))
      hand(Jsonrpc.notification("b"))
      yield* turn
      assert.match(refusal(outcomes), /^Internal error \([-0-9a-f]{36}\)$/)
      assert.strictEqual(logged.length, 2)
    })
  )

  it.effect("stand in batches in 2025-03-26 alone", () =>
    Effect.gen(function* () {
      const { hand, peer, server } = yield* converse({ peer: { sessionId: "s" } })
      const batch: Jsonrpc.Inbound = { _tag: "Batch", items: [Jsonrpc.request(1, "a"), cancel(9), Jsonrpc.request(2, "b")] }
      assert.include(refusal(hand(batch)), "batches are part of")
      hand(Jsonrpc.request(0, "initialize"))
      yield* Effect.promise(() => server.answer(0, { protocolVersion: "2025-03-26" }))
      assert.deepStrictEqual(peer.agreement, { version: "2025-03-26", sessionId: "s" })
      const outcomes = hand(batch)
      yield* Effect.promise(() => Promise.all([server.answer(2, {}), server.answer(1, {})]))
      yield* turn
      assert.deepStrictEqual(outcomes, [{ _tag: "Reply", message: [Jsonrpc.reply(1, "{}"), Jsonrpc.reply(2, "{}")] }])
      const many = { _tag: "Batch", items: Array.from({ length: 1001 }, () => cancel(9)) } as const
      assert.include(refusal(hand(many)), "more than 1000")
    })
  )

  it.effect("are answered when their fiber broke", () =>
    Effect.gen(function* () {
      const { dispatcher, peer } = yield* converse()
      const item = Jsonrpc.request(1, "a")
      assert.include(refusal([dispatcher.abandon(peer, item)]), "Internal error")
      assert.containSubset(dispatcher.abandon(peer, { _tag: "Batch", items: [item] }), { message: [{ id: 1 }] })
      assert.deepStrictEqual(dispatcher.abandon(peer, cancel(1)), { _tag: "Accepted" })
    })
  )

  it.effect("are drained, but for subscriptions", () =>
    Effect.gen(function* () {
      const { dispatcher, hand, peer, server } = yield* converse()
      hand(Jsonrpc.request(1, "subscriptions/listen"))
      yield* dispatcher.drain(peer)
      hand(Jsonrpc.request(2, "a"))
      hand(Jsonrpc.request(3, "a"))
      const drained = yield* Effect.forkChild(dispatcher.drain(peer), { startImmediately: true })
      yield* Effect.promise(() => server.answer(3, {}))
      yield* turn
      assert.isUndefined(drained.pollUnsafe())
      yield* Effect.promise(() => server.answer(2, {}))
      yield* Fiber.join(drained)
    })
  )
})

describe("the start", () => {
  it.effect("has what came before it delivered in order", () =>
    Effect.gen(function* () {
      const server = new FakeServer()
      const { hand } = yield* converse({ connect: (transport) => server.attach(transport) })
      const outcomes = hand(Jsonrpc.request(1, "a"))
      hand(Jsonrpc.request(2, "b"))
      assert.deepStrictEqual(server.heard, [])
      yield* Effect.promise(() => server.transport.start())
      assert.deepStrictEqual(server.heard, [request(1, "a"), request(2, "b")])
      yield* Effect.promise(() => server.answer(1, {}))
      yield* turn
      assert.deepStrictEqual(outcomes, [reply(1, {})])
      const again = yield* Effect.flip(Effect.tryPromise(() => server.transport.start()))
      assert.include(String(again.cause), "started before")
    })
  )

  it.effect("has 1,024 messages wait, and refuses what comes after them", () =>
    Effect.gen(function* () {
      const { hand } = yield* converse({ connect: () => {} })
      for (let i = 0; i < 1024; i++) hand(Jsonrpc.notification("a"))
      const outcomes = hand(Jsonrpc.request(1, "b"))
      yield* turn
      assert.include(refusal(outcomes), "not started yet")
    })
  )

  it.effect("that fails is logged, and the client sees an id", () =>
    Effect.gen(function* () {
      for (const connect of [() => Promise.reject(new Error("secret")), () => assert.fail("secret")]) {
        const { hand, logged } = yield* converse({ connect })
        const before = hand(Jsonrpc.request(1, "a"))
        yield* turn
        const after = hand(Jsonrpc.request(2, "a"))
        yield* turn
        for (const outcomes of [before, after]) assert.match(refusal(outcomes), /^Internal error \([-0-9a-f]{36}\)$/)
        assert.deepStrictEqual(
          logged.map((text) => text.split(",")[0]),
          ["a server of the SDK did not connect"]
        )
      }
    })
  )

  it.effect("is given up after 30 seconds", () =>
    Effect.gen(function* () {
      const server = new FakeServer()
      const { hand } = yield* converse({ connect: (transport) => server.attach(transport) })
      const outcomes = hand(Jsonrpc.request(1, "a"))
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(outcomes, [])
      yield* TestClock.adjust("1 seconds")
      yield* turn
      assert.include(refusal(outcomes), "Internal error")
      const late = yield* Effect.flip(Effect.tryPromise(() => server.transport.start()))
      assert.include(String(late.cause), "closed")
    })
  )

  it.effect("in time is not given up later", () =>
    Effect.gen(function* () {
      const server = new FakeServer()
      const { hand } = yield* converse({ connect: (transport) => server.attach(transport) })
      yield* TestClock.adjust("29 seconds")
      yield* Effect.promise(() => server.transport.start())
      yield* TestClock.adjust("1 minutes")
      hand(Jsonrpc.request(1, "a"))
      assert.deepStrictEqual([server.heard, server.closed], [[request(1, "a")], 0])
    })
  )
})

describe("the end", () => {
  it.effect("of the conversation is told to the server once, and nothing is answered", () =>
    Effect.gen(function* () {
      const { close, hand, server } = yield* converse()
      const outcomes = hand(Jsonrpc.request(1, "a"))
      yield* close
      yield* turn
      assert.deepStrictEqual([outcomes, server.closed], [[{ _tag: "NoReply" }], 1])
      yield* Effect.promise(() => server.transport.close())
      assert.strictEqual(server.closed, 1)
      const error = yield* Effect.flip(Effect.tryPromise(() => server.transport.send(progress)))
      assert.include(String(error.cause), "the transport is closed")
    })
  )

  it.effect("that the server wants is told to the client with each request", () =>
    Effect.gen(function* () {
      const { hand, peer, server } = yield* converse()
      const before = hand(Jsonrpc.request(1, "a"))
      yield* Effect.promise(() => server.transport.close())
      const after = hand(Jsonrpc.request(2, "a"))
      assert.deepStrictEqual(hand(Jsonrpc.notification("b")), [{ _tag: "Accepted" }])
      yield* turn
      for (const outcomes of [before, after]) assert.include(refusal(outcomes), "the server has ended the conversation")
      assert.deepStrictEqual([server.closed, server.heard.length, peer.inFlight], [1, 1, 0])
    })
  )
})
