/**
 * Many servers as one: a client that is connected to all of them, offers what they have under names that do not clash, and leads every
 * request to the server that has what it asks for. A server that is slow or gone takes nothing from the others.
 *
 * Handlers for what servers ask, `ElicitationHandler`, `SamplingHandler` and `RootsHandler`, answer all servers; `server` of the `Asker` is
 * the name of the one that asks.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { broadcasting } from "./internal/broadcasting.ts"
import { describing } from "./internal/describing.ts"
import { Hub } from "./internal/hub.ts"
import { managing } from "./internal/managing.ts"
import { Member } from "./internal/member.ts"
import { operations } from "./internal/operations.ts"
import { type Options, Servers, type Specs } from "./internal/service.ts"
import type { ServerSpec } from "./ServerSpec.ts"

export {
  type BroadcastOptions,
  type Exits,
  type Options,
  type ReadOptions,
  Servers,
  type Specs,
  type States
} from "./internal/service.ts"

const entriesOf = (specs: Specs): ReadonlyArray<readonly [name: string, spec: ServerSpec]> =>
  specs instanceof Map ? [...specs] : Object.entries(specs)

/**
 * Connects to all servers at once, each for its `deadline` at most, and stays connected as long as the scope is open. Never fails because
 * of a server: what became of each is in `states`. Connections that are lost come back by themselves, as `reconnect` of the options says;
 * a server that could not be reached at first, or was given up, comes back with `reconnect` of the service.
 *
 * Dies of names' options that are out of their bounds, see `Names`.
 */
export const make = Effect.fnUntraced(function* (
  specs: Specs,
  options: Options
): Effect.fn.Return<Servers["Service"], never, Scope.Scope> {
  const { concurrency = 16, deadline, giveUpAfter, names, onNotification, ...client } = options
  // Root fibers: they end with this scope, not with who has added or reconnected a server.
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const hub = new Hub(
    {
      client,
      names,
      onNotification,
      deadline: Duration.fromInputUnsafe(deadline ?? "30 seconds"),
      giveUpAfter: Duration.fromInputUnsafe(giveUpAfter ?? "5 minutes")
    },
    runFork
  )
  yield* Effect.addFinalizer(() => hub.close)
  const members = entriesOf(specs).map(([name, spec]) => new Member(name, spec))
  yield* hub.add(members)
  yield* Effect.forEach(members, (member) => hub.bring(member), { concurrency, discard: true })
  yield* hub.open
  return Servers.of({
    states: hub.states,
    offered: hub.offered,
    ...operations(hub),
    ...broadcasting(hub),
    ...describing(hub, names),
    ...managing(hub)
  })
})

/**
 * The servers as a layer, see {@link make}.
 *
 * @example
 * const Connected = Servers.layer(
 *   {
 *     files: { transport: StdioClientTransport.layer({ command: "files-server" }), exclude: ["delete_*"] },
 *     notes: { transport: StdioClientTransport.layer({ command: "notes-server" }) }
 *   },
 *   { name: "my-agent", version: "1.0.0" }
 * ).pipe(Layer.provide(ElicitationHandler.layer({ form: askTheUser })))
 */
export const layer = (specs: Specs, options: Options): Layer.Layer<Servers> => Layer.effect(Servers, make(specs, options))
