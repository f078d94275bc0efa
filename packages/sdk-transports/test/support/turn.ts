import * as Effect from "effect/Effect"

/** Waits until everything that is ready has run, promises and fibers. */
export const turn: Effect.Effect<void> = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
