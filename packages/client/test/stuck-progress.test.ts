import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { Options, Progress } from "../src/McpClient.ts"
import { agreeing, type Connection, connect, type Json, scripted, settle } from "./support/server.ts"
import * as Logger from "effect/Logger"

const done = { content: [] }

/** A call whose listener is stuck at the first report, and what becomes of both. */
const stuck = Effect.fnUntraced(function* (options: Partial<Options> = {}) {
  const server = scripted(agreeing("2025-11-25"))
  const logged: Array<unknown> = []
  const client = yield* connect(server, options).pipe(
    Effect.provide(Logger.layer([Logger.make<unknown, void>(({ message }) => void logged.push(message))]))
  )
  const connection: Connection = server.connections[0]!
  connection.sent.length = 0
  const events: Array<string> = []
  const gate = yield* Deferred.make<void>()
  const onProgress = ({ progress }: Progress) =>
    Effect.suspend(() => {
      events.push(`report ${progress}`)
      return Deferred.await(gate)
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => events.push("interrupted"))))
  const call = client.callTool("tool", {}, { onProgress })
  const fiber = yield* Effect.forkChild(
    Effect.onExit(call, (exit) => Effect.sync(() => events.push(Exit.isSuccess(exit) ? "answered" : "failed"))),
    { startImmediately: true }
  )
  const request: Json = connection.last("tools/call")
  const tell = (progress: number) => {
    connection.notify("notifications/progress", { progressToken: request["id"], progress })
    return settle
  }
  yield* tell(1)
  assert.deepStrictEqual(events, ["report 1"])
  connection.sent.length = 0
  const cancelled = (reason: string) => [
    { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: request["id"], reason } }
  ]
  return { client, connection, events, fiber, request, tell, logged, cancelled, open: Deferred.succeed(gate, undefined) }
})

describe("a listener for progress that is stuck", () => {
  it.effect("does not stop the timeout: the request fails, and the listener is interrupted", () =>
    Effect.gen(function* () {
      const { cancelled, connection, events, fiber } = yield* stuck()
      yield* TestClock.adjust("60 seconds")
      const error = yield* Effect.flip(Fiber.join(fiber))
      yield* settle
      assert.strictEqual(error.reason._tag, "TimedOut")
      assert.deepStrictEqual(new Set(events), new Set(["report 1", "interrupted", "failed"]))
      assert.deepStrictEqual(connection.sent, cancelled("timeout"))
    })
  )

  it.effect("reports that wait behind it put the timeout off, and are dropped with it", () =>
    Effect.gen(function* () {
      const { events, fiber, open, tell } = yield* stuck()
      for (let n = 2; n < 5; n++) {
        yield* TestClock.adjust("59 seconds")
        yield* tell(n)
      }
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber))).reason._tag, "TimedOut")
      yield* open
      yield* settle
      assert.deepStrictEqual(new Set(events), new Set(["report 1", "interrupted", "failed"]))
    })
  )

  for (const [what, answer] of [
    ["an answer", (connection: Connection, request: Json) => connection.answer(request, done)],
    ["a refusal", (connection: Connection, request: Json) => connection.refuse(request, -32603)]
  ] as const) {
    it.effect(`keeps ${what} no longer than the timeout, and is interrupted then`, () =>
      Effect.gen(function* () {
        const { connection, events, fiber, logged, request } = yield* stuck({ timeout: "10 seconds" })
        answer(connection, request)
        yield* settle
        yield* TestClock.adjust("9999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        const exit = yield* Fiber.await(fiber)
        yield* settle
        if (what === "an answer") assert.deepStrictEqual(exit, Exit.succeed(done))
        else assert.strictEqual((yield* Effect.flip(exit)).reason._tag, "RequestFailed")
        assert.include(events, "interrupted")
        assert.deepStrictEqual(connection.sent, [])
        assert.deepStrictEqual(logged, [])
      })
    )
  }

  it.effect("and goes on in time: the answer comes after the last report", () =>
    Effect.gen(function* () {
      const { connection, events, fiber, open, request, tell } = yield* stuck()
      yield* tell(2)
      connection.answer(request, done)
      yield* settle
      assert.deepStrictEqual(events, ["report 1"])
      yield* open
      assert.deepStrictEqual(yield* Fiber.join(fiber), done)
      assert.deepStrictEqual(events, ["report 1", "report 2", "answered"])
    })
  )

  it.effect("is interrupted with the request, and that is cancelled on the server", () =>
    Effect.gen(function* () {
      const { cancelled, connection, events, fiber, logged } = yield* stuck()
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.deepStrictEqual(new Set(events), new Set(["report 1", "interrupted", "failed"]))
      assert.deepStrictEqual(connection.sent, cancelled("interrupted"))
      assert.deepStrictEqual(logged, [])
    })
  )

  it.effect("is interrupted with a request that was answered and waits for it; nothing is cancelled on the server", () =>
    Effect.gen(function* () {
      const { connection, events, fiber, request } = yield* stuck()
      connection.answer(request, done)
      yield* settle
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.include(events, "interrupted")
      assert.deepStrictEqual(connection.sent, [])
    })
  )

  it.effect("hears nothing of what the server tells too late", () =>
    Effect.gen(function* () {
      const { events, fiber, tell } = yield* stuck()
      yield* Fiber.interrupt(fiber)
      yield* settle
      const before = [...events]
      yield* tell(2)
      assert.deepStrictEqual(events, before)
    })
  )

  it.effect("does not hold up the other requests", () =>
    Effect.gen(function* () {
      const { client, connection, fiber } = yield* stuck()
      const other = yield* Effect.forkChild(client.callTool("other"), { startImmediately: true })
      connection.answer(connection.last("tools/call"), done)
      assert.deepStrictEqual(yield* Fiber.join(other), done)
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
    })
  )
})
