/**
 * How a client stands with its server.
 */
import type * as Revision from "@effect-mcp/core/Revision"
import type { McpClientError } from "./McpClientError.ts"

/** Requests are sent. */
export interface Connected {
  readonly _tag: "Connected"
  readonly version: Revision.Version
}

/** The connection was lost and a new one is sought: requests wait for it. */
export interface Reconnecting {
  readonly _tag: "Reconnecting"
  /** Why the connection was lost, or why the last attempt failed. */
  readonly error: McpClientError
  /** Which attempt comes next, from 1. */
  readonly attempt: number
}

/** There is no connection and none is sought: requests fail with the error. `reconnect` tries again. */
export interface Disconnected {
  readonly _tag: "Disconnected"
  readonly error: McpClientError
}

/** How a client stands with its server. */
export type ConnectionState = Connected | Reconnecting | Disconnected
