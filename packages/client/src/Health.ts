/**
 * How well a server answers.
 */
import type { ConnectionState } from "./ConnectionState.ts"
import type { McpClientError } from "./McpClientError.ts"

/** How well a server answers. */
export interface Health {
  readonly status: "healthy" | "unhealthy"
  readonly state: ConnectionState
  /** How long the server took to answer, in milliseconds; `undefined` when it did not. */
  readonly latency: number | undefined
  /** Why it is not healthy. */
  readonly error: McpClientError | undefined
}
