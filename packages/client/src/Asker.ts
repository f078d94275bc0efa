/**
 * Who asks: what a handler should show to its user beside the question. One handler may serve several clients.
 */
import type { Implementation } from "@effect-mcp/core/protocol/Common"
import type { Revision } from "@effect-mcp/core/Revision"

/** The server that asks. */
export interface Asker {
  /** What the program calls the server: `serverName` of the client that was asked. */
  readonly server?: string | undefined
  /** What the server says of itself: for display, never for decisions. */
  readonly serverInfo: Implementation | undefined
  /** The revision that was agreed upon with it. */
  readonly revision: Revision
}
