/**
 * Lets the model of the client use tools of the handler that asks: the model says what to call, the handler calls it and tells the
 * model the result, until the model answers. Needs a client that declares `sampling.tools`, or a `Sampling.Fallback`. Since 2025-11-25.
 *
 * Source: "Tools in Sampling" in the client features of 2025-11-25.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { AskingFailed, Unsupported } from "./Asking.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import {
  blocksOf,
  type CreateMessageResult,
  type SamplingMessage,
  type ToolResultContent,
  type ToolUseContent
} from "./protocol/Sampling.ts"
import type { CallToolResult, Tool as Definition } from "./protocol/Tools.ts"
import { RequestContext } from "./RequestContext.ts"
import * as Sampling from "./Sampling.ts"
import type * as Tool from "./Tool.ts"
import * as ToolCodec from "./ToolCodec.ts"

/** How often a model is asked at most, unless the question says otherwise. */
export const defaultMaxSteps = 10

/** How many tools run at once, unless the question says otherwise. */
export const defaultConcurrency = 4

/** How many uses of tools in one message are run, fixed: the model is told of the others that they were too many. */
export const maxUses = 100

/** A tool with what runs it, which needs `R`. */
export interface Bound<out R> {
  readonly definition: Definition
  readonly run: (input: JsonObject) => Effect.Effect<CallToolResult, never, R>
}

const errorResult = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true })

/**
 * A contract with its handler, for a model to use. What the contract declares as failure is told to the model; a defect is logged, and
 * the model hears only that something broke.
 *
 * @example
 * const lookup = SamplingTools.bind(Lookup, ({ word }) => Effect.flatMap(Dictionary, (dictionary) => dictionary.find(word)))
 */
export const bind = <T extends Tool.Any, R = never>(
  contract: T,
  handler: (args: Tool.Args<T>) => Effect.Effect<Tool.Success<T>, Tool.Failure<T>, R>
): Bound<R> => {
  const codec = ToolCodec.server(contract, { excess: "error", lenient: true, onRepaired: () => {} })
  const failed = (cause: Cause.Cause<unknown>): Effect.Effect<CallToolResult> => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>) // it holds no failure
    const reason = cause.reasons.find(Cause.isFailReason)
    const declared = reason === undefined ? undefined : codec.encodeFailure(reason.error)
    if (declared !== undefined) return Effect.succeed(declared)
    return Effect.as(Effect.logError(`tool "${contract.name}" failed`, cause), errorResult("Internal error"))
  }
  return {
    definition: codec.definition,
    run: (input) => {
      const decoded = codec.decodeArguments(input)
      if (decoded._tag === "Failure") return Effect.succeed(errorResult(`Invalid arguments:\n${decoded.text}`))
      return Effect.suspend(() => handler(decoded.value)).pipe(
        Effect.map((value) => codec.encodeSuccess(value)),
        Effect.catchCause(failed)
      )
    }
  }
}

/** What the tools need to run. */
export type Services<B extends Bound<unknown>> = B extends Bound<infer R> ? R : never

/** What a model is asked, and what it may use. */
export interface Options<B extends Bound<unknown>> extends Omit<Sampling.Options, "tools"> {
  readonly tools: ReadonlyArray<B>
  /** How often the model is asked at most. The last time it may use no tool, so that it has to answer. 10 by default, at least 1. */
  readonly maxSteps?: number
  /** How many tools run at once. 4 by default. */
  readonly concurrency?: number
}

/** What came of it. */
export interface Conversation {
  /** The texts of the last answer. */
  readonly text: string
  readonly result: CreateMessageResult
  /** All that was said, the last answer included. */
  readonly messages: ReadonlyArray<SamplingMessage>
}

const toolUses = (result: CreateMessageResult): ReadonlyArray<ToolUseContent> =>
  blocksOf(result).flatMap((block) => (block.type === "tool_use" ? [block] : []))

const toBlock = (id: string, result: CallToolResult): ToolResultContent => ({
  type: "tool_result",
  toolUseId: id,
  content: result.content,
  ...(result.isError === true ? { isError: true } : {})
})

/**
 * Asks the client's model, which may use tools. Every step is a question of its own (`key/1`, `key/2`), and the results of tools are
 * recorded, so that a tool runs once, however many rounds the request takes. As with everything that is recorded, a tool that runs is
 * not interrupted: a call that is cancelled waits for it.
 *
 * Fails as `Sampling.create` does.
 *
 * @example
 * const { text } = yield* SamplingTools.run({ key: "define", messages: "What is a monad?", tools: [lookup] })
 */
export const run = Effect.fnUntraced(function* <B extends Bound<unknown>>({
  concurrency = defaultConcurrency,
  maxSteps = defaultMaxSteps,
  tools,
  ...options
}: Options<B>): Effect.fn.Return<Conversation, Unsupported | AskingFailed, Services<B> | RequestContext> {
  const { asking } = yield* RequestContext
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]))
  const definitions = tools.map(({ definition }) => definition)
  const resultOf = ({ input, name }: ToolUseContent, index: number, key: string) => {
    const tool = byName.get(name)
    if (tool === undefined) return Effect.succeed(errorResult(`Unknown tool: ${name}`))
    if (index >= maxUses) return Effect.succeed(errorResult(`Not run: at most ${maxUses} uses of tools at once`))
    const run = tool.run(input) as Effect.Effect<CallToolResult, never, Services<B>> // it is one of them
    return asking.once(`${key}/${index}`, run)
  }
  const use = (block: ToolUseContent, index: number, key: string) =>
    Effect.map(resultOf(block, index, key), (result) => toBlock(block.id, result as CallToolResult)) // it was recorded so
  const messages: Array<SamplingMessage> =
    typeof options.messages === "string" ? [Sampling.user(options.messages)] : [...options.messages]
  for (let step = 1; ; step++) {
    const key = `${options.key}/${step}`
    const isLast = step >= maxSteps
    const choice = isLast ? { toolChoice: { mode: "none" } as const } : {}
    const result = yield* Sampling.create({ ...options, ...choice, key, messages: [...messages], tools: definitions })
    messages.push({ role: "assistant", content: result.content })
    const uses = toolUses(result)
    if (uses.length === 0 || isLast) return { text: Sampling.textOf(result), result, messages }
    const results = yield* Effect.forEach(uses, (block, i) => use(block, i, key), { concurrency })
    messages.push(Sampling.user(results))
  }
})
