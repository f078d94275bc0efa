/**
 * Who asked for a new connection and waits for it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { McpClientError } from "../McpClientError.ts"

/** One who waits. */
export type Waiter = Deferred.Deferred<void, McpClientError>

/** See the module. */
export class Waiters {
  private readonly all = new Set<Waiter>()
  private wake = Deferred.makeUnsafe<void>()

  /** Whether somebody waits. */
  get isEmpty(): boolean {
    return this.all.size === 0
  }

  /** Counts somebody in. */
  add(): Waiter {
    const waiter: Waiter = Deferred.makeUnsafe()
    this.all.add(waiter)
    return waiter
  }

  /** Wakes who answers those that ask, and waits for the answer. */
  wait(waiter: Waiter): Effect.Effect<void, McpClientError> {
    Deferred.doneUnsafe(this.wake, Exit.void)
    return Effect.ensuring(
      Deferred.await(waiter),
      Effect.sync(() => this.all.delete(waiter))
    )
  }

  /** Waits until somebody asks. */
  readonly asked: Effect.Effect<void> = Effect.suspend(() => {
    if (!this.isEmpty) return Effect.void
    this.wake = Deferred.makeUnsafe()
    return Deferred.await(this.wake)
  })

  /** Takes out those who wait: who asks from now on wants another connection. */
  take(): ReadonlyArray<Waiter> {
    const taken = [...this.all]
    this.all.clear()
    return taken
  }
}

/** Tells those who waited what became of it. */
export const answer = (waiters: ReadonlyArray<Waiter>, exit: Exit.Exit<void, McpClientError>): void => {
  for (const waiter of waiters) Deferred.doneUnsafe(waiter, exit)
}
