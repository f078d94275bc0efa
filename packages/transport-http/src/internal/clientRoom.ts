/**
 * Room for so many at once. Others wait, in the order in which they came.
 */
import * as Effect from "effect/Effect"

/** See the module. */
export class Room {
  private left: number
  private isClosed = false
  private isWaking = false
  private readonly waiting = new Set<() => void>()

  constructor(size: number) {
    this.left = size
  }

  /** Whether there is room now, and nobody waits for it. */
  get isFree(): boolean {
    return this.left > 0 && this.waiting.size === 0 && !this.isClosed
  }

  /** Takes a place. */
  enter(): void {
    this.left--
  }

  /** Gives a place back. */
  leave(): void {
    this.left++
    this.wake()
  }

  /** Nobody gets a place any more; those who wait go on waiting. */
  close(): void {
    this.isClosed = true
  }

  /** Sends away those who wait. */
  dismiss(): void {
    this.close()
    for (const proceed of this.waiting) proceed()
    this.waiting.clear()
  }

  /** Waits for a place, or to be sent away; then does something, at once, which is to take the place. What it throws is a defect. */
  whenFree<A>(then: () => A): Effect.Effect<A> {
    return Effect.callback((resume) => {
      if (this.isFree) return resume(Effect.sync(then))
      const proceed = () => {
        // At once: who is interrupted in between would take a place with him that others wait for.
        try {
          resume(Effect.succeed(then()))
        } catch (error) {
          resume(Effect.die(error))
        }
      }
      this.waiting.add(proceed)
      return Effect.sync(() => void this.waiting.delete(proceed))
    })
  }

  // Who gets a place may give it back at once: that must not go deeper with each one.
  private wake(): void {
    if (this.isWaking) return
    this.isWaking = true
    for (const proceed of this.waiting) {
      if (this.isClosed || this.left <= 0) break
      this.waiting.delete(proceed)
      proceed()
    }
    this.isWaking = false
  }
}
