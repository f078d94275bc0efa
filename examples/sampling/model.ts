/**
 * A model that says what is written here, twice: as the model of a client, and as a language model of `effect/ai`. In their place stands
 * what a host, or a provider of models, has.
 */
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import type { SamplingBlock } from "@effect-mcp/core/Sampling"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Console, Effect, Layer, Stream } from "effect"
import { LanguageModel, type Response } from "effect/ai"
import * as assert from "node:assert/strict"

/** One turn of the model: what it has to have been told last, and what it says to that. */
interface Turn {
  readonly told: RegExp
  /** Words, uses of tools, or the answer that it is asked for. */
  readonly says: string | ReadonlyArray<Use> | { readonly answer: JsonObject }
}
interface Use {
  readonly name: string
  readonly input: JsonObject
}

const decision = { verdict: "false", confidence: 0.9, because: "Pluto is not a planet" }

const turns: ReadonlyArray<Turn> = [
  { told: /with three moons/, says: ["Earth", "Mars", "Pluto"].map((planet) => ({ name: "moons", input: { planet } })) },
  // What a tool fails with is told to the model.
  { told: /Pluto is not a planet/, says: [{ name: "sum", input: { numbers: [1, 2] } }] },
  { told: /3/, says: "Earth and Mars have three moons. Pluto is no planet." },
  { told: /Is the claim true/, says: { answer: { ...decision, confidence: 7 } } },
  // So is what is wrong with its answer.
  { told: /confidence/, says: { answer: decision } }
]

/** What is said, in the words of both sides: texts, and uses of tools with an id. */
type Part = string | (Use & { readonly id: string })

/** Says one turn after the other. Where it is offered no tool to answer with, it answers in JSON. */
const script = () => {
  let uses = 0
  const used = (use: Use): Part => ({ ...use, id: `use-${++uses}` })
  const remaining = [...turns]
  return Effect.fn("model")(function* (told: unknown, offered: ReadonlyArray<{ readonly name: string }>) {
    const turn = remaining.shift()
    assert.ok(turn !== undefined, "the model is asked too often")
    assert.match(JSON.stringify(told), turn.told)
    const { says } = turn
    yield* Console.log(`  model: ${JSON.stringify(says)}`)
    if (typeof says === "string") return [says]
    if (!("answer" in says)) return says.map(used)
    return offered.some(({ name }) => name === "answer")
      ? [used({ name: "answer", input: says.answer })]
      : [`Well: ${JSON.stringify(says.answer)}`]
  })
}

/** The model of a client, which says of it that it understands tools. */
export const modelOfClient = () => {
  const say = script()
  const toBlock = (part: Part): SamplingBlock =>
    typeof part === "string" ? { type: "text", text: part } : { type: "tool_use", ...part }
  return SamplingHandler.layer(
    ({ messages, tools = [] }) =>
      Effect.map(say(messages.at(-1), tools), (parts) => ({ role: "assistant", content: parts.map(toBlock), model: "scripted" })),
    { tools: true }
  )
}

/** The model of a server: what a provider for `effect/ai` makes. */
export const modelOfServer = () => {
  const say = script()
  const toPart = (part: Part): Response.PartEncoded =>
    typeof part === "string"
      ? { type: "text", text: part }
      : { type: "tool-call", id: part.id, name: part.name, params: part.input }
  return Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: ({ prompt, tools }) => Effect.map(say(prompt.content.at(-1), tools), (parts) => parts.map(toPart)),
      streamText: () => Stream.empty
    })
  )
}
