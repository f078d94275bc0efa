/**
 * The `_meta` of the result that a handler is about to give.
 *
 * Source: "_meta" in the base protocol of every revision.
 */
import * as Effect from "effect/Effect"
import type { JsonObject } from "./Jsonrpc.ts"
import { RequestContext } from "./RequestContext.ts"

/**
 * Puts members into `_meta` of the result of this request: of a call, a resource that is read, or a prompt. Later ones replace earlier
 * ones of the same name; a request that fails has no result. Names follow the rules of the base protocol: an own prefix, none reserved.
 *
 * @example
 * yield* ResultMeta.set({ "example.com/source": "cache" })
 */
export const set = (meta: JsonObject): Effect.Effect<void, never, RequestContext> =>
  Effect.map(RequestContext, (request) => request.annotateResult(meta))
