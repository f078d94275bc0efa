/**
 * Asks the client which directories are open to the server.
 *
 * The list is asked for anew with each request, so it is never out of date; within one request it stays what it was, unless it is asked
 * for under another key. A client's `notifications/roots/list_changed` therefore changes nothing here.
 *
 * Source: "Roots" in the client features of every revision. Deprecated since 2026-07-28, and part of it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { AskingFailed, type Unsupported } from "./Asking.ts"
import { ListRootsResult, type Root } from "./protocol/Roots.ts"
import { RequestContext } from "./RequestContext.ts"

const method = "roots/list"

const decode = Schema.decodeUnknownExit(ListRootsResult)

/** The client's roots, asked for under a key: a long request that wants to see changes asks again under another one. */
export const listAs = (key: string): Effect.Effect<ReadonlyArray<Root>, Unsupported | AskingFailed, RequestContext> =>
  Effect.flatMap(RequestContext, ({ asking }) =>
    Effect.flatMap(asking.ask({ key, method, params: {} }), (answer) => {
      const decoded = decode(answer)
      if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value.roots)
      return Effect.fail(new AskingFailed({ method, code: 0, detail: "its answer is not what the protocol says" }))
    })
  )

/**
 * The client's roots, under the key `roots`. Fails with `Unsupported` when the client did not declare that it has any, or cannot be
 * reached, and with `AskingFailed` when it refuses, or answers with something else.
 */
export const list = listAs("roots")
