import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { refusal } from "./support/fixture.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

/** A server with a tool that ends when its gate is opened. It knows which calls are running. */
const gated = (options: Options) => {
  const gates = new Map<string, Deferred.Deferred<void>>()
  let most = 0
  const Work = Tool.make("work", { parameters: { n: Schema.String } })
  const Quick = Tool.make("quick")
  const live = Work.toLayer(({ n }) =>
    Effect.suspend(() => {
      const gate = Deferred.makeUnsafe<void>()
      gates.set(n, gate)
      most = Math.max(most, gates.size)
      return Effect.ensuring(
        Deferred.await(gate),
        Effect.sync(() => gates.delete(n))
      )
    })
  )
  return {
    layer: McpServer.layer({ name: "s", version: "1", ...options }, Work, Quick).pipe(
      Layer.provide([live, Quick.toLayer(() => Effect.void)])
    ),
    running: () => [...gates.keys()],
    most: () => most,
    open: (n: string) => Deferred.doneUnsafe(gates.get(n)!, Exit.void)
  }
}

const start = (peer: RawPeer, ...names: ReadonlyArray<string>) => {
  for (const n of names) peer.start("tools/call", { name: "work", arguments: { n } }, n)
}

const busy = (id: string) => refusal(id, -32603, "The server has too much to do; nothing was done, try again later")

