/**
 * Asks a question of the protocol and reads its answer.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { AskingFailed, type Question, type Unsupported } from "../Asking.ts"
import type { JsonObject } from "../Jsonrpc.ts"
import { RequestContext } from "../RequestContext.ts"

/** Makes the function that asks questions of one method. */
export const question = <P extends object, A>(method: Question["method"], result: Schema.Codec<A, JsonObject>) => {
  const decode = Schema.decodeUnknownExit(result)
  return (key: string, params: P): Effect.Effect<A, Unsupported | AskingFailed, RequestContext> =>
    Effect.gen(function* () {
      const { asking } = yield* RequestContext
      // Params are JSON by their Schema.
      const answer = decode(yield* asking.ask({ key, method, params: params as JsonObject }))
      if (Exit.isSuccess(answer)) return answer.value
      return yield* new AskingFailed({ method, code: 0, detail: "its answer is not what the protocol says" })
    })
}
