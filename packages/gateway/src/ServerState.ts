/**
 * How one server of many is.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
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

interface Known {
  /** For what one server alone is asked. */
  readonly client: McpClient["Service"]
  readonly capabilities: ServerCapabilities
  /** What the server says of itself: for display, never for decisions. */
  readonly serverInfo: Implementation | undefined
  readonly counts: Counts
  /** How long it took to connect and to read its lists for the first time, in milliseconds. */
  readonly latency: number
}

/** It is connected, and what it has is offered. */
export interface Ready extends Known {
  readonly _tag: "Ready"
}

/** Its connection was lost, and its client seeks a new one. What it has is still offered: calls wait, as the client's options say. */
export interface Reconnecting extends Known {
  readonly _tag: "Reconnecting"
  /** Why the connection was lost, or why the last attempt failed. */
  readonly error: McpClientError
  /** Which attempt comes next, from 1. */
  readonly attempt: number
}

/** It could not be reached, or its client has given it up. It stays so until `reconnect`. */
export interface Failed {
  readonly _tag: "Failed"
  readonly error: Failure
}

/** It was closed by hand. It stays so until `reconnect`. */
export interface Closed {
  readonly _tag: "Closed"
}

/** What it has is offered. */
export type Up = Ready | Reconnecting

/** How a server is. */
export type ServerState = Connecting | Up | Failed | Closed

/** Whether what a server has is offered. */
export const isUp = (state: ServerState): state is Up => state._tag === "Ready" || state._tag === "Reconnecting"
