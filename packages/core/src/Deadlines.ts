/**
 * One clock for all timeouts. Calls with the same timeout end in the order in which they began, so each timeout is a queue and only
 * the heads are watched: starting and ending a call costs an operation on a Map, no timer. For implementers of servers and clients.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { Turnover } from "./Turnover.ts"

/** A finite number of milliseconds, or `undefined` for no end. */
export const toMillis = (input: Duration.Input): number | undefined => {
  const millis = Duration.toMillis(Duration.fromInputUnsafe(input))
  return Number.isFinite(millis) ? millis : undefined
}

/** Something that has to be over at a time, in milliseconds of the Clock. */
export interface Timed {
  deadline: number
  readonly expire: () => void
}

const maxIdleQueues = 64

/** The deadlines of a server or of a client. */
export interface Deadlines {
  /** The Clock's time in milliseconds. */
  readonly now: () => number
  readonly add: (entry: Timed, startedAt: number, timeoutMs: number) => void
  readonly remove: (entry: Timed, timeoutMs: number) => void
}

/** Deadlines that are watched until the scope closes. */
export const make: Effect.Effect<Deadlines, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const queues = new Map<number, Turnover<Timed, Timed>>()
  let sweeper: Fiber.Fiber<void> | undefined
  let wakesAt = Infinity
  let isClosed = false

  const expireDue = () => {
    const now = clock.currentTimeMillisUnsafe()
    for (const queue of queues.values()) {
      for (const entry of queue.values()) {
        if (entry.deadline > now) break
        if (!queue.delete(entry)) continue
        try {
          entry.expire()
        } catch (error) {
          // One that breaks must not stop the clock for the others.
          runFork(Effect.logError("a deadline could not be kept", error))
        }
      }
    }
  }

  const earliest = () => {
    let first = Infinity
    for (const queue of queues.values())
      for (const entry of queue.values()) {
        first = Math.min(first, entry.deadline)
        break
      }
    return first
  }

  const watch = (at: number): void => {
    if (isClosed) return
    wakesAt = at
    const wait = Math.max(0, at - clock.currentTimeMillisUnsafe())
    sweeper = runFork(
      Effect.andThen(
        Effect.sleep(Duration.millis(wait)),
        Effect.sync(() => {
          expireDue()
          const next = earliest()
          if (next === Infinity) wakesAt = Infinity
          else watch(next)
        })
      )
    )
  }

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      sweeper?.interruptUnsafe()
    })
  )

  return {
    now: () => clock.currentTimeMillisUnsafe(),
    add: (entry, startedAt, timeoutMs) => {
      let queue = queues.get(timeoutMs)
      if (queue === undefined) queues.set(timeoutMs, (queue = new Turnover()))
      entry.deadline = startedAt + timeoutMs
      queue.set(entry, entry)
      if (entry.deadline < wakesAt) {
        sweeper?.interruptUnsafe()
        watch(entry.deadline)
      }
    },
    remove: (entry, timeoutMs) => {
      const queue = queues.get(timeoutMs)
      queue?.delete(entry)
      // Odd timeouts come and go; the usual ones keep their queues.
      if (queue?.size === 0 && queues.size > maxIdleQueues) queues.delete(timeoutMs)
    }
  }
})
