/**
 * What `Mcp-Name` repeats of a request of the request era.
 *
 * Source: "Request Headers" under Streamable HTTP of 2026-07-28.
 */
import { requestFacts } from "@effect-mcp/core/protocol/Table"

/** The member of `params` that it repeats, by method. */
export const mirrored: ReadonlyMap<string, string> = new Map(
  Object.entries(requestFacts).flatMap(([method, facts]) => ("mirrors" in facts ? [[method, facts.mirrors] as const] : []))
)
