/**
 * How one call of a client is made.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Progress } from "./connection.ts"

/** How one call is made. */
export interface CallOptions {
  /** In place of the client's `timeout`. It does not run while questions of the server are answered, and then begins anew. */
  readonly timeout?: Duration.Input
  /** What to do when the server tells how far it is, in the order in which it does. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
  /** Goes into `_meta` of the request. */
  readonly meta?: JsonObject
}
