import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

/** A server with a tool that waits for a gate, one that sleeps, and one that is done at once and notes in which order it ran. */
const mixed = (options: Options = {}) => {
  const gate = Deferred.makeUnsafe<void>()
  const ran: Array<number> = []
  const Gated = Tool.make("gated")
  const Sleep = Tool.make("sleep")
  const Quick = Tool.make("quick", { parameters: { n: Schema.Int }, success: Schema.Int })
  const layer = McpServer.layer({ name: "s", version: "1", ...options }, Gated, Sleep, Quick).pipe(
    Layer.provide([
      Gated.toLayer(() => Deferred.await(gate)),
      Sleep.toLayer(() => Effect.sleep("1 second")),
      Quick.toLayer(({ n }) =>
        Effect.sync(() => {
          ran.push(n)
          return n
        })
      )
    ])
  )
  return { layer, ran, open: () => Deferred.doneUnsafe(gate, Exit.void) }
}

/** Numbers that the peer does not give to requests by itself. */
const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, n) => 10_000 + n)

const startQuick = (peer: RawPeer, ids: ReadonlyArray<number>) => {
  for (const n of ids) peer.start("tools/call", { name: "quick", arguments: { n } }, n)
}

/** The ids of the answers that are results, in the order in which they were written. */
const answered = (peer: RawPeer): ReadonlyArray<unknown> =>
  peer.messages.filter(({ result }) => result !== undefined && result.isError !== true).map(({ id }) => id)

describe("calls that wait and then need no time", () => {
  for (const [where, options] of [
    ["for the server", { concurrency: 1 }],
    ["for their peer", { concurrencyPerPeer: 1 }],
    ["for both", { concurrency: 1, concurrencyPerPeer: 1 }]
  ] as const) {
    it.effect(`${where}: 4,000 of them are answered once each, in the order in which they came`, () =>
      Effect.gen(function* () {
        const { layer, open, ran } = mixed(options)
        const peer = yield* (yield* serve(layer)).speak()
        const gated = peer.startCall("gated")
        const ids = numbers(4000)
        startQuick(peer, ids)
        assert.deepStrictEqual(peer.lines, [])
        assert.strictEqual(peer.inFlight, 4001)
        open()
        yield* peer.until(({ inFlight }) => inFlight === 0 || undefined)
        assert.deepStrictEqual(ran, ids)
        assert.deepStrictEqual(answered(peer), [gated, ...ids])
      })
    )
  }

  it.effect("with the limits as they are: 3,000 of them behind 1,024 that sleep", () =>
    Effect.gen(function* () {
      const { layer, ran } = mixed()
      const peer = yield* (yield* serve(layer)).speak()
      const sleeping = numbers(1024).map(() => peer.startCall("sleep"))
      const ids = numbers(3000)
      startQuick(peer, ids)
      assert.deepStrictEqual(peer.lines, [])
      assert.strictEqual(peer.inFlight, 4024)
      yield* TestClock.adjust("1 second")
      yield* peer.until(({ inFlight }) => inFlight === 0 || undefined)
      assert.deepStrictEqual(ran, ids)
      const isQuick = (id: unknown) => Number(id) >= 10_000
      assert.deepStrictEqual<ReadonlyArray<unknown>>(answered(peer).filter(isQuick), ids)
      assert.deepStrictEqual(
        answered(peer).filter((id) => !isQuick(id)),
        sleeping
      )
    })
  )

  it.effect("one that comes while others are on their way does not overtake them, and all places are free in the end", () =>
    Effect.gen(function* () {
      const { layer, open, ran } = mixed({ concurrency: 1 })
      const served = yield* serve(layer)
      const [one, other] = [yield* served.speak(), yield* served.speak("2026-07-28")]
      one.startCall("gated")
      startQuick(one, [0, 1, 2])
      open() // the place is free now, and nobody has it yet
      startQuick(other, [3])
      startQuick(one, [4])
      yield* settle
      assert.deepStrictEqual(ran, [0, 1, 2, 3, 4])
      startQuick(other, [5])
      assert.deepStrictEqual(ran, [0, 1, 2, 3, 4, 5])
      assert.strictEqual(one.inFlight + other.inFlight, 0)
    })
  )

  it.effect("those that are cancelled do not hold up the others", () =>
    Effect.gen(function* () {
      const { layer, open, ran } = mixed({ concurrency: 1 })
      const peer = yield* (yield* serve(layer)).speak()
      peer.startCall("gated")
      const ids = numbers(2000)
      startQuick(peer, ids)
      const isOdd = (n: number) => n % 2 === 1
      for (const requestId of ids.filter(isOdd)) peer.notify("notifications/cancelled", { requestId })
      open()
      yield* peer.until(({ inFlight }) => inFlight === 0 || undefined)
      assert.deepStrictEqual(
        ran,
        ids.filter((n) => !isOdd(n))
      )
      assert.strictEqual(answered(peer).length, 1001)
    })
  )
})
