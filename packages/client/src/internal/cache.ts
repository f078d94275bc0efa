/**
 * Answers that the server lets clients keep for a while. Only the request era has such; what a server says nothing about is not kept.
 *
 * Source: "Caching" of 2026-07-28.
 */
import type { JsonObject, Notification } from "@effect-mcp/core/Jsonrpc"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { McpClientError } from "../McpClientError.ts"
import type { Store } from "../ResponseCache.ts"
import { kinds, listChanges } from "./lists.ts"
import { isPart } from "./uriParts.ts"

// A day, in milliseconds: nobody means more than that.
const maxTtl = 86_400_000

/** For how long an answer holds, in milliseconds. */
const ttlOf = ({ ttlMs }: JsonObject): number =>
  typeof ttlMs === "number" && Number.isInteger(ttlMs) ? Math.min(ttlMs, maxTtl) : 0

/** Where answers are kept: what everybody may have with all clients of the endpoint, the rest with this client alone. */
export interface Places {
  readonly own: Store
  readonly shared: Store
  /** Of the shared place: other servers keep their answers there, too. */
  readonly endpoint: string | undefined
}

/** See the module. */
export class Cache {
  private readonly places: Places
  /** Counts what made answers invalid: one that was on its way meanwhile is not kept. */
  private epoch = 0

  constructor(places: Places) {
    this.places = places
  }

  /** The answer to a method with these params, kept or asked for. `mayKeep` says after the answer whether it is one to keep. */
  read(
    method: string,
    params: string,
    ask: Effect.Effect<JsonObject, McpClientError>,
    mayKeep: () => boolean
  ): Effect.Effect<JsonObject, McpClientError> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const key = `${method}\n${params}`
      const kept = this.places.own.get(key, now) ?? this.sharedGet(key, now)
      if (kept !== undefined) return Effect.succeed(kept)
      const { epoch } = this
      return Effect.map(ask, (result) => {
        const ttl = ttlOf(result)
        // From when it was asked for: the server answered after that.
        if (ttl > 0 && epoch === this.epoch && mayKeep()) this.keep(key, result, now + ttl)
        return result
      })
    })
  }

  /** Forgets what a notification says has changed. */
  notified({ method, params }: Notification): void {
    const changed = listChanges[method]
    if (changed !== undefined) return this.forget((key) => changed.some((list) => key.startsWith(`${kinds[list].method}\n`)))
    if (method !== "notifications/resources/updated") return
    const uri = params?.["uri"]
    if (typeof uri !== "string") return
    const read = "resources/read\n"
    // It may be a part of what was read.
    this.forget((key) => key === `${read}${uri}` || (key.startsWith(read) && isPart(uri, key.slice(read.length))))
  }

  /** Forgets everything that this client may have alone, for instance because it may be somebody else from now on. */
  clear(): void {
    this.epoch++
    this.places.own.forget(() => true)
  }

  /** Forgets all that this client would be given. */
  clearAll(): void {
    this.forget(() => true)
  }

  private forget(isStale: (key: string) => boolean): void {
    this.epoch++
    this.places.own.forget(isStale)
    const { endpoint, shared } = this.places
    if (endpoint === undefined) return
    const prefix = this.sharedKey(endpoint, "")
    shared.forget((key) => key.startsWith(prefix) && isStale(key.slice(prefix.length)))
  }

  private keep(key: string, result: JsonObject, until: number): void {
    const { endpoint, own, shared } = this.places
    if (result["cacheScope"] === "public" && endpoint !== undefined) shared.set(this.sharedKey(endpoint, key), result, until)
    else own.set(key, result, until)
  }

  private sharedGet(key: string, now: number): JsonObject | undefined {
    const { endpoint, shared } = this.places
    return endpoint === undefined ? undefined : shared.get(this.sharedKey(endpoint, key), now)
  }

  private sharedKey(endpoint: string, key: string): string {
    return `${JSON.stringify(endpoint)}\n${key}`
  }
}
