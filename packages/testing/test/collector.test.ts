import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Collector } from "../src/internal/collector.ts"

describe("what arrives", () => {
  it.effect("is kept up to a bound, and then the oldest is forgotten", () =>
    Effect.sync(() => {
      const arrived = new Collector<number>(2)
      for (const value of [1, 2, 3]) arrived.push(value)
      assert.deepStrictEqual([arrived.all, arrived.last, arrived.forgotten], [[2, 3], 3, 1])
      const one = new Collector<number>(0)
      one.push(1)
      assert.deepStrictEqual(one.all, [1])
    })
  )

  it.effect("does not suffer from a condition that throws: whoever waits dies of it, once", () =>
    Effect.gen(function* () {
      const arrived = new Collector<number>()
      let asked = 0
      const broken = arrived.first(() => {
        asked++
        throw new Error("oops")
      })
      const waiting = yield* Effect.forkChild(arrived.first(), { startImmediately: true })
      const dying = yield* Effect.forkChild(Effect.exit(broken), { startImmediately: true })
      arrived.push(1)
      arrived.push(2)
      assert.strictEqual(yield* Fiber.join(waiting), 1)
      const exit = yield* Fiber.join(dying)
      assert.isTrue(Exit.hasDies(exit))
      assert.strictEqual(asked, 1)
    })
  )
})
