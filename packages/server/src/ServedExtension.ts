/**
 * An extension as a server serves it: its contract, what the server says of itself, and the handlers with what was there when their
 * layer was built.
 */
import type * as Extension from "@effect-mcp/core/Extension"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Component } from "./Component.ts"

/** See the module. */
export interface ServedExtension {
  readonly contract: Extension.Any
  /** As clients see them. */
  readonly settings: JsonObject
  /** What serves its requests, by method. */
  readonly requests: ReadonlyMap<string, Component>
  /** What takes its notifications, by method. */
  readonly notifications: ReadonlyMap<string, Component>
}
