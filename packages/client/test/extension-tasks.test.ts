import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Task from "@effect-mcp/core/Task"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as McpClient from "../src/McpClient.ts"
import { agreeing, connect, type Json, scripted, settle } from "./support/server.ts"
import { begin, ended, reasonOf } from "./support/tasks.ts"

class Sad extends Schema.TaggedError<Sad>()("Sad", { why: Schema.String }) {}

const Named = { name: Schema.String }
const named = Schema.Struct(Named)

class Jobs extends McpGroup.make(
  "jobs",
  Tool.make("slow", { task: "required", parameters: { seconds: Schema.Finite }, success: Schema.Finite }),
  Tool.make("sad", { task: "optional", failure: Sad }),
  Tool.make("broken", { task: "optional" }),
  Tool.make("hungry", { task: "required" }),
  Tool.make("ask", { task: "optional", success: Schema.String }),
  Tool.make("plain", { success: Schema.String })
) {}

/** What became of `hungry`. */
const seen = { interrupted: 0 }

const ask = (key: string) => Elicitation.form({ key, message: `${key}?`, schema: named })

const JobsLive = Jobs.toLayer({
  tools: {
    slow: ({ seconds }) => Effect.as(Effect.andThen(Task.status("slowly"), Effect.sleep(`${seconds} seconds`)), seconds),
    sad: () => Effect.fail(new Sad({ why: "rain" })),
    broken: () => Effect.die(new Error("broken")),
    hungry: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => seen.interrupted++)),
    ask: () =>
      Effect.gen(function* () {
        const { name: one } = yield* ask("one")
        const { name: two } = yield* ask("two")
        return `${one}, ${two}`
      }),
    plain: () => Effect.succeed("plain")
  }
})

const Server = McpServer.layer({ name: "jobs", version: "1" }, Jobs).pipe(Layer.provide(JobsLive))

const clientOf = (options: Partial<McpClient.Options> = {}, handlers: Layer.Layer<never> = Layer.empty) =>
  McpClient.layer({ name: "tester", version: "1", tasks: true, ...options }).pipe(
    Layer.provide(handlers),
    Layer.provide(MemoryTransport.layer())
  )

const Client = (options?: Partial<McpClient.Options>, handlers?: Layer.Layer<never>) =>
  clientOf(options, handlers).pipe(Layer.provide(Server), Layer.provide(Logger.layer([])), Layer.fresh)

