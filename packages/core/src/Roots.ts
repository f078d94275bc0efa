/**
 * Asks the client which directories are open to the server.
 *
 * Source: "Roots" in the client features of every revision.
 */
import type * as Effect from "effect/Effect"
import type { AskingFailed, Unsupported } from "./Asking.ts"
import { question } from "./internal/question.ts"
import { ListRootsResult } from "./protocol/Roots.ts"
import type { RequestContext } from "./RequestContext.ts"

const ask = question<{}, ListRootsResult>("roots/list", ListRootsResult)

/**
 * The client's roots. Fails with `Unsupported` when the client did not declare that it has any, or cannot be reached, and with
 * `AskingFailed` when it refuses.
 */
export const list: Effect.Effect<ListRootsResult, Unsupported | AskingFailed, RequestContext> = ask("roots", {})
