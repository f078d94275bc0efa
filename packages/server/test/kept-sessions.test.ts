import { Dispatcher, type Emit, fork, type Outcome, type Peer, type PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import { StoreError } from "@effect-mcp/core/StoreError"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { Fixture, FixtureLive, info } from "./support/fixture.ts"
import { clientInfo, type Json, settle } from "./support/peer.ts"

const nowhere: Emit = { canAsk: false, send: () => Effect.void, sendUnsafe: () => true }
const kept = (sessionId: string, more: Partial<PeerOptions> = {}): PeerOptions => ({
  transport: "test",
  push: nowhere,
  sessionId,
  kept: true,
  ...more
})
const ada = Principal.make({ subject: "ada", issuer: "https://id.example.com" })
const eve = Principal.make({ subject: "ada", issuer: "https://other.example.com" })

/** A store that tells what is asked of it, and fails when the test says. */
const watched = Effect.map(Layer.build(SessionStore.layerMemory()), (context) => {
  const store = Context.get(context, SessionStore.SessionStore)
  const asked: Array<string> = []
  const state = { isDown: false }
  const down = (operation: string) => Effect.fail(new StoreError({ store: "SessionStore", operation, detail: "down" }))
  const tell = <A>(operation: string, id: string, effect: Effect.Effect<A, StoreError>) =>
    Effect.suspend(() => {
      asked.push(`${operation} ${id}`)
      return state.isDown ? down(operation) : effect
    })
  const service: SessionStore.SessionStore["Service"] = {
    get: (id) => tell("get", id, store.get(id)),
    touch: (id, ttl) => tell("touch", id, store.touch(id, ttl)),
    put: (session, ttl) => tell("put", session.id, store.put(session, ttl)),
    modify: (id, change) => tell("modify", id, store.modify(id, change)),
    remove: (id) => tell("remove", id, store.remove(id))
  }
  return { store, asked, state, service }
})

/** A dispatcher over a watched store. */
const serve = Effect.fnUntraced(function* (sessionTimeout: Duration.Input = "10 minutes") {
  const watch = yield* watched
  const Server = McpServer.layer({ ...info, sessionTimeout }, Fixture).pipe(Layer.provide(FixtureLive))
  const built = yield* Layer.build(
    Layer.fresh(Server.pipe(Layer.provide(Layer.succeed(SessionStore.SessionStore, watch.service))))
  )
  const dispatcher = Context.get(built, Dispatcher)
  const hand = fork(dispatcher, yield* Effect.context<never>())
  const send = (peer: Peer, message: Json) =>
    Effect.callback<Outcome>((resume) =>
      hand(peer, Jsonrpc.parse(JSON.stringify({ jsonrpc: "2.0", ...message })), nowhere, (outcome) =>
        resume(Effect.succeed(outcome))
      )
    )
  const greet = (peer: Peer, version = "2025-06-18") =>
    send(peer, {
      id: 0,
      method: "initialize",
      params: { protocolVersion: version, capabilities: { roots: {}, "x/later": { a: 1 } }, clientInfo }
    })
  return { ...watch, dispatcher, send, greet }
})

const json = (outcome: Outcome): Json => ("message" in outcome ? JSON.parse(Jsonrpc.stringify(outcome.message)) : {})

describe("sessions that are kept", () => {
  it.effect("begin with `initialize`, with all that is known of the client, and no sooner", () =>
    Effect.gen(function* () {
      const { asked, dispatcher, greet, send, store } = yield* serve()
      const peer = yield* dispatcher.enter(kept("s", { principal: ada }))
      yield* send(peer, { id: 1, method: "ping" })
      assert.deepStrictEqual([asked, peer.agreement], [[], undefined])
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* greet(peer))._tag, "Reply")
      assert.deepStrictEqual(peer.agreement, { version: "2025-06-18", sessionId: "s" })
      const capabilities: Json = { roots: {}, "x/later": { a: 1 } }
      assert.deepStrictEqual(yield* store.get("s"), {
        id: "s",
        version: "2025-06-18",
        clientInfo,
        clientCapabilities: capabilities,
        subscriptions: [],
        createdAt: 5000,
        principal: { subject: "ada", issuer: "https://id.example.com" },
        state: {}
      })
      assert.strictEqual((yield* greet(peer))._tag, "Rejected")
      assert.deepStrictEqual(asked, ["put s"])
    })
  )

  it.effect("are not begun where the store fails, and may be begun then", () =>
    Effect.gen(function* () {
      const { dispatcher, greet, state } = yield* serve()
      const peer = yield* dispatcher.enter(kept("s"))
      state.isDown = true
      assert.strictEqual(json(yield* greet(peer))["error"].code, -32603)
      assert.isUndefined(peer.agreement)
      state.isDown = false
      assert.isDefined(json(yield* greet(peer))["result"])
    })
  )

  it.effect("are not kept where the transport does not say so", () =>
    Effect.gen(function* () {
      const { asked, dispatcher, greet, send } = yield* serve()
      const peer = yield* dispatcher.enter({ transport: "test", push: nowhere, sessionId: "s" })
      yield* greet(peer)
      yield* send(peer, { id: 1, method: "logging/setLevel", params: { level: "info" } })
      assert.deepStrictEqual(asked, [])
      const unnamed = yield* dispatcher.enter({ transport: "test", push: nowhere })
      yield* greet(unnamed)
      yield* dispatcher.forget(unnamed)
      assert.isTrue(yield* dispatcher.renew(unnamed))
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("are resumed as they were, by who began them alone, and get their whole time again", () =>
    Effect.gen(function* () {
      const { asked, dispatcher, greet, send, store } = yield* serve()
      const first = yield* dispatcher.enter(kept("s", { principal: ada }))
      yield* greet(first)
      yield* send(first, { id: 1, method: "logging/setLevel", params: { level: "warning" } })
      yield* dispatcher.leave(first)
      assert.strictEqual((yield* store.get("s"))?.logLevel, "warning")
      yield* TestClock.adjust("9 minutes")
      assert.isUndefined(yield* dispatcher.resume("none", { transport: "test", push: nowhere, principal: ada }))
      for (const principal of [undefined, eve]) {
        const options = { transport: "test", push: nowhere, ...(principal && { principal }) }
        assert.isUndefined(yield* dispatcher.resume("s", options))
      }
      // Who may not have it does not keep it alive.
      assert.isFalse(asked.some((said) => said.startsWith("touch")))
      const again = yield* dispatcher.resume("s", { transport: "test", push: nowhere, principal: ada })
      assert.deepStrictEqual(again?.agreement, { version: "2025-06-18", sessionId: "s" })
      yield* TestClock.adjust("9 minutes")
      assert.isDefined(yield* store.get("s"))
      const answer = json(
        yield* send(again!, { id: 2, method: "tools/call", params: { name: "add", arguments: { a: 1, b: 2 } } })
      )
      assert.deepStrictEqual(answer["result"].structuredContent, { result: 3 })
      yield* TestClock.adjust("2 minutes")
      assert.isUndefined(yield* store.get("s"))
    })
  )

  it.effect("are renewed at most once a second, and tell when they are gone", () =>
    Effect.gen(function* () {
      const { asked, dispatcher, greet, state, store } = yield* serve()
      const peer = yield* dispatcher.enter(kept("s"))
      yield* greet(peer)
      yield* TestClock.adjust("2 seconds")
      asked.length = 0
      assert.isTrue(yield* dispatcher.renew(peer))
      yield* TestClock.adjust("999 millis")
      assert.isTrue(yield* dispatcher.renew(peer))
      assert.deepStrictEqual(asked, ["touch s"])
      yield* TestClock.adjust("1 millis")
      state.isDown = true
      assert.strictEqual((yield* Effect.flip(dispatcher.renew(peer)))._tag, "StoreError")
      state.isDown = false
      assert.isTrue(yield* dispatcher.renew(peer))
      yield* store.remove("s")
      yield* TestClock.adjust("1 seconds")
      assert.isFalse(yield* dispatcher.renew(peer))
      assert.isFalse(yield* dispatcher.renew(peer))
    })
  )

  it.effect("are forgotten for good", () =>
    Effect.gen(function* () {
      const { dispatcher, greet, state, store } = yield* serve()
      const peer = yield* dispatcher.enter(kept("s"))
      yield* dispatcher.forget(peer)
      yield* greet(peer)
      state.isDown = true
      assert.strictEqual((yield* Effect.flip(dispatcher.forget(peer)))._tag, "StoreError")
      state.isDown = false
      yield* dispatcher.forget(peer)
      assert.isUndefined(yield* store.get("s"))
    })
  )
})

describe("conversations that are entered and left", () => {
  it.effect("leaving interrupts what runs and waits for it", () =>
    Effect.gen(function* () {
      const { dispatcher, greet, send } = yield* serve()
      const peer = yield* dispatcher.enter(kept("s"))
      yield* greet(peer)
      const call = yield* Effect.forkChild(send(peer, { id: 1, method: "tools/call", params: { name: "wait", arguments: {} } }), {
        startImmediately: true
      })
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
      yield* dispatcher.leave(peer)
      assert.strictEqual(peer.inFlight, 0)
      assert.strictEqual((yield* Fiber.join(call))._tag, "NoReply")
      yield* dispatcher.leave(peer)
    })
  )

  it.effect("what is assumed of a client is its session, which nobody keeps", () =>
    Effect.gen(function* () {
      const { asked, dispatcher, send } = yield* serve()
      const peer = yield* dispatcher.enter({ transport: "test", push: nowhere, assumed: "2025-03-26" })
      assert.deepStrictEqual(peer.agreement, { version: "2025-03-26", sessionId: undefined })
      const answer = json(yield* send(peer, { id: 1, method: "tools/call", params: { name: "add", arguments: { a: 1, b: 2 } } }))
      assert.strictEqual(answer["result"].content[0].text, "3")
      assert.deepStrictEqual(asked, [])
    })
  )
})
