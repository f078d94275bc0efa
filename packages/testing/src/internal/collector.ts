/**
 * Collects what arrives, with a bound.
 */
import * as Effect from "effect/Effect"
import type { Received } from "../Received.ts"

/** So many are kept by default. */
export const defaultKeep = 10_000

/** See `Received`. */
export class Collector<A> implements Received<A> {
  forgotten = 0
  private items: Array<A> = []
  private readonly looks = new Set<() => void>()
  private readonly keep: number

  constructor(keep = defaultKeep) {
    this.keep = Math.max(1, keep)
  }

  get all(): ReadonlyArray<A> {
    return [...this.items]
  }

  get last(): A | undefined {
    return this.items.at(-1)
  }

  /** Takes one more, and wakes who waits for it. */
  push(value: A): void {
    this.items.push(value)
    if (this.items.length > this.keep) {
      this.items.shift()
      this.forgotten++
    }
    for (const look of this.looks) look()
  }

  readonly first = (wanted: (value: A) => boolean = () => true): Effect.Effect<never> =>
    Effect.callback<A>((resume) => {
      const done = (result: Effect.Effect<A>) => {
        this.looks.delete(look)
        resume(result)
      }
      const look = () => {
        try {
          const found = this.items.findIndex(wanted)
          if (found !== -1) done(Effect.succeed(this.items[found]!))
        } catch (error) {
          done(Effect.die(error)) // the fault of who waits, not of who brings something
        }
      }
      this.looks.add(look)
      look()
      return Effect.sync(() => this.looks.delete(look))
    }) as Effect.Effect<never> // one function for both signatures of the interface

  readonly take: Effect.Effect<ReadonlyArray<A>> = Effect.sync(() => {
    const { items } = this
    this.items = []
    return items
  })
}
