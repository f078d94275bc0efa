/**
 * How a task is followed until its end: asking, being told, and its result.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { pauseOf } from "../src/internal/taskPolling.ts"
import type { TaskStatus } from "../src/Tasks.ts"
import * as Tasks from "../src/Tasks.ts"
import { settle } from "./support/server.ts"
import { begin, count, done, ended, reasonOf, task, tasking, toolNamed } from "./support/tasks.ts"
import { relatedKey, shown, started } from "./support/followed.ts"

describe("the result of a task", () => {
  it.effect("is fetched when the task is over, exactly as the call would have given it", () =>
    Effect.gen(function* () {
      const { connection, polled, render, reply } = yield* started()
      const fiber = yield* begin(render.await)
      assert.deepStrictEqual(connection.methods, [])
      yield* polled("working")
      yield* polled("completed")
      const result = { ...done, structuredContent: { a: 1 }, _meta: { [relatedKey]: { taskId: "t1" } } }
      yield* reply("tasks/result", result)
      const awaited = Result.getOrThrow(yield* ended(fiber))
      assert.deepStrictEqual<unknown>(awaited, result)
      assert.strictEqual(Tasks.relatedTask(awaited), "t1")
      assert.deepStrictEqual(connection.methods, ["tasks/get", "tasks/get", "tasks/result"])
    })
  )

  it.effect("is fetched once, for all who wait for it and come later", () =>
    Effect.gen(function* () {
      const { connection, polled, render, reply } = yield* started()
      const fibers = yield* Effect.forEach([1, 2, 3], () => begin(render.await))
      yield* polled("completed")
      yield* reply("tasks/result", done)
      for (const fiber of fibers) assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
      assert.deepStrictEqual(yield* render.await, done)
      assert.deepStrictEqual(connection.methods, ["tasks/get", "tasks/result"])
    })
  )

  it.effect("of a tool that failed is a result with `isError`", () =>
    Effect.gen(function* () {
      const { polled, render, reply } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("failed")
      yield* reply("tasks/result", { ...done, isError: true })
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed({ ...done, isError: true }))
    })
  )

  it.effect("of a call that failed is its error", () =>
    Effect.gen(function* () {
      const { polled, refuse, render } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("failed", { statusMessage: "out of paper" })
      yield* refuse("tasks/result", -32603, "broken")
      const result = yield* ended(fiber)
      assert.strictEqual(
        Result.isFailure(result) ? result.failure.message : "",
        "the server refused tasks/result (-32603): broken"
      )
      assert.strictEqual((yield* render.state).statusMessage, "out of paper")
    })
  )

  it.effect("of a task that was cancelled is none, and the server is not asked for it", () =>
    Effect.gen(function* () {
      const { connection, polled, render } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("cancelled", { statusMessage: "by the operator" })
      const result = yield* ended(fiber)
      assert.strictEqual(reasonOf(result), "TaskCancelled")
      assert.strictEqual(Result.isFailure(result) ? result.failure.message : "", 'task "t1" was cancelled: by the operator')
      assert.deepStrictEqual(connection.methods, ["tasks/get"])
    })
  )

  it.effect("without content is invalid", () =>
    Effect.gen(function* () {
      const { polled, render, reply } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("completed")
      yield* reply("tasks/result", {})
      const result = yield* ended(fiber)
      assert.strictEqual(
        Result.isFailure(result) ? result.failure.message : "",
        'the answer to tasks/result cannot be used: the result of task "t1" has no content'
      )
    })
  )

  it.effect("that does not come when the task is over times out, and can be asked for again", () =>
    Effect.gen(function* () {
      const { connection, polled, render, reply } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("completed")
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(reasonOf(yield* ended(fiber)), "TimedOut")
      const again = yield* begin(render.await)
      yield* settle
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(again), Result.succeed(done))
      assert.deepStrictEqual(connection.methods, ["tasks/get", "tasks/result", "notifications/cancelled", "tasks/result"])
    })
  )

  it.effect("may take longer than any timeout of the client", () =>
    Effect.gen(function* () {
      const { connection, polled, render, reply } = yield* started({ options: { timeout: "5 seconds" } })
      const fiber = yield* begin(render.await)
      for (let second = 0; second < 600; second++) {
        yield* TestClock.adjust("1 second")
        connection.answer(connection.last("tasks/get"), task("working"))
      }
      yield* polled("completed")
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
    })
  )
})

describe("how often the server is asked", () => {
  const gaps = (pollInterval: number | undefined, polls: number) =>
    Effect.gen(function* () {
      const { pollInterval: _, ...bare } = task("working")
      const state = pollInterval === undefined ? bare : { ...bare, pollInterval }
      const at: Array<number> = []
      let now = 0
      const { client } = yield* tasking(
        (message, connection) => {
          if (message["method"] !== "tasks/get") return
          at.push(now)
          connection.answer(message, state)
        },
        { created: { task: state } }
      )
      const render = yield* client.tasks.start(toolNamed("render"))
      const fiber = yield* begin(render.await)
      while (at.length < polls) {
        now += 50
        yield* TestClock.adjust(50)
      }
      yield* Fiber.interrupt(fiber)
      return at.map((time, i) => time - (at[i - 1] ?? 0))
    })

  it.effect("is what it asks for", () => Effect.map(gaps(2000, 3), (found) => assert.deepStrictEqual(found, [2000, 2000, 2000])))

  it.effect("is not more often than every 100 ms", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* gaps(0, 2), [100, 100])
      assert.deepStrictEqual(yield* gaps(-5000, 2), [100, 100])
    })
  )

  it.effect("is not less often than every 5 minutes", () =>
    Effect.map(gaps(86_400_000, 2), (found) => assert.deepStrictEqual(found, [300_000, 300_000]))
  )

  it("is not less often than that either when there is no answer", () => assert.strictEqual(pauseOf(200_000, 0, 1), 300_000))

  it.effect("becomes less often up to 10 seconds where it does not say", () =>
    Effect.map(gaps(undefined, 9), (found) =>
      assert.deepStrictEqual(found, [1000, 1500, 2250, 3400, 5050, 7600, 10_000, 10_000, 10_000])
    )
  )

  it.effect("is as the latest answer says, and starts anew when something has changed", () =>
    Effect.gen(function* () {
      const { connection, polled, render, reply } = yield* started()
      yield* begin(render.await)
      yield* polled("working", { pollInterval: 3000 })
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(count(connection, "tasks/get"), 1)
      yield* TestClock.adjust(1)
      const { pollInterval: _, ...silent } = task("working")
      yield* reply("tasks/get", silent)
      yield* TestClock.adjust("2250 millis") // two in a row brought nothing new
      yield* reply("tasks/get", { ...silent, statusMessage: "new" })
      assert.strictEqual(count(connection, "tasks/get"), 3)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(count(connection, "tasks/get"), 4)
    })
  )

  it.effect("is not at all while nobody waits", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* started()
      yield* TestClock.adjust("1 hour")
      const fiber = yield* begin(render.await)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(count(connection, "tasks/get"), 1)
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      // The question that was open is taken back; the task is not.
      assert.deepStrictEqual(connection.methods, ["tasks/get", "notifications/cancelled"])
    })
  )

  it.effect("is the same for one who waits and for many", () =>
    Effect.gen(function* () {
      const { client, connection, render } = yield* started()
      const found = yield* begin(client.tasks.get("t1"))
      connection.answer(connection.last("tasks/get"), task("working"))
      const same = Result.getOrThrow(yield* Fiber.join(found))
      connection.sent.length = 0
      yield* Effect.forEach([render.await, same.await, render.wait(), Stream.runDrain(render.changes)], (effect) =>
        begin<unknown, unknown, never>(effect)
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(connection.methods, ["tasks/get"])
    })
  )

  it.effect("doubles its pause when the server does not answer, and the fourth time in a row is the end", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* started({ options: { timeout: "10 seconds" } })
      const fiber = yield* begin(render.await)
      for (const pause of [1, 2, 4]) {
        yield* TestClock.adjust(`${pause} seconds`)
        yield* TestClock.adjust("10 seconds")
      }
      assert.strictEqual(count(connection, "tasks/get"), 3)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("7999 millis")
      assert.strictEqual(count(connection, "tasks/get"), 3)
      yield* TestClock.adjust(1)
      assert.strictEqual(count(connection, "tasks/get"), 4)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(reasonOf(yield* ended(fiber)), "TimedOut")
    })
  )

  it.effect("an answer makes up for those that did not come", () =>
    Effect.gen(function* () {
      const { polled, render } = yield* started({ options: { timeout: "10 seconds" } })
      const fiber = yield* begin(render.await)
      for (let round = 0; round < 3; round++) {
        yield* TestClock.adjust("11 seconds")
        yield* TestClock.adjust("12 seconds")
        yield* TestClock.adjust("3 seconds")
        yield* polled("working")
      }
      assert.isUndefined(fiber.pollUnsafe())
    })
  )
})

describe("what the server tells by itself", () => {
  it.effect("is known at once, also when nobody waits", () =>
    Effect.gen(function* () {
      const { connection, render, tell } = yield* started()
      yield* tell("working", { statusMessage: "half" })
      assert.strictEqual((yield* render.state).statusMessage, "half")
      yield* tell("completed")
      assert.deepStrictEqual([(yield* render.refresh).status, (yield* render.cancel).status], ["completed", "completed"])
      assert.deepStrictEqual(connection.methods, [])
    })
  )

  it.effect("ends waiting without a question", () =>
    Effect.gen(function* () {
      const { connection, render, reply, tell } = yield* started()
      const fiber = yield* begin(render.await)
      yield* tell("completed")
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
      assert.deepStrictEqual(connection.methods, ["tasks/result"])
    })
  )

  it.effect("does not keep the client from asking, however often it comes", () =>
    Effect.gen(function* () {
      const { connection, render, tell } = yield* started()
      yield* begin(render.await)
      for (let i = 0; i < 10; i++) {
        yield* TestClock.adjust("100 millis")
        yield* tell("working", { statusMessage: String(i) })
      }
      assert.strictEqual(count(connection, "tasks/get"), 1)
    })
  )

  it.effect("about other tasks, or that cannot be read, is nobody's", () =>
    Effect.gen(function* () {
      const { connection, render, tell } = yield* started()
      yield* tell("failed", { taskId: "other" })
      yield* tell("lost")
      connection.notify("notifications/tasks/status")
      connection.notify("notifications/tasks/status", { taskId: "t1", status: "failed" })
      assert.strictEqual((yield* render.state).status, "working")
    })
  )
})

describe("the changes of a task", () => {
  it.effect("are each status and message once, from the latest to the final one", () =>
    Effect.gen(function* () {
      const { polled, render, tell } = yield* started()
      const fiber = yield* begin(Stream.runCollect(render.changes))
      yield* polled("working", { ttl: 1e9 })
      yield* tell("working", { statusMessage: "half" })
      yield* polled("working", { statusMessage: "half" })
      yield* tell("working", { statusMessage: "most" })
      yield* polled("completed")
      yield* tell("failed")
      assert.deepStrictEqual(shown(Result.getOrThrow(yield* ended(fiber))), [
        "working",
        "working: half",
        "working: most",
        "completed"
      ])
      assert.deepStrictEqual(shown(yield* Stream.runCollect(render.changes)), ["completed"])
    })
  )

  it.effect("that are not taken are dropped, the oldest first, but never the last one", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* started()
      const seen: Array<string> = []
      const fiber = yield* begin(
        Stream.runForEach(render.changes, ({ status, statusMessage }) =>
          Effect.andThen(
            Effect.sync(() => seen.push(statusMessage ?? status)),
            Effect.sleep("1 second")
          )
        )
      )
      yield* settle
      for (let i = 0; i < 3000; i++)
        connection.notify("notifications/tasks/status", task("working", { statusMessage: String(i) }))
      connection.notify("notifications/tasks/status", task("completed"))
      yield* TestClock.adjust("1 hour")
      yield* ended(fiber)
      assert.isBelow(seen.length, 1100)
      assert.deepStrictEqual(seen.slice(-2), ["2999", "completed"])
    })
  )
})

describe("waiting for a status", () => {
  for (const [until, states, reached] of [
    ["input_required", ["working", "input_required"], "input_required"],
    ["completed", ["working", "failed"], "failed"],
    ["working", [], "working"],
    [undefined, ["input_required", "cancelled"], "cancelled"]
  ] as const) {
    it.effect(`"${until}" gives "${reached}" when the server says ${states.join(", ") || "nothing"}`, () =>
      Effect.gen(function* () {
        const { polled, render } = yield* started()
        const fiber = yield* begin(render.wait(until))
        for (const status of states) yield* polled(status)
        assert.deepStrictEqual(
          Result.map(yield* ended(fiber), ({ status }) => status),
          Result.succeed<TaskStatus>(reached)
        )
      })
    )
  }

  it.effect("gives the state as it is when the time is over", () =>
    Effect.gen(function* () {
      const { polled, render } = yield* started()
      const fiber = yield* begin(render.wait("completed", "3 seconds"))
      yield* polled("working", { statusMessage: "half" })
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(shown([Result.getOrThrow(yield* ended(fiber))]), ["working: half"])
    })
  )
})