describe("a client that takes tasks", () => {
  it.effect("follows a call to its end, typed and untyped, and asks as often as the server says", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const { tools } = yield* McpClient.of(Jobs)
      const typed = yield* begin(tools.slow({ seconds: 4 }))
      const untyped = yield* begin(client.callTool("slow", { seconds: 4 }))
      yield* settle
      yield* TestClock.adjust("4 seconds")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* ended(typed), Result.succeed(4))
      assert.strictEqual((yield* Effect.fromResult(yield* ended(untyped))).structuredContent, 4)
    }).pipe(Effect.provide(Client()))
  )

  it.effect("gets failures that are declared, and errors that are not", () =>
    Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Jobs)
      const sad = yield* begin(tools.sad())
      const broken = yield* begin(tools.broken())
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      const failed = yield* ended(sad)
      assert.isTrue(Result.isFailure(failed) && failed.failure instanceof Sad)
      const errored = yield* ended(broken)
      assert.strictEqual(reasonOf(errored as never), "RequestFailed")
      assert.strictEqual(yield* tools.plain(), "plain")
    }).pipe(Effect.provide(Client()))
  )

  it.effect("answers what a task asks with its handlers, each question once", () => {
    const asked: Array<string> = []
    const handler = ElicitationHandler.layer({
      form: ({ message }) =>
        Effect.sync(() => {
          asked.push(message)
          return ElicitationHandler.accept({ name: message })
        })
    })
    return Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Jobs)
      const done = yield* begin(tools.ask())
      for (let n = 0; n < 6; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.deepStrictEqual(yield* ended(done), Result.succeed("one?, two?"))
      assert.deepStrictEqual(asked, ["one?", "two?"])
    }).pipe(Effect.provide(Client({}, handler)))
  })

  it.effect("hears of tasks on a subscription where it wants to, and need not wait until it asks", () =>
    Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Jobs)
      const done = yield* begin(tools.slow({ seconds: 0.5 }))
      yield* settle
      yield* TestClock.adjust("500 millis")
      yield* settle
      assert.deepStrictEqual(yield* ended(done), Result.succeed(0.5))
    }).pipe(Effect.provide(Client({ tasks: { listen: true } })))
  )

  it.effect("cancels the task of a call that is interrupted, unless it shall go on", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const before = seen.interrupted
      for (const [options, expected] of [
        [{ keepTask: true }, before],
        [{}, before + 1]
      ] as const) {
        const call = yield* begin(client.callTool("hungry", {}, options))
        yield* settle
        yield* Fiber.interrupt(call)
        yield* settle
        assert.strictEqual(seen.interrupted, expected)
      }
      const late = yield* begin(client.callTool("hungry", {}, { totalTimeout: "5 seconds" }))
      for (let n = 0; n < 6; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.strictEqual(reasonOf(yield* ended(late)), "TimedOut")
      assert.strictEqual(seen.interrupted, before + 2)
    }).pipe(Effect.provide(Client()))
  )

  it.effect("starts, watches and cancels tasks, and finds them again from elsewhere", () =>
    Effect.gen(function* () {
      const { one, two } = yield* Effect.all({
        one: McpClient.make({ name: "a", version: "1", tasks: true }),
        two: McpClient.make({ name: "b", version: "1", tasks: true })
      })
      assert.isTrue(one.tasks.isSupported)
      const started = yield* one.tasks.start("slow", { seconds: 2 })
      const again = yield* two.tasks.get(started.id!)
      const done = yield* begin(again.as(Jobs.contracts.find(({ name }) => name === "slow")!).await)
      const changes = yield* begin(Stream.runCollect(again.changes))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* ended(done), Result.succeed(2))
      const states = Array.from(yield* Effect.fromResult(yield* ended(changes)))
      assert.deepStrictEqual(
        states.map(({ status, statusMessage }) => [status, statusMessage]),
        [
          ["working", undefined],
          ["working", "slowly"],
          ["completed", "slowly"]
        ]
      )
      const hungry = yield* one.tasks.start("hungry")
      const cancelled = yield* (yield* two.tasks.get(hungry.id!)).cancel
      assert.include(["working", "cancelled"], cancelled.status)
      yield* settle
      assert.strictEqual((yield* hungry.refresh).status, "cancelled")
      assert.strictEqual(reasonOf(yield* Effect.result(hungry.await)), "TaskCancelled")
      assert.strictEqual(reasonOf(yield* Effect.result(one.tasks.list)), "TaskUnavailable")
      assert.strictEqual(reasonOf(yield* Effect.result(one.tasks.get("odd"))), "RequestFailed")
      assert.isTrue(
        (yield* begin(one.tasks.start("plain")).pipe(Effect.flatMap(ended), Effect.flatMap(Effect.fromResult))).returned
      )
    }).pipe(Effect.scoped, Effect.provide(MemoryTransport.layer().pipe(Layer.provide(Server))))
  )

  it.effect("declares nothing without the option: calls are ordinary ones, or refused", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const { tools } = yield* McpClient.of(Jobs)
      assert.notProperty(client.declared, "extensions")
      assert.isFalse(client.tasks.isSupported)
      assert.strictEqual(reasonOf((yield* Effect.result(tools.slow({ seconds: 1 }))) as never), "RequestFailed")
      assert.isTrue(Result.isFailure(yield* Effect.result(tools.sad())))
    }).pipe(Effect.provide(Client({ tasks: false })))
  )
})

const task = (status: string, more: Json = {}): Json => ({
  taskId: "t1",
  status,
  createdAt: "2026-07-28T10:00:00Z",
  lastUpdatedAt: "2026-07-28T10:00:00Z",
  ttlMs: null,
  pollIntervalMs: 1000,
  ...more
})

const declaring = {
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {}, extensions: { "io.modelcontextprotocol/tasks": {} } },
  resultType: "complete",
  ttlMs: 0,
  cacheScope: "private"
}

