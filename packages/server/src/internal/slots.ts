/**
 * A bounded number of places with a bounded queue before them. Taking a free place costs a comparison.
 */
import * as Effect from "effect/Effect"

/** Places that calls take and give back. */
export class Slots {
  private free: number
  private serving = false
  // There are as many of these as there are conversations: only those where somebody waits have a queue.
  private queue: Set<() => void> | undefined = undefined
  private readonly waiting: number

  constructor(size: number, waiting: number) {
    this.free = size
    this.waiting = waiting
  }

  /** Takes a place if one is free and nobody waits for it. */
  tryTake(): boolean {
    if (this.free === 0 || this.queued > 0) return false
    this.free--
    return true
  }

  /** True when nobody else may wait. */
  get isFull(): boolean {
    return this.free === 0 && this.queued >= this.waiting
  }

  private get queued(): number {
    return this.queue?.size ?? 0
  }

  /** Waits for a place. Interrupting it gives up the place in the queue. */
  get take(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.tryTake()) return resume(Effect.void)
      const go = () => resume(Effect.void)
      const queue = (this.queue ??= new Set())
      queue.add(go)
      return Effect.sync(() => {
        // A place that was handed over at the same moment goes to the next one.
        if (!queue.delete(go)) this.give()
      })
    })
  }

  /** Gives a place back; the longest waiting gets it. */
  give(): void {
    this.free++
    const { queue } = this
    if (this.serving || queue === undefined || queue.size === 0) return
    this.serving = true
    queueMicrotask(() => this.serve(queue))
  }

  // In a loop of its own: whoever goes may be done at once and give the place back, thousands of times in a row.
  private serve(queue: Set<() => void>): void {
    for (const go of queue) {
      if (this.free === 0) break
      queue.delete(go)
      this.free--
      go()
    }
    this.serving = false
  }
}
