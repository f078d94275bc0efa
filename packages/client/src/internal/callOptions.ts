/**
 * How one call of a client is made.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Mirrored } from "@effect-mcp/core/MirroredHeaders"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Progress } from "./pending.ts"

/** How one call is made. */
export interface CallOptions {
  /** In place of the client's `timeout`. It does not run while questions of the server are answered, and then begins anew. */
  readonly timeout?: Duration.Input
  /** In place of the client's `totalTimeout`. */
  readonly totalTimeout?: Duration.Input
  /**
   * Whether to make the request again on a new connection when the connection was lost after it was sent: nobody knows then whether the
   * server has done it. By default requests that only read are, and tools that are known to only read or to be idempotent.
   */
  readonly retry?: boolean
  /**
   * Whether the request does nothing more when it is made twice, as far as the caller knows: then it counts among those. Typed clients
   * and `ListedTool` say so of tools whose hints do.
   */
  readonly idempotent?: boolean
  /**
   * Which arguments travel as headers, too, where the transport has headers, as far as the caller knows: what `MirroredHeaders.find` makes of
   * the tool's input schema. What the server has listed comes first. Typed clients and `ListedTool` say it.
   */
  readonly mirrored?: ReadonlyArray<Mirrored>
  /**
   * Whether a task goes on that the call has become when the call is interrupted, or takes longer than its `totalTimeout`. False by
   * default: it is cancelled, without waiting until the server has. Since 2026-07-28, see the option `tasks` of the client.
   */
  readonly keepTask?: boolean
  /** What to do when the server tells how far it is, in the order in which it does. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
  /** Goes into `_meta` of the request. An answer to it is not kept for others, see `ResponseCache`. */
  readonly meta?: JsonObject
}
