import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { TestClock } from "effect/testing"
import type { CallOptions, McpClient, Options } from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import { agreeing, type Connection, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const connected = (script: Script = () => {}, options: Partial<Options> = {}, version = "2025-11-25") =>
  Effect.gen(function* () {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, options)
    const connection: Connection = server.connections[0]!
    connection.sent.length = 0
    return { client, connection, server }
  })

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })

const reasonOf = <A>(result: Result.Result<A, McpClientError>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "Success"

const call = (client: McpClient["Service"], options?: CallOptions) => client.callTool("tool", {}, options)

const cancelled = (requestId: unknown, reason: string): Json => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId, reason }
})

const done = { content: [{ type: "text" as const, text: "done" }] }

describe("timeouts", () => {
  const endsAfter = (duration: Duration.Input, options: Partial<Options>, callOptions?: CallOptions) =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(() => {}, options)
      const fiber = yield* start(call(client, callOptions))
      const { id } = connection.last("tools/call")
      yield* TestClock.adjust(Duration.toMillis(Duration.fromInputUnsafe(duration)) - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(reasonOf(result), "TimedOut")
      assert.deepStrictEqual(connection.sent.slice(1), [cancelled(id, "timeout")])
    })

  it.effect("60 seconds is the default; then the request is cancelled and fails", () => endsAfter("60 seconds", {}))

  it.effect("the client's own is in place of it", () => endsAfter("5 seconds", { timeout: "5 seconds" }))

  it.effect("the call's own is in place of both", () =>
    endsAfter("2 minutes", { timeout: "5 seconds" }, { timeout: "2 minutes" })
  )

  it.effect("an infinite one waits for ever", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* start(call(client, { timeout: Duration.infinity, totalTimeout: Duration.infinity }))
      yield* TestClock.adjust("1000 days")
      assert.isUndefined(fiber.pollUnsafe())
      connection.answer(connection.last("tools/call"), done)
      assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "Success")
    })
  )

  it.effect("progress begins it anew", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* start(call(client, { timeout: "10 seconds" }))
      const { progressToken } = connection.last("tools/call")["params"]._meta
      for (let progress = 1; progress <= 5; progress++) {
        yield* TestClock.adjust("9 seconds")
        connection.notify("notifications/progress", { progressToken, progress })
      }
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(
        Result.isFailure(result) ? result.failure.message : "",
        "tools/call was cancelled: no answer and no progress for 10000 ms"
      )
    })
  )

  it.effect("progress of another request, or none that can be read, does not", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* start(call(client, { timeout: "10 seconds" }))
      const { progressToken } = connection.last("tools/call")["params"]._meta
      yield* TestClock.adjust("9 seconds")
      connection.notify("notifications/progress", { progressToken: progressToken + 1, progress: 1 })
      connection.notify("notifications/progress", { progressToken: String(progressToken), progress: 1 })
      connection.notify("notifications/progress", { progressToken, progress: "half" })
      connection.notify("notifications/progress")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "TimedOut")
    })
  )

  it.effect("each request has its own, and an answer that comes too late is ignored", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const slow = yield* start(call(client, { timeout: "10 seconds" }))
      const slowRequest = connection.last("tools/call")
      yield* TestClock.adjust("5 seconds")
      const other = yield* start(call(client, { timeout: "10 seconds" }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(reasonOf(yield* Fiber.join(slow)), "TimedOut")
      connection.answer(slowRequest, done)
      assert.isUndefined(other.pollUnsafe())
      connection.answer(connection.last("tools/call"), done)
      assert.strictEqual(reasonOf(yield* Fiber.join(other)), "Success")
    })
  )
})

describe("interruption", () => {
  it.effect("cancels the request on the server, once, and what comes for it is ignored", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* start(call(client))
      const request = connection.last("tools/call")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.sent, [request, cancelled(request["id"], "interrupted")])
      connection.answer(request, done)
      connection.notify("notifications/progress", { progressToken: request["id"], progress: 1 })
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(connection.sent.length, 2)
    })
  )

  it.effect("after the answer cancels nothing", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, done))
      const fiber = yield* Effect.forkChild(Effect.andThen(call(client), Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("by a timeout around the call cancels it too", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* Effect.forkChild(Effect.timeoutOption(call(client), "3 seconds"), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/call", "notifications/cancelled"])
    })
  )
})

describe("the end of the connection", () => {
  it.effect("ends every request exactly once, and those that are made later at once", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      let ends = 0
      const counted = Effect.onExit(call(client), () => Effect.sync(() => ends++))
      const fibers = yield* Effect.forEach(Array.from({ length: 20 }), () => start(counted))
      connection.end("cut")
      yield* settle
      for (const fiber of fibers) {
        const result = yield* Fiber.join(fiber)
        assert.strictEqual(Result.isFailure(result) ? result.failure.message : "", "connection closed: cut")
        assert.strictEqual(reasonOf(result), "TransportFailed")
      }
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(ends, 20)
      assert.strictEqual(reasonOf(yield* Effect.result(call(client))), "TransportFailed")
      assert.strictEqual(reasonOf(yield* Effect.result(client.listTools)), "TransportFailed")
      assert.deepStrictEqual(new Set(connection.methods), new Set(["tools/call"]))
    })
  )

  it.effect("a request that was answered, interrupted or late before is not ended again by it", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const ends: Array<string> = []
      const noted = (name: string) => Effect.onExit(call(client), (exit) => Effect.sync(() => ends.push(`${name} ${exit._tag}`)))
      yield* start(noted("answered"))
      connection.answer(connection.last("tools/call"), done)
      const interrupted = yield* start(noted("interrupted"))
      yield* Fiber.interrupt(interrupted)
      yield* start(noted("late"))
      yield* TestClock.adjust("60 seconds")
      connection.end()
      yield* settle
      assert.deepStrictEqual(ends, ["answered Success", "interrupted Failure", "late Failure"])
    })
  )

  it.effect("a message that cannot be written fails its request at once, and no other", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const before = yield* start(call(client))
      connection.isBroken = true
      assert.strictEqual(reasonOf(yield* Effect.result(call(client))), "TransportFailed")
      assert.strictEqual(reasonOf(yield* Effect.result(client.ping)), "TransportFailed")
      connection.answer(connection.last("tools/call"), done)
      assert.strictEqual(reasonOf(yield* Fiber.join(before)), "Success")
    })
  )
})

