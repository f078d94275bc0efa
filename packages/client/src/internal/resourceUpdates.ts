/**
 * Updates of resources as a stream, whichever way the revision has to subscribe. In the session era a client has one subscription for each
 * URI, however many of its streams want it.
 *
 * Source: "Subscriptions" in server/resources up to 2025-11-25; basic/patterns/subscriptions of 2026-07-28.
 */
import { ErrorCode, type Notification } from "@effect-mcp/core/Jsonrpc"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { McpClientError, RequestFailed } from "../McpClientError.ts"
import type { Sink } from "./listen.ts"
import { isPart } from "./uriParts.ts"

/** The notification that tells of a change. */
export const updated = "notifications/resources/updated"

type Ask = (uri: string) => Effect.Effect<void, McpClientError>

/** One URI. `isSubscribed` is `undefined` while nobody can know. */
class Held {
  users = 0
  isSubscribed: boolean | undefined = false
  /** What is asked for one URI is asked one after the other. */
  readonly lock = Semaphore.makeUnsafe(1)
}

// What the server has not refused in words may have reached it.
const isRefusal = (cause: Cause.Cause<McpClientError>): boolean =>
  Option.getOrUndefined(Cause.findErrorOption(cause))?.reason._tag === "RequestFailed"

// As many requests at once.
const concurrency = 16

/** See the module. */
export class ResourceSubscriptions {
  private readonly all = new Map<string, Held>()
  private readonly subscribe: Ask
  private readonly unsubscribe: Ask
  private readonly scope: Scope.Scope

  /** `scope` is that of the client: unsubscribing goes on in it, so that the end of a stream does not wait for the server. */
  constructor(subscribe: Ask, unsubscribe: Ask, scope: Scope.Scope) {
    this.subscribe = subscribe
    this.unsubscribe = unsubscribe
    this.scope = scope
  }

  /** Is subscribed to all of the URIs when it is done, and until the scope closes. */
  hold(uris: Iterable<string>): Effect.Effect<void, McpClientError, Scope.Scope> {
    const one = (uri: string) =>
      Effect.flatMap(
        Effect.acquireRelease(
          Effect.sync(() => this.enter(uri)),
          (held) => this.leave(uri, held)
        ),
        (held) => this.settle(uri, held)
      )
    return Effect.forEach(uris, one, { concurrency, discard: true })
  }

  private enter(uri: string): Held {
    const held = this.all.get(uri) ?? new Held()
    held.users++
    this.all.set(uri, held)
    return held
  }

  private leave(uri: string, held: Held): Effect.Effect<void> {
    if (--held.users > 0) return Effect.void
    const over = Effect.sync(() => {
      if (held.users === 0 && this.all.get(uri) === held) this.all.delete(uri)
    })
    return Effect.asVoid(Effect.forkIn(Effect.ensuring(Effect.ignore(this.settle(uri, held)), over), this.scope))
  }

  /** Makes what the server thinks what is wanted. */
  private settle(uri: string, held: Held): Effect.Effect<void, McpClientError> {
    const asked = Effect.suspend(() => {
      const isWanted = held.users > 0
      if (held.isSubscribed === isWanted) return Effect.void
      held.isSubscribed = undefined
      return Effect.onExit(isWanted ? this.subscribe(uri) : this.unsubscribe(uri), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) held.isSubscribed = isWanted
          else if (isRefusal(exit.cause)) held.isSubscribed = false
        })
      )
    })
    return held.lock.withPermits(1)(asked)
  }
}

// As `resources/subscribe` is refused before the request era. URIs are counted: a server may write them in another way.
const refusalOf = (uris: ReadonlyArray<string>, honoured: SubscriptionFilter): McpClientError | undefined => {
  const told: ReadonlyArray<unknown> = Array.isArray(honoured.resourceSubscriptions) ? honoured.resourceSubscriptions : []
  if (told.length >= uris.length) return undefined
  const [first, ...others] = uris.filter((uri) => !told.includes(uri))
  const detail = `it does not tell of changes of ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`
  return new McpClientError({
    reason: new RequestFailed({ method: "subscriptions/listen", code: ErrorCode.MethodNotFound, detail })
  })
}

const isWanted = (wanted: ReadonlyArray<string>): ((uri: string) => boolean) => {
  const exact = new Set(wanted)
  return (uri) => exact.has(uri) || wanted.some((one) => isPart(uri, one))
}

type Subscribe = (sink: Sink) => Effect.Effect<unknown, McpClientError, Scope.Scope>

/** What updates are told over. */
export interface Way {
  /** Whether there are sessions now. */
  readonly isSession: () => boolean
  readonly subscriptions: ResourceSubscriptions
  /** Subscribes in the request era, also when that comes with a later connection. */
  readonly hold: (filter: SubscriptionFilter, sink: Sink) => Effect.Effect<void, McpClientError, Scope.Scope>
  /** The notifications, from when it is run, and those that a subscription of its own brings. */
  readonly listen: (subscribe: Subscribe) => Stream.Stream<Notification, McpClientError>
}

/** Makes streams of the URIs that have changed. */
export const updating =
  ({ hold, isSession, listen, subscriptions }: Way) =>
  (wanted: string | ReadonlyArray<string>): Stream.Stream<string, McpClientError> =>
    Stream.suspend(() => {
      const uris = typeof wanted === "string" ? [wanted] : [...new Set(wanted)]
      const inSession = isSession()
      const subscribe: Subscribe = (sink) => {
        const acknowledged = (honoured: SubscriptionFilter) => {
          const refusal = refusalOf(uris, honoured)
          if (refusal !== undefined) sink.fail(Cause.fail(refusal))
        }
        const held = hold({ resourceSubscriptions: uris }, { ...sink, acknowledged })
        return inSession ? Effect.andThen(subscriptions.hold(uris), held) : held
      }
      const told = listen(subscribe).pipe(
        Stream.map(({ params }) => params?.["uri"]),
        Stream.filter((uri) => typeof uri === "string")
      )
      // In a session all updates come the same way; on a subscription they are those that it is for.
      return inSession ? Stream.filter(told, isWanted(uris)) : told
    })
