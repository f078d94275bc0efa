/**
 * Leads what is asked of all servers to the one that has it. Where a name leads is looked up when the request is run.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import { ErrorCode } from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import { isUp } from "../ServerState.ts"
import { type Down, ServersError, UnknownName } from "../ServersError.ts"
import type { Hub } from "./hub.ts"
import { downOf, type Member, unavailable } from "./member.ts"
import { type Known, near } from "./near.ts"
import type { Servers } from "./service.ts"
import type { Route, Table } from "./table.ts"

type Service = Servers["Service"]
type Client = McpClient["Service"]
type Failed = McpClientError | ServersError

const downNow = (hub: Hub): ReadonlyArray<Down> =>
  [...hub.members.values()].flatMap(({ name, state }) => (isUp(state) ? [] : [downOf(name, state)]))

/** The error for a name that nothing has. */
export const unknown = (hub: Hub, kind: UnknownName["kind"], name: string, known: ReadonlyArray<Known>): ServersError =>
  new ServersError({ reason: new UnknownName({ kind, name, near: near(name, known), down: downNow(hub) }) })

/** The server of that name. */
export const memberOf = (hub: Hub, name: string): Effect.Effect<Member, ServersError> =>
  Effect.suspend(() => {
    const member = hub.members.get(name)
    if (member !== undefined) return Effect.succeed(member)
    const known = [...hub.members.keys()].map((known): Known => [known])
    return Effect.fail(unknown(hub, "server", name, known))
  })

/** Uses the connection to a server. */
export const use = <A, E, R>(
  { name, state }: Member,
  f: (client: Client) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | ServersError, R> => (isUp(state) ? f(state.client) : Effect.fail(unavailable(name, state)))

const byName = <A, R extends Route>(
  hub: Hub,
  kind: "tool" | "prompt",
  routesOf: (table: Table) => ReadonlyMap<string, R>,
  name: string,
  f: (client: Client, route: R) => Effect.Effect<A, McpClientError>
): Effect.Effect<A, Failed> =>
  Effect.suspend(() => {
    const routes = routesOf(hub.table)
    const route = routes.get(name)
    if (route !== undefined) return use(route.member, (client) => f(client, route))
    const known = [...routes].map(([offered, { originalName }]): Known => [offered, originalName])
    return Effect.fail(unknown(hub, kind, name, known))
  })

// What servers say of a URI that they do not have: in the session era, and since.
const isNotFound = (error: Failed): boolean =>
  error._tag === "McpClientError" &&
  error.reason._tag === "RequestFailed" &&
  (error.reason.code === ErrorCode.ResourceNotFound || error.reason.code === ErrorCode.InvalidParams)

const isAway = (error: Failed): boolean => error._tag === "ServersError"

/** Tries one server after the other until one has it; fails as the first one does. */
const firstOf = <A>(
  [first, ...others]: readonly [Member, ...Array<Member>],
  f: (client: Client) => Effect.Effect<A, McpClientError>
): Effect.Effect<A, Failed> => {
  const [next, ...rest] = others
  const tried: Effect.Effect<A, Failed> = use(first, f)
  if (next === undefined) return tried
  return Effect.catchIf(
    tried,
    (error) => isNotFound(error) || isAway(error),
    (error) =>
      Effect.catchIf(
        firstOf([next, ...rest], f),
        (later) => isNotFound(later) || isAway(later),
        () => Effect.fail(error)
      )
  )
}

/** The servers that may have a URI: the first one that lists it, or else those with a template for it. */
const holders = (hub: Hub, uri: string): ReadonlyArray<Member> => {
  const owner = hub.table.resources.get(uri)
  if (owner !== undefined) return [owner]
  return [...new Set(hub.table.templates.filter(({ matches }) => matches(uri)).map(({ member }) => member))]
}

const noResource = (hub: Hub, uri: string): ServersError => {
  const templates = hub.table.templates.map(({ uriTemplate }): Known => [uriTemplate])
  return unknown(hub, "resource", uri, [...[...hub.table.resources.keys()].map((known): Known => [known]), ...templates])
}

const complete =
  (hub: Hub): Service["complete"] =>
  (ref, argument, known, options) => {
    if (ref.type === "ref/prompt") {
      return byName(hub, "prompt", prompts, ref.name, (client, { originalName }) =>
        client.complete({ ...ref, name: originalName }, argument, known, options)
      )
    }
    return Effect.suspend(() => {
      const { resources, templates } = hub.table
      const member = templates.find(({ uriTemplate }) => uriTemplate === ref.uri)?.member ?? resources.get(ref.uri)
      return member === undefined
        ? Effect.fail(noResource(hub, ref.uri))
        : use(member, (client) => client.complete(ref, argument, known, options))
    })
  }

const tools = (table: Table) => table.tools
const prompts = (table: Table) => table.prompts

/** What is asked of one of the servers. */
export const operations = (hub: Hub): Pick<Service, "callTool" | "getPrompt" | "readResource" | "complete" | "client"> => ({
  callTool: (name, args, options) =>
    byName(hub, "tool", tools, name, (client, { tool }) => client.tasks.call(tool, args, options)),
  getPrompt: (name, args, options) =>
    byName(hub, "prompt", prompts, name, (client, { originalName }) => client.getPrompt(originalName, args, options)),
  readResource: (uri, { server, ...options } = {}) => {
    const read = (client: Client) => client.readResource(uri, options)
    if (server !== undefined) return Effect.flatMap(memberOf(hub, server), (member) => use(member, read))
    return Effect.suspend(() => {
      const [first, ...others] = holders(hub, uri)
      return first === undefined ? Effect.fail(noResource(hub, uri)) : firstOf([first, ...others], read)
    })
  },
  complete: complete(hub),
  client: (name) => Effect.flatMap(memberOf(hub, name), (member) => use(member, Effect.succeed))
})
