/**
 * What several servers say of themselves, as if one had said it.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"

// Deeper than any capability is: what lies below is taken from the first server that has it.
const maxDepth = 4

const own = (object: JsonObject, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

const merged = (a: JsonObject, b: JsonObject, depth: number): JsonObject => {
  const join = (x: unknown, y: unknown): unknown => {
    if (depth > 0 && isObject(x) && isObject(y)) return merged(x, y, depth - 1)
    return typeof x === "boolean" && typeof y === "boolean" ? x || y : (x ?? y)
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...keys].map((key) => [key, join(own(a, key), own(b, key))]))
}

/** Everything that at least one of them declares. Where two say different things, the first one counts, and `true` before `false`. */
export const mergeCapabilities = (all: Iterable<ServerCapabilities>): ServerCapabilities => {
  let result: JsonObject = {}
  for (const one of all) result = merged(result, { ...one }, maxDepth)
  return result // every member is one that some server has declared
}

/** The instructions of several servers below the names of these; `undefined` when none of them has any. */
export const joinInstructions = (
  all: Iterable<{ readonly server: string; readonly prefix: string | undefined; readonly instructions: string | undefined }>
): string | undefined => {
  const parts: Array<string> = []
  for (const { instructions, prefix, server } of all) {
    if (instructions === undefined || instructions.trim() === "") continue
    const names = prefix === undefined ? "" : `\nThe names of its tools and prompts begin with \`${prefix}\` here.`
    parts.push(`# Server "${server}"${names}\n\n${instructions.trim()}`)
  }
  return parts.length === 0 ? undefined : parts.join("\n\n")
}
