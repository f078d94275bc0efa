import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Deadlines from "../src/Deadlines.ts"

class Entry extends Deadlines.Timed {
  private readonly onExpire: () => void

  constructor(onExpire: () => void) {
    super()
    this.onExpire = onExpire
  }

  expire(): void {
    this.onExpire()
  }
}

/** Entries that note when they expire. */
const timing = Effect.gen(function* () {
  const deadlines = yield* Deadlines.make
  const expired: Array<readonly [name: string, at: number]> = []
  const add = (name: string, timeoutMs: number): Deadlines.Timed => {
    const entry = new Entry(() => expired.push([name, deadlines.now()]))
    deadlines.add(entry, deadlines.now(), timeoutMs)
    return entry
  }
  return { deadlines, expired, add }
})

describe("deadlines", () => {
  it.effect("each entry expires when its time is over, not before, and once", () =>
    Effect.gen(function* () {
      const { add, expired } = yield* timing
      add("a", 100)
      add("b", 50)
      add("c", 100)
      yield* TestClock.adjust("49 millis")
      assert.deepStrictEqual(expired, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(expired, [["b", 50]])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        expired.map(([name]) => name),
        ["b", "a", "c"]
      )
    })
  )

  it.effect("one that is removed never expires, and does not hold up the others", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      const a = add("a", 100)
      yield* TestClock.adjust("10 millis")
      add("b", 100)
      deadlines.remove(a)
      deadlines.remove(a)
      yield* TestClock.adjust("99 millis")
      assert.deepStrictEqual(expired, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(expired, [["b", 110]])
    })
  )

  it.effect("an earlier one that comes later is in time", () =>
    Effect.gen(function* () {
      const { add, expired } = yield* timing
      add("late", 10_000)
      yield* TestClock.adjust("1 second")
      add("early", 5)
      yield* TestClock.adjust("5 millis")
      assert.deepStrictEqual(expired, [["early", 1005]])
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(expired.at(-1), ["late", 10_000])
    })
  )

  it.effect("one that began earlier but comes later is in time, among those of its timeout", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      const noted = (name: string) => new Entry(() => expired.push([name, deadlines.now()]))
      yield* TestClock.adjust("50 millis")
      add("c", 100)
      deadlines.add(noted("a"), 10, 100)
      deadlines.add(noted("b"), 30, 100)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(expired, [
        ["a", 110],
        ["b", 130],
        ["c", 150]
      ])
    })
  )

  it.effect("what is over, or was removed, points at nothing that waits", () =>
    Effect.gen(function* () {
      const { add, deadlines } = yield* timing
      const entries = [add("a", 10), add("b", 10), add("c", 10), add("d", 10)]
      for (const entry of entries.slice(1, 3)) deadlines.remove(entry)
      yield* TestClock.adjust("10 millis")
      for (const { after, before, queue } of entries)
        assert.deepStrictEqual([queue, before, after], [undefined, undefined, undefined])
    })
  )

  it.effect("one that is added again begins anew", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      const a = add("a", 100)
      for (let i = 0; i < 5; i++) {
        yield* TestClock.adjust("90 millis")
        deadlines.remove(a)
        deadlines.add(a, deadlines.now(), 100)
      }
      assert.deepStrictEqual(expired, [])
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(expired, [["a", 550]])
    })
  )

  it.effect("one that is added while it waits begins anew, and the others keep their times", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      add("before", 100)
      const a = add("a", 100)
      add("behind", 100)
      for (const timeout of [100, 200]) {
        yield* TestClock.adjust("50 millis")
        deadlines.add(a, deadlines.now(), timeout)
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(expired, [
        ["before", 100],
        ["behind", 100],
        ["a", 300]
      ])
    })
  )

  it.effect("an entry may add another one when it expires", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      deadlines.add(new Entry(() => add("next", 10)), 0, 50)
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(expired, [])
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(expired, [["next", 60]])
    })
  )

  it.effect("an entry that throws when it expires does not stop the clock for the others", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      const broken = () => {
        throw new Error("broken")
      }
      deadlines.add(new Entry(broken), 0, 10)
      add("same time", 10)
      add("later", 20)
      yield* TestClock.adjust("1 minute")
      add("much later", 10)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        expired.map(([name]) => name),
        ["same time", "later", "much later"]
      )
    })
  )

  it.effect("nothing expires any more when the scope is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { add, expired } = yield* Scope.provide(timing, scope)
      add("a", 10)
      yield* Scope.close(scope, Exit.void)
      add("too late", 5)
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(expired, [])
    })
  )

  it.effect("there is one sleeper at most, however many entries there are", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let sleepers = 0
      let most = 0
      const counted: Clock.Clock = {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
        sleep: (duration) =>
          Effect.suspend(() => {
            most = Math.max(most, ++sleepers)
            return Effect.ensuring(
              clock.sleep(duration),
              Effect.sync(() => sleepers--)
            )
          })
      }
      const { add, expired } = yield* Effect.provideService(timing, Clock.Clock, counted)
      for (let i = 100; i > 0; i--) add(`${i}`, i)
      yield* TestClock.adjust("50 millis")
      add("again", 10)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(expired.length, 101)
      assert.strictEqual(sleepers, 0)
      assert.strictEqual(most, 1)
    })
  )

  it.effect("odd timeouts that come and go are not kept", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      for (let i = 1; i <= 1000; i++) deadlines.remove(add(`t${i}`, i))
      add("last", 7)
      yield* TestClock.adjust("7 millis")
      assert.deepStrictEqual(expired, [["last", 7]])
    })
  )

  it.effect("among many odd timeouts, those that still have somebody who waits are kept", () =>
    Effect.gen(function* () {
      const { add, deadlines, expired } = yield* timing
      for (let i = 1; i <= 200; i++) {
        add(`${i}`, i)
        deadlines.remove(add(`removed ${i}`, i))
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        expired.map(([name]) => name),
        Array.from({ length: 200 }, (_, i) => `${i + 1}`)
      )
    })
  )

  it.effect("of odd timeouts that come and go nothing is held", () =>
    Effect.gen(function* () {
      setFlagsFromString("--expose-gc")
      const collect = runInNewContext("gc") as () => void
      const { add, deadlines } = yield* timing
      const queues: Array<WeakRef<object>> = []
      for (let i = 1; i <= 1000; i++) {
        const entry = add(`t${i}`, i)
        queues.push(new WeakRef(entry.queue!))
        deadlines.remove(entry)
      }
      // References that were just made are held until the next turn.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      collect()
      assert.isBelow(queues.filter((queue) => queue.deref() !== undefined).length, 100)
    })
  )

  it.effect.prop(
    "whatever is added and removed, each entry that stays expires exactly at its time",
    {
      ops: Schema.Array(
        Schema.Struct({
          timeout: Schema.Literals([5, 10, 10, 25, 60]),
          wait: Schema.Literals([0, 1, 7]),
          remove: Schema.Boolean
        })
      ).check(Schema.isMaxLength(40))
    },
    ({ ops }) =>
      Effect.gen(function* () {
        const { add, deadlines, expired } = yield* timing
        const started = deadlines.now()
        const expected = new Map<string, number>()
        for (const [i, { remove, timeout, wait }] of ops.entries()) {
          const entry = add(`${i}`, timeout)
          if (remove) deadlines.remove(entry)
          else expected.set(`${i}`, deadlines.now() + timeout)
          yield* TestClock.adjust(wait)
        }
        for (let i = 0; i < 70; i++) yield* TestClock.adjust(1)
        assert.isAtLeast(deadlines.now(), started)
        assert.strictEqual(expired.length, expected.size)
        for (const [name, at] of expired) {
          const due = expected.get(name) ?? Number.NaN
          assert.isTrue(at >= due && at <= due + 7, `${name} at ${at}, due at ${due}`)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } }
  )

  it.effect("come true on a clock with fractions, which may stop just before them", () =>
    Effect.gen(function* () {
      for (let i = 1; i <= 200; i++) {
        yield* TestClock.adjust(Duration.millis(i * 0.123_456_7))
        const { add, expired } = yield* timing
        yield* TestClock.adjust(Duration.millis(i * 83.7))
        for (const timeout of [0.3, 12.345, 1000]) add(`${timeout}`, timeout)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(expired.length, 3)
      }
    }).pipe(Effect.scoped)
  )
})
