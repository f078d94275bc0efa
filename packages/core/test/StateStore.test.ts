import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as StateStore from "../src/StateStore.ts"

const withStore = <A, E>(
  options: StateStore.MemoryOptions,
  run: (store: StateStore.StateStore["Service"]) => Effect.Effect<A, E>
) => Effect.provide(Effect.flatMap(StateStore.StateStore, run), StateStore.layerMemory(options))

const put = (store: StateStore.StateStore["Service"], key: string, value: number) =>
  store.modify(key, (state) => ({ ...state, value }))

describe("states, in memory", () => {
  it.effect("are changed, and are empty when nothing is kept", () =>
    withStore({}, (store) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* store.get("a"), {})
        assert.deepStrictEqual(yield* put(store, "a", 1), { value: 1 })
        assert.deepStrictEqual(yield* store.modify("a", (state) => ({ ...state, more: 2 })), { value: 1, more: 2 })
        assert.deepStrictEqual([yield* store.get("a"), yield* store.get("b")], [{ value: 1, more: 2 }, {}])
      })
    )
  )

  it.effect("live for a while after they were changed last; reading them does not help", () =>
    withStore({ ttl: "1 minute" }, (store) =>
      Effect.gen(function* () {
        yield* put(store, "a", 1)
        yield* TestClock.adjust("59 seconds")
        yield* put(store, "a", 2)
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(yield* store.get("a"), { value: 2 })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* store.get("a"), {})
      })
    )
  )

  it.effect("make room, the one that was idle for the longest time first; empty ones take none", () =>
    withStore({ maxStates: 2 }, (store) =>
      Effect.gen(function* () {
        yield* put(store, "a", 1)
        yield* put(store, "b", 1)
        yield* put(store, "a", 2)
        yield* store.modify("c", () => ({}))
        assert.deepStrictEqual(yield* store.get("b"), { value: 1 })
        yield* put(store, "c", 1)
        assert.deepStrictEqual(
          [yield* store.get("a"), yield* store.get("b"), yield* store.get("c")],
          [{ value: 2 }, {}, { value: 1 }]
        )
      })
    )
  )
})
