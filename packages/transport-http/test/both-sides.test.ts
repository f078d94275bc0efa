import { assert, it } from "@effect/vitest"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { HttpListener } from "../src/HttpListener.ts"
import * as HttpServerTransport from "../src/HttpServerTransport.ts"
import * as NodeListener from "../src/NodeListener.ts"
import { connect, requests, sessions, speakers } from "./support/client.ts"

const Name = Schema.Struct({ name: Schema.String })
const Tools = McpGroup.make(
  "tools",
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Struct({ sum: Schema.Finite }) }),
  Tool.make("count", { success: Schema.String }),
  Tool.make("ask", { success: Schema.String }),
  Tool.make("wait", { success: Schema.String })
)

/** A server that tells when a call of `wait` has begun, and when it was interrupted. */
const serving = Effect.gen(function* () {
  const [begun, interrupted] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
  const Live = Tools.toLayer({
    tools: {
      add: ({ a, b }) => Effect.succeed({ sum: a + b }),
      count: () =>
        Effect.as(
          Effect.forEach([1, 2, 3], (progress) => Progress.report(progress, 3)),
          "counted"
        ),
      ask: () =>
        Effect.map(Elicitation.form({ key: "who", message: "Who are you?", schema: Name }), (answer) => JSON.stringify(answer)),
      wait: () => {
        Deferred.doneUnsafe(begun, Exit.void)
        return Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      }
    }
  })
  const listener = yield* NodeListener.make({ port: 0 })
  const Server = McpServer.layer({ name: "ours", version: "1.0.0" }, Tools).pipe(Layer.provide(Live))
  yield* Layer.build(
    HttpServerTransport.layer({}).pipe(Layer.provide(Server), Layer.provide(Layer.succeed(HttpListener, listener)))
  )
  return { begun, interrupted, url: `${listener.url}/mcp` }
})

for (const [era, versions] of [
  ["session", sessions],
  ["request", requests]
] as const) {
  for (const [name, layer] of Object.entries(speakers)) {
    it.live(`both sides of HTTP agree in the ${era} era, over ${name}`, () =>
      Effect.gen(function* () {
        const { begun, interrupted, url } = yield* serving
        const handler = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({ name: "Ada" })) })
        const client = yield* Effect.provide(connect({ url }, versions, layer), handler)
        const sums = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, a) => a),
          (a) => client.callTool("add", { a, b: 1 }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(sums[199]?.structuredContent, { sum: 200 })
        const told: Array<number> = []
        yield* client.callTool("count", {}, { onProgress: ({ progress }) => Effect.sync(() => void told.push(progress)) })
        assert.deepStrictEqual(told, [1, 2, 3])
        const asked = yield* client.callTool("ask", {})
        assert.deepStrictEqual(asked.content, [{ type: "text", text: '{"name":"Ada"}' }])
        const running = yield* Effect.forkChild(client.callTool("wait", {}), { startImmediately: true })
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(running)
        yield* Deferred.await(interrupted)
      }).pipe(Effect.scoped)
    )
  }
}
