import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { answer } from "./support/fixture.ts"
import { key, type RawPeer, serve, settle } from "./support/peer.ts"

const info = { name: "fixture", version: "1" }

/** A server with tools that wait: for ever, for a gate, and without letting themselves be interrupted. */
const waiting = () => {
  const order: Array<string> = []
  const gate = Deferred.makeUnsafe<void>()
  const Wait = Tool.make("wait")
  const Gated = Tool.make("gated")
  const Stubborn = Tool.make("stubborn")
  const layer = McpServer.layer({ ...info, concurrencyPerPeer: 10 }, Wait, Gated, Stubborn).pipe(
    Layer.provide([
      Wait.toLayer(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => order.push("interrupted")))),
      Gated.toLayer(() => Deferred.await(gate)),
      Stubborn.toLayer(() => Effect.uninterruptible(Effect.sleep("1 hour")))
    ])
  )
  return { order, layer, open: () => Deferred.doneUnsafe(gate, Exit.void) }
}

const listen = (peer: RawPeer, id: string) =>
  peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, id)

const ended = (id: string) => ({
  jsonrpc: "2.0",
  id,
  result: { resultType: "complete", _meta: { [key("subscriptionId")]: id, [key("serverInfo")]: info } }
})

describe("a peer that goes away", () => {
  it.effect("has its calls interrupted, running and waiting ones, and nothing is sent any more", () =>
    Effect.gen(function* () {
      const { layer, order } = waiting()
      const served = yield* serve(layer)
      const scope = yield* Scope.make()
      const peer = yield* Scope.provide(served.speak("2026-07-28"), scope)
      for (let i = 0; i < 12; i++) peer.startCall("wait")
      listen(peer, "s")
      peer.clear()
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(order.length, 10)
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(new Set(peer.outcomes), new Set(["NoReply"]))
    })
  )

  it.effect("does not disturb the others", () =>
    Effect.gen(function* () {
      const { layer, open, order } = waiting()
      const served = yield* serve(layer)
      const scope = yield* Scope.make()
      const gone = yield* Scope.provide(served.speak(), scope)
      const stays = yield* served.speak()
      gone.startCall("wait")
      const id = stays.startCall("gated")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(order, ["interrupted"])
      open()
      assert.deepStrictEqual((yield* stays.answer(id))["result"], { content: [] })
    })
  )

  it.effect("is not told of changes any more", () =>
    Effect.gen(function* () {
      const { layer } = waiting()
      const served = yield* serve(layer)
      const scope = yield* Scope.make()
      const peer = yield* Scope.provide(served.speak(), scope)
      yield* Scope.close(scope, Exit.void)
      const Late = Tool.make("late")
      yield* served.server.add(
        Late,
        Late.toLayer(() => Effect.void)
      )
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("waits no longer than 5 seconds for handlers that do not let themselves be interrupted", () =>
    Effect.gen(function* () {
      const { layer } = waiting()
      const served = yield* serve(layer)
      const scope = yield* Scope.make()
      const peer = yield* Scope.provide(served.speak(), scope)
      peer.startCall("stubborn")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("a server whose scope closes", () => {
  it.effect("interrupts the calls of all peers", () =>
    Effect.gen(function* () {
      const { layer, order } = waiting()
      const served = yield* serve(layer)
      const peers = yield* Effect.forEach([1, 2, 3], () => served.speak())
      for (const peer of peers) peer.startCall("wait")
      yield* served.close
      yield* settle
      assert.deepStrictEqual(order, ["interrupted", "interrupted", "interrupted"])
      assert.deepStrictEqual(
        peers.map(({ inFlight }) => inFlight),
        [0, 0, 0]
      )
    })
  )

  it.effect("lets calls stop before what their handlers use is released", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const Use = Tool.make("use")
      const live = Use.toLayer(
        Effect.as(
          Effect.acquireRelease(Effect.void, () => Effect.sync(() => order.push("released"))),
          () =>
            Effect.onInterrupt(Effect.never, () =>
              Effect.andThen(
                Effect.yieldNow,
                Effect.sync(() => order.push("stopped"))
              )
            )
        )
      )
      const served = yield* serve(McpServer.layer(info, Use).pipe(Layer.provide(live)))
      const peer = yield* served.speak()
      peer.startCall("use")
      yield* served.close
      yield* settle
      assert.deepStrictEqual(order, ["stopped", "released"])
    })
  )

  it.effect("waits no longer than 5 seconds for handlers that do not let themselves be interrupted", () =>
    Effect.gen(function* () {
      const { layer } = waiting()
      const served = yield* serve(layer)
      const scope = yield* Scope.make() // of the peer: not closed, that would wait, too
      const peer = yield* Scope.provide(served.speak(), scope)
      peer.startCall("stubborn")
      const closing = yield* Effect.forkChild(served.close, { startImmediately: true })
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("tells nobody of the tools that go with it", () =>
    Effect.gen(function* () {
      const { layer } = waiting()
      const served = yield* serve(layer)
      const peer = yield* served.speak()
      yield* served.close
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("draining a peer", () => {
  it.effect("waits until nothing is in flight, and every answer is written before that", () =>
    Effect.gen(function* () {
      const { layer, open } = waiting()
      const served = yield* serve(layer)
      const peer = yield* served.speak()
      const ids = [peer.startCall("gated"), peer.startCall("gated")]
      const draining = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      yield* settle
      assert.isUndefined(draining.pollUnsafe())
      open()
      yield* Fiber.join(draining)
      assert.deepStrictEqual(
        peer.messages,
        ids.map((id) => answer("2025-11-25", id, { content: [] }))
      )
    })
  )

  it.effect("waits for the last call, not for the first that ends", () =>
    Effect.gen(function* () {
      const { layer, open } = waiting()
      const served = yield* serve(layer)
      const peer = yield* served.speak()
      const id = peer.startCall("wait")
      peer.startCall("gated")
      const draining = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
      assert.isUndefined(draining.pollUnsafe())
      open()
      yield* Fiber.join(draining)
    })
  )

  it.effect("does not wait when nothing is in flight", () =>
    Effect.gen(function* () {
      const served = yield* serve(waiting().layer)
      const peer = yield* served.speak()
      yield* served.dispatcher.drain(peer.handle)
      yield* served.dispatcher.drain(peer.handle)
    })
  )

  it.effect("ends subscriptions with their result, and does not wait for them for ever", () =>
    Effect.gen(function* () {
      const served = yield* serve(waiting().layer)
      const peer = yield* served.speak("2026-07-28")
      const other = yield* served.speak("2026-07-28")
      for (const id of ["a", "b"]) listen(peer, id)
      listen(other, "c")
      peer.clear()
      other.clear()
      yield* served.dispatcher.drain(peer.handle)
      assert.deepStrictEqual(peer.messages, [ended("a"), ended("b")])
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(other.lines, [])
      assert.strictEqual(other.inFlight, 1)
    })
  )

  it.effect("waits for the calls of this peer alone", () =>
    Effect.gen(function* () {
      const served = yield* serve(waiting().layer)
      const peer = yield* served.speak()
      const other = yield* served.speak()
      other.startCall("wait")
      yield* served.dispatcher.drain(peer.handle)
      assert.strictEqual(other.inFlight, 1)
    })
  )

  it.effect("can be given up, and asked for twice", () =>
    Effect.gen(function* () {
      const { layer, open } = waiting()
      const served = yield* serve(layer)
      const peer = yield* served.speak()
      const id = peer.startCall("gated")
      const givenUp = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      yield* Fiber.interrupt(givenUp)
      const one = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      const two = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      open()
      yield* Fiber.join(one)
      yield* Fiber.join(two)
      assert.deepStrictEqual(peer.answerNow(id)?.["result"], { content: [] })
    })
  )

  it.effect("a call that is cancelled or times out meanwhile ends the wait too", () =>
    Effect.gen(function* () {
      const served = yield* serve(waiting().layer)
      const peer = yield* served.speak()
      const id = peer.startCall("wait")
      peer.startCall("wait")
      const draining = yield* Effect.forkChild(served.dispatcher.drain(peer.handle), { startImmediately: true })
      peer.notify("notifications/cancelled", { requestId: id })
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(draining)
      assert.strictEqual(peer.inFlight, 0)
    })
  )
})

describe("the way back", () => {
  it.effect("changes that find it full are told when there is room, once: the client would never hear of them otherwise", () =>
    Effect.gen(function* () {
      const served = yield* serve(waiting().layer)
      const session = yield* served.speak("2025-11-25")
      const subscribed = yield* served.speak("2026-07-28")
      listen(subscribed, "s")
      subscribed.clear()
      for (const peer of [session, subscribed]) peer.isFull = true
      for (const name of ["one", "two", "three"]) {
        const late = Tool.make(name)
        yield* served.server.add(
          late,
          late.toLayer(() => Effect.void)
        )
        yield* settle
      }
      for (const peer of [session, subscribed]) peer.isFull = false
      yield* settle
      for (const peer of [session, subscribed]) {
        assert.deepStrictEqual(
          peer.messages.map(({ method }) => method),
          ["notifications/tools/list_changed"]
        )
      }
    })
  )
})
