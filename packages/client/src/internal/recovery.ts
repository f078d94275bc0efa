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
import type { Agreement } from "./negotiate.ts"
import { makePace, type Pace, type Rhythm } from "./pace.ts"
import { answer, type Waiter, Waiters } from "./waiters.ts"
import { brokenTransport, failedTransport } from "./transportErrors.ts"

/** An open connection on which client and server have agreed. It lives as long as its scope. */
export interface Link {
  readonly agreement: Agreement
  /** Done when it ends. */
  readonly ended: Deferred.Deferred<McpClientError>
}

/** What happens around links. None of these may throw. */
export interface Events {
  /** There is a link. */
  readonly opened: (link: Link) => void
  /** There is none, and one is sought. */
  readonly lost: (error: McpClientError) => void
  /** None is sought, unless somebody asks for one. */
  readonly over: (error: McpClientError) => void
  /** There will not be one again: the scope closes. */
  readonly closed: (error: McpClientError) => void
}

/** See the module. */
export interface Recovery {
  readonly state: SubscriptionRef.SubscriptionRef<ConnectionState>
  /**
   * Ends the link, if there is one, and opens another one now. Fails with why that failed, or when the scope closes; what the rhythm has
   * left goes on.
   */
  readonly reconnect: Effect.Effect<void, McpClientError>
}

/** What keeps a link open, and the first one. */
export interface Supervised extends Recovery {
  readonly first: Link
}

const endedBecause = (detail: string) => failedTransport(new ClientTransportError({ reason: new ConnectionClosed({ detail }) }))

const asked = endedBecause("the program asked for a new connection")
const closed = endedBecause("the client was closed")

// The fiber that keeps the link must not end over a transport that breaks: everybody would wait for ever.
const close = (scope: Scope.Closeable): Effect.Effect<void> =>
  Effect.catchCause(Scope.close(scope, Exit.void), (cause) =>
    Effect.logWarning("a connection could not be closed as it should be", cause)
  )

/** A link that is open, and who waited for it. */
interface Held {
  readonly link: Link
  readonly scope: Scope.Closeable
  readonly waiters: ReadonlyArray<Waiter>
}

/** Opens links, one after the other. */
class Links {
  readonly waiters = new Waiters()
  private current: Link | undefined
  /** Opens the next one. */
  readonly next: Effect.Effect<Held, McpClientError>

  constructor(open: Effect.Effect<Link, McpClientError, Scope.Scope>, all: Scope.Scope, pace: Pace, events: Events) {
    const begin = Effect.fnUntraced(function* (
      links: Links,
      scope: Scope.Closeable
    ): Effect.fn.Return<Held, McpClientError, Scope.Scope> {
      const link = yield* open
      yield* pace.begin
      // What has ended before anybody could use it is no link.
      if (Deferred.isDoneUnsafe(link.ended)) return yield* Effect.flip(Deferred.await(link.ended))
      links.current = link
      const held = { link, scope, waiters: links.waiters.take() }
      events.opened(link)
      return held
    })
    this.next = Effect.flatMap(Scope.fork(all), (scope) =>
      Effect.onError(Effect.provideService(begin(this, scope), Scope.Scope, scope), () => close(scope))
    )
  }

  /** Ends the link that is open, if there is one. */
  giveUp(error: McpClientError, { lost }: Events): void {
    const link = this.current
    if (link === undefined || Deferred.isDoneUnsafe(link.ended)) return
    // Told first: whoever waits for the end goes on at once.
    lost(error)
    Deferred.doneUnsafe(link.ended, Exit.succeed(error))
  }
}

/**
 * Keeps a link open, from the first one on, until the scope closes. `rhythm` is `undefined` where links are opened on request only.
 */
export const supervise = Effect.fnUntraced(function* (
  open: Effect.Effect<Link, McpClientError, Scope.Scope>,
  rhythm: Rhythm | undefined,
  events: Events
): Effect.fn.Return<Supervised, McpClientError, Scope.Scope> {
  // Made first, so that it closes last: requests end before the server is told to go.
  const scope = yield* Effect.flatMap(Scope.Scope, (scope) => Scope.fork(scope))
  const pace = yield* makePace(rhythm)
  const links = new Links(open, scope, pace, events)
  const { waiters } = links
  const first = yield* links.next
  const connected = ({ agreement }: Link): ConnectionState => ({ _tag: "Connected", version: agreement.wire.revision.version })
  const state = yield* SubscriptionRef.make(connected(first.link))
  const tell = (next: ConnectionState) => SubscriptionRef.set(state, next)
  const isSought = () => rhythm !== undefined || !waiters.isEmpty
  const giveUp = Effect.fnUntraced(function* (error: McpClientError) {
    const now = SubscriptionRef.getUnsafe(state)
    if (now._tag === "Disconnected" && now.error === error) return
    events.over(error)
    yield* tell({ _tag: "Disconnected", error })
  })

  // One attempt after the other, until there is a link again.
  const recover = Effect.fnUntraced(function* (lost: McpClientError) {
    let error = lost
    let attempt = 1
    while (true) {
      // Who asks does not wait, not even where the rhythm is at its end.
      const goesOn = yield* Effect.raceFirst(Effect.as(waiters.asked, true), pace.next(error))
      if (!goesOn) {
        yield* giveUp(error)
        yield* waiters.asked
        yield* pace.restart
        events.lost(error)
        yield* tell({ _tag: "Reconnecting", error, attempt: (attempt = 1) })
      }
      const tried = yield* Effect.result(Effect.catchCause(links.next, (cause) => Effect.fail(brokenTransport(cause))))
      if (tried._tag === "Success") return tried.success
      error = tried.failure
      answer(waiters.take(), Exit.fail(error))
      if (isSought()) yield* tell({ _tag: "Reconnecting", error, attempt: ++attempt })
    }
  })

  const keepUp = Effect.fnUntraced(function* (from: Held) {
    let held = from
    while (true) {
      const { ended } = held.link
      if (!Deferred.isDoneUnsafe(ended)) yield* tell(connected(held.link))
      answer(held.waiters, Exit.void)
      const error = yield* Deferred.await(ended)
      // Closing what is left of it may take a while.
      yield* isSought() ? tell({ _tag: "Reconnecting", error, attempt: 1 }) : giveUp(error)
      yield* close(held.scope)
      held = yield* recover(error)
    }
  })
  const keeper = yield* Effect.forkScoped(keepUp(first), { startImmediately: true })

  let isClosed = false
  const end = Effect.suspend(() => {
    isClosed = true
    // First, or it would take the end of its own requests for the end of a link.
    keeper.interruptUnsafe()
    events.closed(closed)
    answer(waiters.take(), Exit.fail(closed))
    return tell({ _tag: "Disconnected", error: closed })
  })
  yield* Effect.addFinalizer(() => end)

  const reconnect = Effect.suspend(() => {
    if (isClosed) return Effect.fail(closed)
    const waiter = waiters.add()
    links.giveUp(asked, events)
    return waiters.wait(waiter)
  })
  return { first: first.link, state, reconnect }
})
