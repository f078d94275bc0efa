/**
 * How tasks are started, found again, listed and cancelled.
 */
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpClient from "../src/McpClient.ts"
import * as Tasks from "../src/Tasks.ts"
import { settle } from "./support/server.ts"
import { begin, count, done, ended, reasonOf, task, tasking, toolNamed, tools } from "./support/tasks.ts"

describe("starting a task", () => {
  it.effect("asks for one, with the time for which it shall be kept, and gives its id", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      assert.isTrue(client.tasks.isSupported)
      const started = yield* client.tasks.start("render", { scene: 7 }, { ttl: "1 hour", meta: { a: 1 } })
      const { id, params } = connection.last("tools/call")
      assert.deepStrictEqual(params, {
        name: "render",
        arguments: { scene: 7 },
        task: { ttl: 3_600_000 },
        _meta: { a: 1, progressToken: id }
      })
      assert.deepStrictEqual([started.id, started.returned, started.immediateResponse], ["t1", false, undefined])
      assert.strictEqual((yield* started.state).status, "working")
    })
  )

  it.effect("asks for whole milliseconds", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      yield* client.tasks.start("render", {}, { ttl: Duration.millis(0.5) })
      assert.deepStrictEqual(connection.last("tools/call")["params"].task, { ttl: 1 })
    })
  )

  for (const ttl of [undefined, Duration.infinity]) {
    it.effect(`leaves it to the server how long it is kept, when it is told ${String(ttl)}`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* tasking()
        yield* client.tasks.start("render", {}, ttl === undefined ? {} : { ttl })
        assert.deepStrictEqual(connection.last("tools/call")["params"].task, {})
      })
    )
  }

  it.effect("gives what to tell the model meanwhile", () =>
    Effect.gen(function* () {
      const created = { task: task("working"), _meta: { "io.modelcontextprotocol/model-immediate-response": "it is running" } }
      const { client } = yield* tasking(() => {}, { created })
      assert.strictEqual((yield* client.tasks.start("render")).immediateResponse, "it is running")
    })
  )

  it.effect("by a name lists the tools once, until they change", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      yield* client.tasks.start("render")
      yield* client.tasks.start("must")
      assert.deepStrictEqual(connection.methods, ["tools/list", "tools/call", "tools/call"])
      connection.notify("notifications/tools/list_changed")
      yield* client.tasks.start("render")
      assert.strictEqual(count(connection, "tools/list"), 2)
    })
  )

  it.effect("by a name that is not listed lists the tools once, too", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) => connection.answer(message, done))
      yield* client.tasks.start("unlisted")
      yield* client.tasks.start("unlisted")
      assert.strictEqual(count(connection, "tools/list"), 1)
    })
  )

  it.effect("by a listing lists nothing", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      yield* client.tasks.start(toolNamed("must"))
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("tools that change while they are listed are listed again for the next one", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { listsNothing: true })
      const first = yield* begin(client.tasks.start("render"))
      connection.notify("notifications/tools/list_changed")
      connection.answer(connection.last("tools/list"), { tools })
      assert.strictEqual(reasonOf(yield* Fiber.join(first)), "Success")
      yield* begin(client.tasks.start("render"))
      assert.strictEqual(count(connection, "tools/list"), 2)
    })
  )

  for (const tool of ["never", "plain", "unlisted"]) {
    it.effect(`of a tool that is none, "${tool}", calls it in the ordinary way: the result is returned`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* tasking((message, connection) => connection.answer(message, done))
        const started = yield* client.tasks.start(tool, { a: 1 }, { ttl: "1 hour" })
        assert.notProperty(connection.last("tools/call")["params"], "task")
        assert.deepStrictEqual([started.id, started.returned], [undefined, true])
        assert.deepStrictEqual(yield* started.await, done)
        for (const state of [started.state, started.refresh, started.wait("working"), started.cancel]) {
          assert.deepStrictEqual(yield* state, { status: "completed" })
        }
        assert.strictEqual(count(connection, "tools/call"), 1)
      })
    )

    it.effect(`of a tool that is none, "${tool}", fails and calls nothing when a task is required`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* tasking()
        const error = yield* Effect.flip(client.tasks.start(tool, {}, { required: true }))
        assert.strictEqual(
          error.message,
          `tool "${tool}" as a task is not available: the tool does not declare \`execution.taskSupport\``
        )
        assert.strictEqual(count(connection, "tools/call"), 0)
      })
    )
  }

  for (const [what, setting, missing] of [
    ["does not declare tasks", { tasks: undefined }, "the server does not declare the capability `tasks.requests.tools.call`"],
    [
      "has tasks, but not of tools",
      { tasks: { list: {} } },
      "the server does not declare the capability `tasks.requests.tools.call`"
    ],
    ["speaks an earlier revision", { version: "2025-06-18" }, "there are no tasks in 2025-06-18"],
    [
      "speaks a later revision",
      { version: "2026-07-28" },
      "this client does not declare the tasks extension: switch on its option `tasks`"
    ]
  ] as const) {
    it.effect(`with a server that ${what} never asks for one`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* tasking(
          (message, connection) => connection.answer(message, { ...done, resultType: "complete" }),
          setting
        )
        assert.isFalse(client.tasks.isSupported)
        assert.isTrue((yield* client.tasks.start(toolNamed("must"))).returned)
        assert.notProperty(connection.last("tools/call")["params"], "task")
        const error = yield* Effect.flip(client.tasks.start("must", {}, { required: true }))
        assert.strictEqual(error.reason._tag, "TaskUnavailable")
        assert.strictEqual(error.message, `tool "must" as a task is not available: ${missing}`)
        assert.deepStrictEqual(connection.methods, ["tools/call"])
      })
    )
  }

  it.effect("an ordinary call in its place is cancelled when it is interrupted", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      const fiber = yield* begin(client.tasks.start("plain"))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/list", "tools/call", "notifications/cancelled"])
    })
  )

  it.effect("with a server that gives the result although it was asked for a task: it is returned", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking(() => {}, { created: { ...done, isError: true } })
      const started = yield* client.tasks.start("render", {}, { required: true })
      assert.isTrue(started.returned)
      assert.strictEqual((yield* started.state).status, "failed")
      assert.deepStrictEqual(yield* started.await, { ...done, isError: true })
    })
  )

  it.effect("fails as the call does", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking((message, connection) => connection.refuse(message, -32601, "no tasks today"), {
        created: undefined
      })
      const error = yield* Effect.flip(client.tasks.start("render"))
      assert.strictEqual(error.message, "the server refused tools/call (-32601): no tasks today")
    })
  )

  it.effect("that the server does not confirm in time fails, and is not cancelled by a notification", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      const fiber = yield* begin(client.tasks.start(toolNamed("render"), {}, { timeout: "5 seconds" }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(reasonOf(yield* ended(fiber)), "TimedOut")
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("by hand is not cancelled by a notification either", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      const fiber = yield* begin(client.request("tools/call", { name: "render", task: {} }))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("that is interrupted cancels the task as soon as the server says which one it is", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      const fiber = yield* begin(client.tasks.start(toolNamed("render")))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/call"])
      connection.answer(connection.last("tools/call"), { task: task("working") })
      yield* settle
      assert.deepStrictEqual(connection.methods, ["tools/call", "tasks/cancel"])
      assert.strictEqual(connection.last("tasks/cancel")["params"].taskId, "t1")
    })
  )

  it.effect("that is interrupted before it could be sent is never sent", () =>
    Effect.gen(function* () {
      const { client, connection, connections } = yield* tasking(() => {}, {
        options: { reconnect: Schedule.spaced("1 second") }
      })
      connection.end()
      yield* settle
      const fiber = yield* begin(client.tasks.start(toolNamed("render")))
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(count(connections[1]!, "tools/call"), 0)
    })
  )

  it.effect("that is interrupted cancels nothing when there is a result", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      const fiber = yield* begin(client.tasks.start(toolNamed("render")))
      yield* Fiber.interrupt(fiber)
      connection.answer(connection.last("tools/call"), done)
      yield* settle
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )
})

