/**
 * What a language model of `effect/ai` has answered, as the result of a request for sampling.
 */
import * as Content from "@effect-mcp/core/Content"
import { isObject } from "@effect-mcp/core/Jsonrpc"
import type { CreateMessageResult, SamplingBlock } from "@effect-mcp/core/protocol/Sampling"
import type * as Response from "effect/ai/Response"
import * as Result from "effect/Result"
import { CannotSample } from "../CannotSample.ts"

/** A part of an answer, whatever the tools. */
export type Part = Response.AnyPart

/** What the answer does not say by itself. */
export interface Known {
  /** The name of the model, for answers that do not carry it. */
  readonly model: string | undefined
  readonly stopSequences: ReadonlyArray<string>
}

const refuse = (where: string, detail: string) => Result.fail(new CannotSample({ where, detail }))

const stopReasons: { readonly [reason in Response.FinishReason]: string | undefined } = {
  stop: "endTurn",
  length: "maxTokens",
  "tool-calls": "toolUse",
  "content-filter": "contentFilter",
  error: "error",
  pause: "pause",
  other: "other",
  unknown: undefined
}

/** Where the first of some texts begins in a text; `undefined` where there is none. The empty text stops nothing. */
const firstOf = (texts: ReadonlyArray<string>, text: string): number | undefined => {
  const found = texts.flatMap((each) => (each !== "" && text.includes(each) ? [text.indexOf(each)] : []))
  return found.length === 0 ? undefined : Math.min(...found)
}

const fromFile = ({ data, mediaType }: Response.FilePart): Result.Result<SamplingBlock, CannotSample> => {
  if (mediaType.startsWith("image/")) return Result.succeed(Content.image(data, mediaType))
  if (mediaType.startsWith("audio/")) return Result.succeed(Content.audio(data, mediaType))
  return refuse("answer", `a message of MCP cannot carry a file of type "${mediaType}"`)
}

const fromToolCall = ({ id, name, params }: Response.ToolCallPart<string, unknown>): Result.Result<SamplingBlock, CannotSample> =>
  isObject(params)
    ? Result.succeed({ type: "tool_use", id, name, input: params })
    : refuse("answer", `the arguments for the tool "${name}" are not an object`)

// Texts that follow each other are one: revisions before 2025-11-25 have room for a single block.
const blockOf = (part: Part): Result.Result<SamplingBlock, CannotSample> | undefined => {
  switch (part.type) {
    case "text":
      return Result.succeed(Content.text(part.text))
    case "file":
      return fromFile(part)
    case "tool-call":
      return part.providerExecuted === true ? undefined : fromToolCall(part)
    default:
      return undefined
  }
}

interface Blocks {
  readonly blocks: ReadonlyArray<SamplingBlock>
  /** Whether the text ended before one of the sequences that end it. */
  readonly stopped: boolean
}

const append = (blocks: ReadonlyArray<SamplingBlock>, block: SamplingBlock): ReadonlyArray<SamplingBlock> => {
  const last = blocks.at(-1)
  return last?.type === "text" && block.type === "text"
    ? [...blocks.slice(0, -1), Content.text(last.text + block.text)]
    : [...blocks, block]
}

const blocksOf = (parts: ReadonlyArray<Part>, stopSequences: ReadonlyArray<string>): Result.Result<Blocks, CannotSample> => {
  let blocks: ReadonlyArray<SamplingBlock> = []
  for (const part of parts) {
    const made = blockOf(part)
    if (made === undefined) continue
    if (Result.isFailure(made)) return Result.fail(made.failure)
    blocks = append(blocks, made.success)
  }
  for (const [i, block] of blocks.entries()) {
    const end = block.type === "text" ? firstOf(stopSequences, block.text) : undefined
    if (block.type !== "text" || end === undefined) continue
    const kept = end === 0 ? [] : [Content.text(block.text.slice(0, end))]
    return Result.succeed({ blocks: [...blocks.slice(0, i), ...kept], stopped: true })
  }
  return Result.succeed({ blocks, stopped: false })
}

const stopReasonOf = (parts: ReadonlyArray<Part>, { blocks, stopped }: Blocks): string | undefined => {
  if (stopped) return "stopSequence"
  const finish = parts.findLast((part) => part.type === "finish")
  const reason = finish === undefined ? undefined : stopReasons[finish.reason]
  // There are providers that stop for tools and do not say so.
  const isTurn = reason === undefined || reason === "endTurn"
  return isTurn && blocks.some((block) => block.type === "tool_use") ? "toolUse" : reason
}

const modelOf = (parts: ReadonlyArray<Part>): string | undefined =>
  parts.findLast((part) => part.type === "response-metadata")?.modelId

/** The result that an answer is. */
export const toAnswer = (
  parts: ReadonlyArray<Part>,
  { model, stopSequences }: Known
): Result.Result<CreateMessageResult, CannotSample> => {
  const made = blocksOf(parts, stopSequences)
  if (Result.isFailure(made)) return Result.fail(made.failure)
  const { blocks } = made.success
  const stopReason = stopReasonOf(parts, made.success)
  const [first = Content.text("")] = blocks
  return Result.succeed({
    role: "assistant",
    content: blocks.length > 1 ? blocks : first,
    model: modelOf(parts) ?? model ?? "unknown",
    ...(stopReason === undefined ? {} : { stopReason })
  })
}
