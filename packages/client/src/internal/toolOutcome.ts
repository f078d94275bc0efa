/**
 * Results of tools, read by their contracts.
 */
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import type { Revision } from "@effect-mcp/core/Revision"
import type * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import type * as Effect from "effect/Effect"
import type { McpClientError } from "../McpClientError.ts"
import { settled } from "./outcomes.ts"

/** Reads results of a tool: its success, its declared failure, or what else went wrong. */
export const readOutcome =
  <T extends Tool.Any>(
    tool: T,
    revision: () => Revision,
    { decodeResult }: Pick<ToolCodec.ClientTool, "decodeResult"> = ToolCodec.client(tool)
  ): ((result: CallToolResult) => Effect.Effect<Tool.Success<T>, Tool.Failure<T> | McpClientError>) =>
  // The codec is that of the tool.
  (result) =>
    settled(tool.name, decodeResult(result, revision().structuredContent === "object")) as Effect.Effect<
      Tool.Success<T>,
      Tool.Failure<T> | McpClientError
    >
