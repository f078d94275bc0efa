/** What a server offers of another one, or of all that it could. */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import type { Transform } from "../src/Transform.ts"
import { info, versions } from "./support/fixture.ts"
import { type Json, serve } from "./support/peer.ts"

const secret = { tags: ["secret"] }

class All extends McpGroup.make(
  "all",
  Tool.make("read"),
  Tool.make("drop", secret),
  Prompt.make("greet"),
  Prompt.make("betray", secret),
  Resource.make("news", "all://news"),
  Resource.make("keys", "all://keys", secret),
  Resource.template("page", "all://pages/{n}"),
  Resource.template("key", "all://keys/{n}", secret)
) {}

const text = () => Effect.succeed("text")

const AllLive = All.toLayer({
  tools: { read: () => Effect.void, drop: () => Effect.void },
  prompts: { greet: text, betray: text },
  resources: { news: text, keys: text, page: text, key: text }
})

const isOpen = ({ contract }: { readonly contract: { readonly tags?: ReadonlyArray<string> } }) =>
  contract.tags?.includes("secret") !== true

const open: Transform = {
  tool: (component) => (isOpen(component) ? component : undefined),
  prompt: (component) => (isOpen(component) ? component : undefined),
  resource: (component) => (isOpen(component) ? component : undefined)
}

describe.each(versions)("what a transform leaves out, in %s", (version) => {
  it.effect("by its tags, is neither listed nor served; all else is", () =>
    Effect.gen(function* () {
      const whole = yield* serve(McpServer.layer(info, All).pipe(Layer.provide(AllLive)))
      const some = yield* serve(McpServer.layer(info, McpServer.provide(whole.server.provider, open)))
      const peer = yield* some.speak(version)

      const names = (method: string, member: string) =>
        Effect.map(peer.request(method), ({ result }) => result[member].map(({ name }: Json) => name))
      assert.deepStrictEqual(yield* names("tools/list", "tools"), ["read"])
      assert.deepStrictEqual(yield* names("prompts/list", "prompts"), ["greet"])
      assert.deepStrictEqual(yield* names("resources/list", "resources"), ["news"])
      assert.deepStrictEqual(yield* names("resources/templates/list", "resourceTemplates"), ["page"])

      const outcome = (method: string, params: Json) =>
        Effect.map(peer.request(method, params), ({ error }) => error?.message ?? "served")
      assert.strictEqual(yield* outcome("tools/call", { name: "read" }), "served")
      assert.strictEqual(yield* outcome("tools/call", { name: "drop" }), "Unknown tool: drop")
      assert.strictEqual(yield* outcome("prompts/get", { name: "greet" }), "served")
      assert.strictEqual(yield* outcome("prompts/get", { name: "betray" }), "Unknown prompt: betray")
      for (const uri of ["all://news", "all://pages/1"]) {
        assert.strictEqual(yield* outcome("resources/read", { uri }), "served")
      }
      for (const uri of ["all://keys", "all://keys/1"]) {
        assert.strictEqual(yield* outcome("resources/read", { uri }), `Resource not found: ${uri}`)
      }
    })
  )
})
