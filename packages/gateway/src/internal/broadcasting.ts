/**
 * Asks several servers the same.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Hub } from "./hub.ts"
import type { Member } from "./member.ts"
import type { Known } from "./near.ts"
import { unknown, use } from "./operations.ts"
import type { Route } from "./table.ts"
import type { Servers } from "./service.ts"

type Service = Servers["Service"]

const defaultConcurrency = 16

const all = <A, E, R>(
  members: ReadonlyArray<Member>,
  concurrency: number | undefined,
  ask: (member: Member) => Effect.Effect<A, E, R>
): Effect.Effect<ReadonlyMap<string, Exit.Exit<A, E>>, never, R> =>
  Effect.map(
    Effect.forEach(
      members,
      (member) => Effect.map(Effect.exit(Effect.suspend(() => ask(member))), (exit) => [member.name, exit] as const),
      { concurrency: concurrency ?? defaultConcurrency }
    ),
    (exits) => new Map(exits)
  )

/** Several servers at once. */
export const broadcasting = (hub: Hub): Pick<Service, "broadcast" | "broadcastTool"> => ({
  broadcast: (f, { concurrency } = {}) =>
    Effect.suspend(() =>
      all([...hub.members.values()], concurrency, (member) => use(member, (client) => f(client, member.name)))
    ),
  broadcastTool: (name, args, { concurrency, ...options } = {}) =>
    Effect.suspend(() => {
      const routes = [...hub.table.tools.values()]
      const having = routes.filter(({ originalName }) => originalName === name)
      if (having.length === 0) {
        const known = [...new Set(routes.map(({ originalName }: Route) => originalName))].map((original): Known => [original])
        return Effect.fail(unknown(hub, "tool", name, known))
      }
      return all(
        having.map(({ member }) => member),
        concurrency,
        (member) => use(member, (client) => client.callTool(name, args, options))
      )
    })
})
