/**
 * Subscriptions in the way of the server's revision, which may be another one after a new connection: servers of sessions tell by
 * themselves, others want to be asked.
 */
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { McpClientError } from "../McpClientError.ts"
import type { Connection } from "./connection.ts"
import { holdOn, listen, type Sink } from "./listen.ts"
import type { Agreement } from "./negotiate.ts"
import type { Rhythm } from "./pace.ts"

/** Something that is held as long as the scope is open. */
export type Holding = Effect.Effect<void, McpClientError, Scope.Scope>

/** See the module. */
export class Subscribing {
  private readonly connection: Connection
  private readonly agreement: () => Agreement
  private readonly rhythm: Rhythm | undefined
  /** Done while the server wants to be asked. */
  private wanted = Deferred.makeUnsafe<void>()

  constructor(connection: Connection, agreement: () => Agreement, rhythm: Rhythm | undefined) {
    this.connection = connection
    this.agreement = agreement
    this.rhythm = rhythm
  }

  /** There is a new connection. */
  opened({ wire }: Agreement): void {
    if (wire.revision.listSubscriptions !== "unsolicited") Deferred.doneUnsafe(this.wanted, Exit.void)
    else if (Deferred.isDoneUnsafe(this.wanted)) this.wanted = Deferred.makeUnsafe()
  }

  /** Whether the server tells by itself. */
  get isTold(): boolean {
    return !Deferred.isDoneUnsafe(this.wanted)
  }

  /** Asks once, and keeps what the server tells until it is taken. */
  listen(filter: SubscriptionFilter, timeout: number | undefined) {
    return listen(
      this.connection,
      this.asking(() => filter),
      timeout
    )
  }

  // The filter is asked for each time that it is sent.
  private asking(filter: () => SubscriptionFilter) {
    return (id: number) => this.agreement().wire.request(id, "subscriptions/listen", { notifications: filter() })
  }

  /** Asks, now and on each new connection. `timeout` is for the acknowledgement, in milliseconds; `undefined` for ever. */
  hold(filter: () => SubscriptionFilter, sink: Sink, timeout: number | undefined): Holding {
    return holdOn(this.connection, this.asking(filter), timeout, sink, this.rhythm)
  }

  /** Asks as soon as the server wants to be asked, and waits for the answer only where it does now. */
  holdWhereWanted(filter: SubscriptionFilter, sink: Sink, timeout: number | undefined): Holding {
    return Effect.suspend(() => {
      const held = this.hold(() => filter, sink, timeout)
      if (!this.isTold) return held
      const later = Effect.andThen(Deferred.await(this.wanted), held)
      const failed = Effect.catchCause(later, (cause) => Effect.sync(() => sink.fail(cause)))
      return Effect.asVoid(Effect.forkScoped(failed, { startImmediately: true }))
    })
  }
}
