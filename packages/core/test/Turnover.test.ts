import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Turnover } from "../src/Turnover.ts"

const keys = <V>(count: number, value: (n: number) => V) => Array.from({ length: count }, (_, n) => [n, value(n)] as const)

/** A turnover with these entries. */
const holding = <K, V extends {}>(entries: ReadonlyArray<readonly [K, V]>): Turnover<K, V> => {
  const turnover = new Turnover<K, V>()
  for (const [key, value] of entries) turnover.set(key, value)
  return turnover
}

/** What is seen from outside. */
const seen = (of: Turnover<number, number>, among: ReadonlyArray<number>) => ({
  size: of.size,
  values: [...of.values()],
  found: among.map((key) => [of.has(key), of.get(key)])
})

/** The same, as a Map has it. */
const expected = (of: Map<number, number>, among: ReadonlyArray<number>) => ({
  size: of.size,
  values: [...of.values()],
  found: among.map((key) => [of.has(key), of.get(key)])
})

describe("a turnover", () => {
  const Op = Schema.Struct({
    from: Schema.Literals([0, 3, 100, 450]),
    count: Schema.Literals([1, 5, 300, 600]),
    add: Schema.Boolean
  })

  it.effect.prop(
    "holds what a Map would hold, in the same order, whatever is added, replaced and deleted",
    { ops: Schema.Array(Op).check(Schema.isMaxLength(12)) },
    ({ ops }) =>
      Effect.sync(() => {
        const turnover = new Turnover<number, number>()
        const map = new Map<number, number>()
        const among = [0, 1, 3, 99, 100, 399, 450, 749, 1049, 2000]
        for (const [i, { add, count, from }] of ops.entries()) {
          for (let key = from; key < from + count; key++) {
            if (add) {
              turnover.set(key, i)
              map.set(key, i)
            } else assert.strictEqual(turnover.delete(key), map.delete(key), `${key} is deleted`)
            assert.strictEqual(turnover.size, map.size)
          }
          assert.deepStrictEqual(seen(turnover, among), expected(map, among))
        }
      }),
    { arbitrary: { runs: 60 } }
  )

  it("keeps what stays, and its order, while thousands come and go", () => {
    const turnover = holding([
      [-1, "first"],
      [-2, "second"]
    ])
    for (let key = 0; key < 5000; key++) {
      turnover.set(key, "passing")
      assert.isTrue(turnover.delete(key))
    }
    turnover.set(-3, "third")
    assert.deepStrictEqual([...turnover.values()], ["first", "second", "third"])
    assert.strictEqual(turnover.size, 3)
  })

  it("an entry whose value is replaced keeps its place, one that was deleted comes last", () => {
    const turnover = holding(keys(3, String))
    turnover.set(0, "anew")
    turnover.delete(1)
    turnover.set(1, "again")
    assert.deepStrictEqual([...turnover.values()], ["anew", "2", "again"])
  })

  it("tells whether there was something to delete", () => {
    const turnover = holding(keys(1, String))
    assert.deepStrictEqual([turnover.delete(1), turnover.delete(0), turnover.delete(0)], [false, true, false])
    assert.strictEqual(turnover.size, 0)
  })

  it("every entry that is there is visited once when each is deleted as it is visited", () => {
    const turnover = holding(keys(2000, (n) => n))
    const visited: Array<number> = []
    for (const n of turnover.values()) {
      visited.push(n)
      turnover.delete(n)
    }
    assert.deepStrictEqual(
      visited,
      Array.from({ length: 2000 }, (_, n) => n)
    )
    assert.strictEqual(turnover.size, 0)
  })

  it("entries that stay are visited once, whatever is deleted meanwhile", () => {
    const turnover = holding(keys(2000, (n) => n))
    const stays = (n: number) => n % 10 === 0
    const visited: Array<number> = []
    for (const n of turnover.values()) {
      visited.push(n)
      if (n === 0) for (let key = 0; key < 2000; key++) if (!stays(key)) turnover.delete(key)
    }
    assert.deepStrictEqual(
      visited.filter(stays),
      keys(200, (n) => n * 10).map(([, n]) => n)
    )
    assert.deepStrictEqual(visited.filter(stays), [...turnover.values()])
  })

  it("lets go of what was deleted without a full collection, although it is old itself", () => {
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void
    const heldAfterward = () => {
      // What it is made of at first becomes old.
      const turnover = new Turnover<number, ReadonlyArray<number>>()
      for (let key = -100; key < 0; key++) turnover.set(key, [])
      for (let key = -100; key < 0; key++) turnover.delete(key)
      collect()
      collect()
      const before = process.memoryUsage().heapUsed
      for (let key = 0; key < 4000; key++) {
        turnover.set(key, new Array<number>(1000).fill(key))
        turnover.delete(key - 8)
      }
      collect({ type: "minor" })
      collect({ type: "minor" })
      assert.strictEqual(turnover.size, 8)
      return process.memoryUsage().heapUsed - before
    }
    // 32 MB have gone through each time.
    const held = [heldAfterward(), heldAfterward(), heldAfterward()]
    assert.isBelow(Math.max(...held), 16_000_000)
  })
})
