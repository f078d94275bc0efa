import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { answer, refusal, Server, sessionVersions } from "./support/fixture.ts"
import { clientInfo, envelope, type Json, key, serve, type Served, servedBy, settle } from "./support/peer.ts"

const Late = Tool.make("late")
const LateLive = Late.toLayer(() => Effect.void)

/** Adds a tool and takes it away again: two changes, told one after the other. */
const addAndRemove = Effect.fnUntraced(function* (served: Served) {
  const scope = yield* Scope.make()
  yield* Scope.provide(served.server.add(Late, LateLive), scope)
  yield* settle
  yield* Scope.close(scope, Exit.void)
  yield* settle
})

const listChanged = { jsonrpc: "2.0", method: "notifications/tools/list_changed" }

const onSubscription = (id: unknown): Json => ({ ...listChanged, params: { _meta: { [key("subscriptionId")]: id } } })

const acknowledged = (id: unknown, notifications: Json): Json => ({
  jsonrpc: "2.0",
  method: "notifications/subscriptions/acknowledged",
  params: { notifications, _meta: { [key("subscriptionId")]: id } }
})

const ended = (id: unknown): Json => answer("2026-07-28", id, { _meta: { [key("subscriptionId")]: id } })

describe("transcript: list_changed", () => {
  for (const version of sessionVersions) {
    it.effect(`${version}: sessions are told unasked, on the way of the conversation`, () =>
      Effect.gen(function* () {
        const served = yield* serve(Server)
        const peer = yield* served.speak(version)
        yield* addAndRemove(served)
        assert.deepStrictEqual(peer.messages, [listChanged, listChanged])
        assert.deepStrictEqual(peer.ways, ["push", "push"])
      })
    )
  }

  it.effect("a session is told nothing before it said that it is initialized", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.open()
      yield* addAndRemove(served)
      yield* peer.request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo })
      peer.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.lines, [])
      peer.notify("notifications/initialized")
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.messages, [listChanged, listChanged])
    })
  )

  it.effect("a client that connects at once is not told of the start of the server", () =>
    Effect.gen(function* () {
      const served = servedBy(yield* Layer.build(Layer.fresh(Server)))
      const peer = yield* served.speak("2025-11-25")
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("2026-07-28: nobody is told who did not ask", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      yield* peer.call("hello")
      peer.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("transcript: subscriptions/listen", () => {
  it.effect("is acknowledged, told of changes, and ended with a result that names it, by an id of the same type", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      for (const id of ["s", 0, "", 12, "12"]) {
        const peer = yield* served.speak("2026-07-28")
        peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, id)
        assert.deepStrictEqual(peer.messages, [acknowledged(id, { toolsListChanged: true })])
        yield* addAndRemove(served)
        yield* served.dispatcher.drain(peer.handle)
        assert.deepStrictEqual(peer.messages, [
          acknowledged(id, { toolsListChanged: true }),
          onSubscription(id),
          onSubscription(id),
          ended(id)
        ])
        assert.deepStrictEqual(peer.ways, ["request", "request", "request", "answer"])
        yield* addAndRemove(served)
        assert.strictEqual(peer.lines.length, 4)
      }
    })
  )

  it.effect("the acknowledgement leaves out what the server does not tell, and it is not told", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      const filters: ReadonlyArray<readonly [Json, Json]> = [
        [{}, {}],
        [{ toolsListChanged: false }, {}],
        [{ toolsListChanged: "true" }, {}],
        [{ promptsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ["file:///a"], taskIds: ["1"] }, {}],
        [{ toolsListChanged: true, promptsListChanged: true }, { toolsListChanged: true }]
      ]
      for (const [i, [filter]] of filters.entries()) peer.start("subscriptions/listen", { notifications: filter }, i)
      assert.deepStrictEqual(
        peer.messages,
        filters.map(([, honoured], i) => acknowledged(i, honoured))
      )
      peer.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.messages, [onSubscription(4), onSubscription(4)])
    })
  )

  it.effect("without a filter it is an error of the params", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      for (const params of [undefined, {}, { notifications: [] }, { notifications: null }, { notifications: "all" }]) {
        peer.clear()
        const expected = refusal(1, -32602, "Invalid params: `notifications` must be an object")
        assert.deepStrictEqual(yield* peer.request("subscriptions/listen", params, 1), expected)
      }
    })
  )

  it.effect("several are told each by its own id", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      const other = yield* served.speak("2026-07-28")
      for (const id of [1, "1"]) peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, id)
      other.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, 1)
      peer.clear()
      other.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.messages, [onSubscription(1), onSubscription("1"), onSubscription(1), onSubscription("1")])
      assert.deepStrictEqual(other.messages, [onSubscription(1), onSubscription(1)])
    })
  )

  it.effect("the client ends it by cancelling: nothing comes any more, and no answer", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, 1)
      peer.notify("notifications/cancelled", { requestId: 1 })
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      peer.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("never carries progress or log messages", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const meta = { progressToken: "p", [key("logLevel")]: "debug" }
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true }, _meta: meta }, 1)
      yield* peer.call("steps")
      yield* peer.call("speak")
      assert.strictEqual(peer.notifications.length, 1)
    })
  )

  it.effect("more than 1,024 at once are refused, without an acknowledgement; who ends one makes room", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peers = yield* Effect.forEach([0, 1], () => served.speak("2026-07-28"))
      for (let i = 0; i < 1024; i++) peers[i % 2]?.start("subscriptions/listen", { notifications: {} }, i)
      const [peer] = peers
      if (peer === undefined) return
      peer.clear()
      peer.start("subscriptions/listen", { notifications: {} }, "more")
      yield* settle
      assert.deepStrictEqual(peer.messages, [refusal("more", -32603, "More than 1024 subscriptions")])
      peer.notify("notifications/cancelled", { requestId: 0 })
      yield* settle
      peer.clear()
      peer.start("subscriptions/listen", { notifications: {} }, "more")
      assert.deepStrictEqual(peer.messages, [acknowledged("more", {})])
    })
  )

  it.effect("a session beside it on the same peer is told too, each in its own way", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2025-11-25")
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true }, _meta: envelope() }, 1)
      peer.clear()
      yield* addAndRemove(served)
      assert.deepStrictEqual(peer.messages, [listChanged, onSubscription(1), listChanged, onSubscription(1)])
    })
  )

  for (const version of sessionVersions) {
    it.effect(`does not exist in ${version}`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        const expected = refusal(1, -32601, "Method not found: subscriptions/listen")
        assert.deepStrictEqual(yield* peer.request("subscriptions/listen", { notifications: {} }, 1), expected)
      })
    )
  }
})
