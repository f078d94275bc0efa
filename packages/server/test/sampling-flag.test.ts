/** Source: W3C Trace Context, "trace-flags". */
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { captureSpans } from "./support/logs.ts"
import { serve } from "./support/peer.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const spanId = "00f067aa0ba902b7"

const Work = Tool.make("work")

const traced = Effect.gen(function* () {
  const tracing = captureSpans()
  const layer = McpServer.layer({ name: "s", version: "1" }, Work).pipe(
    Layer.provide(Work.toLayer(() => Effect.withSpan(Effect.void, "inside"))),
    Layer.provide(tracing.layer)
  )
  return { ...tracing, served: yield* serve(layer) }
})

const flags: ReadonlyArray<readonly [flags: string, sampled: boolean]> = [
  ["00", false],
  ["01", true],
  ["02", false],
  ["03", true],
  ["fe", false],
  ["ff", true]
]

describe("the flag of a traceparent that says whether to sample", () => {
  for (const version of versions) {
    it.effect(`${version}: is that of the span, and of the spans inside of it`, () =>
      Effect.gen(function* () {
        const { served, spans } = yield* traced
        const peer = yield* served.speak(version)
        for (const [flag, sampled] of flags) {
          spans.length = 0
          yield* peer.call("work", {}, { traceparent: `00-${traceId}-${spanId}-${flag}` })
          const [call, inside] = spans
          assert.deepStrictEqual([call?.name, inside?.name], ["tools/call work", "inside"])
          assert.strictEqual(call?.traceId, traceId)
          assert.deepStrictEqual([call?.sampled, inside?.sampled], [sampled, sampled], flag)
        }
      })
    )
  }

  it.effect("lists, too, are not sampled where the client says so", () =>
    Effect.gen(function* () {
      const { served, spans } = yield* traced
      const peer = yield* served.speak("2025-11-25")
      yield* peer.request("tools/list", { _meta: { traceparent: `00-${traceId}-${spanId}-00` } })
      assert.deepStrictEqual(
        spans.map(({ name, sampled }) => [name, sampled]),
        [["tools/list", false]]
      )
    })
  )

  it.effect("without one that can be read, the span is sampled", () =>
    Effect.gen(function* () {
      const { served, spans } = yield* traced
      const peer = yield* served.speak("2025-11-25")
      const unusable = [undefined, "", `00-${traceId}-${spanId}`, `00-${traceId}-${spanId}-0`, `ff-${traceId}-${spanId}-00`, 0]
      for (const traceparent of unusable) {
        spans.length = 0
        yield* peer.call("work", {}, traceparent === undefined ? {} : { traceparent })
        assert.deepStrictEqual(
          spans.map(({ sampled }) => sampled),
          [true, true],
          String(traceparent)
        )
      }
    })
  )
})
