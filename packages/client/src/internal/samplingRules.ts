/**
 * What the protocol says of conversations with tools in them, and of a model's answer.
 *
 * Source: "Sampling" in the client features of 2025-11-25.
 */
import {
  blocksOf,
  type CreateMessageParams,
  type CreateMessageResult,
  type SamplingMessage
} from "@effect-mcp/core/protocol/Sampling"
import type { Revision } from "@effect-mcp/core/Revision"

const usesOf = (message: SamplingMessage): ReadonlyArray<string> =>
  message.role === "assistant" ? blocksOf(message).flatMap((block) => (block.type === "tool_use" ? [block.id] : [])) : []

/**
 * What is wrong with the messages of a question, if anything: results of tools stand alone in a message of the user, and answer each
 * use of the message before once.
 */
export const problemOf = (messages: ReadonlyArray<SamplingMessage>): string | undefined => {
  let wanted: ReadonlyArray<string> = []
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message)
    const results = blocks.flatMap((block) => (block.type === "tool_result" ? [block.toolUseId] : []))
    if (results.length > 0 && (message.role !== "user" || results.length < blocks.length)) {
      return `messages.${index}: results of tools belong into a message of the user that holds nothing else`
    }
    const answered = new Set(results)
    const isEachOnce = results.length === answered.size && answered.size === new Set(wanted).size
    if (!isEachOnce || wanted.some((id) => !answered.has(id))) {
      return `messages.${index}: expected a result for each use of a tool in the message before, and for nothing else`
    }
    wanted = usesOf(message)
  }
  return wanted.length === 0 ? undefined : "messages: the last message uses tools, and there are no results"
}

/** What is wrong with a model's answer, if anything. Does not repeat the answer. */
export const misfitOf = (
  { toolChoice, tools }: CreateMessageParams,
  result: CreateMessageResult,
  revision: Revision
): string | undefined => {
  const blocks = blocksOf(result)
  const uses = blocks.filter(({ type }) => type === "tool_use").length
  const { version } = revision
  if (blocks.some(({ type }) => type === "tool_result")) return "content: a model does not give results of tools"
  if (uses > 0 && (tools === undefined || toolChoice?.mode === "none")) return "content: tools were not to be used"
  if (uses === 0 && toolChoice?.mode === "required") return "content: at least one tool was to be used"
  if (blocks.length !== 1 && !revision.samplingTools) return `content: revision ${version} has exactly one block in a message`
  if (blocks.some(({ type }) => type === "audio") && !revision.audio) return `content: revision ${version} has no audio`
  return undefined
}

/** The answer in the shape of the revision: where a message has a single block, it is no list. */
export const shaped = (result: CreateMessageResult, revision: Revision): CreateMessageResult => {
  const [only] = blocksOf(result)
  return revision.samplingTools || only === undefined ? result : { ...result, content: only }
}
