/**
 * One server of many, as the others see it.
 */
import type { Catalogue } from "@effect-mcp/client/Catalogue"
import * as Deferred from "effect/Deferred"
import type * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import { type Down, ServerDown, ServersError } from "../ServersError.ts"
import type { ServerSpec } from "../ServerSpec.ts"
import type { ServerState, Up } from "../ServerState.ts"
import { offers } from "./selection.ts"

/** The tools that are offered, and everything else. */
export const select = (spec: ServerSpec, catalogue: Catalogue): Catalogue => ({
  ...catalogue,
  tools: catalogue.tools.filter(({ name }) => offers(spec, name))
})

/** What a server has of which nothing is known. */
export const nothing: Catalogue = { tools: [], prompts: [], resources: [], resourceTemplates: [] }

/** See the module. */
export class Member {
  readonly name: string
  readonly spec: ServerSpec
  state: ServerState = { _tag: "Connecting" }
  /** What it had when it was last heard of: its names stay its own while it is away. Tools that are not offered are left out. */
  catalogue: Catalogue = nothing
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
export const downOf = (server: string, { _tag }: Exclude<ServerState, Up>): Down => ({ server, state: _tag })

/** The error for who needs a server that is not ready. */
export const unavailable = (server: string, state: Exclude<ServerState, Up>): ServersError =>
  new ServersError({
    reason: new ServerDown({
      server,
      state: state._tag,
      ...(state._tag === "Failed" ? { error: state.error } : {})
    })
  })