describe("limits of concurrency", () => {
  it.effect("per server: more calls wait, over all peers, and go on in the order in which they came", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 2 })
      const served = yield* serve(work.layer)
      const one = yield* served.speak()
      const other = yield* served.speak("2026-07-28")
      start(one, "a", "b", "c")
      start(other, "d")
      start(one, "e")
      assert.deepStrictEqual(work.running(), ["a", "b"])
      assert.strictEqual(one.inFlight + other.inFlight, 5)
      work.open("a")
      yield* settle
      assert.deepStrictEqual(work.running(), ["b", "c"])
      work.open("c")
      yield* settle
      assert.deepStrictEqual(work.running(), ["b", "d"])
      work.open("b")
      work.open("d")
      yield* settle
      assert.deepStrictEqual(work.running(), ["e"])
      work.open("e")
      yield* settle
      assert.deepStrictEqual([one.lines.length, other.lines.length, one.inFlight, other.inFlight], [4, 1, 0, 0])
      assert.strictEqual(work.most(), 2)
    })
  )

  it.effect("per peer: a peer that has used up its own places does not hold up the others", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 4, concurrencyPerPeer: 2 })
      const served = yield* serve(work.layer)
      const greedy = yield* served.speak()
      const modest = yield* served.speak()
      start(greedy, "a", "b", "c", "d", "e", "f")
      start(modest, "x", "y")
      assert.deepStrictEqual(work.running(), ["a", "b", "x", "y"])
      work.open("x")
      yield* settle
      assert.deepStrictEqual(work.running(), ["a", "b", "y"])
      work.open("a")
      yield* settle
      assert.deepStrictEqual(work.running(), ["b", "y", "c"])
    })
  )

  it.effect("nobody overtakes those who wait, not even who comes at the moment at which a place gets free", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1 })
      const peer = yield* (yield* serve(work.layer)).speak()
      start(peer, "a", "b")
      work.open("a")
      start(peer, "c")
      yield* settle
      assert.deepStrictEqual(work.running(), ["b"])
      work.open("b")
      yield* settle
      assert.deepStrictEqual(work.running(), ["c"])
    })
  )

  it.effect("when as many wait as may, more are refused at once, and nothing of them is done", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, waiting: 2 })
      const peer = yield* (yield* serve(work.layer)).speak()
      start(peer, "a", "b", "c", "d")
      assert.deepStrictEqual(peer.messages, [busy("d")])
      assert.strictEqual(peer.inFlight, 3)
      work.open("a")
      yield* settle
      start(peer, "e", "f")
      assert.deepStrictEqual(peer.answerNow("f"), busy("f"))
      for (const n of ["b", "c", "e"]) {
        work.open(n)
        yield* settle
      }
      assert.strictEqual(peer.inFlight, 0)
      assert.strictEqual(peer.lines.length, 6)
    })
  )

  it.effect("a place that gets free makes room in the queue at once", () =>
    Effect.gen(function* () {
      for (const options of [{ concurrency: 1 }, { concurrencyPerPeer: 1 }]) {
        const work = gated({ ...options, waiting: 1 })
        const peer = yield* (yield* serve(work.layer)).speak()
        start(peer, "a", "b")
        work.open("a") // the place is free now, and nobody has it yet
        start(peer, "c", "d")
        yield* settle
        assert.deepStrictEqual(work.running(), ["b"])
        work.open("b")
        yield* settle
        assert.deepStrictEqual(work.running(), ["c"])
        assert.isUndefined(peer.answerNow("c"))
      }
    })
  )

  it.effect("the queue of one peer is bounded too, while other peers are served", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 10, concurrencyPerPeer: 1, waiting: 1 })
      const served = yield* serve(work.layer)
      const one = yield* served.speak()
      const other = yield* served.speak()
      start(one, "a", "b", "c")
      assert.deepStrictEqual(one.messages, [busy("c")])
      start(other, "x", "y", "z")
      assert.deepStrictEqual(other.messages, [busy("z")])
      assert.deepStrictEqual(work.running(), ["a", "x"])
    })
  )

  it.effect("a call that is cancelled while it waits is not answered, never runs, and gives its place in the queue away", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, waiting: 2 })
      const peer = yield* (yield* serve(work.layer)).speak()
      start(peer, "a", "b", "c")
      peer.notify("notifications/cancelled", { requestId: "b" })
      yield* settle
      assert.strictEqual(peer.inFlight, 2)
      start(peer, "d")
      assert.deepStrictEqual(peer.lines, [])
      for (const n of ["a", "c", "d"]) {
        assert.deepStrictEqual(work.running(), [n])
        work.open(n)
        yield* settle
      }
      assert.deepStrictEqual(
        peer.messages.map((m) => m["id"]),
        ["a", "c", "d"]
      )
      assert.strictEqual(work.most(), 1)
    })
  )

  it.effect("a call that is cancelled while it waits for the server gives the place of its peer back", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, concurrencyPerPeer: 2 })
      const served = yield* serve(work.layer)
      const [busy, peer] = [yield* served.speak(), yield* served.speak()]
      start(busy, "busy")
      for (let round = 0; round < 3; round++) {
        start(peer, "a", "b")
        for (const requestId of ["a", "b"]) peer.notify("notifications/cancelled", { requestId })
        yield* settle
      }
      work.open("busy")
      yield* settle
      start(peer, "c")
      assert.deepStrictEqual(work.running(), ["c"])
    })
  )

  it.effect("a call that times out while it waits gives its place in the queue away", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, waiting: 1, toolTimeout: "10 seconds" })
      const peer = yield* (yield* serve(work.layer)).speak()
      start(peer, "a")
      yield* TestClock.adjust("5 seconds")
      start(peer, "b")
      work.open("a")
      yield* settle
      start(peer, "c")
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.deepStrictEqual(
        peer.messages.map((m) => [m["id"], m["result"].isError === true]),
        [
          ["a", false],
          ["b", true],
          ["c", true]
        ]
      )
      start(peer, "d")
      assert.deepStrictEqual(work.running(), ["d"])
    })
  )

  it.effect("places are given back whatever became of the call", () =>
    Effect.gen(function* () {
      const Die = Tool.make("die")
      const Fail = Tool.make("fail", { failure: Schema.String })
      const Throw = Tool.make("throw")
      const Wait = Tool.make("wait")
      const options = { name: "s", version: "1", concurrency: 1, concurrencyPerPeer: 1, waiting: 1 }
      const layer = McpServer.layer(options, Die, Fail, Throw, Wait).pipe(
        Layer.provide([
          Die.toLayer(() => Effect.die("no")),
          Fail.toLayer(() => Effect.fail("no")),
          Throw.toLayer((): Effect.Effect<void> => {
            throw new Error("no")
          }),
          Wait.toLayer(() => Effect.never)
        ])
      )
      const peer = yield* (yield* serve(layer)).speak()
      for (let round = 0; round < 5; round++) {
        for (const name of ["die", "fail", "throw"]) assert.isTrue((yield* peer.call(name))["result"].isError)
        assert.strictEqual((yield* peer.call("nope"))["error"].code, -32602)
        const id = peer.startCall("wait")
        peer.notify("notifications/cancelled", { requestId: id })
        yield* settle
      }
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("a peer that goes away gives its places to the others, those of its waiting calls too", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 2 })
      const served = yield* serve(work.layer)
      const scope = yield* Scope.make()
      const gone = yield* Scope.provide(served.speak(), scope)
      const stays = yield* served.speak()
      start(gone, "a", "b", "c", "d")
      start(stays, "x", "y")
      assert.deepStrictEqual(work.running(), ["a", "b"])
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.deepStrictEqual(work.running(), ["x", "y"])
      assert.deepStrictEqual(gone.lines, [])
    })
  )

  it.effect("an open subscription takes no place away from calls", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, concurrencyPerPeer: 1, waiting: 1 })
      const peer = yield* (yield* serve(work.layer)).speak("2026-07-28")
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, "s1")
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } }, "s2")
      peer.start("tools/call", { name: "quick" }, "q")
      yield* settle
      assert.deepStrictEqual(peer.answerNow("q")?.["result"].content, [])
    })
  )

  it.effect("what needs no work is served although there is no place", () =>
    Effect.gen(function* () {
      const work = gated({ concurrency: 1, waiting: 1 })
      const peer = yield* (yield* serve(work.layer)).speak()
      start(peer, "a", "b")
      assert.property(yield* peer.request("ping"), "result")
      assert.property(yield* peer.request("tools/list"), "result")
      assert.property(yield* peer.request("logging/setLevel", { level: "error" }), "result")
    })
  )

  it.effect.prop(
    "never more than allowed run at once, and every call is answered, cancelled or refused exactly once",
    {
      concurrency: Schema.Literals([1, 2, 5]),
      concurrencyPerPeer: Schema.Literals([1, 2, 5]),
      waiting: Schema.Literals([1, 3, 100]),
      ops: Schema.Array(Schema.Literals(["call 0", "call 1", "call 2", "cancel", "open", "open last"])).check(
        Schema.isMaxLength(60)
      )
    },
    ({ ops, ...options }) =>
      Effect.gen(function* () {
        const work = gated(options)
        const served = yield* serve(work.layer)
        const peers = yield* Effect.forEach([0, 1, 2], () => served.speak())
        const started: Array<readonly [peer: RawPeer, id: string]> = []
        const cancelled = new Set<string>()
        for (const [i, op] of ops.entries()) {
          const running = work.running()
          assert.isAtMost(running.length, options.concurrency)
          if (op === "cancel") {
            const [peer, id] = started[i % Math.max(1, started.length)] ?? []
            if (peer === undefined || id === undefined || peer.answerNow(id) !== undefined) continue
            cancelled.add(id)
            peer.notify("notifications/cancelled", { requestId: id })
          } else if (op.startsWith("open")) {
            const n = op === "open" ? running[0] : running.at(-1)
            if (n !== undefined) work.open(n)
          } else {
            const peer = peers[Number(op.at(-1))]!
            start(peer, `n${i}`)
            started.push([peer, `n${i}`])
          }
          if (i % 3 === 0) yield* settle
        }
        yield* settle
        for (let n = work.running()[0]; n !== undefined; n = work.running()[0]) {
          work.open(n)
          yield* settle
        }
        assert.deepStrictEqual(
          peers.map((peer) => peer.inFlight),
          [0, 0, 0]
        )
        for (const [peer, id] of started) {
          const answers = peer.messages.filter((message) => message["id"] === id).length
          assert.strictEqual(answers, cancelled.has(id) ? 0 : 1, id)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } }
  )
})
