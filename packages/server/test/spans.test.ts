/** Source: the OpenTelemetry semantic conventions for MCP, docs/gen-ai/mcp.md of open-telemetry/semantic-conventions-genai. */
import * as McpError from "@effect-mcp/core/McpError"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { capture, captureSpans } from "./support/logs.ts"
import { type Json, type PeerOptions, serve, settle } from "./support/peer.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"

const Work = Tool.make("work", { parameters: { secret: Schema.String }, success: Schema.String, failure: Schema.String })
const WorkLive = Work.toLayer(({ secret }) =>
  secret === "fail"
    ? Effect.fail("no")
    : secret === "die"
      ? Effect.die("no")
      : secret === "wait"
        ? Effect.never
        : Effect.succeed(secret)
)

const traced = Effect.fnUntraced(function* (
  options: Options = {},
  peerOptions: PeerOptions = {},
  ...middlewares: ReadonlyArray<any>
) {
  const tracing = captureSpans()
  const Server = McpServer.layer({ name: "s", version: "1", toolTimeout: "1 minute", ...options }, Work, ...middlewares).pipe(
    Layer.provide([WorkLive, ...NoLive]),
    Layer.provide([tracing.layer, capture().layer])
  )
  const served = yield* serve(Server as Layer.Layer<any>)
  return { ...tracing, served, peer: yield* served.speak("2025-11-25", peerOptions) }
})

class No extends Middleware.make<No>()("No") {}
const NoLive = [No.layer({ "tools/list": () => Effect.fail(McpError.invalidParams("not for you")) })]

const work = (secret: string, meta: Json = {}): Json => ({ name: "work", arguments: { secret }, _meta: meta })

describe("spans", () => {
  it.effect("of a call is named after method and tool, and tells version, id and transport", () =>
    Effect.gen(function* () {
      const { attributes, peer, spans } = yield* traced({}, { transport: "stdio" })
      yield* peer.request("tools/call", work("hello"), 7)
      assert.deepStrictEqual(
        spans.map(({ kind, name, status }) => [name, kind, status._tag]),
        [["tools/call work", "server", "Ended"]]
      )
      assert.deepStrictEqual(attributes(0), {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "work",
        "mcp.protocol.version": "2025-11-25",
        "jsonrpc.request.id": "7",
        "network.transport": "pipe"
      })
    })
  )

  it.effect("over HTTP the transport is tcp", () =>
    Effect.gen(function* () {
      const { attributes, peer } = yield* traced({}, { transport: "http" })
      yield* peer.request("tools/call", work("hello"))
      assert.include(attributes(0), { "network.transport": "tcp", "network.protocol.name": "http" })
    })
  )

  it.effect("has the parent that `_meta.traceparent` names, sampled or not", () =>
    Effect.gen(function* () {
      const { peer, spans } = yield* traced()
      yield* peer.request("tools/call", work("a", { traceparent: `00-${traceId}-${spanId}-01` }))
      yield* peer.request("tools/call", work("b", { traceparent: `00-${traceId}-${spanId}-00` }))
      const parents = spans.map(({ parent }) => Option.getOrThrow(parent))
      assert.deepStrictEqual(
        parents.map((parent) => [parent.traceId, parent.spanId, parent.sampled]),
        [
          [traceId, spanId, true],
          [traceId, spanId, false]
        ]
      )
      assert.strictEqual(spans[0]?.traceId, traceId)
    })
  )

  it.effect("a parent that is malformed is none", () =>
    Effect.gen(function* () {
      const { peer, spans } = yield* traced()
      const bad = [
        "",
        "00",
        `00-${traceId}-${spanId}`,
        `00-${traceId.toUpperCase()}-${spanId}-01`,
        `00-${"0".repeat(32)}-${spanId}-01`,
        `00-${traceId}-${"0".repeat(16)}-01`,
        `ff-${traceId}-${spanId}-01`,
        7,
        null,
        {}
      ]
      for (const traceparent of bad) yield* peer.request("tools/call", work("a", { traceparent }))
      assert.deepStrictEqual(
        spans.map(({ parent }) => Option.isNone(parent)),
        bad.map(() => true)
      )
    })
  )

  it.effect("spans of the handler are its children", () =>
    Effect.gen(function* () {
      const tracing = captureSpans()
      const Deep = Tool.make("deep")
      const live = Deep.toLayer(() => Effect.withSpan(Effect.void, "inside"))
      const layer = McpServer.layer({ name: "s", version: "1" }, Deep).pipe(Layer.provide(live), Layer.provide(tracing.layer))
      const peer = yield* (yield* serve(layer)).speak()
      yield* peer.call("deep")
      const [outer, inner] = tracing.spans
      assert.strictEqual(inner?.name, "inside")
      const parent: Tracer.AnySpan | undefined = Option.getOrUndefined(inner?.parent ?? Option.none())
      assert.strictEqual(parent, outer)
    })
  )

  it.effect("arguments and results are not recorded", () =>
    Effect.gen(function* () {
      const { attributes, peer, spans } = yield* traced()
      yield* peer.request("tools/call", work("hunter2"))
      yield* peer.request("tools/call", { name: "work", arguments: { secret: 1, other: "hunter2" } })
      assert.strictEqual(spans.length, 2)
      assert.notInclude(
        JSON.stringify([attributes(0), attributes(1), spans.map(({ events, name }) => [name, events])]),
        "hunter2"
      )
    })
  )

  it.effect("unless that is asked for: then of calls, and of calls alone", () =>
    Effect.gen(function* () {
      const { attributes, peer } = yield* traced({ recordArguments: true }, {}, McpServer.use(No))
      yield* peer.request("tools/call", work("hunter2"))
      yield* peer.request("tools/list")
      assert.strictEqual(attributes(0)["gen_ai.tool.call.arguments"], '{"secret":"hunter2"}')
      assert.strictEqual(attributes(0)["gen_ai.tool.call.result"], '{"content":[{"type":"text","text":"hunter2"}]}')
      assert.strictEqual(attributes(1)["mcp.method.name"], "tools/list")
      assert.notProperty(attributes(1), "gen_ai.tool.call.arguments")
    })
  )

  it.effect("the name of a tool that is not there is not in the name of the span", () =>
    Effect.gen(function* () {
      const { attributes, peer, spans } = yield* traced()
      yield* peer.call("made-up")
      assert.strictEqual(spans[0]?.name, "tools/call")
      assert.notProperty(attributes(0), "gen_ai.tool.name")
    })
  )

  it.effect("lists are traced like calls, also the one that is answered from its ready JSON", () =>
    Effect.gen(function* () {
      const { peer, spans } = yield* traced()
      yield* peer.request("tools/list")
      yield* peer.request("tools/list")
      assert.deepStrictEqual(
        spans.map(({ name, status }) => [name, status._tag]),
        [
          ["tools/list", "Ended"],
          ["tools/list", "Ended"]
        ]
      )
    })
  )

  it.effect("without a tracer there are none", () =>
    Effect.gen(function* () {
      const seen: Array<boolean> = []
      const Look = Tool.make("look")
      const live = Look.toLayer(() => Effect.map(Effect.option(Effect.currentSpan), (span) => seen.push(Option.isSome(span))))
      const peer = yield* (yield* serve(McpServer.layer({ name: "s", version: "1" }, Look).pipe(Layer.provide(live)))).speak()
      yield* peer.call("look", {}, { traceparent: `00-${traceId}-${spanId}-01` })
      assert.deepStrictEqual(seen, [false])
    })
  )

  it.effect("lasts from the arrival of the request to its answer", () =>
    Effect.gen(function* () {
      const { peer, spans } = yield* traced()
      yield* TestClock.adjust("1 second")
      const id = peer.start("tools/call", work("wait"))
      yield* TestClock.adjust("3 seconds")
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      const [span] = spans
      assert.strictEqual(span?.startTime, 1_000_000_000n)
      assert.strictEqual(span?.status._tag === "Ended" ? span.status.endTime : 0n, 4_000_000_000n)
    })
  )
})

