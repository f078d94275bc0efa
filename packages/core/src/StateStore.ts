/**
 * What handlers keep for a principal, from call to call and from session to session. What they keep for a session is in the `SessionStore`.
 * Handlers use it through `SessionState`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import { bound } from "./internal/bound.ts"
import type { StoreError } from "./StoreError.ts"

/** A JSON object, by the names of what is kept. */
export type State = Schema.JsonObject

/** Where the state of one session, or of one principal, is. For implementers of servers. */
export interface Shelf {
  /** `undefined` where there is no session, or no principal. */
  readonly read: Effect.Effect<State | undefined, StoreError>
  /** Changes it, see `StateStore.modify`. */
  readonly modify: (change: (state: State) => State) => Effect.Effect<State | undefined, StoreError>
}

/** What a request can keep something in. */
export interface Shelves {
  readonly session: Shelf
  readonly principal: Shelf
}

/** Keeps one JSON object under each key. The time to live is an idle time: `modify` sets it anew. */
export class StateStore extends Context.Service<
  StateStore,
  {
    /** What is kept under a key; empty when nothing is. */
    readonly get: (key: string) => Effect.Effect<State, StoreError>
    /**
     * Changes what is kept without losing what others change meanwhile, and returns it as it is then. `change` must be pure: a store
     * that compares and sets may call it more than once. An empty object is forgotten.
     */
    readonly modify: (key: string, change: (state: State) => State) => Effect.Effect<State, StoreError>
  }
>()("@effect-mcp/core/StateStore") {}

/** Options of {@link layerMemory}. */
export interface MemoryOptions {
  /** At least 1. Beyond that what was idle for the longest time is forgotten. Default 10 000. */
  readonly maxStates?: number
  /** How long something is kept after it was changed last. A day by default. */
  readonly ttl?: Duration.Input
}

/** The bounds of {@link layerMemory} by default. */
export const defaults = { maxStates: 10_000, ttl: Duration.days(1) } as const

const none: State = {}

/** Keeps states in this process, for as long as the layer lives. */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<StateStore> =>
  Layer.sync(StateStore, () => {
    const maxStates = bound("maxStates", options.maxStates ?? defaults.maxStates)
    const ttl = Duration.toMillis(Duration.fromInputUnsafe(options.ttl ?? defaults.ttl))
    const entries = new Map<string, { readonly state: State; readonly expiresAt: number }>() // in the order of change, which is that of expiry

    const find = (key: string, now: number): State => {
      const entry = entries.get(key)
      return entry === undefined || entry.expiresAt <= now ? none : entry.state
    }
    const makeRoom = (now: number): void => {
      for (const [key, { expiresAt }] of entries) {
        if (expiresAt > now && entries.size <= maxStates) return
        entries.delete(key)
      }
    }
    return StateStore.of({
      get: (key) => Effect.map(Clock.currentTimeMillis, (now) => find(key, now)),
      modify: (key, change) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const state = change(find(key, now))
          entries.delete(key)
          if (Object.keys(state).length > 0) entries.set(key, { state, expiresAt: now + ttl })
          makeRoom(now)
          return state
        })
    })
  })
