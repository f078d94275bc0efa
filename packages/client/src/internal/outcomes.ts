/**
 * What becomes of a call of a tool: its value, a failure that was declared, or why there is neither.
 */
import type { CallOutcome } from "@effect-mcp/core/ToolCodec"
import * as Effect from "effect/Effect"
import { InvalidAnswer, InvalidArguments, McpClientError, ToolFailed } from "../McpClientError.ts"

/** An answer that cannot be used. `what` is a method, or whose answer it is: `tool "add"`. */
export const invalidAnswer = (what: string, detail: string) =>
  new McpClientError({ reason: new InvalidAnswer({ method: what, detail }) })

/** Arguments that cannot be sent. */
export const invalidArguments = (target: string, detail: string) =>
  new McpClientError({ reason: new InvalidArguments({ target, detail }) })

/** A tool that failed, in the words of its server. */
export const toolFailed = (tool: string, detail: string) => new McpClientError({ reason: new ToolFailed({ tool, detail }) })

/** The outcome as an Effect. Its types are those of the Schemas that read it. */
export const settled = (tool: string, outcome: CallOutcome): Effect.Effect<unknown, unknown> => {
  switch (outcome._tag) {
    case "Success":
      return Effect.succeed(outcome.value)
    case "Failure":
      return Effect.fail(outcome.error)
    case "ToolError":
      return Effect.fail(toolFailed(tool, outcome.text))
    case "Mismatch":
      return Effect.fail(invalidAnswer(`tool "${tool}"`, outcome.detail))
  }
}
