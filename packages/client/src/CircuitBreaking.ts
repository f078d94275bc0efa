/**
 * Stops making requests to a server that does not answer them, with `effect/persistence/CircuitBreaker`. Provide a `CircuitBreakerStore`
 * of it to the client where several processes should know of each other's failures; without one it remembers in memory.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Schedule from "effect/Schedule"
import type { Around, Guard } from "./Guard.ts"
import { CircuitOpen, McpClientError } from "./McpClientError.ts"

/** When to stop, and for how long. */
export interface Options {
  /** When the circuit opens: after five failures in a row by default. See `CircuitBreaker.consecutive` and `CircuitBreaker.rate`. */
  readonly tripPolicy?: CircuitBreaker.TripPolicy
  /** For how long it is open, or the schedule of that: 30 seconds by default. Then one request is made to see. */
  readonly openDuration?: Duration.Input | Schedule.Schedule<unknown, number>
  /** Which failures count. By default a lost connection, a timeout, an answer that cannot be used, and an internal error (-32603). */
  readonly isFailure?: (error: McpClientError) => boolean
  /** Under which key the store remembers, for stores that are shared: `mcp` by default. */
  readonly key?: string
}

const isFailureByDefault = ({ reason }: McpClientError): boolean =>
  reason._tag === "TransportFailed" ||
  reason._tag === "TimedOut" ||
  reason._tag === "InvalidAnswer" ||
  (reason._tag === "RequestFailed" && reason.code === -32603)

// What was not sent says nothing about the server.
const wasNotSent = ({ reason }: McpClientError): boolean =>
  reason._tag === "RateLimited" || reason._tag === "CircuitOpen" || reason._tag === "InvalidArguments"

/**
 * A guard for the `guards` of a client. While the circuit is open, requests fail with `CircuitOpen` at once. A result with `isError` is
 * an answer like any other. What was not sent, or interrupted, counts neither as a success nor as a failure.
 *
 * @example
 * McpClient.layer({ name: "my-agent", version: "1.0.0", guards: [CircuitBreaking.make({ openDuration: "1 minute" })] })
 */
export const make = ({
  isFailure = isFailureByDefault,
  key = "mcp",
  openDuration = "30 seconds",
  tripPolicy
}: Options = {}): Guard =>
  Effect.gen(function* () {
    const provided = yield* Effect.serviceOption(CircuitBreaker.CircuitBreakerStore)
    const store = Option.isSome(provided)
      ? provided.value
      : Context.get(yield* Layer.build(CircuitBreaker.layerStoreMemory()), CircuitBreaker.CircuitBreakerStore)
    const breaker = yield* Effect.provideService(
      CircuitBreaker.make({ tripPolicy: tripPolicy ?? CircuitBreaker.consecutive(5), openDuration }),
      CircuitBreaker.CircuitBreakerStore,
      store
    )
    const classify = (exit: Exit.Exit<unknown, McpClientError>): CircuitBreaker.Outcome => {
      if (Exit.isSuccess(exit)) return CircuitBreaker.success
      const error = Cause.findErrorOption(exit.cause)
      // Neither do defects: they are faults of the program.
      if (Option.isNone(error)) return CircuitBreaker.ignored
      if (isFailure(error.value)) return CircuitBreaker.failure()
      return wasNotSent(error.value) ? CircuitBreaker.ignored : CircuitBreaker.success
    }

    const around: Around = ({ method }, effect) =>
      Effect.catch(breaker.execute(effect, { key, classify }), (error) => {
        if (error._tag === "McpClientError") return Effect.fail(error)
        const { reason } = error
        const retryAfter = reason._tag === "CircuitOpen" ? { retryAfter: Duration.toMillis(reason.retryAfter) } : {}
        return Effect.fail(new McpClientError({ reason: new CircuitOpen({ method, ...retryAfter }) }))
      })
    return around
  })
