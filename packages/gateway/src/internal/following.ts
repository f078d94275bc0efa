/**
 * Keeps what is known of a server up to date while it is connected.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ServerSpec } from "../ServerSpec.ts"
import { changedBy, changesOf, read } from "./listing.ts"
import { type Kind, kinds, type Listing } from "./member.ts"

type Client = McpClient["Service"]

/** The lists that have to be read again. */
export class Outdated {
  private readonly kinds = new Set<Kind>()
  private readonly wake = Effect.runSync(Queue.sliding<true>(1))

  add(more: ReadonlyArray<Kind>): void {
    if (more.length === 0) return
    for (const kind of more) this.kinds.add(kind)
    Queue.offerUnsafe(this.wake, true)
  }

  /** All that was added so far, which then counts as read. */
  take(): ReadonlyArray<Kind> {
    const taken = [...this.kinds]
    this.kinds.clear()
    return taken
  }

  readonly wait = Queue.take(this.wake)
}

/**
 * Reads lists again that have changed, for ever. What changes within `debounce` is read once. A list that cannot be read stays as it was.
 */
export const refresh = (
  client: Client,
  spec: ServerSpec,
  outdated: Outdated,
  debounce: Duration.Input,
  update: (listing: Partial<Listing>) => Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.forever(
    Effect.gen(function* () {
      yield* outdated.wait
      yield* Effect.sleep(debounce)
      const wanted = outdated.take()
      if (wanted.length === 0) return
      yield* read(client, spec, wanted).pipe(
        Effect.flatMap(update),
        Effect.catch((error) => Effect.logWarning(`lists that have changed cannot be read: ${wanted.join(", ")}`, error))
      )
    })
  )

// A server that ends subscriptions is asked again, less and less often.
const again = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

// A server that does not acknowledge what it declares must not keep its tools waiting.
const patience = "1 second"

const subscription = (client: Client, outdated: Outdated, acknowledged: Deferred.Deferred<void>) => {
  const filter = changesOf(client.capabilities)
  if (filter === undefined) return Effect.void
  const once = Effect.scoped(
    Effect.gen(function* () {
      const { notifications } = yield* client.listen(filter)
      // Of what changed before this nobody was told.
      outdated.add(kinds)
      yield* Deferred.succeed(acknowledged, undefined)
      yield* Stream.runForEach(Stream.fromQueue(notifications), ({ method }) =>
        Effect.sync(() => outdated.add(changedBy(method)))
      )
    })
  )
  const refused = (error: McpClientError) =>
    Effect.as(Effect.logWarning("the server does not tell when its lists change", error), false)
  return once.pipe(
    Effect.as(true),
    Effect.catch((error) => (error.reason._tag === "RequestFailed" ? refused(error) : Effect.succeed(true))),
    Effect.repeat({ schedule: again, while: (goesOn) => goesOn })
  )
}

/**
 * Asks to be told when lists change, in revisions where one has to ask, for as long as the scope is open. Waits until that is agreed upon, at
 * most a second: what is read afterwards is up to date.
 */
export const subscribe = Effect.fnUntraced(function* (
  client: Client,
  outdated: Outdated
): Effect.fn.Return<void, never, Scope.Scope> {
  if (client.revision.listSubscriptions === "unsolicited") return
  const acknowledged = Deferred.makeUnsafe<void>()
  const following = Effect.ensuring(subscription(client, outdated, acknowledged), Deferred.succeed(acknowledged, undefined))
  yield* Effect.forkScoped(following, { startImmediately: true })
  yield* Effect.timeoutOption(Deferred.await(acknowledged), patience)
})

/** Waits for the end of the connection, and fails with the reason. */
export const end = (client: Client): Effect.Effect<never, McpClientError> =>
  Effect.andThen(Stream.runDrain(client.notifications([])), Effect.never)
