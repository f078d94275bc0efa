/**
 * What comes between a task and its result: input that it wants, cancelling, lost connections, guards.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import type { Guard } from "../src/Guard.ts"
import { CircuitOpen, McpClientError, RateLimited } from "../src/McpClientError.ts"
import * as Tasks from "../src/Tasks.ts"
import { settle } from "./support/server.ts"
import { begin, count, done, ended, reasonOf, task, tasking, toolNamed } from "./support/tasks.ts"
import { relatedKey, shown, started } from "./support/followed.ts"

describe("a task that wants input", () => {
  const asked = { message: "Which one?", requestedSchema: { type: "object", properties: { n: { type: "number" } } } }
  const questions: Array<string | undefined> = []
  const handlers = ElicitationHandler.layer({
    form: (params) => Effect.sync(() => (questions.push(Tasks.relatedTask(params)), ElicitationHandler.accept({ n: 7 })))
  })

  it.effect("is asked for its result at once, so that its questions come, and the client's handlers answer them", () =>
    Effect.gen(function* () {
      questions.length = 0
      const { connection, polled, render, reply, tell } = yield* started({ handlers, options: { totalTimeout: "1 minute" } })
      const fiber = yield* begin(render.await)
      yield* tell("input_required")
      assert.deepStrictEqual(connection.methods, ["tasks/result"])
      const meta = { [relatedKey]: { taskId: "t1" } }
      connection.send({ id: "q", method: "elicitation/create", params: { ...asked, _meta: meta } })
      yield* settle
      assert.deepStrictEqual(connection.sent.at(-1)?.["result"], { action: "accept", content: { n: 7 }, _meta: meta })
      assert.deepStrictEqual(questions, ["t1"])
      for (let minute = 0; minute < 10; minute++) yield* Effect.andThen(polled("input_required"), TestClock.adjust("59 seconds"))
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
      assert.strictEqual(count(connection, "tasks/result"), 1)
      assert.strictEqual((yield* render.state).status, "completed")
    })
  )

  it.effect("answers to questions outside of tasks, or before tasks, say nothing of one", () =>
    Effect.gen(function* () {
      for (const [version, meta] of [
        ["2025-11-25", {}],
        ["2025-06-18", { [relatedKey]: { taskId: "t1" } }]
      ] as const) {
        const { connection } = yield* tasking(() => {}, { handlers, version })
        connection.send({ id: "q", method: "elicitation/create", params: { ...asked, _meta: meta } })
        yield* settle
        assert.deepStrictEqual(connection.sent.at(-1)?.["result"], { action: "accept", content: { n: 7 } })
      }
    })
  )

  it.effect("is over when its result is there; its status tells whether it failed", () =>
    Effect.gen(function* () {
      const { render, reply, tell } = yield* started()
      const changes = yield* begin(Stream.runCollect(render.changes))
      yield* tell("input_required", { statusMessage: "which?" })
      yield* reply("tasks/result", { ...done, isError: true })
      assert.deepStrictEqual(shown(Result.getOrThrow(yield* ended(changes))), ["working", "input_required: which?", "failed"])
      assert.deepStrictEqual(yield* render.await, { ...done, isError: true })
    })
  )

  it.effect("refuses to give a result that is not there yet: it is asked again", () =>
    Effect.gen(function* () {
      const { connection, polled, refuse, render, reply, tell } = yield* started()
      const fiber = yield* begin(render.await)
      yield* tell("input_required")
      yield* refuse("tasks/result", -32602, "not yet")
      yield* polled("input_required")
      assert.isUndefined(fiber.pollUnsafe())
      assert.strictEqual(count(connection, "tasks/result"), 2)
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
    })
  )

  it.effect("whose end is told before the result comes: the question that is open is enough", () =>
    Effect.gen(function* () {
      const { connection, render, reply, tell } = yield* started()
      const fiber = yield* begin(render.await)
      yield* tell("input_required")
      yield* tell("completed")
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
      assert.deepStrictEqual(connection.methods, ["tasks/result"])
    })
  )

  it.effect("is left alone when nobody waits any more: the question for the result is taken back", () =>
    Effect.gen(function* () {
      const { connection, render, tell } = yield* started()
      const fiber = yield* begin(render.await)
      yield* tell("input_required")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tasks/result", "notifications/cancelled"])
      yield* begin(render.await)
      assert.strictEqual(count(connection, "tasks/result"), 2)
    })
  )
})

describe("cancelling a task", () => {
  it.effect("ends who waits for it; it stays cancelled", () =>
    Effect.gen(function* () {
      const { connection, render, reply, tell } = yield* started()
      const waiting = yield* begin(render.await)
      const changes = yield* begin(Stream.runCollect(render.changes))
      const cancelling = yield* begin(render.cancel)
      yield* reply("tasks/cancel", task("cancelled", { statusMessage: "as you wish" }))
      assert.deepStrictEqual(shown([Result.getOrThrow(yield* ended(cancelling))]), ["cancelled: as you wish"])
      assert.strictEqual(reasonOf(yield* ended(waiting)), "TaskCancelled")
      assert.deepStrictEqual(shown(Result.getOrThrow(yield* ended(changes))), ["working", "cancelled: as you wish"])
      yield* tell("completed")
      assert.strictEqual((yield* render.cancel).status, "cancelled")
      assert.deepStrictEqual(connection.methods, ["tasks/cancel"])
    })
  )

  it.effect("that is over already gives the state that it has", () =>
    Effect.gen(function* () {
      const { connection, refuse, render, reply } = yield* started()
      const cancelling = yield* begin(render.cancel)
      yield* refuse("tasks/cancel", -32602, "Cannot cancel task in terminal status")
      yield* reply("tasks/get", task("completed"))
      assert.strictEqual(Result.getOrThrow(yield* ended(cancelling)).status, "completed")
      assert.deepStrictEqual(connection.methods, ["tasks/cancel", "tasks/get"])
    })
  )

  it.effect("that the server refuses fails as it says, when the task goes on or is not known", () =>
    Effect.gen(function* () {
      const { refuse, render, reply } = yield* started()
      const first = yield* begin(render.cancel)
      yield* refuse("tasks/cancel", -32603, "cannot")
      yield* reply("tasks/get", task("working"))
      const second = yield* begin(render.cancel)
      yield* refuse("tasks/cancel", -32602, "who?")
      yield* refuse("tasks/get", -32602, "nobody")
      const messages = [yield* ended(first), yield* ended(second)].map((result) =>
        Result.isFailure(result) ? result.failure.message : ""
      )
      assert.deepStrictEqual(messages, [
        "the server refused tasks/cancel (-32603): cannot",
        "the server refused tasks/cancel (-32602): who?"
      ])
    })
  )

  it.effect("that the server does later gives the state until then", () =>
    Effect.gen(function* () {
      const { render, reply } = yield* started()
      const cancelling = yield* begin(render.cancel)
      yield* reply("tasks/cancel", task("working"))
      assert.strictEqual(Result.getOrThrow(yield* ended(cancelling)).status, "working")
    })
  )

  it.effect("is not what interrupting its result does", () =>
    Effect.gen(function* () {
      const { connection, render } = yield* started()
      const fiber = yield* begin(render.await)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, [])
    })
  )

  it.effect("is what interrupting its result does with `cancelOnInterrupt`, without waiting", () =>
    Effect.gen(function* () {
      const { client, connection, render } = yield* started({}, { cancelOnInterrupt: true })
      yield* Fiber.interrupt(yield* begin(render.await))
      assert.deepStrictEqual(connection.methods, ["tasks/cancel"])
      const finding = yield* begin(client.tasks.get("t1", { cancelOnInterrupt: true }))
      connection.answer(connection.last("tasks/get"), task("working"))
      const found = Result.getOrThrow(yield* Fiber.join(finding))
      yield* Fiber.interrupt(yield* begin(found.await))
      assert.strictEqual(count(connection, "tasks/cancel"), 2)
    })
  )

  it.effect("is what interrupting a scoped start does, once the server names it", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      yield* Fiber.interrupt(yield* begin(Effect.scoped(client.tasks.startScoped(toolNamed("render")))))
      connection.answer(connection.last("tools/call"), { task: task("working") })
      yield* settle
      assert.deepStrictEqual(connection.methods, ["tools/call", "tasks/cancel"])
    })
  )

  it.effect("is what the end of its scope does, unless it is over", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      const scope = yield* Scope.make()
      yield* Effect.provideService(client.tasks.startScoped(toolNamed("render")), Scope.Scope, scope)
      assert.strictEqual(count(connection, "tasks/cancel"), 0)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(count(connection, "tasks/cancel"), 1)
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* client.tasks.startScoped(toolNamed("render"))
          connection.notify("notifications/tasks/status", task("completed"))
        })
      )
      assert.strictEqual(count(connection, "tasks/cancel"), 1)
    })
  )
})

describe("a connection that is lost and comes back", () => {
  const options = { reconnect: Schedule.spaced("1 second") }

  it.effect("does not end a task: it is asked about on the next one", () =>
    Effect.gen(function* () {
      const { client, connection, connections } = yield* tasking(() => {}, { options })
      const render = yield* client.tasks.start(toolNamed("render"))
      const fiber = yield* begin(render.await)
      connection.notify("notifications/tasks/status", task("input_required"))
      yield* settle
      assert.strictEqual(connection.methods.at(-1), "tasks/result")
      connection.end("cut")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      const [, next] = connections
      assert.deepStrictEqual(next!.methods.slice(2), ["tasks/result", "tasks/get"])
      next!.answer(next!.last("tasks/result"), done)
      assert.deepStrictEqual(yield* Fiber.join(fiber), Result.succeed(done))
    })
  )

  it.effect("may lead to a server with other tools", () =>
    Effect.gen(function* () {
      const { client, connection, connections } = yield* tasking(() => {}, { options })
      yield* client.tasks.start("render")
      connection.end("cut")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* client.tasks.start("render")
      assert.deepStrictEqual(connections[1]!.methods.slice(2), ["tools/list", "tools/call"])
    })
  )

  it.effect("cancels a task on the next one, when the first one did not answer", () =>
    Effect.gen(function* () {
      const { client, connection, connections } = yield* tasking(() => {}, { options })
      const cancelling = yield* begin((yield* client.tasks.start(toolNamed("render"))).cancel)
      connection.end("cut")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      const [, next] = connections
      next!.answer(next!.last("tasks/cancel"), task("cancelled"))
      assert.strictEqual(Result.getOrThrow(yield* Fiber.join(cancelling)).status, "cancelled")
    })
  )
})

describe("guards of the client", () => {
  it.effect("see a start in the context of who starts", () =>
    Effect.gen(function* () {
      const Caller = Context.Reference<string>("test/Caller", { defaultValue: () => "nobody" })
      let seen = ""
      const guard: Guard = Effect.succeed((_, effect) =>
        Effect.flatMap(Caller, (caller) => {
          seen = caller
          return effect
        })
      )
      const { client } = yield* tasking(() => {}, { options: { guards: [guard] } })
      yield* Effect.provideService(client.tasks.start(toolNamed("render")), Caller, "me")
      assert.strictEqual(seen, "me")
    })
  )

  it.effect("stand around everything that tasks ask; what they hold back is asked later", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      let holds = 2
      const guard: Guard = Effect.succeed((request, effect) => {
        asked.push(request.tool ?? request.method)
        if (request.method !== "tasks/get" || holds-- === 0) return effect
        const { method } = request
        const open = new CircuitOpen({ method })
        return Effect.fail(
          new McpClientError({ reason: holds === 0 ? open : new RateLimited({ method, limit: 1, retryAfter: 1 }) })
        )
      })
      const { connection, render, reply } = yield* started({ options: { guards: [guard] } })
      const fiber = yield* begin(render.await)
      yield* TestClock.adjust("6999 millis")
      assert.deepStrictEqual(connection.methods, [])
      yield* TestClock.adjust(1)
      yield* reply("tasks/get", task("completed"))
      yield* reply("tasks/result", done)
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(done))
      assert.deepStrictEqual(asked, ["render", "tasks/get", "tasks/get", "tasks/get", "tasks/result"])
    })
  )
})

describe("the end of the connection", () => {
  it.effect("ends everyone who waits, at once", () =>
    Effect.gen(function* () {
      const { connection, render, tell } = yield* started()
      const fibers = yield* Effect.forEach(
        [render.await, render.wait(), Stream.runDrain(render.changes), render.cancel],
        (effect) => begin<unknown, Effect.Error<typeof render.await>, never>(effect)
      )
      yield* tell("input_required")
      connection.end("cut")
      yield* settle
      for (const fiber of fibers) assert.strictEqual(reasonOf(yield* ended(fiber)), "TransportFailed")
      assert.strictEqual((yield* render.state).status, "input_required")
    })
  )

  it.effect("ends also who waits for the result of a task that is over", () =>
    Effect.gen(function* () {
      const { connection, polled, render } = yield* started()
      const fiber = yield* begin(render.await)
      yield* polled("completed")
      assert.deepStrictEqual(connection.methods, ["tasks/get", "tasks/result"])
      connection.end("cut")
      yield* settle
      assert.strictEqual(reasonOf(yield* ended(fiber)), "TransportFailed")
    })
  )
})
