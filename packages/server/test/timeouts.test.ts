import * as Progress from "@effect-mcp/core/Progress"
import * as McpError from "@effect-mcp/core/McpError"
import * as Middleware from "@effect-mcp/core/Middleware"
import type { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { answer, refusal, versions } from "./support/fixture.ts"
import { serve, settle } from "./support/peer.ts"

const info = { name: "fixture", version: "1" }

/** A server with a tool that never ends. `order` tells what its finalizers did. */
const slow = (timeout: Duration.Input | undefined, options: Options = {}, cleaning: Effect.Effect<void> = Effect.void) => {
  const order: Array<string> = []
  const Slow = Tool.make("slow", timeout === undefined ? {} : { timeout })
  const cleanUp = Effect.map(cleaning, () => order.push("cleaned up"))
  const live = Slow.toLayer(() =>
    Effect.never.pipe(
      Effect.onInterrupt(() => Effect.sync(() => order.push("interrupted"))),
      Effect.ensuring(cleanUp)
    )
  )
  return { order, layer: McpServer.layer({ ...info, ...options }, Slow).pipe(Layer.provide(live)) }
}

const late = (after: string) => ({
  content: [{ type: "text", text: `It took longer than ${after} and was stopped` }],
  isError: true
})

describe("timeouts", () => {
  for (const version of versions) {
    it.effect(`${version}: a tool that takes too long is stopped, and the model is told`, () =>
      Effect.gen(function* () {
        const { layer } = slow("5 seconds")
        const peer = yield* (yield* serve(layer)).speak(version)
        const id = peer.startCall("slow")
        yield* TestClock.adjust("4999 millis")
        assert.deepStrictEqual(peer.lines, [])
        yield* TestClock.adjust("1 millis")
        const { result } = yield* peer.answer(id)
        assert.deepStrictEqual(result.content, late("5s").content)
        assert.isTrue(result.isError)
        assert.strictEqual(peer.inFlight, 0)
      })
    )
  }

  it.effect("the handler is interrupted, its finalizers run to the end, and then comes the answer", () =>
    Effect.gen(function* () {
      const { layer, order } = slow("5 seconds", {}, Effect.sleep("1 second"))
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("slow")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(order, ["interrupted"])
      assert.deepStrictEqual(peer.lines, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, ["interrupted", "cleaned up"])
      assert.deepStrictEqual((yield* peer.answer(id))["result"], late("5s"))
    })
  )

  it.effect("10 minutes is the default", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(slow(undefined).layer)).speak()
      const id = peer.startCall("slow")
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(peer.inFlight, 1)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* peer.answer(id))["result"], late("10m"))
    })
  )

  it.effect("`toolTimeout` of the server is in place of the default, a tool's own in place of both", () =>
    Effect.gen(function* () {
      const Own = Tool.make("own", { timeout: "3 seconds" })
      const Default = Tool.make("default")
      const layer = McpServer.layer({ ...info, toolTimeout: "7 seconds" }, Own, Default).pipe(
        Layer.provide([Own.toLayer(() => Effect.never), Default.toLayer(() => Effect.never)])
      )
      const peer = yield* (yield* serve(layer)).speak()
      peer.startCall("default")
      peer.startCall("own")
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(
        peer.messages.map((m) => m["result"].content[0].text),
        ["It took longer than 3s and was stopped"]
      )
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(peer.messages[1]?.["result"].content[0].text, "It took longer than 7s and was stopped")
    })
  )

  for (const [name, layer] of [
    ["of a tool", slow(Duration.infinity, { toolTimeout: "1 second" }).layer],
    ["of the server", slow(undefined, { toolTimeout: Duration.infinity }).layer]
  ] as const) {
    it.effect(`an infinite one ${name} never ends a call`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(layer)).speak()
        peer.startCall("slow")
        yield* TestClock.adjust("1000 days")
        assert.strictEqual(peer.inFlight, 1)
        assert.deepStrictEqual(peer.lines, [])
      })
    )
  }

  it.effect("progress does not put them off", () =>
    Effect.gen(function* () {
      const Busy = Tool.make("slow", { timeout: "5 seconds" })
      const live = Busy.toLayer(() => {
        const step = (n: number): Effect.Effect<never, never, RequestContext> =>
          Progress.report(n).pipe(Effect.andThen(Effect.sleep("1 second")), Effect.andThen(Effect.suspend(() => step(n + 1))))
        return step(0)
      })
      const peer = yield* (yield* serve(McpServer.layer(info, Busy).pipe(Layer.provide(live)))).speak()
      const id = peer.startCall("slow", {}, { progressToken: 1 })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual((yield* peer.answer(id))["result"], late("5s"))
    })
  )

  it.effect("every call has its own, however many there are", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(slow("5 seconds").layer)).speak()
      const first = Array.from({ length: 50 }, () => peer.startCall("slow"))
      yield* TestClock.adjust("3 seconds")
      const second = Array.from({ length: 50 }, () => peer.startCall("slow"))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(peer.inFlight, 50)
      assert.isTrue(first.every((id) => peer.answerNow(id) !== undefined))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(peer.inFlight, 0)
      assert.isTrue(second.every((id) => peer.answerNow(id) !== undefined))
      assert.strictEqual(peer.lines.length, 100)
    })
  )

  it.effect("one that is over in time is not touched, nor is its id when it is used again", () =>
    Effect.gen(function* () {
      const Quick = Tool.make("quick", { timeout: "5 seconds" })
      const layer = McpServer.layer(info, Quick).pipe(Layer.provide(Quick.toLayer(() => Effect.sleep("4 seconds"))))
      const peer = yield* (yield* serve(layer)).speak()
      for (let round = 0; round < 3; round++) {
        peer.start("tools/call", { name: "quick" }, 1)
        yield* TestClock.adjust("4 seconds")
      }
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(peer.messages, Array(3).fill(answer("2025-11-25", 1, { content: [] })))
    })
  )

  it.effect("waiting for a place counts", () =>
    Effect.gen(function* () {
      const { layer } = slow("5 seconds", { concurrency: 1 })
      const peer = yield* (yield* serve(layer)).speak()
      peer.startCall("slow")
      yield* TestClock.adjust("1 second")
      const waiting = peer.startCall("slow")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(peer.inFlight, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(peer.answerNow(waiting)?.["result"], late("5s"))
    })
  )

  it.effect("middleware is inside of them", () =>
    Effect.gen(function* () {
      class Stuck extends Middleware.make<Stuck>()("Stuck") {}
      const live = Stuck.layer({ all: () => Effect.never })
      const Quick = Tool.make("quick", { timeout: "5 seconds" })
      const layer = McpServer.layer({ ...info, toolTimeout: "9 seconds" }, McpServer.use(Stuck), Quick).pipe(
        Layer.provide([live, Quick.toLayer(() => Effect.void)])
      )
      const peer = yield* (yield* serve(layer)).speak()
      peer.start("tools/call", { name: "quick" }, "call")
      peer.start("tools/call", { name: "nope" }, "unknown")
      peer.start("tools/list", {}, "list")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(peer.answerNow("call")?.["result"].content[0].text, "It took longer than 5s and was stopped")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(peer.answerNow("unknown")?.["result"].content[0].text, "It took longer than 9s and was stopped")
      assert.deepStrictEqual(peer.answerNow("list"), refusal("list", -32603, "tools/list took longer than 9s and was stopped"))
    })
  )

  it.effect("a handler that catches the interruption is not asked a second time", () =>
    Effect.gen(function* () {
      const Stubborn = Tool.make("slow", { timeout: "5 seconds" })
      const live = Stubborn.toLayer(() => Effect.uninterruptible(Effect.sleep("8 seconds")))
      const peer = yield* (yield* serve(McpServer.layer(info, Stubborn).pipe(Layer.provide(live)))).speak()
      const id = peer.startCall("slow")
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual(peer.lines, [])
      yield* TestClock.adjust("1 second")
      yield* peer.answer(id)
      yield* settle
      assert.strictEqual(peer.lines.length, 1)
    })
  )

  it.effect("a declared failure in time is no timeout", () =>
    Effect.gen(function* () {
      class M extends Middleware.make<M>()("M") {}
      const live = M.layer({ "tools/call": () => Effect.delay(Effect.fail(McpError.invalidParams("no")), "4 seconds") })
      const Quick = Tool.make("quick", { timeout: "5 seconds" })
      const layer = McpServer.layer(info, McpServer.use(M), Quick).pipe(Layer.provide([live, Quick.toLayer(() => Effect.void)]))
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("quick")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* peer.answer(id), refusal(id, -32602, "no"))
    })
  )
})
