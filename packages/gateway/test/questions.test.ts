/**
 * What servers ask of a client that has many of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Servers from "../src/Servers.ts"
import { call, clientInfo } from "./support/connected.ts"

const Ask = Tool.make("ask", { success: Schema.String })
const AskLive = Ask.toLayer(() =>
  Effect.map(Elicitation.form({ key: "k", message: "Who?", schema: { name: Schema.String } }), ({ name }) => `asked ${name}`)
)
const Asking = McpServer.layer({ name: "the same name", version: "1" }, Ask).pipe(Layer.provide(AskLive))
const transport = MemoryTransport.layer().pipe(Layer.provide(Asking))

const Answering = ElicitationHandler.layer({
  form: (_, { server }) => Effect.succeed(ElicitationHandler.accept({ name: `for ${server}` }))
})

const versions: ReadonlyArray<Revision.Version> = ["2025-11-25", "2026-07-28"]

describe("questions of many servers", () => {
  it.effect.each(versions)("are answered by one handler, which is told who asks (%s)", (version) =>
    Effect.gen(function* () {
      const servers = yield* Servers.Servers
      assert.deepStrictEqual(
        [yield* call(servers, "one_ask"), yield* call(servers, "two_ask")],
        ["asked for one", "asked for two"]
      )
      // Also by servers that come later, from where there is no handler.
      yield* servers.add("three", { transport })
      assert.strictEqual(yield* call(servers, "three_ask"), "asked for three")
    }).pipe(
      Effect.provide(
        Servers.layer({ one: { transport }, two: { transport } }, { ...clientInfo, versions: [version] }).pipe(
          Layer.provide(Answering)
        )
      )
    )
  )
})
