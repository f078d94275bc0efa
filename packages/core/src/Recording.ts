/**
 * What was recorded during one request, by key. For implementers of {@link Asking}; handlers record with `Replay.once`.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** See the module. */
export class Recording {
  /** What is recorded: JSON. */
  readonly values: Map<string, unknown>
  private readonly running = new Map<string, Deferred.Deferred<void>>()

  constructor(values: Iterable<readonly [string, unknown]> = []) {
    this.values = new Map(values)
  }

  /** Runs an effect and records what it gives, unless that is recorded already. Whoever comes while it runs waits for it. */
  once<E, R>(key: string, effect: Effect.Effect<unknown, E, R>): Effect.Effect<unknown, E, R> {
    return Effect.suspend((): Effect.Effect<unknown, E, R> => {
      if (this.values.has(key)) return Effect.succeed(this.values.get(key))
      const before = this.running.get(key)
      // It may have failed: then it is the turn of the next one.
      if (before !== undefined) return Effect.andThen(Deferred.await(before), this.once(key, effect))
      const over = Deferred.makeUnsafe<void>()
      this.running.set(key, over)
      return Effect.uninterruptible(
        Effect.onExit(effect, (exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) this.values.set(key, exit.value)
            this.running.delete(key)
            Deferred.doneUnsafe(over, Exit.void)
          })
        )
      )
    })
  }

  /** Waits until nothing runs that will be recorded. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() => {
    const [first] = this.running.values()
    return first === undefined ? Effect.void : Effect.andThen(Deferred.await(first), this.idle)
  })
}
