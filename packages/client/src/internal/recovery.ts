/**
 * Keeps a client connected: when a link is lost another one is opened, in the rhythm of a schedule.
 */
import { ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { ConnectionState } from "../ConnectionState.ts"
import type { McpClientError } from "../McpClientError.ts"
import { failedTransport } from "./connection.ts"
import type { Agreement } from "./negotiate.ts"
import { makePace, type Rhythm } from "./pace.ts"

/** An open connection on which client and server have agreed. It lives as long as its scope. */
export interface Link {
  readonly agreement: Agreement
  /** Done when it ends. */
  readonly ended: Deferred.Deferred<McpClientError>
}

/** What happens around links. */
export interface Events {
  /** There is a link. */
  readonly opened: (link: Link) => void
  /** A link is given up, and another one is sought. */
  readonly lost: (error: McpClientError) => void
  /** None is sought any more. */
  readonly over: (error: McpClientError) => void
}

/** See the module. */
export interface Recovery {
  readonly state: SubscriptionRef.SubscriptionRef<ConnectionState>
  /** Ends the link, if there is one, and opens another one now. Fails with why that failed; what the rhythm has left goes on. */
  readonly reconnect: Effect.Effect<void, McpClientError>
}

const asked = failedTransport(
  new ClientTransportError({ reason: new ConnectionClosed({ detail: "the program asked for a new connection" }) })
)

/**
 * Keeps a link open, from the first one on, until the scope closes. `rhythm` is `undefined` where links are opened on request only.
 */
export const supervise = Effect.fnUntraced(function* (
  open: Effect.Effect<Link, McpClientError, Scope.Scope>,
  rhythm: Rhythm | undefined,
  events: Events
): Effect.fn.Return<Recovery & { readonly first: Link }, McpClientError, Scope.Scope> {
  // Made first, so that it closes last: requests end before the server is told to go.
  const links = yield* Effect.flatMap(Scope.Scope, (scope) => Scope.fork(scope))
  const pace = yield* makePace(rhythm)
  const waiters = new Set<Deferred.Deferred<void, McpClientError>>()
  let wake = Deferred.makeUnsafe<void>()

  const attempt = Effect.gen(function* () {
    const scope = yield* Scope.fork(links)
    const link = yield* Effect.onError(Effect.provideService(open, Scope.Scope, scope), () => Scope.close(scope, Exit.void))
    yield* pace.begin
    events.opened(link)
    return { link, scope }
  })

  const first = yield* attempt
  let current = first
  const connected = (): ConnectionState => ({ _tag: "Connected", version: current.link.agreement.wire.revision.version })
  const state = yield* SubscriptionRef.make(connected())
  const tell = (next: ConnectionState) => SubscriptionRef.set(state, next)

  const tellWaiters = (exit: Exit.Exit<void, McpClientError>) => {
    for (const waiter of waiters) Deferred.doneUnsafe(waiter, exit)
    waiters.clear()
  }

  // Until somebody asks for a connection.
  const asking = Effect.suspend(() => {
    if (waiters.size > 0) return Effect.void
    wake = Deferred.makeUnsafe<void>()
    return Deferred.await(wake)
  })

  // One link after the other, until there is one again.
  const recover = Effect.fnUntraced(function* (lost: McpClientError) {
    let error = lost
    for (let count = 2; ; count++) {
      const goesOn = yield* Effect.raceFirst(pace.next(error), Effect.as(asking, true))
      if (!goesOn) {
        events.over(error)
        yield* tell({ _tag: "Disconnected", error })
        yield* asking
        yield* pace.restart
      }
      const tried = yield* Effect.result(attempt)
      if (tried._tag === "Success") return tried.success
      error = tried.failure
      tellWaiters(Exit.fail(error))
      if (rhythm !== undefined) yield* tell({ _tag: "Reconnecting", error, attempt: count })
    }
  })

  const keepUp = Effect.gen(function* () {
    const error = yield* Deferred.await(current.link.ended)
    if (rhythm !== undefined) yield* tell({ _tag: "Reconnecting", error, attempt: 1 })
    yield* Scope.close(current.scope, Exit.void)
    current = yield* recover(error)
    yield* tell(connected())
    tellWaiters(Exit.void)
  })
  yield* Effect.forkScoped(Effect.forever(keepUp), { startImmediately: true })

  const reconnect = Effect.suspend(() => {
    const waiter = Deferred.makeUnsafe<void, McpClientError>()
    waiters.add(waiter)
    // Told first: whoever waits for the end goes on at once.
    if (!Deferred.isDoneUnsafe(current.link.ended)) {
      events.lost(asked)
      Deferred.doneUnsafe(current.link.ended, Exit.succeed(asked))
    }
    Deferred.doneUnsafe(wake, Exit.void)
    return Effect.ensuring(
      Deferred.await(waiter),
      Effect.sync(() => waiters.delete(waiter))
    )
  })
  return { first: first.link, state, reconnect }
})
