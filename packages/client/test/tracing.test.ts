/** Source: the OpenTelemetry semantic conventions for MCP, and those for `server.*`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { type Reached, tracing } from "../src/internal/tracing.ts"

const traced = { method: "tools/list", tool: undefined, params: undefined, version: "2026-07-28" }

/** The spans that a request leaves behind, over this transport. */
const spansOf = Effect.fnUntraced(function* (reached: Reached, request: Effect.Effect<any>) {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const run = Effect.gen(function* () {
    const trace = tracing(yield* Effect.context<never>(), reached)!
    return yield* trace(traced, (_, onId) => {
      onId(7)
      return request
    })
  })
  const fiber = yield* Effect.forkChild(Effect.provideService(run, Tracer.Tracer, tracer))
  yield* Effect.yieldNow
  yield* Fiber.interrupt(fiber)
  return spans
})

const whereOf = (reached: Reached) =>
  Effect.map(spansOf(reached, Effect.succeed({})), ([span]) =>
    ["network.transport", "network.protocol.name", "server.address", "server.port"].map((name) => span?.attributes.get(name))
  )

describe("tracing", () => {
  it.effect("tells where a server is that has a URL, and nothing else of the URL", () =>
    Effect.gen(function* () {
      for (const [endpoint, address, port] of [
        ["http://127.0.0.1:3000/mcp", "127.0.0.1", 3000],
        ["https://example.com/secret", "example.com", 443],
        ["http://[::1]/mcp", "::1", 80]
      ] as const) {
        assert.deepStrictEqual(yield* whereOf({ kind: "http", endpoint }), ["tcp", "http", address, port])
      }
    })
  )

  it.effect("tells of no address where there is none", () =>
    Effect.gen(function* () {
      const nothing = [undefined, undefined]
      assert.deepStrictEqual(yield* whereOf({ kind: "http" }), ["tcp", "http", ...nothing])
      assert.deepStrictEqual(yield* whereOf({ kind: "http", endpoint: "no URL" }), ["tcp", "http", ...nothing])
      assert.deepStrictEqual(yield* whereOf({ kind: "stdio", endpoint: "node server.js" }), ["pipe", undefined, ...nothing])
      assert.deepStrictEqual(yield* whereOf({ kind: "memory" }), ["memory", undefined, ...nothing])
    })
  )

  it.effect("a request that is interrupted has a span that ends", () =>
    Effect.gen(function* () {
      const [span] = yield* spansOf({ kind: "memory" }, Effect.never)
      assert.strictEqual(span?.attributes.get("jsonrpc.request.id"), "7")
      assert.isTrue(span?.status._tag === "Ended" && Option.isNone(span.parent))
    })
  )
})
