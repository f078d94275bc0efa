/**
 * Reads what a server has.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import { ErrorCode } from "@effect-mcp/core/Jsonrpc"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Effect from "effect/Effect"
import type { ServerSpec } from "../ServerSpec.ts"
import { type Kind, kinds, type Listing } from "./member.ts"
import { offers } from "./selection.ts"

type Client = McpClient["Service"]
type Read = Effect.Effect<Partial<Listing>, McpClientError>

const readers: { readonly [K in Kind]: (client: Client, spec: ServerSpec) => Read } = {
  tools: ({ listTools }, spec) => Effect.map(listTools, (tools) => ({ tools: tools.filter(({ name }) => offers(spec, name)) })),
  prompts: ({ listPrompts }) => Effect.map(listPrompts, (prompts) => ({ prompts })),
  resources: ({ listResources }) => Effect.map(listResources, (resources) => ({ resources })),
  resourceTemplates: ({ listResourceTemplates }) =>
    Effect.map(listResourceTemplates, (resourceTemplates) => ({ resourceTemplates }))
}

const capabilityOf = { tools: "tools", prompts: "prompts", resources: "resources", resourceTemplates: "resources" } as const

const isMissing = ({ reason }: McpClientError): boolean =>
  reason._tag === "RequestFailed" && reason.code === ErrorCode.MethodNotFound

/** Reads these lists, all at once, as far as the server declares them. One that it declares and does not know is empty. */
export const read = (client: Client, spec: ServerSpec, wanted: Iterable<Kind>): Read => {
  const there = [...wanted].filter((kind) => client.capabilities[capabilityOf[kind]] !== undefined)
  const readOne = (kind: Kind): Read => {
    const missing = Effect.logDebug(`the server declares ${capabilityOf[kind]} and has no list of ${kind}`)
    return Effect.catchIf(readers[kind](client, spec), isMissing, () => Effect.as(missing, { [kind]: [] }))
  }
  return Effect.map(Effect.forEach(there, readOne, { concurrency: kinds.length }), (parts) => Object.assign({}, ...parts))
}

const changed: ReadonlyMap<string, ReadonlyArray<Kind>> = new Map([
  ["notifications/tools/list_changed", ["tools"]],
  ["notifications/prompts/list_changed", ["prompts"]],
  ["notifications/resources/list_changed", ["resources", "resourceTemplates"]]
])

/** The lists that a notification says have changed. */
export const changedBy = (method: string): ReadonlyArray<Kind> => changed.get(method) ?? []

/** What to subscribe to, to hear of changes of all lists; `undefined` when the server tells of none. */
export const changesOf = ({ prompts, resources, tools }: ServerCapabilities): SubscriptionFilter | undefined => {
  const filter: SubscriptionFilter = {
    ...(tools?.listChanged === true ? { toolsListChanged: true } : {}),
    ...(prompts?.listChanged === true ? { promptsListChanged: true } : {}),
    ...(resources?.listChanged === true ? { resourcesListChanged: true } : {})
  }
  return Object.keys(filter).length === 0 ? undefined : filter
}
