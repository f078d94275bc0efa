/** Source: "_meta" in the base protocol of every revision. */
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Resource from "@effect-mcp/core/Resource"
import * as ResultMeta from "@effect-mcp/core/ResultMeta"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { serve } from "./support/peer.ts"

const Count = Tool.make("count", { parameters: { meta: Schema.optionalKey(Schema.Boolean) }, success: Schema.Finite })
const Page = Resource.make("page", "doc://page", { success: Schema.String })
const Greet = Prompt.make("greet")

const marked = Effect.andThen(ResultMeta.set({ "a.b/c": 1, "a.b/d": 1 }), ResultMeta.set({ "a.b/d": { e: 2 } }))

const Live = Layer.mergeAll(
  Count.toLayer(({ meta }) => (meta === false ? Effect.succeed(3) : Effect.as(marked, 3))),
  Page.toLayer(() => Effect.as(marked, "text")),
  Greet.toLayer(() => Effect.as(marked, PromptMessage.user("Hi")))
)

const Server = McpServer.layer({ name: "s", version: "1" }, Count, Page, Greet).pipe(Layer.provide(Live))

const told = { "a.b/c": 1, "a.b/d": { e: 2 } }

describe("what a handler puts into `_meta` of its result", () => {
  for (const version of versions) {
    it.effect(`${version}: of a call, a resource and a prompt`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        const answers = [
          yield* peer.call("count"),
          yield* peer.request("resources/read", { uri: "doc://page" }),
          yield* peer.request("prompts/get", { name: "greet" })
        ]
        for (const { result } of answers) assert.deepInclude(result._meta, told)
        const { result } = yield* peer.call("count", { meta: false })
        assert.notProperty(result._meta ?? {}, "a.b/c")
      })
    )
  }

  it.effect("and what is no JSON is a defect", () =>
    Effect.gen(function* () {
      const Odd = Tool.make("odd")
      const live = Odd.toLayer(() => ResultMeta.set({ "a.b/c": 1n }))
      const peer = yield* (yield* serve(McpServer.layer({ name: "s", version: "1" }, Odd).pipe(Layer.provide(live)))).speak()
      assert.strictEqual((yield* peer.call("odd"))["error"].code, -32603)
    })
  )
})
