import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as McpClient from "../src/McpClient.ts"
import { connected } from "./support/connected.ts"
import { settle } from "./support/server.ts"

class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}

const Count = Tool.make("count", { parameters: { to: Schema.Int }, success: Schema.Int, failure: Broken })
// A tool that calls the other one: what it tells of progress is what the other one tells.
const Relay = Tool.make("relay", { parameters: { to: Schema.Int }, success: Schema.Int })

const CountLive = Count.toLayer(({ to }) =>
  Stream.range(1, to).pipe(
    Stream.map((n) => Tool.progress(n, to, `step ${n}`)),
    Stream.concat(to === 3 ? Stream.fail(new Broken()) : Stream.succeed(Tool.result(to)))
  )
)

const plain = (step: Tool.Step<unknown>) =>
  step._tag === "Progress" ? [step.progress, step.total, step.message] : ["result", step.value]

const client = <E>(version: Revision.Version, server: Layer.Layer<Dispatcher, E>) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(server),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )

describe.each(Revision.versions)("a call as a stream in %s", (version) => {
  const hasMessages = version !== "2024-11-05"
  const CountServer = McpServer.layer({ name: "count", version: "1" }, Count).pipe(Layer.provide(CountLive))

  it.effect("is its progress in order, then its result", () =>
    Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Count)
      const steps = yield* Stream.runCollect(McpClient.withProgress((options) => tools.count({ to: 2 }, options)))
      assert.deepStrictEqual(steps.map(plain), [
        [1, 2, hasMessages ? "step 1" : undefined],
        [2, 2, hasMessages ? "step 2" : undefined],
        ["result", 2]
      ])
      const untyped = McpClient.withProgress((options) => McpClient.call("count", { to: 1 }, { success: Schema.Int, ...options }))
      assert.deepStrictEqual((yield* Stream.runCollect(untyped)).map(plain).at(-1), ["result", 1])
    }).pipe(Effect.provide(client(version, CountServer)))
  )

  it.effect("fails with the failure of the call, after its progress", () =>
    Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Count)
      const seen: Array<unknown> = []
      const failed = yield* McpClient.withProgress((options) => tools.count({ to: 3 }, options)).pipe(
        Stream.runForEach((step) => Effect.sync(() => void seen.push(step._tag))),
        Effect.flip
      )
      assert.deepStrictEqual(failed, new Broken())
      assert.deepStrictEqual(seen, ["Progress", "Progress", "Progress"])
    }).pipe(Effect.provide(client(version, CountServer)))
  )

  it.effect("is what a handler may return", () =>
    Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Relay)
      const steps = yield* Stream.runCollect(McpClient.withProgress((options) => tools.relay({ to: 2 }, options)))
      assert.deepStrictEqual(
        steps.map((step) => plain(step)[0]),
        [1, 2, "result"]
      )
    }).pipe(
      Effect.provide(
        client(
          version,
          McpServer.layer({ name: "relay", version: "1" }, Relay).pipe(
            Layer.provide(
              Relay.toLayer(
                Effect.gen(function* () {
                  const { tools } = yield* McpClient.of(Count)
                  return ({ to }) => Stream.orDie(McpClient.withProgress((options) => tools.count({ to }, options)))
                })
              )
            ),
            Layer.provide(client(version, CountServer))
          )
        )
      )
    )
  )
})

describe("a call as a stream", () => {
  it.effect("cancels the call when it ends early", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, (message, connection) => {
        if (message["method"] !== "tools/call") return
        const { progressToken } = message["params"]._meta
        connection.notify("notifications/progress", { progressToken, progress: 1 })
      })
      const first = yield* Stream.runHead(McpClient.withProgress((options) => client.callTool("t", {}, options)))
      assert.strictEqual(first._tag, "Some")
      yield* settle
      assert.deepStrictEqual(connection.methods, ["tools/call", "notifications/cancelled"])
    })
  )

  it.effect("keeps the last of what is not taken, and the result", () =>
    Effect.gen(function* () {
      const told = yield* Deferred.make<void>()
      const { client } = yield* connected("2025-11-25", Layer.empty, (message, connection) => {
        if (message["method"] !== "tools/call") return
        const { progressToken } = message["params"]._meta
        connection.notify("notifications/progress", { progressToken, progress: 0 })
        // The client deals with what it is told of in turn, and has room for as many.
        void (async () => {
          for (let progress = 1; progress <= 3000; progress++) {
            connection.notify("notifications/progress", { progressToken, progress })
            if (progress % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
          }
          connection.answer(message, { content: [] })
          Deferred.doneUnsafe(told, Effect.void)
        })()
      })
      const seen: Array<Tool.Step<unknown>> = []
      yield* McpClient.withProgress((options) => client.callTool("t", {}, options)).pipe(
        Stream.rechunk(1),
        Stream.runForEach((step) => {
          seen.push(step)
          return seen.length === 1 ? Effect.andThen(Deferred.await(told), settle) : Effect.void
        })
      )
      // As many wait, and as many may have been taken together with the first one.
      assert.isAtMost(seen.length, 2 * 1024)
      assert.strictEqual(seen.at(-1)?._tag, "Result")
      const last = seen.at(-2)
      assert.isTrue(last?._tag === "Progress" && last.progress === 3000)
    })
  )
})
