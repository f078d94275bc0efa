import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as StdioServerTransport from "../src/StdioServerTransport.ts"
import { fake, type Method } from "./fixtures/serverFake.ts"
import { line, settle, Sink, source } from "./fixtures/serverStreams.ts"

const start = Effect.fnUntraced(function* (
  methods: { readonly [name: string]: Method } = {},
  options: StdioServerTransport.Options = {}
) {
  const stdin = source()
  const stdout = new Sink()
  const run = StdioServerTransport.run(fake(methods), { stdin, stdout, ...options })
  const fiber = yield* Effect.forkChild(run, { startImmediately: true })
  return { stdin, stdout, fiber }
})

const note = Jsonrpc.notification("note")
const ids = (messages: ReadonlyArray<Record<string, unknown>>) => messages.map((message) => message["id"])

describe("framing", () => {
  it.live("answers each line, whatever its chunks and line endings", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start()
      const bytes = Buffer.from(line(1, "echo", { text: "ä€𝄞" }).replace("\n", "\r\n") + "\n" + line("b", "echo"))
      for (const byte of bytes) stdin.write(Buffer.from([byte]))
      assert.deepStrictEqual(yield* stdout.count(2), [
        { jsonrpc: "2.0", id: 1, result: { text: "ä€𝄞" } },
        { jsonrpc: "2.0", id: "b", result: {} }
      ])
      stdin.end(line(3, "echo").trim())
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), [1, "b", 3])
    })
  )

  it.live("answers malformed and too long lines, and their neighbours", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start({}, { maxMessageBytes: 100 })
      stdin.write(line(1, "echo") + "garbage\n" + line(2, "echo") + `[]\n{"id":7}\n${"x".repeat(200)}`)
      stdin.end("x".repeat(200) + "\n" + line(3, "echo", { long: "x".repeat(100) }) + line(4, "echo") + '{"half"')
      yield* Fiber.join(fiber)
      const answers = stdout.messages().map(({ error, id }) => [id, (error as Jsonrpc.ErrorObject | undefined)?.code])
      assert.deepStrictEqual(answers, [
        [1, undefined],
        [undefined, -32700],
        [2, undefined],
        [undefined, -32600],
        [7, -32600],
        [undefined, -32600],
        [undefined, -32600],
        [4, undefined],
        [undefined, -32700]
      ])
      assert.deepStrictEqual(stdout.messages()[6]!["error"], {
        code: -32600,
        message: "Invalid Request: the message is longer than 100 bytes"
      })
    })
  )

  it.live("writes large results unharmed, in order with small ones", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start()
      const text = "ä€𝄞x".repeat(100_000)
      stdin.end(line(1, "echo") + line(2, "echo", { text }) + line(3, "echo") + line(4, "echo", { text }) + line(5, "echo"))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), [1, 2, 3, 4, 5])
      assert.deepStrictEqual(stdout.messages()[1]!["result"], { text })
    })
  )
})

describe("batching", () => {
  it.live("answers to one chunk leave in one write", () =>
    Effect.gen(function* () {
      const { stdin, stdout } = yield* start()
      stdin.write(Array.from({ length: 200 }, (_, id) => line(id, "echo")).join(""))
      yield* stdout.count(200)
      assert.strictEqual(stdout.writes, 1)
    })
  )

  it.live("answers that come together later leave in few writes", () =>
    Effect.gen(function* () {
      const { stdin, stdout } = yield* start({ sleep: () => Effect.delay(Effect.succeed({}), 10) })
      stdin.write(Array.from({ length: 500 }, (_, id) => line(id, "sleep")).join(""))
      yield* stdout.count(500)
      assert.isBelow(stdout.writes, 50)
    })
  )

  it.live("an answer leaves one turn after the progress that came before it", () =>
    Effect.gen(function* () {
      const { stdin, stdout } = yield* start({ work: (_, emit) => Effect.as(emit.send(note), {}) })
      stdin.write(line(1, "work"))
      const messages = yield* stdout.count(2)
      assert.deepStrictEqual([messages[0]!["method"], messages[1]!["id"], stdout.writes], ["note", 1, 2])
    })
  )
})

describe("back-pressure", () => {
  const flood = Array.from({ length: 1000 }, (_, id) => line(id, "big")).join("")

  it.live("while the output is full, lines of one chunk wait and no more is read", () =>
    Effect.gen(function* () {
      let calls = 0
      const big = () => Effect.sync(() => ({ n: calls++, text: "x".repeat(10_000) }))
      const { fiber, stdin, stdout } = yield* start({ big }, { highWaterMark: 100_000 })
      stdout.stuck = true
      stdin.write(flood)
      stdin.write(line("more", "echo"))
      yield* settle
      assert.isAtMost(calls, 11)
      assert.isTrue(stdin.isPaused())
      assert.isBelow(stdout.writableLength, 200_000)
      stdout.unstick()
      stdin.end()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), [...Array(1000).keys(), "more"])
    })
  )

  it.live("`send` waits and `sendUnsafe` drops while the output is full", () =>
    Effect.gen(function* () {
      const seen: Array<boolean | string> = []
      const talk = (_: Jsonrpc.JsonObject, emit: Emit) =>
        Effect.gen(function* () {
          seen.push(emit.sendUnsafe(note))
          yield* emit.send(Jsonrpc.notification("big", { text: "x".repeat(1000) }))
          seen.push(emit.sendUnsafe(note))
          yield* emit.send(note)
          seen.push("sent", emit.sendUnsafe(note))
          return {}
        })
      const { fiber, stdin, stdout } = yield* start({ talk }, { highWaterMark: 500 })
      stdout.stuck = true
      stdin.write(line(1, "talk"))
      yield* settle
      assert.deepStrictEqual(seen, [true, false])
      stdin.end()
      yield* settle
      stdout.unstick()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, [true, false, "sent", true])
      assert.deepStrictEqual(
        stdout.messages().map((message) => message["method"] ?? message["id"]),
        ["note", "big", "note", "note", 1]
      )
    })
  )

  it.live("the end of input waits for lines that wait for room", () =>
    Effect.gen(function* () {
      const big = () => Effect.sync(() => ({ text: "x".repeat(10_000) }))
      const { fiber, stdin, stdout } = yield* start({ big }, { highWaterMark: 1 })
      stdin.end(flood)
      yield* Fiber.join(fiber)
      assert.strictEqual(stdout.messages().length, 1000)
    })
  )
})

