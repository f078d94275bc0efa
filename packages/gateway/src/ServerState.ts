/**
 * How one server of many is.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation } from "@effect-mcp/core/protocol/Common"
import type { Failure } from "./ServersError.ts"

/** It is being connected to, and its lists are read. */
export interface Connecting {
  readonly _tag: "Connecting"
}

/** How much a server offers, after what was left out by its `include` and `exclude`. */
export interface Counts {
  readonly tools: number
  readonly prompts: number
  readonly resources: number
  readonly resourceTemplates: number
}

/** It is connected, and what it offers is offered. */
export interface Ready {
  readonly _tag: "Ready"
  /** The connection, for what one server alone is asked. */
  readonly client: McpClient["Service"]
  readonly capabilities: ServerCapabilities
  /** What the server says of itself: for display, never for decisions. */
  readonly serverInfo: Implementation | undefined
  readonly counts: Counts
  /** How long it took to connect and to read its lists, in milliseconds. */
  readonly latency: number
}

/** It could not be reached, or its connection is over. It stays so until `reconnect`. */
export interface Failed {
  readonly _tag: "Failed"
  readonly error: Failure
}

/** It was closed by hand. It stays so until `reconnect`. */
export interface Closed {
  readonly _tag: "Closed"
}

/** How a server is. */
export type ServerState = Connecting | Ready | Failed | Closed
