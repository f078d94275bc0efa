/**
 * Results of tools, read by their contracts.
 */
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import type { Revision } from "@effect-mcp/core/Revision"
import type * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Effect from "effect/Effect"
import { InvalidAnswer, McpClientError, ToolFailed } from "../McpClientError.ts"

/** Reads results of a tool: its success, its declared failure, or what else went wrong. */
export const readOutcome = <T extends Tool.Any>(
  tool: T,
  revision: () => Revision,
  { decodeResult }: Pick<ToolCodec.ClientTool, "decodeResult"> = ToolCodec.client(tool)
): ((result: CallToolResult) => Effect.Effect<Tool.Success<T>, Tool.Failure<T> | McpClientError>) => {
  return (result) => {
    const outcome = decodeResult(result, revision().structuredContent === "object")
    switch (outcome._tag) {
      case "Success":
        return Effect.succeed(outcome.value as Tool.Success<T>) // the codec is that of the tool
      case "Failure":
        return Effect.fail(outcome.error as Tool.Failure<T>) // the codec is that of the tool
      case "ToolError":
        return Effect.fail(new McpClientError({ reason: new ToolFailed({ tool: tool.name, detail: outcome.text }) }))
      case "Mismatch":
        return Effect.fail(
          new McpClientError({ reason: new InvalidAnswer({ method: `tool "${tool.name}"`, detail: outcome.detail }) })
        )
    }
  }
}