describe("the end", () => {
  it.live("calls in flight are answered after the end of input", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start({ sleep: () => Effect.delay(Effect.succeed({}), 20) })
      stdin.end(line(1, "sleep") + line(2, "sleep") + line(3, "echo"))
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(ids(stdout.messages()), [3, 1, 2])
    })
  )

  it.live("calls that do not end are interrupted after the drain timeout", () =>
    Effect.gen(function* () {
      let interrupted = false
      const never = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      const { fiber, stdin, stdout } = yield* start({ never }, { drainTimeout: 20 })
      stdin.end(line(1, "never") + line(2, "echo"))
      yield* Fiber.join(fiber)
      assert.isTrue(interrupted)
      assert.deepStrictEqual(ids(stdout.messages()), [2])
    })
  )

  it.live("a client that never reads does not keep the server after the drain timeout", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start({}, { drainTimeout: 20 })
      stdout.stuck = true
      stdin.end(line(1, "echo"))
      yield* Fiber.join(fiber)
    })
  )

  it.live("broken output ends everything at once, also what waits for room", () =>
    Effect.gen(function* () {
      const talk = (_: Jsonrpc.JsonObject, emit: Emit) =>
        Effect.forever(emit.send(Jsonrpc.notification("big", { text: "x".repeat(1000) })))
      const { fiber, stdin, stdout } = yield* start({ never: () => Effect.never, talk }, { highWaterMark: 500 })
      stdout.stuck = true
      stdin.write(line(1, "never") + line(2, "talk"))
      yield* settle
      stdout.destroy(new Error("EPIPE"))
      yield* Fiber.join(fiber)
      assert.isTrue(stdin.isPaused())
      assert.strictEqual(stdin.listenerCount("data"), 0)
    })
  )

  it.live("output that is closed ends everything at once", () =>
    Effect.gen(function* () {
      const { fiber, stdin, stdout } = yield* start({ never: () => Effect.never })
      stdin.write(line(1, "never"))
      yield* settle
      stdout.destroy()
      yield* Fiber.join(fiber)
    })
  )

  it.live("an input that fails or is closed has ended", () =>
    Effect.gen(function* () {
      for (const error of [new Error("ECONNRESET"), undefined]) {
        const { fiber, stdin, stdout } = yield* start()
        stdin.write(line(1, "echo"))
        yield* stdout.count(1)
        stdin.destroy(error)
        yield* Fiber.join(fiber)
      }
      const stdin = source()
      stdin.destroy()
      yield* settle
      yield* StdioServerTransport.run(fake(), { stdin, stdout: new Sink() })
    })
  )

  it.live("an interruption lets go of the streams and interrupts the calls", () =>
    Effect.gen(function* () {
      let interrupted = false
      const never = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      const { fiber, stdin, stdout } = yield* start({ never })
      stdin.write(line(1, "never"))
      yield* settle
      yield* Fiber.interrupt(fiber)
      assert.isTrue(interrupted)
      assert.isTrue(stdin.isPaused())
      assert.strictEqual(stdin.listenerCount("data"), 0)
      assert.isFalse(stdout.destroyed)
    })
  )
})

describe("layer", () => {
  it.live("serves as long as it lives", () =>
    Effect.gen(function* () {
      const stdin = source()
      const stdout = new Sink()
      const scope = yield* Scope.make()
      const layer = StdioServerTransport.layer({ stdin, stdout }).pipe(Layer.provide(fake()))
      yield* Layer.buildWithScope(layer, scope)
      stdin.write(line(1, "echo"))
      yield* stdout.count(1)
      yield* Scope.close(scope, Exit.void)
      stdin.write(line(2, "echo"))
      yield* settle
      assert.deepStrictEqual(ids(stdout.messages()), [1])
    })
  )

  it.live("the end of input ends the conversation only", () =>
    Effect.gen(function* () {
      const stdin = source()
      const stdout = new Sink()
      const layer = StdioServerTransport.layer({ stdin, stdout }).pipe(Layer.provide(fake()))
      yield* Layer.build(layer)
      stdin.end(line(1, "echo"))
      yield* stdout.count(1)
      yield* settle
      assert.isFalse(stdout.writableEnded)
    })
  )
})
