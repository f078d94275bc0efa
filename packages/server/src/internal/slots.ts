/**
 * A bounded number of places with a bounded queue before them. Taking a free place costs a comparison. Who has lent its place takes one
 * again before those who never had one.
 */
import * as Effect from "effect/Effect"

/** Places that calls take and give back. */
export class Slots {
  private free: number
  private serving = false
  // There are as many of these as there are conversations: only those where somebody waits have a queue.
  private queue: Set<() => void> | undefined = undefined
  private returning: Set<() => void> | undefined = undefined
  private lent = 0
  private readonly waiting: number

  constructor(size: number, waiting: number) {
    this.free = size
    this.waiting = waiting
  }

  /** Takes a place if one is free and nobody waits for it. */
  tryTake(): boolean {
    if (this.free === 0 || this.queued > 0 || this.isReturned) return false
    this.free--
    return true
  }

  /** Whether another place may be lent: as many as may wait. */
  get lends(): boolean {
    return this.lent < this.waiting
  }

  /** Gives a place to others for a while. */
  lend(): void {
    this.lent++
    this.give()
  }

  /** Will not take it again. */
  renounce(): void {
    this.lent--
  }

  /** Takes a place again that was lent, if one is free and nobody else who has lent one waits. */
  tryReturn(): boolean {
    if (this.free === 0 || this.isReturned) return false
    this.free--
    this.lent--
    return true
  }

  /** Waits for a place that was lent. */
  get back(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.tryReturn()) return resume(Effect.void)
      return this.wait((this.returning ??= new Set()), () => {
        this.lent--
        resume(Effect.void)
      })
    })
  }

  private get isReturned(): boolean {
    return this.returning !== undefined && this.returning.size > 0
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
      return this.wait((this.queue ??= new Set()), () => resume(Effect.void))
    })
  }

  private wait(queue: Set<() => void>, go: () => void): Effect.Effect<void> {
    queue.add(go)
    return Effect.sync(() => {
      // A place that was handed over at the same moment goes to the next one.
      if (!queue.delete(go)) this.give()
    })
  }

  /** Gives a place back; the longest waiting gets it. */
  give(): void {
    this.free++
    if (this.serving || (this.queued === 0 && !this.isReturned)) return
    this.serving = true
    queueMicrotask(() => this.serve())
  }

  // In a loop of its own: whoever goes may be done at once and give the place back, thousands of times in a row.
  private serve(): void {
    for (const queue of [this.returning, this.queue]) {
      for (const go of queue ?? []) {
        if (this.free === 0) break
        queue?.delete(go)
        this.free--
        go()
      }
    }
    this.serving = false
  }
}
