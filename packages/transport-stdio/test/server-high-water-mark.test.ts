import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as StdioServerTransport from "../src/StdioServerTransport.ts"
import { fake, type Method } from "./fixtures/serverFake.ts"
import { line, settle, Sink, source } from "./fixtures/serverStreams.ts"

const start = Effect.fnUntraced(function* (highWaterMark: number, methods: { readonly [name: string]: Method } = {}) {
  const stdin = source()
  const stdout = new Sink()
  const run = StdioServerTransport.run(fake(methods), { stdin, stdout, highWaterMark })
  const fiber = yield* Effect.forkChild(run, { startImmediately: true })
  return { stdin, stdout, fiber }
})

const ids = (messages: ReadonlyArray<Record<string, unknown>>) => messages.map((message) => message["id"])
const hundred = Array.from({ length: 100 }, (_, id) => id)

describe.each([0, 1, -1])("a high-water mark of %d", (highWaterMark) => {
  it.live("still serves, one message after the other", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start(highWaterMark)
      stdin.write(hundred.map((id) => line(id, "echo")).join(""))
      yield* stdout.count(100)
      stdin.end(line("last", "echo"))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), [...hundred, "last"])
    })
  )

  it.live("lets notifications and late answers out, and is not passed by dropped ones", () =>
    Effect.gen(function* () {
      const talk = (_: Jsonrpc.JsonObject, emit: Emit) =>
        emit
          .send(Jsonrpc.notification("one"))
          .pipe(Effect.andThen(Effect.sleep(1)), Effect.andThen(emit.send(Jsonrpc.notification("two"))), Effect.as({}))
      const { fiber, stdin, stdout } = yield* start(highWaterMark, { talk })
      stdin.write(line(1, "talk"))
      yield* stdout.count(3)
      stdin.end()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        stdout.messages().map((message) => message["method"] ?? message["id"]),
        ["one", "two", 1]
      )
    })
  )

  it.live("takes no more input while the client does not read, and goes on when it does", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start(highWaterMark)
      stdout.stuck = true
      stdin.write(hundred.map((id) => line(id, "echo")).join(""))
      yield* settle
      assert.isTrue(stdin.isPaused())
      assert.isAtMost(stdout.writes, 2)
      stdout.unstick()
      stdin.end()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), hundred)
    })
  )
})