describe("spans of what went wrong", () => {
  const cases: ReadonlyArray<readonly [what: string, params: Json, errorType: string]> = [
    ["a declared failure", work("fail"), "tool_error"],
    ["a defect of the handler", work("die"), "tool_error"],
    ["bad arguments that the model is told of", { name: "work", arguments: {} }, "tool_error"],
    ["a tool that is not there", { name: "nope" }, "-32602"]
  ]

  for (const [what, params, errorType] of cases) {
    it.effect(`${what}: error.type is ${errorType}, and the span has failed`, () =>
      Effect.gen(function* () {
        const { attributes, peer, spans } = yield* traced()
        yield* peer.request("tools/call", params)
        assert.strictEqual(attributes(0)["error.type"], errorType)
        assert.strictEqual(attributes(0)["rpc.response.status_code"], errorType === "tool_error" ? undefined : errorType)
        const [span] = spans
        assert.strictEqual(span?.status._tag === "Ended" ? span.status.exit._tag : undefined, "Failure")
      })
    )
  }

  it.effect("a timeout, and a cancellation", () =>
    Effect.gen(function* () {
      const { attributes, peer } = yield* traced()
      peer.start("tools/call", work("wait"))
      yield* TestClock.adjust("1 minute")
      const id = peer.start("tools/call", work("wait"))
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual([attributes(0)["error.type"], attributes(1)["error.type"]], ["timeout", "cancelled"])
    })
  )

  it.effect("what went well has no error.type", () =>
    Effect.gen(function* () {
      const { attributes, peer, spans } = yield* traced()
      yield* peer.request("tools/call", work("fine"))
      assert.notProperty(attributes(0), "error.type")
      const [span] = spans
      assert.strictEqual(span?.status._tag === "Ended" ? span.status.exit._tag : undefined, "Success")
    })
  )
})
