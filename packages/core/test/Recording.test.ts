import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { Recording } from "../src/Recording.ts"

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("recording", () => {
  it.effect("runs an effect once, and knows nothing of one that failed", () =>
    Effect.gen(function* () {
      const recording = new Recording([["known", 0]])
      assert.strictEqual(yield* recording.once("known", Effect.die("never run")), 0)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(recording.once("k", Effect.fail("no")))))
      assert.strictEqual(yield* recording.once("k", Effect.succeed(1)), 1)
      assert.strictEqual(yield* recording.once("k", Effect.succeed(2)), 1)
      assert.deepStrictEqual(
        [...recording.values],
        [
          ["known", 0],
          ["k", 1]
        ]
      )
    })
  )

  it.effect("who comes while it runs waits, and has its turn when it failed", () =>
    Effect.gen(function* () {
      const recording = new Recording()
      const gate = Deferred.makeUnsafe<void>()
      const first = yield* Effect.forkChild(recording.once("k", Effect.andThen(Deferred.await(gate), Effect.fail("no"))), {
        startImmediately: true
      })
      const second = yield* Effect.forkChild(recording.once("k", Effect.succeed(2)), { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(first)))
      assert.strictEqual(yield* Fiber.join(second), 2)
    })
  )

  it.effect("is not interrupted; the result is there all the same", () =>
    Effect.gen(function* () {
      const recording = new Recording()
      const gate = Deferred.makeUnsafe<void>()
      const fiber = yield* Effect.forkChild(recording.once("k", Effect.as(Deferred.await(gate), 1)), { startImmediately: true })
      fiber.interruptUnsafe()
      yield* turn
      assert.isUndefined(fiber.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.strictEqual(recording.values.get("k"), 1)
    })
  )

  it.effect("what waits for itself can be interrupted", () =>
    Effect.gen(function* () {
      const recording = new Recording()
      const fiber = yield* Effect.forkChild(
        Effect.timeoutOption(recording.once("k", recording.once("k", Effect.succeed(1))), 1000),
        { startImmediately: true }
      )
      yield* TestClock.adjust(1000)
      assert.isTrue(Option.isNone(yield* Fiber.join(fiber)))
    })
  )

  it.effect("when it is closed, nothing new runs; what is recorded is still there", () =>
    Effect.gen(function* () {
      const recording = new Recording()
      const gate = Deferred.makeUnsafe<void>()
      yield* Effect.forkChild(recording.once("a", Effect.as(Deferred.await(gate), 1)), { startImmediately: true })
      const closed = yield* Effect.forkChild(recording.close, { startImmediately: true })
      yield* turn
      assert.isUndefined(closed.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closed)
      let ran = false
      const late = yield* Effect.exit(
        recording.once(
          "b",
          Effect.sync(() => (ran = true))
        )
      )
      assert.deepStrictEqual([Exit.hasInterrupts(late), ran], [true, false])
      assert.strictEqual(yield* recording.once("a", Effect.succeed(2)), 1)
    })
  )

  it.effect("whenever it is interrupted, nobody waits for what does not run", () =>
    Effect.gen(function* () {
      // A fiber gives way after so many steps, and can be interrupted then.
      for (let steps = 3; steps < 16; steps++) {
        for (let turns = 0; turns < 8; turns++) {
          const recording = new Recording()
          const recorded = Effect.provideService(recording.once("k", Effect.succeed(1)), Scheduler.MaxOpsBeforeYield, steps)
          const fiber = yield* Effect.forkChild(recorded, { startImmediately: true })
          for (let i = 0; i < turns; i++) yield* turn
          yield* Fiber.interrupt(fiber)
          const closing = yield* Effect.forkChild(recording.close, { startImmediately: true })
          yield* turn
          assert.isDefined(closing.pollUnsafe(), `${steps} steps, ${turns} turns`)
        }
      }
    })
  )
})
