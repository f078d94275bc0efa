/**
 * Where clients keep answers for as long as the server allows: lists and resources, with `ttlMs` of the revision 2026-07-28.
 *
 * An answer for everybody (`cacheScope: "public"`) is shared by the clients of one endpoint, if its transport names that; all others
 * stay with the client that asked, so nothing crosses from one principal to another.
 *
 * Source: "Caching" of 2026-07-28.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Context from "effect/Context"

/** A bounded store of answers. */
export interface Store {
  /** What is kept and still holds at a time, in milliseconds. */
  readonly get: (key: string, now: number) => JsonObject | undefined
  readonly set: (key: string, value: JsonObject, until: number) => void
  /** Forgets all entries whose key is stale. */
  readonly forget: (isStale: (key: string) => boolean) => void
}

interface Entry {
  readonly value: JsonObject
  readonly until: number
}

/** A store of so many answers, 512 by default; beyond that, the one that was used longest ago is forgotten. */
export const make = (capacity = 512): Store => {
  const entries = new Map<string, Entry>()
  return {
    get: (key, now) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.until <= now) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set: (key, value, until) => {
      entries.delete(key)
      entries.set(key, { value, until })
      for (const oldest of entries.keys()) {
        if (entries.size <= capacity) return
        entries.delete(oldest)
      }
    },
    forget: (isStale) => {
      for (const key of entries.keys()) if (isStale(key)) entries.delete(key)
    }
  }
}

/** The store that clients share: one for all of the program, unless another one is provided. */
export const ResponseCache = Context.Reference<Store>("@effect-mcp/client/ResponseCache", { defaultValue: () => make() })
