/**
 * Puts guards around requests.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Around, Guard } from "../Guard.ts"

/** All guards as one, the first one outermost; `undefined` when there are none. */
export const guarding = (guards: ReadonlyArray<Guard> | undefined): Effect.Effect<Around | undefined, never, Scope.Scope> => {
  if (guards === undefined || guards.length === 0) return Effect.undefined
  return Effect.map(
    Effect.forEach(guards, (guard) => guard),
    (all): Around =>
      (request, effect) =>
        all.reduceRight((inner, around) => around(request, inner), effect)
  )
}
