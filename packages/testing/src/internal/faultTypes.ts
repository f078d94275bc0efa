/**
 * What faults see, and what they may do.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type * as Duration from "effect/Duration"

/** A message on its way. */
export interface Passing {
  readonly to: "server" | "client"
  readonly kind: "request" | "notification" | "answer" | "invalid"
  /** The method; of an answer that of its request. `undefined` for what is no message, and for answers to nothing. */
  readonly method: string | undefined
  /** The message itself, as JSON. */
  readonly message: JsonObject
}

/** What becomes of a message. */
export type Action =
  | { readonly _tag: "Drop" }
  | { readonly _tag: "Delay"; readonly by: Duration.Input }
  | { readonly _tag: "Duplicate"; readonly times: number }
  | { readonly _tag: "Change"; readonly to: JsonObject | string }
  | { readonly _tag: "Cut"; readonly detail: string }

/** A fault while it is at work. `undefined` lets pass. */
export interface Working {
  readonly act?: (passing: Passing) => Action | undefined
  /** Why a connection cannot be made now. */
  readonly refuse?: () => string | undefined
}
