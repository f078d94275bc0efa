/**
 * Where sessions are kept. A session is what the server remembers of one client's conversation in the session era, as plain data:
 * any process that reaches the store can go on with it. What cannot be data (streams, running calls) is the server's own business.
 *
 * When sessions are made, renewed and ended is policy and lives in `@effect-mcp/server`; a store only keeps them.
 *
 * Source: "Session Management" in the transports page of 2025-03-26 to 2025-11-25.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import { bound } from "./internal/bound.ts"
import type { Principal } from "./Principal.ts"
import { ClientCapabilities } from "./protocol/Capabilities.ts"
import { Implementation, LoggingLevel, open } from "./protocol/Common.ts"
import { sessionVersions } from "./protocol/Version.ts"
import type { StoreError } from "./StoreError.ts"

/** Sessions that nobody used for so long are forgotten, unless the server is told otherwise: 30 minutes. */
export const defaultTtl: Duration.Duration = Duration.minutes(30)

/** As many sessions as {@link layerMemory} keeps by default. */
export const defaultMaxSessions = 10_000

/** Whom a session belongs to: a subject is unique per issuer. */
export const SessionPrincipal = Schema.Struct({
  subject: Schema.String,
  issuer: Schema.optionalKey(Schema.String)
})
export interface SessionPrincipal extends Schema.Schema.Type<typeof SessionPrincipal> {}

const isCapabilities = Schema.is(ClientCapabilities)

// Open, so that a capability that is not known yet is still there after a round trip through a store.
const Capabilities = open<ClientCapabilities>({ expected: "client capabilities" }).check(
  Schema.makeFilter((capabilities) => isCapabilities(capabilities) || "capabilities must be objects")
)

/** One session. It is its own JSON: `JSON.stringify` writes it, and decoding what `JSON.parse` read gives it back. */
export const SessionData = Schema.Struct({
  /** Visible ASCII; made from secure random bytes. It names a session and never authenticates anybody. */
  id: Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/)),
  /** The revision that was negotiated. */
  version: Schema.Literals(sessionVersions),
  clientInfo: Schema.optionalKey(Implementation),
  /** What the client declared, members that nobody knows included. */
  clientCapabilities: Capabilities,
  /** The lowest level of log messages that the client asked for; absent until it does. */
  logLevel: Schema.optionalKey(LoggingLevel),
  /** The URIs of the resources that the client subscribed to. */
  subscriptions: Schema.Array(Schema.String),
  /** In milliseconds since 1970. */
  createdAt: Schema.Int,
  /** Who opened the session, `null` when nobody was authenticated. See {@link belongsTo}. */
  principal: Schema.NullOr(SessionPrincipal),
  /** What handlers keep for the time of the conversation. */
  state: Schema.JsonObject
})
export interface SessionData extends Schema.Schema.Type<typeof SessionData> {}

/** The part of a principal that a session is bound to, `null` for an anonymous one. */
export const bindingOf = ({ issuer, subject }: Principal): SessionPrincipal | null => {
  if (subject === undefined) return null
  return issuer === undefined ? { subject } : { subject, issuer }
}

/** Whether a principal may use a session: it is the one that opened it, or both are anonymous. */
export const belongsTo = (session: SessionData, principal: Principal): boolean =>
  session.principal === null
    ? principal.subject === undefined
    : session.principal.subject === principal.subject && session.principal.issuer === principal.issuer

/**
 * Keeps sessions. The time to live is an idle time: `put` and `touch` set it anew, `get` and `modify` leave it as it is. A session
 * whose time is over is never seen again, whenever the store gets rid of it.
 */
