import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Roots from "@effect-mcp/core/Roots"
import * as Sampling from "@effect-mcp/core/Sampling"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { serve, settle } from "./support/peer.ts"

const Ask = Tool.make("ask", { parameters: { what: Schema.Literals(["user", "model", "roots"]) }, success: Schema.String })

const Confirm = { sure: Schema.Boolean }

const AskLive = Ask.toLayer(({ what }) => {
  const asked =
    what === "user"
      ? Effect.map(Elicitation.form({ key: "sure", message: "Sure?", schema: Confirm }), (answer) => JSON.stringify(answer))
      : what === "model"
        ? Effect.map(Sampling.create({ key: "q", messages: "Hi", maxTokens: 10 }), ({ model }) => model)
        : Effect.map(Roots.list, (roots) => roots.map(({ uri }) => uri).join())
  return Effect.catch(asked, (error) => Effect.succeed(`${error._tag}: ${error.message}`))
})

const Server = McpServer.layer({ name: "s", version: "1" }, Ask).pipe(Layer.provide(AskLive))

const capabilities = { elicitation: {}, sampling: {}, roots: {} }

const table = [
  ["user", "elicitation/create", { action: "accept", content: { sure: true } }, '{"sure":true}'],
  ["model", "sampling/createMessage", { role: "assistant", content: { type: "text", text: "Hi" }, model: "m1" }, "m1"],
  ["roots", "roots/list", { roots: [{ uri: "file:///a" }, { uri: "file:///b" }] }, "file:///a,file:///b"]
] as const

describe("a handler that asks, in a session", () => {
  for (const [what, method, result, text] of table) {
    it.effect(`${what}: the question is a request, its answer the result`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        const initialize = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "c", version: "1" } }
        yield* peer.request("initialize", initialize)
        peer.notify("notifications/initialized")
        const id = peer.start("tools/call", { name: "ask", arguments: { what } })
        yield* settle
        const question = peer.messages.find((message) => message["method"] === method)
        assert.isDefined(question)
        peer.send({ jsonrpc: "2.0", id: question!["id"], result })
        assert.deepStrictEqual((yield* peer.answer(id))["result"], { content: [{ type: "text", text }] })
      })
    )

    it.effect(`${what}: an answer that is none, and a refusal, fail typed`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        const initialize = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "c", version: "1" } }
        yield* peer.request("initialize", initialize)
        peer.notify("notifications/initialized")
        for (const [answer, said] of [
          [{ result: { odd: 1 } }, "AskingFailed"],
          [{ error: { code: -1, message: "no" } }, `AskingFailed: the client refused ${method} (-1): no`]
        ] as const) {
          peer.clear()
          const id = peer.start("tools/call", { name: "ask", arguments: { what } })
          yield* settle
          const question = peer.messages.find((message) => message["method"] === method)
          peer.send({ jsonrpc: "2.0", id: question!["id"], ...answer })
          assert.include(JSON.stringify((yield* peer.answer(id))["result"]), said)
        }
      })
    )
  }
})

describe("roots", () => {
  const Twice = Tool.make("twice", { success: Schema.Array(Schema.String) })
  const names = (roots: ReadonlyArray<{ readonly uri: string }>) => roots.map(({ uri }) => uri).join()
  const TwiceLive = Twice.toLayer(() => Effect.all([Roots.list, Roots.list, Roots.listAs("later")].map(Effect.map(names))))

  it.effect("stay what they were within a request; a change is seen by the next one, or under another key", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(
        McpServer.layer({ name: "s", version: "1" }, Twice).pipe(Layer.provide(TwiceLive))
      )).open()
      yield* peer.speak("2025-11-25", { roots: { listChanged: true } })
      const id = peer.start("tools/call", { name: "twice" })
      for (const n of [1, 2]) {
        yield* settle
        const questions = peer.messages.filter(({ method }) => method === "roots/list")
        assert.strictEqual(questions.length, n)
        peer.send({ jsonrpc: "2.0", id: questions[n - 1]?.["id"], result: { roots: [{ uri: `file:///${n}` }] } })
        peer.notify("notifications/roots/list_changed")
      }
      const { result } = yield* peer.answer(id)
      assert.deepStrictEqual(result.structuredContent.result, ["file:///1", "file:///1", "file:///2"])
      assert.deepStrictEqual(
        peer.outcomes.filter((outcome) => outcome === "Rejected"),
        []
      )
    })
  )
})
