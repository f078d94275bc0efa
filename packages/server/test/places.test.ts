import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Places, type Placed } from "../src/internal/places.ts"
import { Slots } from "../src/internal/slots.ts"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

/** A server with a tool that asks, tells that it goes on, and waits for its gate; and one that only waits for its gate. */
const asking = (options: Options) => {
  const log: Array<string> = []
  const gates = new Map<string, Deferred.Deferred<void>>()
  const waits = (n: string) =>
    Effect.suspend(() => {
      log.push(n)
      const gate = Deferred.makeUnsafe<void>()
      gates.set(n, gate)
      return Deferred.await(gate)
    })
  const Ask = Tool.make("ask", { parameters: { n: Schema.String }, timeout: "1 minute" })
  const Work = Tool.make("work", { parameters: { n: Schema.String } })
  const form = { key: "sure", message: "Sure?", schema: Schema.Struct({ sure: Schema.Boolean }) }
  const live = [
    Ask.toLayer(({ n }) => Effect.andThen(Elicitation.form(form), waits(n))),
    Work.toLayer(({ n }) => waits(n))
  ] as const
  return {
    layer: McpServer.layer({ name: "s", version: "1", ...options }, Ask, Work).pipe(Layer.provide([...live])),
    log,
    open: (n: string) => Deferred.doneUnsafe(gates.get(n)!, Exit.void)
  }
}

const start = (peer: RawPeer, name: string, n: string) => peer.start("tools/call", { name, arguments: { n } }, n)

const questions = (peer: RawPeer) => peer.notifications.filter(({ method }) => method === "elicitation/create")

const answer = (peer: RawPeer, at: number) =>
  peer.send({ jsonrpc: "2.0", id: questions(peer)[at]!["id"], result: { action: "accept", content: { sure: true } } })

const speak = (options: Options) =>
  Effect.gen(function* () {
    const server = asking(options)
    const peer = yield* (yield* serve(server.layer)).open()
    yield* peer.speak("2025-11-25", { elicitation: {} })
    return { ...server, peer }
  })

describe("the place of a call that waits for a person", () => {
  for (const options of [{ concurrency: 1 }, { concurrencyPerPeer: 1 }]) {
    it.effect(`${Object.keys(options)[0]}: is lent to others, and taken again before those who never had one`, () =>
      Effect.gen(function* () {
        const { log, open, peer } = yield* speak(options)
        start(peer, "ask", "a")
        start(peer, "work", "b")
        start(peer, "work", "c")
        yield* settle
        assert.deepStrictEqual([log, questions(peer).length], [["b"], 1])
        answer(peer, 0)
        yield* settle
        assert.deepStrictEqual(log, ["b"])
        open("b")
        yield* settle
        assert.deepStrictEqual(log, ["b", "a"])
        open("a")
        yield* settle
        assert.deepStrictEqual(log, ["b", "a", "c"])
        open("c")
        yield* settle
        start(peer, "work", "d")
        start(peer, "work", "e")
        yield* settle
        assert.deepStrictEqual(log, ["b", "a", "c", "d"])
      })
    )
  }

  it.effect("any number of calls that all ask can go on one after the other", () =>
    Effect.gen(function* () {
      const { log, open, peer } = yield* speak({ concurrency: 1 })
      for (const n of ["a", "b", "c"]) start(peer, "ask", n)
      yield* settle
      assert.lengthOf(questions(peer), 3)
      for (const at of [0, 1, 2]) answer(peer, at)
      for (const n of ["a", "b", "c"]) {
        yield* settle
        assert.strictEqual(log.at(-1), n)
        open(n)
      }
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("is kept when as many are lent as may wait", () =>
    Effect.gen(function* () {
      const { log, peer } = yield* speak({ concurrency: 1, waiting: 1 })
      start(peer, "ask", "a")
      yield* settle
      start(peer, "ask", "b")
      yield* settle
      assert.lengthOf(questions(peer), 2)
      start(peer, "work", "c")
      yield* settle
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("time stands still until the call has it again; being cancelled meanwhile gives nothing away twice", () =>
    Effect.gen(function* () {
      const { log, open, peer } = yield* speak({ concurrency: 1 })
      start(peer, "ask", "a")
      start(peer, "work", "b")
      yield* settle
      yield* TestClock.adjust("5 minutes")
      answer(peer, 0)
      yield* settle
      yield* TestClock.adjust("4 minutes")
      assert.isUndefined(peer.answerNow("a"))
      start(peer, "ask", "c")
      peer.notify("notifications/cancelled", { requestId: "a" })
      yield* settle
      open("b")
      yield* settle
      answer(peer, 1)
      yield* settle
      assert.deepStrictEqual([log, peer.inFlight], [["b", "c"], 1])
      yield* TestClock.adjust("61 seconds")
      assert.isTrue((yield* peer.answer("c"))["result"].isError)
    })
  )
})

const placed = (slots: Slots): Placed => ({ peer: { slots }, hasPlace: false, hasLent: false })

describe("places", () => {
  it("that were lent by who is gone may be lent again, on either side", () => {
    for (const [ofPeer, ofServer] of [
      [1, 2],
      [2, 1]
    ] as const) {
      const [slots, all] = [new Slots(2, ofPeer), new Slots(2, ofServer)]
      const places = new Places(all)
      for (let n = 0; n < 3; n++) {
        const call = placed(slots)
        assert.isTrue(places.tryTake(call))
        places.lend(call)
        assert.isTrue(call.hasLent, `the call ${n}`)
        places.leave(call)
      }
    }
  })

  it.effect("who is interrupted while it waits for its places again gives them back, on either side", () =>
    Effect.gen(function* () {
      for (const [ofPeer, ofServer] of [
        [1, 2],
        [2, 1]
      ] as const) {
        const server = new Slots(ofServer, 9)
        const slots = new Slots(ofPeer, 9)
        const places = new Places(server)
        const [one, two] = [placed(slots), placed(slots)]
        assert.isTrue(places.tryTake(one))
        places.lend(one)
        assert.isTrue(places.tryTake(two))
        const fiber = yield* Effect.forkChild(places.back(one), { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        places.leave(one)
        places.leave(two)
        assert.deepStrictEqual([one.hasPlace, one.hasLent, two.hasPlace], [false, false, false])
        for (const all of [slots, server]) {
          const free = all === slots ? ofPeer : ofServer
          for (let n = 0; n < free; n++) assert.isTrue(all.tryTake())
          assert.isFalse(all.tryTake())
          for (let n = 0; n < 9; n++) {
            assert.isTrue(all.lends)
            all.lend()
            assert.isTrue(all.tryTake())
          }
          assert.isFalse(all.lends)
        }
      }
    })
  )
})
