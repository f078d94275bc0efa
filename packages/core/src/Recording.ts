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
  private isClosed = false

  constructor(values: Iterable<readonly [string, unknown]> = []) {
    this.values = new Map(values)
  }

  /**
   * Runs an effect and records what it gives, unless that is recorded already. Whoever comes while it runs waits for it, and can be
   * interrupted meanwhile, even where nothing else can: it may be waiting for itself.
   */
  once<E, R>(key: string, effect: Effect.Effect<unknown, E, R>): Effect.Effect<unknown, E, R> {
    // From the start, so that no interruption comes between what is noted here and what takes the note back.
    return Effect.uninterruptible(
      Effect.suspend((): Effect.Effect<unknown, E, R> => {
        if (this.values.has(key)) return Effect.succeed(this.values.get(key))
        const before = this.running.get(key)
        // It may have failed: then it is the turn of the next one.
        if (before !== undefined) return Effect.andThen(Effect.interruptible(Deferred.await(before)), this.once(key, effect))
        if (this.isClosed) return Effect.interrupt
        const over = Deferred.makeUnsafe<void>()
        this.running.set(key, over)
        return Effect.onExit(effect, (exit) =>
          Effect.sync(() => {
            if (Exit.isSuccess(exit)) this.values.set(key, exit.value)
            this.running.delete(key)
            Deferred.doneUnsafe(over, Exit.void)
          })
        )
      })
    )
  }

  /**
   * Waits until nothing runs that will be recorded. From then on nothing is run any more, because nobody would know of it: who wants to
   * record something new is interrupted.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const [first] = this.running.values()
    if (first !== undefined) return Effect.andThen(Deferred.await(first), this.close)
    this.isClosed = true
    return Effect.void
  })
}
