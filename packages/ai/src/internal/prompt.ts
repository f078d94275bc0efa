/**
 * The messages of a request for sampling as a prompt of `effect/ai`.
 */
import { textOf } from "@effect-mcp/core/Content"
import type { ContentBlock } from "@effect-mcp/core/protocol/Content"
import {
  blocksOf,
  type CreateMessageParams,
  type SamplingBlock,
  type SamplingMessage,
  type ToolResultContent,
  type ToolUseContent
} from "@effect-mcp/core/protocol/Sampling"
import * as Prompt from "effect/ai/Prompt"
import * as Result from "effect/Result"
import { CannotSample } from "../CannotSample.ts"
import { toPart, toParts, unreadable } from "./content.ts"

/** The names of the tools that were used so far, by the ids of their uses. */
type Used = Map<string, string>

const refuse = (where: string, detail: string) => Result.fail(new CannotSample({ where, detail }))

/** What is wrong with the data of a block, see {@link unreadable}. */
const dataFault = (block: SamplingBlock | ContentBlock): string | undefined => {
  if (block.type === "tool_use") return undefined
  if (block.type !== "tool_result") return unreadable(block)
  for (const inner of block.content) {
    const fault = unreadable(inner)
    if (fault !== undefined) return fault
  }
  return undefined
}

const toolCall = ({ id, input, name }: ToolUseContent): Prompt.ToolCallPart =>
  Prompt.toolCallPart({ id, name, params: input, providerExecuted: false })

// What the tool has written for models is what the model reads; without it, what is meant for programs.
const toolResult = (block: ToolResultContent, name: string): Prompt.ToolResultPart =>
  Prompt.toolResultPart({
    id: block.toolUseId,
    name,
    isFailure: block.isError ?? false,
    result: block.structuredContent === undefined ? textOf(block) : block.structuredContent,
    ...(block.content.length === 0 ? {} : { modelOutput: toParts(block.content) }),
    providerExecuted: false
  })

const fromAssistant = (
  blocks: ReadonlyArray<SamplingBlock>,
  where: string,
  used: Used
): Result.Result<ReadonlyArray<Prompt.Message>, CannotSample> => {
  const content: Array<Prompt.AssistantMessagePart> = []
  for (const block of blocks) {
    if (block.type === "tool_result") return refuse(where, "results of tools are said by the user, not by the assistant")
    if (block.type === "tool_use") {
      if (used.has(block.id)) return refuse(where, `two uses of tools have the id "${block.id}"`)
      used.set(block.id, block.name)
      content.push(toolCall(block))
    } else content.push(toPart(block))
  }
  return Result.succeed(content.length === 0 ? [] : [Prompt.assistantMessage({ content })])
}

// Results of tools are messages of their own in a prompt; what stands between them stays in its place.
const fromUser = (
  blocks: ReadonlyArray<SamplingBlock>,
  where: string,
  used: Used
): Result.Result<ReadonlyArray<Prompt.Message>, CannotSample> => {
  const messages: Array<Prompt.Message> = []
  let said: Array<Prompt.UserMessagePart> = []
  let results: Array<Prompt.ToolMessagePart> = []
  const flush = () => {
    if (results.length > 0) messages.push(Prompt.toolMessage({ content: results }))
    if (said.length > 0) messages.push(Prompt.userMessage({ content: said }))
    results = []
    said = []
  }
  for (const block of blocks) {
    if (block.type === "tool_use") return refuse(where, "tools are used by the assistant, not by the user")
    if (block.type === "tool_result") {
      const name = used.get(block.toolUseId)
      if (name === undefined) return refuse(where, `nothing before it has used a tool with the id "${block.toolUseId}"`)
      if (said.length > 0) flush()
      results.push(toolResult(block, name))
    } else {
      if (results.length > 0) flush()
      said.push(toPart(block))
    }
  }
  flush()
  return Result.succeed(messages)
}

const fromMessage = (message: SamplingMessage, where: string, used: Used) => {
  const blocks = blocksOf(message)
  for (const block of blocks) {
    const fault = dataFault(block)
    if (fault !== undefined) return refuse(where, fault)
  }
  return message.role === "assistant" ? fromAssistant(blocks, where, used) : fromUser(blocks, where, used)
}

/** The prompt that a request asks a model with. */
export const toPrompt = (params: CreateMessageParams): Result.Result<Prompt.Prompt, CannotSample> => {
  const { messages, systemPrompt } = params
  const used: Used = new Map()
  const all: Array<Prompt.Message> = systemPrompt === undefined ? [] : [Prompt.systemMessage({ content: systemPrompt })]
  for (const [i, message] of messages.entries()) {
    const made = fromMessage(message, `messages[${i}]`, used)
    if (Result.isFailure(made)) return Result.fail(made.failure)
    for (const one of made.success) all.push(one) // there may be more of them than arguments of a call
  }
  return Result.succeed(Prompt.fromMessages(all))
}
