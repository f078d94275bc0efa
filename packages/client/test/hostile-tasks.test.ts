/**
 * Servers that say of tasks what is wrong, contradicts itself, or has no end.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { type Json, settle } from "./support/server.ts"
import { begin, count, done, ended, reasonOf, task, tasking, toolNamed } from "./support/tasks.ts"

/** A task of a server that answers every question about its state in the same way. */
const always = (state: Json, created: Json = task("working"), listens: (message: Json) => void = () => {}) =>
  Effect.gen(function* () {
    const { client, connection } = yield* tasking(
      (message, connection) => {
        listens(message)
        if (message["method"] === "tasks/result") return
        connection.answer(message, state)
      },
      { created: { task: created } }
    )
    return { client, connection, render: yield* client.tasks.start(toolNamed("render")) }
  })

describe("a hostile server", () => {
  for (const [what, created] of [
    ["has no id", task("working", { taskId: undefined })],
    ["has an id that is no text", task("working", { taskId: 7 })],
    ["has a status that nobody knows", task("lost")],
    ["has a book for a status", task("x".repeat(1e6))],
    ["is kept for a text", task("working", { ttl: "long" })],
    ["is nothing at all", {}]
  ] as const) {
    it.effect(`makes a task that ${what}: the answer is invalid, and the error is short`, () =>
      Effect.gen(function* () {
        const { client } = yield* tasking(() => {}, { created: { task: created } })
        const error = yield* Effect.flip(client.tasks.start(toolNamed("render")))
        assert.strictEqual(error.reason._tag, "InvalidAnswer")
        assert.include(error.message, "the answer to tools/call cannot be used: it is no task: ")
        assert.isBelow(error.message.length, 500)
      })
    )
  }

  it.effect("answers neither with a task nor with a result", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking(() => {}, { created: { task: "t1" } })
      const error = yield* Effect.flip(client.tasks.start(toolNamed("render")))
      assert.strictEqual(error.message, 'the answer to tools/call cannot be used: the result of "render" has no content')
    })
  )

  it.effect("answers for another task", () =>
    Effect.gen(function* () {
      const { client, render } = yield* always(task("completed", { taskId: "t2" }))
      const message = 'cannot be used: it is about the task "t2", not "t1"'
      for (const [method, effect] of [
        ["tasks/get", render.refresh],
        ["tasks/cancel", render.cancel],
        ["tasks/get", Effect.andThen(client.tasks.get("t1"), Effect.never)]
      ] as const) {
        const error = yield* Effect.flip(effect)
        assert.strictEqual(error.message, `the answer to ${method} ${message}`)
      }
      const fiber = yield* begin(render.await)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reasonOf(yield* ended(fiber)), "InvalidAnswer")
      assert.strictEqual((yield* render.state).status, "working")
    })
  )

  it.effect("gives tasks the names of books", () =>
    Effect.gen(function* () {
      const { render } = yield* always(task("working", { taskId: "x".repeat(1e6) }))
      assert.isBelow((yield* Effect.flip(render.refresh)).message.length, 500)
    })
  )

  it.effect("takes an end back: it stays", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* always(task("working"))
      const changes = yield* begin(Stream.runCollect(render.changes))
      connection.notify("notifications/tasks/status", task("failed"))
      for (const status of ["working", "completed", "cancelled"]) {
        connection.notify("notifications/tasks/status", task(status, { lastUpdatedAt: "2030-01-01T00:00:00Z" }))
      }
      assert.strictEqual((yield* render.state).status, "failed")
      yield* settle
      assert.strictEqual(Result.getOrThrow(yield* ended(changes)).length, 2)
    })
  )

  it.effect("answers with what was true before: it is no news, but an end is", () =>
    Effect.gen(function* () {
      const before = { lastUpdatedAt: "2025-11-25T09:00:00Z" }
      const { connection, render } = yield* always(task("input_required", before))
      assert.strictEqual((yield* render.refresh).status, "working")
      connection.notify("notifications/tasks/status", task("completed", before))
      assert.strictEqual((yield* render.state).status, "completed")
    })
  )

  it.effect("does not know the time: what it says counts as it comes", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* always(task("working"))
      for (const status of ["input_required", "working", "input_required"]) {
        connection.notify("notifications/tasks/status", task(status, { lastUpdatedAt: "yesterday" }))
        assert.strictEqual((yield* render.state).status, status)
      }
    })
  )

  it.effect("tells of two ends at once: the first one that arrives counts", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      const render = yield* client.tasks.start(toolNamed("render"))
      const asked = yield* begin(render.refresh)
      connection.notify("notifications/tasks/status", task("failed"))
      connection.answer(connection.last("tasks/get"), task("completed", { lastUpdatedAt: "2030-01-01T00:00:00Z" }))
      assert.strictEqual(Result.getOrThrow(yield* Fiber.join(asked)).status, "failed")
    })
  )

  it.effect("never ends a task: that ends when it is no longer kept", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* always(task("working", { ttl: 10_500 }), task("working", { ttl: 10_500 }))
      const fiber = yield* begin(render.await)
      const changes = yield* begin(Stream.runDrain(render.changes))
      yield* TestClock.adjust("10499 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const result = yield* ended(fiber)
      assert.strictEqual(reasonOf(yield* ended(changes)), "TaskExpired")
      assert.strictEqual(
        Result.isFailure(result) ? result.failure.message : "",
        'task "t1" was not over after the 10500 ms for which the server keeps it; start it with a longer `ttl`'
      )
      assert.strictEqual(count(connection, "tasks/get"), 11)
      // Who asks again is told so after one question.
      const again = yield* begin(render.await)
      yield* settle
      assert.strictEqual(reasonOf(yield* ended(again)), "TaskExpired")
    })
  )

  it.effect("forgets a task when it is no longer kept: that is what the error says", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(
        (message, connection) => connection.refuse(message, -32602, "Task not found"),
        { created: { task: task("working", { ttl: 500 }) } }
      )
      const fiber = yield* begin((yield* client.tasks.start(toolNamed("render"))).await)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(reasonOf(yield* ended(fiber)), "TaskExpired")
      assert.strictEqual(count(connection, "tasks/get"), 1)
    })
  )

  it.effect("forgets a task before: that fails as the server says", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking((message, connection) => connection.refuse(message, -32602, "Task not found"))
      const fiber = yield* begin((yield* client.tasks.start(toolNamed("render"))).await)
      yield* TestClock.adjust("1 second")
      const result = yield* ended(fiber)
      assert.strictEqual(
        Result.isFailure(result) ? result.failure.message : "",
        "the server refused tasks/get (-32602): Task not found"
      )
    })
  )

  for (const [what, ttl] of [
    ["changes its mind and keeps it longer", 60_000],
    ["keeps it for ever", null],
    ["keeps it for no time, which means that it does not say", 0]
  ] as const) {
    it.effect(`${what}: the task goes on`, () =>
      Effect.gen(function* () {
        const { render } = yield* always(task("working", { ttl }), task("working", { ttl: 5000 }))
        const fiber = yield* begin(render.await)
        yield* TestClock.adjust("59 seconds")
        assert.isUndefined(fiber.pollUnsafe())
      })
    )
  }

  it.effect("changes its mind about input all the time: it is asked for the result once", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* always(task("working"))
      yield* begin(render.await)
      for (let i = 0; i < 40; i++) {
        connection.notify("notifications/tasks/status", task(i % 2 === 0 ? "input_required" : "working"))
        yield* settle
      }
      assert.strictEqual(count(connection, "tasks/result"), 1)
    })
  )

  it.effect("makes more tasks than a client listens to: the oldest are asked about", () =>
    Effect.gen(function* () {
      const made = { current: 0 }
      const { client, connection } = yield* tasking(
        (message, connection) => {
          const { taskId } = message["params"]
          if (message["method"] === "tools/call")
            connection.answer(message, { task: task("working", { taskId: `t${made.current++}` }) })
          else if (message["method"] === "tasks/get") connection.answer(message, task("completed", { taskId }))
          else connection.answer(message, done)
        },
        { created: undefined }
      )
      let told = 0
      const onProgress = () => Effect.sync(() => void told++)
      const all = yield* Effect.forEach(Array.from({ length: 1025 }), () =>
        client.tasks.start(toolNamed("render"), {}, { onProgress })
      )
      const calls = connection.sent.filter(({ method }) => method === "tools/call")
      for (const i of [0, 1]) {
        connection.notify("notifications/progress", { progressToken: calls[i]!["id"], progress: 1 })
        connection.notify("notifications/tasks/status", task("failed", { taskId: `t${i}` }))
      }
      yield* settle
      assert.strictEqual(told, 1)
      assert.strictEqual((yield* all[0]!.state).status, "working")
      assert.strictEqual((yield* all[1]!.state).status, "failed")
      const fiber = yield* begin(all[0]!.await)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
    })
  )

  it.effect("gives two calls the same task: both are that one", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      const told: Array<number> = []
      const [one, two] = yield* Effect.forEach([1, 2], (call) =>
        client.tasks.start(toolNamed("render"), {}, { onProgress: () => Effect.sync(() => void told.push(call)) })
      )
      for (const { id } of connection.sent) {
        connection.notify("notifications/progress", { progressToken: id, progress: 1 })
      }
      const fibers = yield* Effect.forEach([one!, two!], ({ await: result }) => begin(result))
      connection.notify("notifications/tasks/status", task("completed"))
      yield* settle
      connection.answer(connection.last("tasks/result"), done)
      for (const fiber of fibers) assert.deepStrictEqual(yield* Fiber.join(fiber), Result.succeed(done))
      assert.strictEqual(count(connection, "tasks/result"), 1)
      assert.deepStrictEqual(told, [1])
    })
  )
})
