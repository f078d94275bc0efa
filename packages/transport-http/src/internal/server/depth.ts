/**
 * How deep JSON is nested. `JSON.parse` takes any depth; what walks through it later, and calls itself for each level, would not.
 */
import type { Inbound } from "@effect-mcp/core/Jsonrpc"

/** Whether a value has more levels than the limit. Looks no deeper than that. */
export const isDeeper = (value: unknown, limit: number): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (limit === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, limit - 1)) return true
    return false
  }
  const members = value as { readonly [key: string]: unknown } // an object that `JSON.parse` made
  for (const key in members) if (isDeeper(members[key], limit - 1)) return true
  return false
}

/** Whether a message has more levels than the limit, with those that were read already. */
export const isTooDeep = (message: Inbound, limit: number): boolean => {
  switch (message._tag) {
    case "Batch":
      return message.items.some((item) => isTooDeep(item, limit - 1))
    case "Success":
      return isDeeper(message.result, limit - 1)
    case "Failure":
      return isDeeper(message.error, limit - 1)
    case "Invalid":
      return false
    default:
      return isDeeper(message.params, limit - 1)
  }
}
