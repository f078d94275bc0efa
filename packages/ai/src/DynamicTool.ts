/**
 * Tools of servers that nobody here wrote, as tools of `effect/ai`: from what `tools/list` says of them, and what `tools/call` gives.
 */
import * as Content from "@effect-mcp/core/Content"
import type { CallToolResult, Tool } from "@effect-mcp/core/protocol/Tools"
import type * as Prompt from "effect/ai/Prompt"
import * as AiTool from "effect/ai/Tool"
import * as Schema from "effect/Schema"
import { toPart, unreadable } from "./internal/content.ts"
import { said } from "./internal/definition.ts"

/** A tool that is described by JSON Schema. What it fails with is told to the model. */
export interface DynamicTool extends AiTool.Tool<
  string,
  {
    readonly parameters: typeof Schema.Unknown
    readonly success: typeof Schema.Unknown
    readonly failure: typeof Schema.Unknown
    readonly failureMode: "return"
  }
> {}

/** How a tool is used. */
export interface Options {
  /** Whether `effect/ai` asks for approval before it is called. False by default. */
  readonly needsApproval?: boolean | undefined
}

/**
 * Makes a tool of its description: name, description and JSON Schema as they are; title and hints become annotations, `_meta` becomes
 * `Meta`. Arguments are left to the server to check.
 */
export const make = (definition: Tool, { needsApproval = false }: Options = {}): DynamicTool => {
  const { description, inputSchema, name } = definition
  const tool: DynamicTool = AiTool.dynamic(name, {
    parameters: inputSchema,
    success: Schema.Unknown,
    failure: Schema.Unknown,
    failureMode: "return",
    needsApproval,
    ...(description === undefined ? {} : { description })
  })
  return tool.annotateMerge(said(definition))
}

/** What a call has given, in the words of `effect/ai`. */
export interface Output {
  /** For programs: the structured content, or else the texts. */
  readonly result: unknown
  /** For the model, where that is more, or something else, than the result. */
  readonly modelOutput: ReadonlyArray<Prompt.ToolModelOutputPart> | undefined
  /** Whether the tool has failed: `isError`. */
  readonly isFailure: boolean
}

const note = (text: string): Prompt.ToolModelOutputPart => toPart(Content.text(text))

// Results come from afar: of their blocks nothing is certain.
const partOf = (block: unknown): Prompt.ToolModelOutputPart => {
  if (!Content.isContentBlock(block)) return note("[a block of content that cannot be read was left out]")
  const fault = unreadable(block)
  return fault === undefined ? toPart(block) : note(`[a block of content was left out: ${fault}]`)
}

/**
 * Makes of a result what the model, and the program, are given. Images, sounds and files are parts of what the model reads; links stay
 * texts. What cannot be read, or is no base64 where that is expected, is left out with a note. `_meta` and annotations are left out.
 */
export const outputOf = ({ content, isError = false, structuredContent }: CallToolResult): Output => {
  const readable = content.filter(Content.isContentBlock)
  const isText = readable.length === content.length && readable.every(({ type }) => type === "text")
  return {
    result: structuredContent === undefined ? Content.textOf({ content: readable }) : structuredContent,
    modelOutput: content.length === 0 || (isText && structuredContent === undefined) ? undefined : content.map(partOf),
    isFailure: isError
  }
}
