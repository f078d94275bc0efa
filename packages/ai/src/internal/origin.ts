/**
 * What a tool of one side remembers of the tool of the other side that it was made from, so that the way back loses nothing.
 */
import type * as Tool from "@effect-mcp/core/Tool"
import type * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"

/** The member of a contract that holds the tool it was made from. */
export const OriginId: OriginId = "~effect-mcp/ai/origin"
/** See {@link OriginId}. */
export type OriginId = "~effect-mcp/ai/origin"

/** The tool of `effect/ai` that a contract was made from. */
export const originOf = (contract: Tool.Any): AiTool.Any | undefined =>
  OriginId in contract ? (contract[OriginId] as AiTool.Any) : undefined // nobody else writes that member

/** A contract, and what was made of those members that may be set anew on a tool of `effect/ai`. */
export interface Made {
  readonly contract: Tool.Any
  readonly parameters: Schema.Constraint
  readonly success: Schema.Constraint
  readonly failure: Schema.Constraint
  readonly title: string | undefined
  readonly toModelOutput: AiTool.Any["toModelOutput"]
}

/** The annotation of a tool of `effect/ai` that says which contract it was made from. */
export class MadeFrom extends Context.Service<MadeFrom, Made>()("@effect-mcp/ai/MadeFrom") {}
