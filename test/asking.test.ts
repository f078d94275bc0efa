/**
 * One set of handlers that ask, unchanged in five revisions, in memory and over a pipe, with a client that can answer everything and with
 * one that can answer nothing.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as RootsHandler from "@effect-mcp/client/RootsHandler"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Revision from "@effect-mcp/core/Revision"
import { blocksOf, type CreateMessageParams, type CreateMessageResult } from "@effect-mcp/core/protocol/Sampling"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { Asking, Server } from "./support/askingTools.ts"
import { argumentsOf } from "./support/child.ts"

/** What a person would put in. */
const filled: { readonly [field: string]: string } = { seat: "window", name: "ada" }

const User = ElicitationHandler.layer({
  form: ({ message, requestedSchema }) => {
    if (message === "Decline, please") return Effect.succeed(ElicitationHandler.decline)
    const fields = Object.entries(requestedSchema.properties).filter(([name]) => name !== "breakfast")
    const content = fields.map(([name, field]) => [name, filled[name] ?? (field.type === "integer" ? 3 : "ada")] as const)
    return Effect.succeed(ElicitationHandler.accept(Object.fromEntries(content)))
  },
  url: () => Effect.succeed(ElicitationHandler.accept())
})

/** A model that uses a tool when it has one, and says the rest as JSON when it is asked to. */
const said = ({ messages, systemPrompt, toolChoice, tools }: CreateMessageParams): CreateMessageResult => {
  const last = messages.flatMap((message) => blocksOf(message)).at(-1)
  if (last?.type === "tool_result") {
    const [text] = last.content.flatMap((block) => (block.type === "text" ? [block.text] : []))
    return SamplingHandler.text(`${text} letters`, { model: "m" })
  }
  if (tools?.[0] !== undefined) {
    const input = toolChoice?.mode === "required" ? { mood: "good" } : { word: "effect" }
    const content = { type: "tool_use", id: "1", name: tools[0].name, input } as const
    return { role: "assistant", content, model: "m", stopReason: "toolUse" }
  }
  return SamplingHandler.text(systemPrompt === undefined ? "something" : '{ "mood": "good" }', { model: "m" })
}

const Model = SamplingHandler.layer((params) => Effect.succeed(said(params)), { tools: true })

const Able = Layer.mergeAll(User, Model, RootsHandler.layer([{ uri: "file:///a" }, { uri: "file:///b" }]))

const transports: { readonly [name: string]: () => Layer.Layer<ClientTransport, ClientTransportError> } = {
  memory: () => Layer.provide(MemoryTransport.layer(), Server),
  stdio: () => StdioClientTransport.layer({ command: process.execPath, args: argumentsOf("askingServer.ts") })
}

/** What came of each component that asks, in one word or as a reason. */
const outcomes = Effect.gen(function* () {
  const { prompts, resources, tools } = yield* McpClient.of(Asking)
  const shown = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>, text: (value: A) => string) =>
    Effect.map(Effect.result(effect), (result) => (Result.isSuccess(result) ? text(result.success) : result.failure.message))
  const called: { [name: string]: string } = {}
  for (const [name, call] of Object.entries(tools)) called[name] = yield* shown(call(), String)
  called["resource"] = yield* shown(resources.greeting(), String)
  called["prompt"] = yield* shown(prompts.greet(), ({ messages }) => JSON.stringify(messages[0]?.content))
  return called
})

const connected = (version: Revision.Version, transport: string, handlers: Layer.Layer<never> | typeof Able) =>
  McpClient.layer({ name: "test", version: "1.0.0", versions: [version] }).pipe(
    Layer.provide(handlers as typeof Able), // clients look for handlers, and do without
    Layer.provide(transports[transport]!())
  )

for (const { audio: _, elicitation, samplingTools, version } of Revision.all) {
  for (const transport of Object.keys(transports)) {
    describe(`${version}, ${transport}`, () => {
      it.live("a client that can be asked everything is asked what the revision has", () =>
        Effect.gen(function* () {
          const came = yield* Effect.provide(outcomes, connected(version, transport, Able))
          const form = (text: string) => (elicitation === "none" ? `revision ${version} has no forms` : text)
          const expected: typeof came = {
            seat: form("window"),
            orElse: elicitation === "none" ? "aisle" : "window",
            guest: form("ada true"),
            declined: form("declined"),
            booking: form("window 3 0"),
            page: elicitation === "form+url" ? "paid" : `revision ${version} does not have`,
            text: "something",
            object: "good",
            tools: samplingTools ? "6 letters" : `revision ${version} does not have tools in sampling`,
            roots: "file:///a,file:///b",
            resource: form("Hello, ada"),
            prompt: form('{"type":"text","text":"Greet ada"}')
          }
          for (const name of Object.keys(expected)) assert.include(came[name], expected[name]!, name)
          assert.deepStrictEqual(Object.keys(came).toSorted(), Object.keys(expected).toSorted())
        })
      )

      it.live("a client that can be asked nothing is not asked", () =>
        Effect.gen(function* () {
          const { orElse, ...others } = yield* Effect.provide(outcomes, connected(version, transport, Layer.empty))
          assert.strictEqual(orElse, "aisle")
          const unsupported =
            version === "2026-07-28" ? /\(-32021\)/ : /did not declare|has no forms|does not have|that this request needs/
          for (const [name, outcome] of Object.entries(others)) assert.match(outcome, unsupported, name)
        })
      )
    })
  }
}
