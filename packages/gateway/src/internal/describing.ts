/**
 * What all servers offer, and say of themselves.
 */
import * as Effect from "effect/Effect"
import * as Names from "../Names.ts"
import type { Offered } from "../Offered.ts"
import { isUp, type Up } from "../ServerState.ts"
import * as ToolSearch from "../ToolSearch.ts"
import type { Hub } from "./hub.ts"
import { joinInstructions, mergeCapabilities } from "./merging.ts"
import type { Servers } from "./service.ts"

type Service = Servers["Service"]

const maxFound = 100

const here = (hub: Hub): ReadonlyArray<readonly [server: string, state: Up]> =>
  [...hub.members.values()].flatMap(({ name, state }) => (isUp(state) ? [[name, state] as const] : []))

// The index is made with the first query after a change.
const finding = (hub: Hub): Service["findTool"] => {
  let offered: Offered | undefined
  let index: ToolSearch.Index | undefined
  return (query, { limit = 10 } = {}) =>
    Effect.sync(() => {
      if (index === undefined || offered !== hub.table.offered) {
        offered = hub.table.offered
        index = ToolSearch.index(offered.tools)
      }
      return ToolSearch.search(index, query, Math.max(0, Math.min(limit, maxFound)))
    })
}

const prefixOf = (hub: Hub, names: Names.Options | undefined): ((server: string) => string | undefined) => {
  const { prefix, separator } = Names.settings(names)
  if (!prefix) return () => undefined
  const prefixes = Names.prefixes([...hub.members.keys()], names)
  return (server) => `${prefixes.get(server) ?? server}${separator}`
}

/** What is known of all servers without asking them. */
export const describing = (
  hub: Hub,
  names: Names.Options | undefined
): Pick<Service, "tools" | "prompts" | "resources" | "resourceTemplates" | "findTool" | "capabilities" | "instructions"> => ({
  tools: Effect.sync(() => hub.table.offered.tools),
  prompts: Effect.sync(() => hub.table.offered.prompts),
  resources: Effect.sync(() => hub.table.offered.resources),
  resourceTemplates: Effect.sync(() => hub.table.offered.resourceTemplates),
  findTool: finding(hub),
  capabilities: Effect.sync(() => {
    const servers = new Map(here(hub).map(([server, { capabilities }]) => [server, capabilities]))
    return { all: mergeCapabilities(servers.values()), servers }
  }),
  instructions: Effect.sync(() => {
    const prefix = prefixOf(hub, names)
    return joinInstructions(
      here(hub).map(([server, { client }]) => ({ server, prefix: prefix(server), instructions: client.instructions }))
    )
  })
})