describe("progress of a task", () => {
  it.effect("is told before and after the answer, in order, until the task is over", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { created: undefined })
      const told: Array<number> = []
      const onProgress = ({ progress }: McpClient.Progress) => Effect.sync(() => void told.push(progress))
      const fiber = yield* begin(client.tasks.start(toolNamed("render"), {}, { onProgress }))
      const call = connection.last("tools/call")
      const tell = (progress: number) => connection.notify("notifications/progress", { progressToken: call["id"], progress })
      tell(1)
      connection.answer(call, { task: task("working") })
      tell(2)
      yield* settle
      tell(3)
      assert.strictEqual(reasonOf(yield* ended(fiber)), "Success")
      connection.notify("notifications/tasks/status", task("completed"))
      tell(4)
      yield* settle
      assert.deepStrictEqual(told, [1, 2, 3])
    })
  )

  for (const [what, answer] of [
    ["a result", done],
    ["a task that is over", { task: task("completed") }],
    ["no task", { task: { taskId: 1 } }]
  ] as const) {
    it.effect(`ends with the answer when that is ${what}`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* tasking(() => {}, { created: answer })
        let told = 0
        yield* Effect.result(client.tasks.start(toolNamed("render"), {}, { onProgress: () => Effect.sync(() => void told++) }))
        connection.notify("notifications/progress", { progressToken: connection.last("tools/call")["id"], progress: 1 })
        yield* settle
        assert.strictEqual(told, 0)
      })
    )
  }
})

