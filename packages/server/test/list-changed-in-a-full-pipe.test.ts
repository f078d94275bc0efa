import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { key, type RawPeer, serve, type Served, settle } from "./support/peer.ts"

const First = Tool.make("first")
const Server = McpServer.layer({ name: "s", version: "1" }, First).pipe(Layer.provide(First.toLayer(() => Effect.void)))

const add = (served: Served, name: string) => {
  const late = Tool.make(name)
  return Effect.andThen(
    served.server.add(
      late,
      late.toLayer(() => Effect.void)
    ),
    settle
  )
}

const listen = (peer: RawPeer, ...ids: ReadonlyArray<string | number>) => {
  for (const id of ids) {
    peer.start(
      "subscriptions/listen",
      {
        notifications: { toolsListChanged: true },
        _meta: { [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: {} }
      },
      id
    )
  }
  peer.clear()
}

/** For whom the changes were that a peer was told of; `undefined` is the session. */
const told = (peer: RawPeer): ReadonlyArray<unknown> => {
  const changed = peer.messages.filter(({ method }) => method === "notifications/tools/list_changed")
  assert.strictEqual(changed.length, peer.messages.length)
  return changed.map(({ params }) => params?._meta?.[key("subscriptionId")])
}

describe("a change of the list while the way to the client is full", () => {
  it.effect("is told to all three subscriptions on it, once there is room", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      listen(peer, "a", "b", "c")
      peer.isFull = true
      yield* add(served, "late")
      assert.deepStrictEqual(peer.lines, [])
      peer.isFull = false
      yield* settle
      assert.deepStrictEqual(told(peer), ["a", "b", "c"])
    })
  )

  it.effect("is told once to each, however many changes there were", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      listen(peer, "a", "b", "c")
      peer.isFull = true
      for (const name of ["one", "two", "three"]) yield* add(served, name)
      peer.isFull = false
      yield* settle
      assert.deepStrictEqual(told(peer), ["a", "b", "c"])
    })
  )

  it.effect("ids that look alike are not taken for one another", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      listen(peer, 1, "1", "1.0")
      peer.isFull = true
      yield* add(served, "late")
      peer.isFull = false
      yield* settle
      assert.deepStrictEqual(told(peer), [1, "1", "1.0"])
    })
  )

  it.effect("is told to the session and to the subscriptions of the same peer", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2025-11-25")
      listen(peer, "a", "b")
      peer.isFull = true
      yield* add(served, "late")
      peer.isFull = false
      yield* settle
      assert.deepStrictEqual(new Set(told(peer)), new Set([undefined, "a", "b"]))
      assert.strictEqual(peer.lines.length, 3)
    })
  )

  it.effect("the next one is told again, whether there is room or not", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak("2026-07-28")
      listen(peer, "a", "b", "c")
      for (const [isFull, name] of [
        [true, "one"],
        [true, "two"],
        [false, "three"]
      ] as const) {
        peer.isFull = isFull
        yield* add(served, name)
        peer.isFull = false
        yield* settle
        assert.deepStrictEqual(told(peer), ["a", "b", "c"], name)
        peer.clear()
      }
    })
  )

  it.effect("does not hold up the clients whose way is not", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const [stuck, reading] = [yield* served.speak("2026-07-28"), yield* served.speak("2026-07-28")]
      listen(stuck, "a", "b")
      listen(reading, "a", "b")
      stuck.isFull = true
      for (const name of ["one", "two"]) yield* add(served, name)
      assert.deepStrictEqual(told(reading), ["a", "b", "a", "b"])
      stuck.isFull = false
      yield* settle
      assert.deepStrictEqual(told(stuck), ["a", "b"])
    })
  )
})
