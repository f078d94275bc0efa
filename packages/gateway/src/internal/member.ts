/**
 * One server of many, as the others see it.
 */
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Deferred from "effect/Deferred"
import type * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import { type Down, ServerDown, ServersError } from "../ServersError.ts"
import type { ServerSpec } from "../ServerSpec.ts"
import type { Counts, Ready, ServerState } from "../ServerState.ts"

/** What a server has, as it says. */
export interface Listing {
  readonly tools: ReadonlyArray<Tool>
  readonly prompts: ReadonlyArray<Prompt>
  readonly resources: ReadonlyArray<Resource>
  readonly resourceTemplates: ReadonlyArray<ResourceTemplate>
}

/** A list of a server. */
export type Kind = keyof Listing

export const kinds: ReadonlyArray<Kind> = ["tools", "prompts", "resources", "resourceTemplates"]

export const countsOf = ({ prompts, resources, resourceTemplates, tools }: Listing): Counts => ({
  tools: tools.length,
  prompts: prompts.length,
  resources: resources.length,
  resourceTemplates: resourceTemplates.length
})

/** See the module. */
export class Member {
  readonly name: string
  readonly spec: ServerSpec
  state: ServerState = { _tag: "Connecting" }
  /** What it had when it was last heard of: its names stay its own while it is away. Tools that are not offered are left out. */
  listing: Listing = { tools: [], prompts: [], resources: [], resourceTemplates: [] }
  /** What keeps it connected. */
  fiber: Fiber.Fiber<void> | undefined
  /** Done when it is first known whether it can be connected to. */
  settled = Deferred.makeUnsafe<void>()
  /** Held while it is started or stopped. */
  readonly turn = Semaphore.makeUnsafe(1)

  constructor(name: string, spec: ServerSpec) {
    this.name = name
    this.spec = spec
  }
}

/** How a server is that is not ready. */
export const downOf = (server: string, { _tag }: Exclude<ServerState, Ready>): Down => ({ server, state: _tag })

/** The error for who needs a server that is not ready. */
export const unavailable = (server: string, state: Exclude<ServerState, Ready>): ServersError =>
  new ServersError({
    reason: new ServerDown({
      server,
      state: state._tag,
      ...(state._tag === "Failed" ? { error: state.error } : {})
    })
  })