export class SessionStore extends Context.Service<
  SessionStore,
  {
    /** The session, or `undefined` when there is none, its time is over, or it had to make room. */
    readonly get: (id: string) => Effect.Effect<SessionData | undefined, StoreError>
    /** Like `get`, and gives the session `ttl` from now on: what every request of a session begins with. */
    readonly touch: (id: string, ttl: Duration.Duration) => Effect.Effect<SessionData | undefined, StoreError>
    /** Creates or replaces a session, for `ttl` from now on. */
    readonly put: (session: SessionData, ttl: Duration.Duration) => Effect.Effect<void, StoreError>
    /**
     * Changes a session without losing what others change meanwhile, and returns it as it is then; `undefined` when there is none.
     * `change` must be pure and keep the id: a store that compares and sets may call it more than once.
     */
    readonly modify: (
      id: string,
      change: (session: SessionData) => SessionData
    ) => Effect.Effect<SessionData | undefined, StoreError>
    /** Forgets a session. False when there was none. */
    readonly remove: (id: string) => Effect.Effect<boolean, StoreError>
  }
>()("@effect-mcp/core/SessionStore") {}

/** Options of {@link layerMemory}. */
export interface MemoryOptions {
  /** At least 1. Beyond that the session that was idle for the longest time makes room. Default 10 000. */
  readonly maxSessions?: number
}

/** Counts the living sessions that had to make room in a full {@link layerMemory}. */
export const evictions: Metric.Counter<number> = Metric.counter("mcp_sessions_evicted", {
  description: "Sessions that were dropped before their time because the store was full",
  incremental: true
})

interface Entry {
  session: SessionData
  expiresAt: number
}

const warnFull = (maxSessions: number) =>
  Effect.logWarning(
    `the session store is full (${maxSessions} sessions): from now on the session that was idle for the longest time makes room ` +
      "for a new one; raise maxSessions or shorten the idle time if that is not wanted"
  )

/**
 * Keeps sessions in this process, for as long as the layer lives.
 *
 * There are no timers: an expired session is dropped when somebody asks for it, or by a later `put`. When the store is full, the
 * session that was idle for the longest time makes room; {@link evictions} counts that, and the first time is logged as a warning.
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<SessionStore> =>
  Layer.sync(SessionStore, () => {
    const maxSessions = bound("maxSessions", options.maxSessions ?? defaultMaxSessions)
    const entries = new Map<string, Entry>() // in the order of use, the one that was idle for the longest time first
    let warned = false

    const find = (id: string, now: number): Entry | undefined => {
      const entry = entries.get(id)
      if (entry === undefined || entry.expiresAt > now) return entry
      entries.delete(id)
      return undefined
    }
    const use = (id: string, entry: Entry): void => {
      entries.delete(id)
      entries.set(id, entry)
    }
    // With one time to live, the order of use is the order of expiry. With several, an expired session may stay a while, unseen.
    const dropExpired = (now: number): void => {
      for (const [id, entry] of entries) {
        if (entry.expiresAt > now) return
        entries.delete(id)
      }
    }
    const makeRoom = (): number => {
      let evicted = 0
      for (const id of entries.keys()) {
        if (entries.size <= maxSessions) break
        entries.delete(id)
        evicted++
      }
      return evicted
    }
    const report = (evicted: number): Effect.Effect<void> => {
      if (evicted === 0) return Effect.void
      const count = Metric.update(evictions, evicted)
      if (warned) return count
      warned = true
      return Effect.andThen(count, warnFull(maxSessions))
    }

    return SessionStore.of({
      get: (id) => Effect.map(Clock.currentTimeMillis, (now) => find(id, now)?.session),
      touch: (id, ttl) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const entry = find(id, now)
          if (entry === undefined) return undefined
          entry.expiresAt = now + Duration.toMillis(ttl)
          use(id, entry)
          return entry.session
        }),
      put: (session, ttl) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          dropExpired(now)
          use(session.id, { session, expiresAt: now + Duration.toMillis(ttl) })
          return report(makeRoom())
        }),
      modify: (id, change) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const entry = find(id, now)
          if (entry === undefined) return undefined
          entry.session = change(entry.session)
          return entry.session
        }),
      remove: (id) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const found = find(id, now) !== undefined
          entries.delete(id)
          return found
        })
    })
  })
