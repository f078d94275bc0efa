/**
 * The agent: asks the model, which uses tools, until it has an answer.
 */
import * as Servers from "@effect-mcp/gateway/Servers"
import * as ServersToolkit from "@effect-mcp/gateway/ServersToolkit"
import { Effect, Schema } from "effect"
import { Chat, Prompt } from "effect/ai"

export class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", { steps: Schema.Int }) {
  override get message() {
    return `the model has no answer after ${this.steps} steps`
  }
}

/** Answers a question, with what all servers have. */
export const answer = Effect.fn("answer")(function* (question: string, maxSteps = 10) {
  const servers = yield* Servers.Servers
  const instructions = yield* servers.instructions
  const chat = yield* Chat.fromPrompt([
    ...(instructions === undefined ? [] : [{ role: "system" as const, content: instructions }]),
    { role: "user", content: question }
  ])
  for (let step = 0; step < maxSteps; step++) {
    // Each step has the tools that the servers have then.
    const { text, toolCalls } = yield* chat.generateText({ prompt: Prompt.empty, toolkit: ServersToolkit.make() })
    if (toolCalls.length === 0) return text
  }
  return yield* new NoAnswer({ steps: maxSteps })
})
