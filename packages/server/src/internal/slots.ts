/**
 * A bounded number of places with a bounded queue before them. Taking a free place costs a comparison.
 */
import * as Effect from "effect/Effect"

/** Places that calls take and give back. */
export class Slots {
  private free: number
  private serving = false
  private readonly queue = new Set<() => void>()
  private readonly waiting: number

  constructor(size: number, waiting: number) {
    this.free = size
    this.waiting = waiting
  }

  /** Takes a place if one is free and nobody waits for it. */
  tryTake(): boolean {
    if (this.free === 0 || this.queue.size > 0) return false
    this.free--
    return true
  }

  /** True when nobody else may wait. */
  get isFull(): boolean {
    return this.free === 0 && this.queue.size >= this.waiting
  }

  /** Waits for a place. Interrupting it gives up the place in the queue. */
  readonly take: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.tryTake()) return resume(Effect.void)
    const go = () => resume(Effect.void)
    this.queue.add(go)
    return Effect.sync(() => {
      // A place that was handed over at the same moment goes to the next one.
      if (!this.queue.delete(go)) this.give()
    })
  })

  /** Gives a place back; the longest waiting gets it. */
  give(): void {
    this.free++
    if (this.serving || this.queue.size === 0) return
    this.serving = true
    queueMicrotask(this.serve)
  }

  // In a loop of its own: whoever goes may be done at once and give the place back, thousands of times in a row.
  private readonly serve = (): void => {
    for (const go of this.queue) {
      if (this.free === 0) break
      this.queue.delete(go)
      this.free--
      go()
    }
    this.serving = false
  }
}
