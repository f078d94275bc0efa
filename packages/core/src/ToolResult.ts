/**
 * What is in a result of a tool, for who has no contract of it.
 */
import { textOf } from "./Content.ts"
import { isObject } from "./Jsonrpc.ts"
import type { CallToolResult, Tool } from "./protocol/Tools.ts"
import { wrappedKey } from "./wire/project.ts"

// How FastMCP marks what it wraps: in the schema, and since version 3 in the result, too.
const fastMcpKey = "x-fastmcp-wrap-result"

/**
 * Whether the listed schema of results says that they are wrapped: what is no object is the member `result` of one, where the revision
 * wants objects. Servers of this library mark that with `x-effect-mcp-wrapped`, those of FastMCP with `x-fastmcp-wrap-result`.
 */
export const isWrapped = ({ outputSchema }: Pick<Tool, "outputSchema">): boolean =>
  outputSchema !== undefined && (outputSchema[wrappedKey] === true || outputSchema[fastMcpKey] === true)

const saysThatItIsWrapped = ({ _meta }: CallToolResult): boolean => {
  const said = _meta?.["fastmcp"]
  return isObject(said) && said["wrap_result"] === true
}

/**
 * The plain value of a result: its structured content, taken out of the object that wraps it where `tool`, as the server lists it, says
 * that there is one. Without structured content it is the text, as it is; `undefined` when there is no text either. Nothing is checked,
 * and a date is still a text: a Schema reads more.
 *
 * @example
 * ToolResult.data({ content: [], structuredContent: { result: 3 } }, add) // 3
 */
export const data = (result: CallToolResult, tool?: Pick<Tool, "outputSchema">): unknown => {
  const { content, structuredContent } = result
  if (structuredContent === undefined) return content.some(({ type }) => type === "text") ? textOf(result) : undefined
  const wraps = (tool !== undefined && isWrapped(tool)) || saysThatItIsWrapped(result)
  if (!wraps || !isObject(structuredContent) || !Object.hasOwn(structuredContent, "result")) return structuredContent
  return structuredContent["result"]
}
