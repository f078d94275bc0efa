/**
 * What arrived at one side of a test, in the order of arrival: notifications, questions, calls. It can be read at any time, and waited
 * for.
 */
import type * as Effect from "effect/Effect"

/** Things that arrived. At most `keep` of them are kept, 10,000 by default; then the oldest are forgotten. */
export interface Received<out A> {
  /** Those that are kept, oldest first. */
  readonly all: ReadonlyArray<A>
  /** The last one. */
  readonly last: A | undefined
  /** How many were forgotten because there were too many. */
  readonly forgotten: number
  /**
   * The first one that is wanted, also one that is there already; waits until it comes. The wait has no end of its own: that of the test
   * interrupts it.
   */
  readonly first: {
    <B extends A>(wanted: (value: A) => value is B): Effect.Effect<B>
    (wanted?: (value: A) => boolean): Effect.Effect<A>
  }
  /** Gives all and forgets them. */
  readonly take: Effect.Effect<ReadonlyArray<A>>
}
