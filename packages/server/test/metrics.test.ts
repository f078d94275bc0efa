import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { capture, captureMetrics, type Series } from "./support/logs.ts"
import { serve, settle } from "./support/peer.ts"
import { ask, round } from "./support/rounds.ts"

const duration = "mcp.server.operation.duration"

const Add = Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Array(Schema.Finite) }, success: Schema.Finite })
const AddLive = Add.toLayer(({ a, b }) => Effect.succeed(b.reduce((sum, n) => sum + n, a)))

const Slow = Tool.make("slow", { parameters: { seconds: Schema.Finite }, failure: Schema.String, timeout: "1 minute" })
const SlowLive = Slow.toLayer(({ seconds }) =>
  Effect.andThen(Effect.sleep(seconds * 1000), seconds === 13 ? Effect.fail("unlucky") : Effect.void)
)

const measured = Effect.fnUntraced(function* (options: Options = {}) {
  const metrics = captureMetrics()
  const layer = McpServer.layer({ name: "s", version: "1", ...options }, Add, Slow).pipe(
    Layer.provide([AddLive, SlowLive]),
    Layer.provide([metrics.layer, capture().layer])
  )
  return { ...metrics, peer: yield* (yield* serve(layer)).speak() }
})

const of = (tool: string, count: number, errorType?: string): Series => ({
  attributes: {
    unit: "s",
    "mcp.method.name": "tools/call",
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": tool,
    ...(errorType === undefined ? {} : { "error.type": errorType })
  },
  count
})

const good = { a: 1, b: [2] }

describe("mcp.server.operation.duration", () => {
  it.effect("counts the calls of each tool, apart by what went wrong", () =>
    Effect.gen(function* () {
      const { peer, series } = yield* measured()
      for (let i = 0; i < 3; i++) yield* peer.call("add", good)
      yield* peer.call("add", {})
      for (const seconds of [1, 13, 100]) {
        const id = peer.startCall("slow", { seconds })
        yield* TestClock.adjust("2 minutes")
        yield* peer.answer(id)
      }
      const id = peer.startCall("slow", { seconds: 1 })
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual(
        series(duration).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
        [
          of("add", 1, "tool_error"),
          of("add", 3),
          of("slow", 1, "cancelled"),
          of("slow", 1, "timeout"),
          of("slow", 1, "tool_error"),
          of("slow", 1)
        ].toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
      )
    })
  )

  it.effect("counts rounds of questions like other answers, and those that could not be asked as broken", () =>
    Effect.gen(function* () {
      const Asks = Tool.make("asks", { success: Schema.String })
      for (const [stateSize, errorType] of [
        [1000, undefined],
        [10, "defect"]
      ] as const) {
        const metrics = captureMetrics()
        const layer = McpServer.layer({ name: "s", version: "1", stateSize }, Asks).pipe(
          Layer.provide(Asks.toLayer(() => ask("a"))),
          Layer.provide([metrics.layer, capture().layer])
        )
        const { answer } = yield* round(yield* (yield* serve(layer)).speak("2026-07-28"), { name: "asks" })
        assert.strictEqual(answer["error"]?.code, errorType === undefined ? undefined : -32603)
        assert.deepStrictEqual(metrics.series(duration), [of("asks", 1, errorType)])
      }
    })
  )

  it.effect("is in seconds, in the buckets that the conventions advise", () =>
    Effect.gen(function* () {
      const { peer, snapshots } = yield* measured()
      for (const seconds of [0.005, 1.5, 45]) {
        const id = peer.startCall("slow", { seconds })
        yield* TestClock.adjust("1 minute")
        yield* peer.answer(id)
      }
      const state = snapshots().find((snapshot) => snapshot.id === duration)?.state as any
      assert.strictEqual(state.min, 0.005)
      assert.strictEqual(state.max, 45)
      assert.closeTo(state.sum, 46.505, 1e-9)
      const filled = state.buckets.filter(
        ([, count]: [number, number], i: number, all: Array<[number, number]>) => count > (all[i - 1]?.[1] ?? 0)
      )
      assert.deepStrictEqual(
        filled.map(([bound]: [number]) => bound),
        [0.01, 2, 60]
      )
    })
  )

  it.effect("unknown tools share one series, however many names are made up", () =>
    Effect.gen(function* () {
      const { peer, series } = yield* measured()
      for (let i = 0; i < 20; i++) yield* peer.call(`made-up-${i}`)
      const [all, ...others] = series(duration)
      assert.deepStrictEqual(others, [])
      assert.strictEqual(all?.count, 20)
      assert.notProperty(all?.attributes, "gen_ai.tool.name")
      assert.include(all?.attributes, { "error.type": "-32602", "rpc.response.status_code": "-32602" })
    })
  )

  it.effect("counts lists too, also those that are answered from their ready JSON", () =>
    Effect.gen(function* () {
      const { peer, series } = yield* measured()
      for (let i = 0; i < 4; i++) yield* peer.request("tools/list")
      assert.deepStrictEqual(series(duration), [{ attributes: { unit: "s", "mcp.method.name": "tools/list" }, count: 4 }])
    })
  )
})