describe("a server of tasks that is odd", () => {
  /** A client whose server answers a call with a task, and questions about it as the test says. */
  const tasking = (states: (n: number) => Json, created: Json = task("working"), options: Partial<McpClient.Options> = {}) =>
    Effect.gen(function* () {
      let asked = 0
      const server = scripted(
        agreeing("2026-07-28", (message, connection) => {
          if (message["method"] === "tools/call") connection.answer(message, { ...created, resultType: "task" })
          else if (message["method"] === "tasks/get") connection.answer(message, { ...states(asked++), resultType: "complete" })
          else connection.answer(message, { resultType: "complete" })
        })
      )
      const client = yield* connect(server, { tasks: true, ...options })
      return { client, connection: server.connections[0]! }
    })

  const table = [
    ["is about another task", task("completed", { taskId: "t2" }), "InvalidAnswer"],
    ["is no task", { status: "odd" }, "InvalidAnswer"],
    ["is completed and has no result", task("completed"), "InvalidAnswer"],
    ["has a result without content", task("completed", { result: {} }), "InvalidAnswer"],
    ["failed with an error", task("failed", { error: { code: -1, message: "no" } }), "RequestFailed"],
    ["was cancelled", task("cancelled"), "TaskCancelled"],
    ["asks what nobody can answer", task("input_required", { inputRequests: { a: { method: "roots/list" } } }), "Unanswered"],
    ["asks nothing that can be read", task("input_required", { inputRequests: { a: 1 } }), "Unanswered"]
  ] as const

  it.effect.each(table)("%s", ([, state, reason]) =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => state)
      const done = yield* begin(client.callTool("a"))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(reasonOf(yield* ended(done)), reason)
      assert.notInclude(connection.methods, "tasks/result")
    })
  )

  it.effect("a task is nothing to a client that did not declare it", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking(() => task("working"), task("working"), { tasks: false })
      const error = yield* Effect.flip(client.callTool("a"))
      assert.include(error.message, "its result type is not known")
      const session = scripted(
        agreeing("2025-11-25", (message, connection) => connection.answer(message, { ...task("working"), resultType: "task" }))
      )
      const old = yield* connect(session, { tasks: true })
      assert.strictEqual(reasonOf(yield* Effect.result(old.callTool("a"))), "InvalidAnswer")
      assert.notInclude(session.connections[0]!.methods, "tasks/get")
    })
  )

  it.effect("questions that are told again and again are answered once, and again when they were given up", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      let begun = 0
      const handler = ElicitationHandler.layer({
        form: () =>
          Effect.suspend(() =>
            (begun++, Effect.as(Deferred.await(gate), ElicitationHandler.accept({ name: "Ada" }))).pipe(
              // What was given up may take its time to end.
              Effect.onInterrupt(() => Effect.sleep("1 hour"))
            )
          )
      })
      const question = {
        method: "elicitation/create",
        params: { message: "Who?", requestedSchema: { type: "object", properties: { name: { type: "string" } } } }
      }
      const updates: Array<Json> = []
      const server = scripted((message, connection) => {
        if (message["method"] === "tools/call") return connection.answer(message, { ...task("working"), resultType: "task" })
        if (message["method"] === "server/discover") return connection.answer(message, declaring)
        if (message["method"] === "tasks/update") updates.push(message["params"])
        const state = task("input_required", { inputRequests: { who: question } })
        connection.answer(
          message,
          message["method"] === "tasks/get" ? { ...state, resultType: "complete" } : { resultType: "complete" }
        )
      })
      const client = yield* connect(server, { tasks: true }, handler)
      const started = yield* client.tasks.start("a")
      yield* started.refresh
      yield* settle
      assert.strictEqual(begun, 0)
      const first = yield* begin(started.await)
      for (let n = 0; n < 3; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.strictEqual(begun, 1)
      yield* Fiber.interrupt(first)
      yield* begin(started.await)
      yield* settle
      assert.strictEqual(begun, 2)
      yield* Deferred.succeed(gate, undefined)
      for (let n = 0; n < 3; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(
        updates.map(({ inputResponses, taskId }) => ({ inputResponses, taskId })),
        [{ taskId: "t1", inputResponses: { who: { action: "accept", content: { name: "Ada" } } } }]
      )
    })
  )

  it.effect.each([
    ["101 at once", 101, 1, "InvalidAnswer"],
    ["100 at once, 1,000 in all", 100, 10, "Success"],
    ["100 at once, 1,100 in all", 100, 11, "InvalidAnswer"]
  ] as const)("may ask so many questions: %s", ([, atOnce, rounds, expected]) =>
    Effect.gen(function* () {
      const handler = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.decline) })
      const params = { message: "Who?", requestedSchema: { type: "object", properties: {} } }
      let asked = 0
      const server = scripted(
        agreeing("2026-07-28", (message, connection) => {
          if (message["method"] === "tools/call") return connection.answer(message, { ...task("working"), resultType: "task" })
          if (message["method"] !== "tasks/get") return connection.answer(message, { resultType: "complete" })
          const keys = Array.from({ length: atOnce }, (_, i) => [`${asked}-${i}`, { method: "elicitation/create", params }])
          const state =
            asked++ < rounds
              ? task("input_required", { inputRequests: Object.fromEntries(keys) })
              : task("completed", { result: { content: [] } })
          connection.answer(message, { ...state, resultType: "complete" })
        })
      )
      const client = yield* connect(server, { tasks: true }, handler)
      const done = yield* begin(client.callTool("a"))
      for (let n = 0; n <= rounds; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.strictEqual(reasonOf(yield* ended(done)), expected)
    })
  )

  it.effect("a task is an answer to calls of tools alone", () =>
    Effect.gen(function* () {
      const server = scripted(
        agreeing("2026-07-28", (message, connection) => connection.answer(message, { ...task("working"), resultType: "task" }))
      )
      const client = yield* connect(server, { tasks: true })
      assert.include((yield* Effect.flip(client.readResource("a:b"))).message, "its result type is not known")
    })
  )

  it.effect("an answer that did not get through is given again, and a question that was taken back is not put on", () =>
    Effect.gen(function* () {
      const seen = { begun: 0, interrupted: 0, updates: 0 }
      const handler = ElicitationHandler.layer({
        form: ({ message }) =>
          message === "taken back"
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => seen.interrupted++))
            : Effect.sync(() => (seen.begun++, ElicitationHandler.decline))
      })
      const question = (message: string) => ({
        method: "elicitation/create",
        params: { message, requestedSchema: { type: "object", properties: {} } }
      })
      let asked = 0
      const server = scripted(
        agreeing("2026-07-28", (message, connection) => {
          if (message["method"] === "tools/call") return connection.answer(message, { ...task("working"), resultType: "task" })
          if (message["method"] === "tasks/update") {
            if (seen.updates++ > 0) connection.answer(message, { resultType: "complete" })
          } else if (message["method"] === "tasks/get") {
            const state =
              asked++ < 8
                ? task("input_required", { inputRequests: { a: question("a"), b: question("taken back") } })
                : task("working")
            connection.answer(message, { ...state, resultType: "complete" })
          }
        })
      )
      const client = yield* connect(server, { tasks: true, timeout: "2 seconds" }, handler)
      const call = yield* begin(client.callTool("a"))
      for (let n = 0; n < 10; n++) {
        yield* settle
        yield* TestClock.adjust("1 second")
      }
      yield* settle
      assert.isUndefined(call.pollUnsafe())
      assert.deepStrictEqual(seen, { begun: 2, interrupted: 1, updates: 2 })
    })
  )

  it.effect("a call that has not become a task is cancelled as any other, also when it was started as one", () =>
    Effect.gen(function* () {
      const server = scripted((message, connection) => {
        if (message["method"] !== "server/discover") return
        connection.answer(message, declaring)
      })
      const client = yield* connect(server, { tasks: true })
      const starting = yield* begin(client.tasks.start("a"))
      yield* settle
      yield* Fiber.interrupt(starting)
      assert.include(server.connections[0]!.methods, "notifications/cancelled")
    })
  )
})