describe("a task that is found again", () => {
  it.effect("is asked for by its id", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) => {
        if (message["method"] === "tasks/get") connection.answer(message, task("completed", { taskId: "old" }))
        else connection.answer(message, done)
      })
      const found = yield* client.tasks.get("old")
      assert.deepStrictEqual([found.id, (yield* found.state).status], ["old", "completed"])
      assert.deepStrictEqual(yield* found.await, done)
      assert.deepStrictEqual(connection.methods, ["tasks/get", "tasks/result"])
      assert.strictEqual(connection.last("tasks/result")["params"].taskId, "old")
    })
  )

  it.effect("fails as the server does when there is none", () =>
    Effect.gen(function* () {
      const { client } = yield* tasking((message, connection) => connection.refuse(message, -32602, "Task not found"))
      const error = yield* Effect.flip(client.tasks.get("gone"))
      assert.strictEqual(error.message, "the server refused tasks/get (-32602): Task not found")
    })
  )

  it.effect("has its result read by a contract", () =>
    Effect.gen(function* () {
      const Render = Tool.make("render", {
        success: Schema.Struct({ at: Schema.Date }),
        failure: Schema.Struct({ no: Schema.String })
      })
      let result: object = { content: [], structuredContent: { at: "2025-11-25T00:00:00.000Z" } }
      const { client } = yield* tasking((message, connection) => {
        if (message["method"] === "tasks/get") connection.answer(message, task("completed"))
        else connection.answer(message, result)
      })
      const found = (yield* client.tasks.get("t1")).as(Render)
      assert.deepStrictEqual(yield* found.await, { at: new Date("2025-11-25") })
      result = { content: [], isError: true, structuredContent: { no: "scene" } }
      const failed = (yield* client.tasks.get("t1")).as(Render)
      assert.deepStrictEqual(yield* Effect.flip(failed.await), { no: "scene" })
      result = { content: [{ type: "text", text: "burnt" }], isError: true }
      const burnt = yield* Effect.flip((yield* client.tasks.get("t1")).as(Render).await)
      assert.strictEqual(String(burnt), 'McpClientError: tool "render" failed: burnt')
    })
  )
})

describe("a typed client", () => {
  it.effect("starts the tools of its contract as tasks", () =>
    Effect.gen(function* () {
      const Render = Tool.make("render", { parameters: { on: Schema.Date }, success: Schema.Finite })
      const { client, connection } = yield* tasking((message, connection) => {
        if (message["method"] === "tasks/get") connection.answer(message, task("completed"))
        else connection.answer(message, { content: [], structuredContent: { result: 7 } })
      })
      const { tasks } = McpClient.typed(Render, client)
      const started = yield* tasks.render({ on: new Date(0) }, { ttl: "1 minute" })
      const { params } = connection.last("tools/call")
      assert.deepStrictEqual([params.arguments, params.task], [{ on: "1970-01-01T00:00:00.000Z" }, { ttl: 60_000 }])
      const fiber = yield* begin(started.await)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* ended(fiber), Result.succeed(7))
      const error = yield* Effect.flip(tasks.render({ on: new Date(Number.NaN) }))
      assert.strictEqual(error.reason._tag, "InvalidArguments")
    })
  )
})