describe("mcp.server.arguments.repaired", () => {
  const repaired = "mcp.server.arguments.repaired"

  it.effect("counts the arguments that came as JSON in a string", () =>
    Effect.gen(function* () {
      const { peer, series } = yield* measured()
      yield* peer.call("add", good)
      assert.deepStrictEqual(series(repaired), [])
      yield* peer.call("add", { a: "1", b: "[2,3]" })
      yield* peer.call("add", { a: 1, b: ["2", 3] })
      assert.deepStrictEqual(
        series(repaired).map(({ count }) => count),
        [3]
      )
    })
  )
})

describe("arguments that come as JSON in a string", () => {
  const call = (args: Record<string, unknown>, options?: Options) =>
    Effect.flatMap(measured(options), ({ peer }) => Effect.map(peer.call("add", args), ({ result }) => result))

  it.effect("are accepted where the Schema wants something else", () =>
    Effect.gen(function* () {
      for (const args of [
        { a: "1", b: [2] },
        { a: 1, b: "[2]" },
        { a: "1", b: '["2"]' }
      ]) {
        assert.deepStrictEqual((yield* call(args)).structuredContent, { result: 3 }, JSON.stringify(args))
      }
    })
  )

  it.effect("are refused with `lenientArguments: false`", () =>
    Effect.gen(function* () {
      const { content, isError } = yield* call({ a: "1", b: "[2]" }, { lenientArguments: false })
      assert.isTrue(isError)
      assert.strictEqual(
        content[0].text,
        'Invalid arguments:\na: expected a number, received "1"\nb: expected an array, received "[2]"'
      )
    })
  )

  it.effect("are not accepted when what they hold is not what the Schema wants", () =>
    Effect.gen(function* () {
      for (const args of [
        { a: "one", b: [] },
        { a: '"1"', b: [] },
        { a: 1, b: "{}" },
        { a: 1, b: "[" },
        { a: "null", b: [] }
      ]) {
        assert.isTrue((yield* call(args)).isError, JSON.stringify(args))
      }
    })
  )

  it.effect("a string stays a string where one is wanted", () =>
    Effect.gen(function* () {
      const Say = Tool.make("say", { parameters: { text: Schema.String }, success: Schema.String })
      const layer = McpServer.layer({ name: "s", version: "1" }, Say).pipe(
        Layer.provide(Say.toLayer(({ text }) => Effect.succeed(text)))
      )
      const peer = yield* (yield* serve(layer)).speak()
      for (const text of ["[1]", "1", "true", '"x"', "{}"]) {
        assert.strictEqual((yield* peer.call("say", { text }))["result"].content[0].text, text)
      }
    })
  )
})
