/**
 * Limits how many requests a client makes in a time, with `effect/persistence/RateLimiter`. Provide a `RateLimiterStore` of it to the
 * client, for instance the one over Redis, where several processes share a limit; without one it counts in memory.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type { Around, Guard } from "./Guard.ts"
import { McpClientError, RateLimited } from "./McpClientError.ts"

/** How many requests may be made. */
export interface Options {
  /** How many requests in a window, an integer from 1. */
  readonly limit: number
  readonly window: Duration.Input
  /** `fixed-window` by default; `token-bucket` spreads requests evenly. */
  readonly algorithm?: "fixed-window" | "token-bucket"
  /**
   * For how long a request may wait until there is room: a minute by default, and zero to fail at once. What would wait longer fails with
   * `RateLimited`, and does not count. Only where a store is shared and this is not zero, one that finds out about the others does.
   */
  readonly maxWait?: Duration.Input
  /** Under which key the store counts, for stores that are shared: `mcp` by default. */
  readonly key?: string
}

/**
 * A guard for the `guards` of a client.
 *
 * @example
 * McpClient.layer({ name: "my-agent", version: "1.0.0", guards: [RateLimit.make({ limit: 10, window: "1 second" })] })
 */
export const make = ({ algorithm = "fixed-window", key = "mcp", limit, maxWait = "1 minute", window }: Options): Guard =>
  Effect.gen(function* () {
    const provided = yield* Effect.serviceOption(RateLimiter.RateLimiterStore)
    const store = Option.isSome(provided)
      ? provided.value
      : Context.get(yield* Layer.build(Layer.fresh(RateLimiter.layerStoreMemory)), RateLimiter.RateLimiterStore)
    const limiter = yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, store)
    const patience = Duration.fromInputUnsafe(maxWait)
    const onExceeded = Duration.isZero(patience) ? "fail" : "delay"

    // When the next request would have its turn, as far as is known here. Those that cannot wait for that must not take it from others.
    let turn = 0
    const windowMillis = Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(window)))
    const nextAfter = ({ remaining, resetAfter }: RateLimiter.ConsumeResult): number => {
      const reset = Duration.toMillis(resetAfter)
      if (algorithm === "token-bucket") return reset - windowMillis + windowMillis / limit
      const windows = (limit - remaining) / limit
      return reset - (windows - Math.floor(windows)) * windowMillis
    }

    const limited = (method: string, retryAfter: Duration.Duration) =>
      new McpClientError({ reason: new RateLimited({ method, limit, retryAfter: Duration.toMillis(retryAfter) }) })

    const around: Around = ({ method }, effect) => {
      const consumed = limiter.consume({ algorithm, onExceeded, window, limit, key })
      const admitted = Effect.catch(consumed, ({ reason }) => {
        if (reason._tag === "RateLimitExceeded") return Effect.fail(limited(method, reason.retryAfter))
        // A store that is down must not be the end of all requests.
        return Effect.as(
          Effect.logWarning("the store of the rate limit does not work: a request is made without it", reason),
          undefined
        )
      })
      const waited = Effect.gen(function* () {
        const result = yield* admitted
        if (result === undefined || onExceeded === "fail") return
        turn = (yield* Clock.currentTimeMillis) + nextAfter(result)
        if (Duration.isGreaterThan(result.delay, patience)) return yield* Effect.fail(limited(method, result.delay))
        if (!Duration.isZero(result.delay)) yield* Effect.sleep(result.delay)
      })
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const wait = Duration.millis(Math.max(0, turn - now))
        return Duration.isGreaterThan(wait, patience) ? Effect.fail(limited(method, wait)) : Effect.andThen(waited, effect)
      })
    }
    return around
  })
