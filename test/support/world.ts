/**
 * A world without an event loop: what is scheduled runs when it is told to, time moves when it is told to, and everything that goes
 * wrong in it is known.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as EffectRandom from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { Random } from "./random.ts"

/** What was promised and not kept. */
export class Broken extends Error {}

export const broken = (what: string): never => {
  throw new Broken(what)
}

// So many turns in a row are a loop without end.
const maxTurns = 200_000

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Number.prototype, Map.prototype]
const membersOf = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String).join())

/** See the module. */
export class World {
  /** Fibers that are not over. */
  fibers = 0
  private readonly tasks: Array<() => void> = []
  private readonly context: Context.Context<never>
  private readonly members = membersOf()
  private random = new Random(0)
  private found: unknown

  constructor() {
    const scheduler = new Scheduler.MixedScheduler("async", (task) => {
      let isDropped = false
      this.tasks.push(() => void (isDropped || task()))
      return () => void (isDropped = true)
    })
    const metrics: Metric.FiberRuntimeMetricsService = {
      recordFiberStart: () => void this.fibers++,
      recordFiberEnd: (_, exit) => {
        this.fibers--
        if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) this.fault(`a fiber died: ${Cause.pretty(exit.cause)}`)
      }
    }
    // Handlers of this client do not break: what is logged as an error is one.
    const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
      if (logLevel === "Error" || logLevel === "Fatal")
        this.fault(`an error was logged: ${String(message)} ${Cause.pretty(cause)}`)
    })
    this.context = Context.make(Scheduler.Scheduler, scheduler).pipe(
      Context.add(Metric.FiberRuntimeMetrics, metrics),
      // What the client leaves to chance is the same each time.
      Context.add(EffectRandom.Random, {
        nextIntUnsafe: () => this.random.below(2 ** 31),
        nextDoubleUnsafe: () => this.random.below(2 ** 31) / 2 ** 31
      }),
      Context.add(Logger.CurrentLoggers, new Set([logger]))
    )
    const clock = Layer.buildWithScope(TestClock.layer({ warningDelay: "1 hour" }), Scope.makeUnsafe())
    this.context = Context.merge(this.context, this.now(clock))
    // From the first move on it does not warn of standing still.
    this.now(TestClock.adjust(1))
  }

  /** Starts a fiber. */
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** What an effect gives that waits for nobody. */
  now<A>(effect: Effect.Effect<A>): A {
    let exit: Exit.Exit<A> | undefined
    this.fork(effect).addObserver((ended) => (exit = ended))
    this.rest()
    return exit !== undefined && Exit.isSuccess(exit) ? exit.value : broken("it did not end at once")
  }

  /** Runs what is scheduled, until nothing is. */
  rest(): void {
    for (let turns = 0; this.tasks.length > 0; turns++) {
      if (turns > maxTurns) broken("it does not come to rest")
      for (const task of this.tasks.splice(0)) task()
    }
    if (this.found !== undefined) throw this.found
  }

  /** Something went wrong where nobody can hear an exception. */
  fault(what: string): void {
    this.found ??= new Broken(what)
  }

  /** What fails inside of callbacks must not be swallowed there. */
  guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.found ??= error
    }
  }

  begin(): void {
    this.found = undefined
    this.random = new Random(0)
  }

  end(): void {
    this.rest()
    const members = membersOf()
    for (const [at, names] of members.entries())
      if (names !== this.members[at]) broken(`a prototype was polluted: ${names.slice(0, 1000)}`)
  }
}
