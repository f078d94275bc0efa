/**
 * Our own server asks our own client: one handler of a tool, the same answers in every revision that has the questions.
 */
import { Declined } from "@effect-mcp/core/Asking"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import type { CreateMessageParams } from "@effect-mcp/core/protocol/Sampling"
import type { Version } from "@effect-mcp/core/Revision"
import * as Roots from "@effect-mcp/core/Roots"
import * as Sampling from "@effect-mcp/core/Sampling"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as McpClient from "../src/McpClient.ts"
import * as RootsHandler from "../src/RootsHandler.ts"
import * as SamplingHandler from "../src/SamplingHandler.ts"
import { clientInfo } from "./support/server.ts"

const Greet = Tool.make("greet", { success: Schema.String, failure: Schema.String })

const Who = { name: Schema.String, polite: Schema.Boolean.annotate({ default: true }) }

const greet = Effect.gen(function* () {
  const who = yield* Elicitation.form({ key: "who", message: "Who?", schema: Who })
  const roots = yield* Roots.list
  const said = yield* Sampling.text({ key: "words", messages: JSON.stringify(who) })
  return `${said} in ${roots.map(({ uri }) => uri).join()}`
}).pipe(Effect.catch((error) => Effect.fail(error.message)))

const server = McpServer.layer({ name: "s", version: "1" }, Greet).pipe(
  Layer.provide(Greet.toLayer(() => greet)),
  Layer.provide(Logger.layer([]))
)

const greeting = (version: Version, answer: ElicitationHandler.Answer, sampling = SamplingHandler.layer(echo)) =>
  Effect.gen(function* () {
    const { tools } = yield* McpClient.of(Greet)
    return yield* tools.greet()
  }).pipe(
    Effect.provide(
      Layer.fresh(McpClient.layer({ ...clientInfo, versions: [version] })).pipe(
        Layer.provide(ElicitationHandler.layer({ form: () => Effect.succeed(answer) })),
        Layer.provide([sampling, RootsHandler.layer([{ uri: "file:///a" }])]),
        Layer.provide(MemoryTransport.layer()),
        Layer.provide(server)
      )
    )
  )

const echo = ({ messages }: CreateMessageParams) => {
  const [first] = messages
  const text = first !== undefined && "text" in first.content ? first.content.text : ""
  return Effect.succeed(SamplingHandler.text(`hello ${text}`, { model: "m" }))
}

describe("a handler that asks for a form, the roots and a message", () => {
  for (const version of ["2025-06-18", "2025-11-25", "2026-07-28"] as const) {
    it.effect(`${version}: gets the answers`, () =>
      Effect.gen(function* () {
        assert.strictEqual(
          yield* greeting(version, ElicitationHandler.accept({ name: "Ada" })),
          'hello {"name":"Ada","polite":true} in file:///a'
        )
      })
    )

    it.effect(`${version}: hears that the user does not want to`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(greeting(version, ElicitationHandler.decline))
        assert.strictEqual(error, new Declined({ key: "who" }).message)
      })
    )
  }

  it.effect("in the session era: hears that the user rejected one, and goes on", () =>
    Effect.gen(function* () {
      const rejecting = SamplingHandler.layer(() => SamplingHandler.reject())
      const error = yield* Effect.flip(greeting("2025-11-25", ElicitationHandler.accept({ name: "Ada" }), rejecting))
      assert.strictEqual(error, "the client refused sampling/createMessage (-1): User rejected sampling request")
    })
  )

  it.effect("in the request era: that ends the call", () =>
    Effect.gen(function* () {
      const rejecting = SamplingHandler.layer(() => SamplingHandler.reject())
      const error = yield* Effect.flip(greeting("2026-07-28", ElicitationHandler.accept({ name: "Ada" }), rejecting))
      if (typeof error === "string" || error.reason._tag !== "Unanswered") return assert.fail(String(error))
      assert.deepStrictEqual([error.reason.question, error.reason.code], ["sampling/createMessage", -1])
    })
  )
})
