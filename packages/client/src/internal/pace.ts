/**
 * When to try again what has failed or ended: in the rhythm of a schedule, which starts anew once something has held for a while.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
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

const over = Effect.succeed(false)

// A schedule of the program that breaks is at its end.
const broken = (cause: Cause.Cause<unknown>) =>
  Effect.as(Effect.logError("the schedule of `reconnect` failed: it is taken as over", cause), false)

const never: Pace = { begin: Effect.void, next: () => over, restart: Effect.void }

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
    next: (error) => {
      const stepped = Effect.gen(function* () {
        const held = since === undefined ? 0 : (yield* Clock.currentTimeMillis) - since
        since = undefined
        if (held >= stableAfter) yield* restart
        yield* step(error)
        return true
      })
      return Effect.catchCause(stepped, (cause) => (Pull.isDoneCause(cause) ? over : broken(cause)))
    },
    restart
  }
})
