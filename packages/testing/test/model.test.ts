import { assert, describe, it } from "@effect/vitest"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import { blocksOf } from "@effect-mcp/core/protocol/Sampling"
import * as Effect from "effect/Effect"
import * as McpTest from "../src/McpTest.ts"
import { Files, FilesServer } from "./support/files.ts"

const client = (model: NonNullable<McpTest.Options["model"]>) => McpTest.typed(Files, FilesServer, { model })

describe("a scripted model", () => {
  it.effect("says one thing after the other, and what is left can be checked", () =>
    Effect.gen(function* () {
      const files = yield* client(
        McpTest.replies("short", Effect.succeed("shorter"), McpTest.json({ mood: "good" }), "x".repeat(200))
      )
      assert.strictEqual(yield* files.tools.summary(), "short")
      assert.strictEqual(yield* files.tools.summary(), "shorter")
      assert.strictEqual(yield* files.tools.summary(), '{"mood":"good"}')
      assert.deepStrictEqual(files.model.remaining, [`reply 4 of the list: "${"x".repeat(99)}...`])
      assert.strictEqual(files.model.asked.all.length, 3)
    }).pipe(McpTest.eachRevision())
  )

  it.effect("uses tools", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.replies(McpTest.toolUse("length", { word: "effect" }), "It is 6."))
      assert.strictEqual(yield* files.tools.count(), "It is 6.")
      const [, second] = files.model.asked.all
      assert.deepStrictEqual(
        second?.params.messages.flatMap(blocksOf).map(({ type }) => type),
        ["text", "tool_use", "tool_result"]
      )
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("thinks about what it is asked, and may be refused by its user", () =>
    Effect.gen(function* () {
      const files = yield* client(
        McpTest.model(({ messages }) => (messages.length === 1 ? SamplingHandler.text("one", { model: "m" }) : undefined))
      )
      assert.strictEqual(yield* files.tools.summary(), "one")
      const refused = yield* client(McpTest.model(() => SamplingHandler.reject("not today")))
      assert.include((yield* Effect.flip(refused.tools.summary())).message, "not today")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("that has no reply left fails the call, with what it was asked and how to script it", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.replies(McpTest.toolUse("length", { word: "effect" })))
      const exit = yield* Effect.exit(files.tools.count())
      const text = String(exit)
      for (const part of [
        "the scripted model has no answer for question 2 of server",
        'user: "How long is it?"',
        "assistant: (tool_use)",
        "tools: length",
        "McpTest.replies("
      ]) {
        assert.include(text.replaceAll('\\"', '"'), part)
      }
    }).pipe(McpTest.eachRevision("both"))
  )
})
