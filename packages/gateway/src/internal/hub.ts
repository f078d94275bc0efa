/**
 * The servers, how they are, and what they offer: the state that everything else reads.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type * as Names from "../Names.ts"
import * as Offered from "../Offered.ts"
import { isUp, type ServerState } from "../ServerState.ts"
import { keep, type Keeping } from "./keeping.ts"
import { type Member, nothing } from "./member.ts"
import type { States } from "./service.ts"
import * as Table from "./table.ts"

/** How the hub works; see the options of `Servers`. */
export interface Settings extends Omit<Keeping, "tell"> {
  readonly names: Names.Options | undefined
  readonly deadline: Duration.Duration
}

/** See the module. */
export class Hub {
  readonly members = new Map<string, Member>()
  readonly states = Effect.runSync(SubscriptionRef.make<States>(new Map()))
  readonly offered = Effect.runSync(SubscriptionRef.make(Offered.empty))
  /** Replaced as a whole when something changes. */
  table: Table.Table
  /** Whether somebody can see it: before that, and after it, nothing is made known. */
  private isOpen = false
  private isClosed = false
  private readonly settings: Settings
  private readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>

  constructor(settings: Settings, runFork: Hub["runFork"]) {
    this.settings = settings
    this.runFork = runFork
    this.table = Table.make([], settings.names)
  }

  /** Makes known what has changed. The table is up to date before this waits for anything. */
  private publish(isOffered: boolean): Effect.Effect<void> {
    if (!this.isOpen) return Effect.void
    if (isOffered) this.table = Table.make([...this.members.values()], this.settings.names)
    const states = SubscriptionRef.update(
      this.states,
      () => new Map([...this.members].map(([name, { state }]) => [name, state] as const))
    )
    return isOffered
      ? Effect.andThen(
          SubscriptionRef.update(this.offered, () => this.table.offered),
          states
        )
      : states
  }

  /**
   * Says how a server is now, and what it has where that has changed. What is said is said to the end: an interruption in between would
   * leave on offer what is gone.
   */
  private readonly tell = (member: Member, state: ServerState, catalogue = member.catalogue): Effect.Effect<void> =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        const changes = catalogue !== member.catalogue || isUp(state) !== isUp(member.state)
        member.state = state
        member.catalogue = catalogue
        return this.publish(changes)
      })
    )

  /** Makes known what has come so far, and from now on everything. */
  readonly open: Effect.Effect<void> = Effect.suspend(() => {
    this.isOpen = true
    return this.publish(true)
  })

  /** Adds servers, before they are started. */
  add(members: ReadonlyArray<Member>): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const member of members) this.members.set(member.name, member)
      return this.publish(true)
    })
  }

  private has(member: Member): boolean {
    return !this.isClosed && this.members.get(member.name) === member
  }

  /** Ends the connection to a server, and says how it is then; whoever waits for it hears of that. */
  private readonly end = Effect.fnUntraced(function* (this: Hub, member: Member, state: ServerState): Effect.fn.Return<void> {
    if (member.fiber !== undefined) yield* Fiber.interrupt(member.fiber)
    member.fiber = undefined
    yield* this.tell(member, state)
    Deferred.doneUnsafe(member.settled, Exit.void)
  })

  /** Connects to a server anew; what there is of a connection ends first. Gives what is done when it is known how that went. */
  start(member: Member): Effect.Effect<Deferred.Deferred<void>> {
    const { settings, tell } = this
    const starting = Effect.gen({ self: this }, function* () {
      yield* this.end(member, { _tag: this.has(member) ? "Connecting" : "Closed" })
      // It may have been removed by now, or all be closed.
      if (this.has(member)) {
        member.settled = Deferred.makeUnsafe()
        member.fiber = this.runFork(keep(member, { ...settings, tell }))
      }
      return member.settled
    })
    return member.turn.withPermit(Effect.uninterruptible(starting))
  }

  /** Connects to a server and waits for that until its deadline; it goes on afterwards. */
  bring(member: Member): Effect.Effect<void> {
    const { deadline } = this.settings
    const late = Effect.logWarning(
      `server "${member.name}" is not ready after ${Duration.toMillis(deadline)} ms; what it offers comes when it is`
    )
    return Effect.flatMap(this.start(member), (settled) =>
      Effect.timeoutOrElse(Deferred.await(settled), { duration: deadline, orElse: () => late })
    )
  }

  /** Ends the connection to a server. */
  stop(member: Member): Effect.Effect<void> {
    return member.turn.withPermit(Effect.uninterruptible(this.end(member, { _tag: "Closed" })))
  }

  /** Ends the connection to a server and forgets it. */
  remove(member: Member): Effect.Effect<void> {
    const forget = Effect.suspend(() => {
      if (this.members.get(member.name) !== member) return Effect.void
      this.members.delete(member.name)
      return this.publish(true)
    })
    // Whoever has added it keeps the member until its scope is closed, which may be long after.
    const empty = Effect.sync(() => {
      member.catalogue = nothing
    })
    // First of all, so that nobody starts it anew meanwhile.
    return Effect.uninterruptible(Effect.andThen(forget, Effect.andThen(this.stop(member), empty)))
  }

  /** Ends all connections at once. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    this.isOpen = false
    return Effect.forEach(this.members.values(), (member) => this.stop(member), { concurrency: "unbounded", discard: true })
  })
}
