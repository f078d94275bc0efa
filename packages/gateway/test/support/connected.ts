/**
 * Clients of many servers, and what to say of them in short.
 */
import * as Content from "@effect-mcp/core/Content"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Servers from "../../src/Servers.ts"
import type { ServerSpec } from "../../src/ServerSpec.ts"
import type { Fake } from "./fake.ts"

export const specsOf = (fakes: { readonly [name: string]: Fake }, more: { readonly [name: string]: Partial<ServerSpec> } = {}) =>
  Object.fromEntries(Object.entries(fakes).map(([name, { layer }]) => [name, { transport: layer, ...more[name] }]))

export type Service = Servers.Servers["Service"]

export const clientInfo = { name: "tester", version: "1" }

/** Connects to all of them, for the time of the test. */
export const connected = (
  fakes: { readonly [name: string]: Fake },
  options: Partial<Servers.Options> = {},
  more: { readonly [name: string]: Partial<ServerSpec> } = {}
): Effect.Effect<Service, never, Scope.Scope> => Servers.make(specsOf(fakes, more), { ...clientInfo, ...options })

/** How all servers are. */
export const statesOf = (servers: Service) =>
  Effect.map(SubscriptionRef.get(servers.states), (states) =>
    Object.fromEntries([...states].map(([name, { _tag }]) => [name, _tag]))
  )

/** The names of all tools. */
export const toolsOf = (servers: Service) => Effect.map(servers.tools, (tools) => tools.map(({ name }) => name))

/** What a tool says. */
export const call = (servers: Service, name: string, args?: { readonly [name: string]: unknown }) =>
  Effect.map(servers.callTool(name, args), Content.textOf)

/** Waits until a condition holds of what is offered, or of the states. */
export const until = (servers: Service, holds: (servers: Service) => Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(holds(servers), (isSo) => (isSo ? Effect.void : Effect.andThen(Effect.yieldNow, until(servers, holds))))
