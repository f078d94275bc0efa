/**
 * One clock for all timeouts. Calls with the same timeout end in the order in which they began, so each timeout is a queue and only
 * the heads are watched: starting and ending a call costs a few pointers, no timer. For implementers of servers and clients.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** A finite number of milliseconds, or `undefined` for no end. */
export const toMillis = (input: Duration.Input): number | undefined => {
  const millis = Duration.toMillis(Duration.fromInputUnsafe(input))
  return Number.isFinite(millis) ? millis : undefined
}

/** Something that has to be over at a time. It carries its own place in the queue. */
export abstract class Timed {
  /** When it is over, in milliseconds of {@link Deadlines}. */
  deadline = 0
  /** In which queue it waits, and between whom; only {@link Deadlines} sets these. */
  queue: Queue | undefined = undefined
  before: Timed | undefined = undefined
  after: Timed | undefined = undefined

  /** What to do when the time is over. */
  abstract expire(): void
}

/** Entries with the same timeout, in the order of their deadlines. */
class Queue {
  readonly timeout: number
  first: Timed | undefined = undefined
  private last: Timed | undefined = undefined

  constructor(timeout: number) {
    this.timeout = timeout
  }

  add(entry: Timed): void {
    // Almost always it is the last one.
    let before = this.last
    while (before !== undefined && before.deadline > entry.deadline) before = before.before
    const after = before === undefined ? this.first : before.after
    entry.queue = this
    entry.before = before
    entry.after = after
    if (before === undefined) this.first = entry
    else before.after = entry
    if (after === undefined) this.last = entry
    else after.before = entry
  }

  // What is taken out points at nothing: it would keep alive all that came after it.
  remove(entry: Timed): void {
    const { after, before } = entry
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    entry.queue = entry.before = entry.after = undefined
  }
}

const maxIdleQueues = 64

/** The deadlines of a server or of a client. Their time is in milliseconds since they were made. */
export interface Deadlines {
  readonly now: () => number
  readonly add: (entry: Timed, startedAt: number, timeoutMs: number) => void
  /** Does nothing for an entry that does not wait. */
  readonly remove: (entry: Timed) => void
}

/** Deadlines that are watched until the scope closes. */
export const make: Effect.Effect<Deadlines, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  // Numbers that are small are not objects.
  const origin = clock.currentTimeMillisUnsafe()
  const now = () => clock.currentTimeMillisUnsafe() - origin
  const queues = new Map<number, Queue>()
  let sweeper: Fiber.Fiber<void> | undefined
  let wakesAt = Infinity
  let isClosed = false

  const remove = (entry: Timed): void => {
    const { queue } = entry
    if (queue === undefined) return
    queue.remove(entry)
    // Odd timeouts come and go; the usual ones keep their queues.
    if (queue.first === undefined && queues.size > maxIdleQueues) queues.delete(queue.timeout)
  }

  const expire = (entry: Timed): void => {
    remove(entry)
    try {
      entry.expire()
    } catch (error) {
      // One that breaks must not stop the clock for the others.
      runFork(Effect.logError("a deadline could not be kept", error))
    }
  }

  const expireDue = () => {
    const time = now()
    for (const queue of queues.values()) {
      while (queue.first !== undefined && queue.first.deadline <= time) expire(queue.first)
    }
  }

  const earliest = () => {
    let first = Infinity
    for (const queue of queues.values()) first = Math.min(first, queue.first?.deadline ?? Infinity)
    return first
  }

  const watch = (at: number): void => {
    if (isClosed) return
    wakesAt = at
    // Never less than it takes: a clock with fractions could stand still just before the deadline, and this would go round for ever.
    const wait = Math.ceil(Math.max(0, at - now()))
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
    now,
    add: (entry, startedAt, timeoutMs) => {
      remove(entry)
      let queue = queues.get(timeoutMs)
      if (queue === undefined) queues.set(timeoutMs, (queue = new Queue(timeoutMs)))
      entry.deadline = startedAt + timeoutMs
      queue.add(entry)
      if (entry.deadline < wakesAt) {
        sweeper?.interruptUnsafe()
        watch(entry.deadline)
      }
    },
    remove
  }
})
