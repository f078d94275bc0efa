import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Principal from "../src/Principal.ts"
import * as Task from "../src/Task.ts"
import * as TaskStore from "../src/TaskStore.ts"
import * as Tool from "../src/Tool.ts"

type Status = TaskStore.StoredTask["task"]["status"]

const stored = (taskId: string, status: Status = "working", expiresAt: number | null = null): TaskStore.StoredTask => ({
  task: { taskId, status, createdAt: "1970-01-01T00:00:00.000Z", lastUpdatedAt: "1970-01-01T00:00:00.000Z", ttlMs: null },
  principal: null,
  expiresAt
})

const end = (one: TaskStore.StoredTask): TaskStore.StoredTask => ({ ...one, task: { ...one.task, status: "completed" } })

const withStore = <A, E>(options: TaskStore.MemoryOptions, run: (store: TaskStore.TaskStore["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(TaskStore.TaskStore, run), TaskStore.layerMemory(options))

const evicted = Effect.map(Metric.value(TaskStore.evictions), ({ count }) => Number(count))

describe("tasks, in memory", () => {
  it.effect("are there until their time is over", () =>
    withStore({}, (store) =>
      Effect.gen(function* () {
        assert.isTrue(yield* store.create(stored("a", "working", 1000)))
        assert.isTrue(yield* store.create(stored("b")))
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(yield* store.get("a"), stored("a", "working", 1000))
        yield* TestClock.adjust(1)
        assert.isUndefined(yield* store.get("a"))
        assert.isUndefined(yield* store.modify("a", end))
        assert.isDefined(yield* store.get("b"))
      })
    )
  )

  it.effect("that are over make room, the one that ended first; those that run never do", () =>
    withStore({ maxTasks: 3 }, (store) =>
      Effect.gen(function* () {
        const before = yield* evicted
        for (const id of ["a", "b", "c"]) assert.isTrue(yield* store.create(stored(id)))
        assert.isFalse(yield* store.create(stored("d")))
        assert.isUndefined(yield* store.get("d"))
        yield* store.modify("c", end)
        yield* store.modify("a", end)
        assert.isTrue(yield* store.create(stored("e")))
        assert.isUndefined(yield* store.get("c"))
        assert.isDefined(yield* store.get("a"))
        assert.isTrue(yield* store.create(stored("f")))
        assert.isFalse(yield* store.create(stored("g")))
        assert.deepStrictEqual(
          yield* Effect.forEach(["a", "b", "e", "f"], (id) => Effect.map(store.get(id), (one) => one !== undefined)),
          [false, true, true, true]
        )
        assert.strictEqual((yield* evicted) - before, 2)
      })
    )
  )

  it.effect("make room for results that are long, but not the one that has just come", () =>
    withStore({ maxSize: 2000 }, (store) =>
      Effect.gen(function* () {
        const long = (one: TaskStore.StoredTask): TaskStore.StoredTask => ({
          ...one,
          task: { ...one.task, status: "completed", result: { text: "x".repeat(1000) } }
        })
        for (const id of ["a", "b"]) {
          yield* store.create(stored(id))
          yield* store.modify(id, long)
        }
        assert.isUndefined(yield* store.get("a"))
        assert.isDefined(yield* store.get("b"))
        yield* store.create(stored("c"))
        yield* store.modify("c", (one) => ({ ...end(one), task: { ...end(one).task, result: { text: "x".repeat(3000) } } }))
        assert.isUndefined(yield* store.get("b"))
        assert.isDefined(yield* store.get("c"))
      })
    )
  )

  it.effect("take the room of what they are now, not of what they were", () =>
    withStore({ maxSize: 2000 }, (store) =>
      Effect.gen(function* () {
        yield* store.create(stored("a"))
        for (let n = 0; n < 50; n++) yield* store.modify("a", (one) => one)
        assert.isTrue(yield* store.create(stored("b")))
      })
    )
  )

  it.effect("have room again when one has expired", () =>
    withStore({ maxTasks: 1 }, (store) =>
      Effect.gen(function* () {
        yield* store.create(stored("a", "working", 10))
        assert.isFalse(yield* store.create(stored("b")))
        yield* TestClock.adjust(10)
        assert.isTrue(yield* store.create(stored("b")))
      })
    )
  )

  it.effect.prop(
    "never hold more than they may",
    { steps: Schema.Array(Schema.Tuple([Schema.Boolean, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))])) },
    ({ steps }) =>
      withStore({ maxTasks: 4 }, (store) =>
        Effect.gen(function* () {
          for (const [isEnd, n] of steps) {
            if (isEnd) yield* store.modify(`t${n}`, end)
            else if ((yield* store.get(`t${n}`)) === undefined) yield* store.create(stored(`t${n}`))
            const all = yield* Effect.forEach(
              Array.from({ length: 10 }, (_, i) => i),
              (i) => store.get(`t${i}`)
            )
            assert.isAtMost(all.filter((one) => one !== undefined).length, 4)
          }
        })
      )
  )

  it("are JSON, and bound to who made them", () => {
    const one = { ...stored("a"), principal: { subject: "ada", issuer: "here" } }
    assert.deepStrictEqual(Schema.decodeUnknownSync(TaskStore.StoredTask)(JSON.parse(JSON.stringify(one))), one)
    const belongs = (principal: Partial<Principal.Principal> & { readonly subject: string }) =>
      TaskStore.belongsTo(one, Principal.make(principal))
    assert.deepStrictEqual(
      [belongs({ subject: "ada", issuer: "here" }), belongs({ subject: "ada" }), belongs({ subject: "eve", issuer: "here" })],
      [true, false, false]
    )
    assert.isFalse(TaskStore.belongsTo(one, Principal.anonymous))
    assert.isTrue(TaskStore.belongsTo(stored("a"), Principal.anonymous))
    assert.isFalse(TaskStore.belongsTo(stored("a"), Principal.make({ subject: "ada" })))
  })

  it("have bounds that make sense", () => {
    assert.throws(() => Effect.runSync(withStore({ maxTasks: 0 }, () => Effect.void)), /maxTasks must be at least 1/)
  })
})

describe("tools that may be tasks", () => {
  it.effect("say so in their contract, and outside of tasks nothing happens", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(Tool.make("a", { task: "optional" }).task, { support: "optional" })
      assert.isUndefined(Tool.make("a").task)
      assert.throws(() => Tool.make("a", { task: "always" as "optional" }), /`task` must be "optional" or "required"/)
      yield* Task.begin
      yield* Task.status("nothing")
      assert.isUndefined(yield* Task.id)
    })
  )
})
