/**
 * The border between callbacks and effects.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Runs an effect and passes its exit on, at once where it does not have to wait. */
export type RunExit = <A, E>(effect: Effect.Effect<A, E>, onExit: (exit: Exit.Exit<A, E>) => void) => void

/** Runs effects in a context. What is done already needs no fiber. */
export const runExit = (context: Context.Context<never>): RunExit => {
  const runFork = Effect.runForkWith(context)
  return (effect, onExit) => {
    if (Exit.isExit(effect)) return onExit(effect as never) // the guard forgets the types of the exit
    const fiber = runFork(effect)
    const exit = fiber.pollUnsafe()
    if (exit === undefined) fiber.addObserver(onExit)
    else onExit(exit)
  }
}