describe("a way to the server that is full", () => {
  it.effect("makes requests wait, in order, and none is lost", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, done))
      connection.isFull = true
      const fibers = yield* Effect.forEach(["a", "b", "c"], (name) => start(client.callTool(name)))
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
      connection.makeRoom()
      for (const fiber of fibers) assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "Success")
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => params.name),
        ["a", "b", "c"]
      )
    })
  )

  it.effect("does not hold up timeouts and interruptions: what was not written is taken back", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      connection.isFull = true
      const late = yield* start(call(client, { timeout: "5 seconds" }))
      const interrupted = yield* start(call(client))
      const patient = yield* start(client.callTool("patient"))
      yield* Fiber.interrupt(interrupted)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(reasonOf(yield* Fiber.join(late)), "TimedOut")
      connection.makeRoom()
      yield* settle
      assert.deepStrictEqual(connection.methods, ["tools/call"])
      assert.strictEqual(connection.last("tools/call")["params"].name, "patient")
      yield* Fiber.interrupt(patient)
      assert.deepStrictEqual(connection.methods, ["tools/call", "notifications/cancelled"])
    })
  )

  it.effect("a write that the server may have is left to itself, and its request is cancelled", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      connection.isSlow = true
      const answered = yield* start(call(client))
      connection.answer(connection.last("tools/call"), done)
      assert.strictEqual(reasonOf(yield* Fiber.join(answered)), "Success")
      const late = yield* start(call(client, { timeout: "5 seconds" }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(reasonOf(yield* Fiber.join(late)), "TimedOut")
      yield* settle
      assert.strictEqual(connection.interrupted, 0)
      assert.deepStrictEqual(connection.methods, ["tools/call", "tools/call", "notifications/cancelled"])
    })
  )
})

describe("answers", () => {
  it.effect("to requests that nobody made, or twice, are ignored", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fiber = yield* start(call(client))
      const { id } = connection.last("tools/call")
      for (const other of [id + 1, String(id), "", 0, -1]) connection.send({ id: other, result: {} })
      connection.send({ error: { code: -32600, message: "no id" } })
      connection.send({ id: id + 7, error: { code: -32600, message: "no such id" } })
      assert.isUndefined(fiber.pollUnsafe())
      connection.send({ id, result: done })
      connection.send({ id, result: { content: [] } })
      connection.send({ id, error: { code: 1, message: "twice" } })
      assert.deepStrictEqual(Result.getOrThrow(yield* Fiber.join(fiber)), done)
    })
  )

  it.effect("come to the right request, in any order, also in a batch", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const fibers = yield* Effect.forEach(["a", "b", "c"], (name) => start(client.callTool(name)))
      const answers = connection.sent.map(({ id, params }) => ({
        jsonrpc: "2.0",
        id,
        result: { content: [{ type: "text", text: params.name }] }
      }))
      connection.line(JSON.stringify(answers.toReversed()))
      const texts = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        texts.map((result) => Result.getOrThrow(result).content),
        ["a", "b", "c"].map((text) => [{ type: "text" as const, text }])
      )
    })
  )

  it.effect("that are errors keep their code, words and data", () =>
    Effect.gen(function* () {
      const { client } = yield* connected((message, connection) =>
        connection.refuse(message, -32602, "Unknown tool", { name: "x" })
      )
      const error = yield* Effect.flip(call(client))
      const { reason } = error
      if (reason._tag !== "RequestFailed") return assert.fail(reason._tag)
      assert.deepStrictEqual(
        [reason.method, reason.code, reason.detail, reason.data],
        ["tools/call", -32602, "Unknown tool", { name: "x" }]
      )
      assert.strictEqual(error.message, "the server refused tools/call (-32602): Unknown tool")
    })
  )

  for (const [what, result] of [
    ["no content", {}],
    ["content that is no list", { content: "done" }],
    ["content that is null", { content: null }]
  ] as const) {
    it.effect(`of a call with ${what} are invalid`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected((message, connection) => connection.answer(message, result))
        const error = yield* Effect.flip(call(client))
        assert.strictEqual(error.reason._tag, "InvalidAnswer")
        assert.strictEqual(error.message, 'the answer to tools/call cannot be used: the result of "tool" has no content')
      })
    )
  }

  for (const [what, line] of [
    ["a result that is no object", (id: unknown) => `{"jsonrpc":"2.0","id":${id},"result":"done"}`],
    ["no result and no error", (id: unknown) => `{"jsonrpc":"2.0","id":${id}}`],
    ["an error that is none", (id: unknown) => `{"jsonrpc":"2.0","id":${id},"error":"no"}`],
    ["another protocol", (id: unknown) => `{"jsonrpc":"1.0","id":${id},"result":{}}`]
  ] as const) {
    it.effect(`with ${what} end their request at once: it is invalid, and would wait for nothing`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected((message, connection) => {
          if (message["method"] === "tools/call") connection.line(line(message["id"]))
        })
        const fiber = yield* start(call(client))
        yield* settle
        assert.isDefined(fiber.pollUnsafe())
        assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "InvalidAnswer")
      })
    )
  }
})
