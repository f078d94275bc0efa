/**
 * Keeps what went wrong beside the calls of a client, and tells it where the test sees it: at the end of the call during which it
 * happened, or at the end of the client.
 */
import * as Effect from "effect/Effect"
import type { Unscripted } from "../Unscripted.ts"

/** See the module. */
export class Guard {
  private readonly told: Array<Unscripted> = []

  /** Something went wrong. Servers can ask again and again: only the first hundred are kept. */
  report(fault: Unscripted): void {
    if (this.told.length < 100) this.told.push(fault)
  }

  /** Dies of what went wrong before the effect ended, whatever it ended with. */
  readonly watch = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.exit(effect), (exit) => {
      const [fault] = this.told.splice(0)
      return fault === undefined ? exit : Effect.die(fault)
    })

  /** Dies of what no call has told. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => this.watch(Effect.void))
}
