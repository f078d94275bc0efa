import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import * as StateLedger from "../src/StateLedger.ts"

const withLedger = <A, E>(maxStates: number, run: (ledger: StateLedger.StateLedger["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(StateLedger.StateLedger, run), StateLedger.layerMemory({ maxStates }))

describe("used states, in memory", () => {
  it.effect("are taken once, until they expire", () =>
    withLedger(2, (ledger) =>
      Effect.gen(function* () {
        assert.deepStrictEqual([yield* ledger.use("a", 1000), yield* ledger.use("a", 1000)], [true, false])
        yield* TestClock.adjust(999)
        assert.isFalse(yield* ledger.use("a", 1000))
        yield* TestClock.adjust(1)
        assert.isTrue(yield* ledger.use("a", 2000))
      })
    )
  )

  it.effect("that have expired make room, also behind one that lives longer", () =>
    withLedger(3, (ledger) =>
      Effect.gen(function* () {
        yield* ledger.use("for ever", Number.MAX_SAFE_INTEGER)
        for (let round = 1; round <= 5; round++) {
          for (const id of ["a", "b"]) assert.isTrue(yield* ledger.use(`${id}${round}`, round * 1000))
          const full = yield* Effect.result(ledger.use("c", round * 1000))
          assert.strictEqual(Result.isFailure(full) ? full.failure._tag : "taken", "StoreError")
          yield* TestClock.adjust(1000)
        }
        assert.isFalse(yield* ledger.use("for ever", Number.MAX_SAFE_INTEGER))
      })
    )
  )

  it.effect("that expire one by one make room one by one", () =>
    withLedger(3, (ledger) =>
      Effect.gen(function* () {
        for (const [id, expiresAt] of [
          ["for ever", Number.MAX_SAFE_INTEGER],
          ["a", 1000],
          ["b", 2000]
        ] as const) {
          assert.isTrue(yield* ledger.use(id, expiresAt))
        }
        for (let n = 1; n <= 2; n++) {
          yield* TestClock.adjust(1000)
          assert.isTrue(yield* ledger.use(`c${n}`, 10_000))
        }
      })
    )
  )

  it.effect("are at least one", () =>
    Effect.sync(() => assert.throws(() => Effect.runSync(withLedger(0, () => Effect.void) as Effect.Effect<void>)))
  )
})
