/**
 * When to try again what has failed or ended: in the rhythm of a schedule, which starts anew once something has held for a while.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import type { McpClientError } from "../McpClientError.ts"

/** The rhythm in which something is tried. */
export type Rhythm = Schedule.Schedule<unknown, McpClientError>

/** 100 ms, doubled each time up to 10 seconds, give or take a fifth; 10 times, which is 42 seconds in all. */
export const defaultRhythm: Rhythm = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")]).pipe(
  Schedule.jittered,
  Schedule.upTo({ times: 10 })
)

// What ends sooner has not held: the schedule goes on where it was. In milliseconds.
const stableAfter = 10_000

/** See the module. */
export interface Pace {
  /** It has worked. */
  readonly begin: Effect.Effect<void>
  /** Waits for the next time to try; false when there is none. */
  readonly next: (error: McpClientError) => Effect.Effect<boolean>
  /** From the start again. */
  readonly restart: Effect.Effect<void>
}

const never: Pace = { begin: Effect.void, next: () => Effect.succeed(false), restart: Effect.void }

/** A pace, which never tries again without a rhythm. */
export const makePace = Effect.fnUntraced(function* (rhythm: Rhythm | undefined): Effect.fn.Return<Pace> {
  if (rhythm === undefined) return never
  const start = Schedule.toStepWithSleep(rhythm)
  let step = yield* start
  let since: number | undefined
  const restart = Effect.map(start, (fresh) => {
    step = fresh
  })
  return {
    begin: Effect.map(Clock.currentTimeMillis, (now) => {
      since = now
    }),
    next: Effect.fnUntraced(function* (error) {
      if (since !== undefined && (yield* Clock.currentTimeMillis) - since >= stableAfter) yield* restart
      since = undefined
      return Exit.isSuccess(yield* Effect.exit(step(error)))
    }),
    restart
  }
})