describe("the list of tasks", () => {
  it.effect("has all pages; what is no task is left out", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) =>
        message["params"].cursor === undefined
          ? connection.answer(message, { tasks: [task("working", { ttl: 5 }), { taskId: "x" }], nextCursor: "" })
          : connection.answer(message, { tasks: [task("failed", { taskId: "t2" })] })
      )
      const listed = yield* client.tasks.list
      assert.deepStrictEqual(
        listed.map(({ status, taskId, ttlMs }) => [taskId, status, ttlMs]),
        [
          ["t1", "working", 5],
          ["t2", "failed", null]
        ]
      )
      assert.deepStrictEqual(connection.methods, ["tasks/list", "tasks/list"])
    })
  )

  it.effect("ends after 1,000 pages", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) =>
        connection.answer(message, { tasks: [], nextCursor: String(connection.sent.length) })
      )
      assert.strictEqual(reasonOf(yield* Effect.result(client.tasks.list)), "InvalidAnswer")
      assert.strictEqual(connection.sent.length, 1000)
    })
  )
})

describe("what a server does not declare of its tasks", () => {
  it.effect("is never sent", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { tasks: { requests: { tools: { call: {} } } } })
      const started = yield* client.tasks.start(toolNamed("render"))
      const messages = [(yield* Effect.flip(client.tasks.list)).message, (yield* Effect.flip(started.cancel)).message]
      assert.deepStrictEqual(messages, [
        "tasks/list is not available: the server does not declare the capability `tasks.list`",
        "tasks/cancel is not available: the server does not declare the capability `tasks.cancel`"
      ])
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("is no way to find a task either", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking(() => {}, { tasks: undefined })
      const error = yield* Effect.flip(client.tasks.get("t1"))
      assert.strictEqual(error.message, "tasks/get is not available: the server does not declare the capability `tasks`")
      assert.deepStrictEqual(connection.methods, [])
    })
  )
})

describe("the task to which a message belongs", () => {
  it("is named in its `_meta`", () => {
    const key = "io.modelcontextprotocol/related-task"
    assert.strictEqual(Tasks.relatedTask({ _meta: { [key]: { taskId: "t1" } } }), "t1")
    for (const _meta of [undefined, null, 1, {}, { [key]: null }, { [key]: "t1" }, { [key]: { taskId: 1 } }]) {
      assert.isUndefined(Tasks.relatedTask({ _meta }))
    }
  })
})

describe("calling a listed tool in the way in which it can be called", () => {
  it.effect("is a task whose result is awaited, where it only runs as one", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) => {
        if (message["method"] === "tasks/get") connection.answer(message, task("completed"))
        if (message["method"] === "tasks/result") connection.answer(message, done)
      })
      const fiber = yield* begin(client.tasks.call(toolNamed("must"), { scene: 7 }))
      yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(fiber)
      assert.deepStrictEqual(Result.isSuccess(result) ? result.success.content : [], done.content)
      assert.deepStrictEqual(connection.last("tools/call")["params"].task, {})
    })
  )

  it.effect("is an ordinary call where it need not be a task", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking((message, connection) => connection.answer(message, done))
      yield* client.tasks.call(toolNamed("render"))
      yield* client.tasks.call(toolNamed("plain"))
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => params.task),
        [undefined, undefined]
      )
    })
  )

  it.effect("is over after the time for all of it, and the task is cancelled; interrupting it does so, too", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* tasking()
      const late = yield* begin(client.tasks.call(toolNamed("must"), {}, { totalTimeout: "1 minute" }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(reasonOf(yield* ended(late)), "TimedOut")
      assert.strictEqual(count(connection, "tasks/cancel"), 1)
      const interrupted = yield* begin(client.tasks.call(toolNamed("must")))
      yield* settle
      yield* Fiber.interrupt(interrupted)
      yield* settle
      assert.strictEqual(count(connection, "tasks/cancel"), 2)
    })
  )
})
