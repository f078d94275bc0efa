/**
 * Subscriptions of the request era: one long request, and what the server tells on it.
 *
 * Source: basic/patterns/subscriptions of 2026-07-28.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { isObject } from "@effect-mcp/core/Jsonrpc"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { InvalidAnswer, McpClientError, TimedOut } from "../McpClientError.ts"
import type { Connection } from "./connection.ts"
import { makePace, type Rhythm } from "./pace.ts"
import { RequestOptions } from "./pending.ts"

/** A subscription that the server has acknowledged. */
export interface Subscription {
  /** The part of the filter that the server honours. */
  readonly honoured: SubscriptionFilter
  /**
   * What the server tells, from the acknowledgement on; `Stream.fromQueue` makes a stream of it. Ends when the server, or the scope,
   * ends the subscription, and fails when the connection ends. Of what is not taken the last 1,024 are kept.
   */
  readonly notifications: Queue.Dequeue<Jsonrpc.Notification, McpClientError | Cause.Done>
}

const method = "subscriptions/listen"
const maxWaiting = 1024

// It is as long as it lasts, and on a new connection it is sent again.
const subscribing = new RequestOptions(undefined, undefined, undefined, true)

const over = new McpClientError({ reason: new InvalidAnswer({ method, detail: "it came before the acknowledgement" }) })

/** Where what a subscription brings goes, as it comes. */
export interface Sink {
  /** The server will tell from now on, for the first time or after a new connection: what changed meanwhile it does not tell. */
  readonly acknowledged?: (honoured: SubscriptionFilter) => void
  readonly take: (notification: Jsonrpc.Notification) => void
  /** The server, or the scope, has ended the subscription. */
  readonly end: () => void
  readonly fail: (cause: Cause.Cause<McpClientError>) => void
}

/**
 * Subscribes, for as long as the scope is open, and gives the part of the filter that the server honours. `timeout` is for the
 * acknowledgement, in milliseconds; `undefined` for ever.
 */
export const hold = Effect.fnUntraced(function* (
  connection: Connection,
  messageOf: (id: number) => Jsonrpc.Request,
  timeout: number | undefined,
  sink: Sink
): Effect.fn.Return<SubscriptionFilter, McpClientError, Scope.Scope> {
  const acknowledged = Deferred.makeUnsafe<SubscriptionFilter, McpClientError>()
  let opened = 0
  const take = (notification: Jsonrpc.Notification): void => {
    if (notification.method !== "notifications/subscriptions/acknowledged") return sink.take(notification)
    const honoured = notification.params?.["notifications"]
    // Open objects: what matters of them is checked where it is used.
    const filter = isObject(honoured) ? (honoured as SubscriptionFilter) : {}
    Deferred.doneUnsafe(acknowledged, Exit.succeed(filter))
    sink.acknowledged?.(filter)
  }
  const request = connection.request(
    method,
    (id) => {
      opened = id
      connection.listeners.set(id, take)
      return messageOf(id)
    },
    subscribing
  )
  const end = (exit: Exit.Exit<unknown, McpClientError>) =>
    Effect.sync(() => {
      connection.listeners.delete(opened)
      Deferred.doneUnsafe(acknowledged, Exit.isFailure(exit) ? Exit.failCause(exit.cause) : Exit.fail(over))
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) sink.end()
      else sink.fail(exit.cause)
    })
  const fiber = yield* Effect.forkScoped(Effect.onExit(request, end), { startImmediately: true })
  const waiting = Effect.onError(Deferred.await(acknowledged), () => Fiber.interrupt(fiber))
  const late = () => Effect.fail(new McpClientError({ reason: new TimedOut({ method, after: timeout ?? 0 }) }))
  return yield* timeout === undefined
    ? waiting
    : Effect.timeoutOrElse(waiting, { duration: Duration.millis(timeout), orElse: late })
})

const ended = new McpClientError({ reason: new InvalidAnswer({ method, detail: "the server ended the subscription" }) })

/**
 * Subscribes as {@link hold} does, waits for the first acknowledgement, and subscribes again, in a rhythm, when the server ends the
 * subscription or the way of it breaks. The sink is told of the end when that is given up.
 */
export const holdOn = Effect.fnUntraced(function* (
  connection: Connection,
  messageOf: (id: number) => Jsonrpc.Request,
  timeout: number | undefined,
  sink: Sink,
  rhythm: Rhythm | undefined
): Effect.fn.Return<void, McpClientError, Scope.Scope> {
  const pace = yield* makePace(rhythm)
  const begun = Deferred.makeUnsafe<void, McpClientError>()
  const once = Effect.gen(function* () {
    const over = Deferred.makeUnsafe<void, McpClientError>()
    yield* hold(connection, messageOf, timeout, {
      ...sink,
      end: () => void Deferred.doneUnsafe(over, Exit.void),
      fail: (cause) => void Deferred.doneUnsafe(over, Exit.failCause(cause))
    })
    yield* pace.begin
    Deferred.doneUnsafe(begun, Exit.void)
    yield* Deferred.await(over)
  })
  // Where each request has a way of its own, a subscription is lost alone, and the connection goes on.
  const isLostAlone = (error: McpClientError) =>
    Deferred.isDoneUnsafe(begun) &&
    connection.failure === undefined &&
    error.reason._tag === "TransportFailed" &&
    error.isRetryable
  const held = Effect.catchIf(Effect.as(Effect.scoped(once), ended), isLostAlone, Effect.succeed)
  const again = Effect.repeat(Effect.flatMap(held, pace.next), { while: (goesOn) => goesOn })
  const end = (exit: Exit.Exit<unknown, McpClientError>) =>
    Effect.sync(() => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return sink.end()
      // Before the first acknowledgement it is a failure of who subscribes.
      if (!Deferred.doneUnsafe(begun, Exit.failCause(exit.cause))) sink.fail(exit.cause)
    })
  yield* Effect.forkScoped(Effect.onExit(again, end), { startImmediately: true })
  yield* Deferred.await(begun)
})

/** Subscribes as {@link hold} does, and keeps what comes until it is taken. */
export const listen = Effect.fnUntraced(function* (
  connection: Connection,
  messageOf: (id: number) => Jsonrpc.Request,
  timeout: number | undefined
): Effect.fn.Return<Subscription, McpClientError, Scope.Scope> {
  const told = yield* Queue.sliding<Jsonrpc.Notification, McpClientError | Cause.Done>(maxWaiting)
  const honoured = yield* hold(connection, messageOf, timeout, {
    take: (notification) => void Queue.offerUnsafe(told, notification),
    end: () => void Queue.endUnsafe(told),
    fail: (cause) => void Queue.failCauseUnsafe(told, cause)
  })
  return { honoured, notifications: told }
})
