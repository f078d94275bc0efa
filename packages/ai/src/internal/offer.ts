/**
 * The tools of a request for sampling as a toolkit that nobody runs.
 */
import type { CreateMessageParams } from "@effect-mcp/core/protocol/Sampling"
import type { Tool as Definition } from "@effect-mcp/core/protocol/Tools"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { CannotSample } from "../CannotSample.ts"
import { said } from "./definition.ts"

/** A tool that a model may ask for, described by JSON Schema. */
export interface Offered extends AiTool.Tool<
  string,
  {
    readonly parameters: typeof Schema.Unknown
    readonly success: typeof Schema.Unknown
    readonly failure: typeof Schema.Never
    readonly failureMode: "error"
  }
> {}

/** Tools that a model may ask for, and whether it must. */
export interface Offer {
  readonly toolkit: Toolkit.WithHandler<Record<string, Offered>>
  readonly toolChoice: "auto" | "required" | "none"
}

const refuse = (where: string, detail: string) => Result.fail(new CannotSample({ where, detail }))

const toTool = (definition: Definition): Offered => {
  const { description, inputSchema, name } = definition
  const tool: Offered = AiTool.dynamic(name, {
    parameters: inputSchema,
    ...(description === undefined ? {} : { description })
  })
  return tool.annotateMerge(said(definition))
}

/** What a request offers to a model; `undefined` when that is nothing. */
export const toOffer = ({ toolChoice, tools = [] }: CreateMessageParams): Result.Result<Offer | undefined, CannotSample> => {
  const mode = toolChoice?.mode ?? "auto"
  if (tools.length === 0) {
    return mode === "required" ? refuse("toolChoice", "a tool is required, and none is offered") : Result.succeed(undefined)
  }
  const names = new Set<string>()
  for (const { name } of tools) {
    if (names.has(name)) return refuse("tools", `two of them are called "${name}"`)
    names.add(name)
  }
  const toolkit = Toolkit.make(...tools.map(toTool))
  const handle = () => Effect.die(new Error("tools that are offered for sampling are not run here"))
  return Result.succeed({ toolkit: { tools: toolkit.tools, handle }, toolChoice: mode })
}
