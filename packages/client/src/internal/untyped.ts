/**
 * Calls of tools without a contract, whose results are read by a Schema that the call brings.
 */
import type { Codec } from "@effect-mcp/core/Contract"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { CallToolResult, Tool as Listed } from "@effect-mcp/core/protocol/Tools"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as ToolResult from "@effect-mcp/core/ToolResult"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { McpClientError } from "../McpClientError.ts"
import { settled } from "./outcomes.ts"
import { type CallOptions, McpClient } from "./service.ts"

/** How results are read. */
export interface Reading<S extends Codec = typeof Schema.Unknown, F extends Codec = Schema.Never> {
  /** What the result is. Without it, the plain value as `ToolResult.data` gives it, of which nothing is known. */
  readonly success?: S
  /** What the tool says when it fails, where it says that as JSON. Other failures are `ToolFailed`. */
  readonly failure?: F
}

/** What a result is read as. `objectsOnly`: whether the revision wraps what is no object. */
export type Read = (result: CallToolResult, objectsOnly: boolean) => ToolCodec.CallOutcome

/** Prepares the reading of results of a tool: one that is listed, or one of which only the name is known. */
export const reader = ({ failure, success }: Reading<Codec, Codec>, listed?: Listed): Read => {
  // The codec needs a contract, and of that the name is not looked at.
  const options = { success: success ?? Schema.Unknown, failure: failure ?? Schema.Never }
  const codec = ToolCodec.client(Tool.make<string, {}, Codec, Codec>("result", options))
  return (result, objectsOnly) => {
    if (result.isError === true) return codec.decodeResult(result, objectsOnly)
    const value = ToolResult.data(result, listed)
    if (success === undefined) return { _tag: "Success", value }
    const { structuredContent } = result
    return structuredContent === undefined || value === structuredContent
      ? codec.decodeResult(result, objectsOnly && listed === undefined)
      : codec.decodeResult({ ...result, structuredContent: value })
  }
}

/**
 * Calls a tool by its name, and reads the result by a Schema: the structured content, else the JSON in the text; for a Schema of texts the
 * text itself. What revisions or FastMCP wrap into an object is unwrapped. Fails with `InvalidAnswer`, which says for each place what was
 * expected and what was received, and with `ToolFailed` for a result with `isError`.
 *
 * The Schema is prepared anew with each call. A contract, or `ListedTool`, prepares it once.
 *
 * @example
 * const hits = yield* McpClient.call("search", { q: "effect" }, { success: Schema.Array(Hit), timeout: "5 seconds" })
 */
export const call = <S extends Codec = typeof Schema.Unknown, F extends Codec = Schema.Never>(
  name: string,
  args?: JsonObject,
  options: CallOptions & Reading<S, F> = {}
): Effect.Effect<S["Type"], F["Type"] | McpClientError, McpClient> =>
  Effect.flatMap(McpClient, (client) =>
    Effect.flatMap(client.callTool(name, args, options), (result) => {
      const outcome = reader(options)(result, client.revision.structuredContent === "object")
      return settled(name, outcome) as Effect.Effect<S["Type"], F["Type"] | McpClientError> // read by these Schemas
    })
  )
