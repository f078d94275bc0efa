/**
 * Runs effects one after the other, in the order in which they come, without making who brings them wait.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

// Who is that far behind is told less, not more.
const maxWaiting = 1024

/** See the module. */
export class Serial {
  private readonly waiting: Array<Effect.Effect<void>> = []
  private readonly idlers: Array<() => void> = []
  private isRunning = false
  private dropped = 0
  private fiber: Fiber.Fiber<void> | undefined
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>

  constructor(runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>) {
    this.runFork = runFork
  }

  /** Adds an effect. When too many wait, the oldest is dropped, and the log says so. A defect is logged and stops nothing. */
  push(effect: Effect.Effect<void>): void {
    if (this.waiting.length >= maxWaiting) {
      this.waiting.shift()
      this.dropped++
    }
    this.waiting.push(effect)
    if (this.isRunning) return
    this.isRunning = true
    this.fiber = this.runFork(this.loop)
  }

  /** Ends what runs and drops what waits: nobody is interested any more. */
  stop(): void {
    this.waiting.length = 0
    this.fiber?.interruptUnsafe()
    this.rest()
  }

  private rest(): void {
    this.isRunning = false
    for (const go of this.idlers.splice(0)) go()
  }

  /** Waits until everything has run. */
  readonly idle: Effect.Effect<void> = Effect.callback((resume) => {
    if (!this.isRunning) return resume(Effect.void)
    this.idlers.push(() => resume(Effect.void))
  })

  get isBusy(): boolean {
    return this.isRunning
  }

  private readonly loop: Effect.Effect<void> = Effect.suspend(() => {
    const next = this.waiting.shift()
    if (next !== undefined) {
      const logged = Effect.catchCause(next, (cause) => Effect.logError("a handler of the client failed", cause))
      return Effect.flatMap(logged, () => this.loop)
    }
    this.rest()
    const { dropped } = this
    this.dropped = 0
    return dropped === 0 ? Effect.void : Effect.logWarning(`a handler of the client is too slow: ${dropped} events were dropped`)
  })
}
