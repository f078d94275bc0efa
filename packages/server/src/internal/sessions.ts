/**
 * When sessions are kept, renewed and forgotten: the policy over the `SessionStore`. What is agreed with a client is in its peer; of a kept
 * session the store has a copy, from which any process can go on.
 *
 * Source: "Session Management" in the transports page of 2025-03-26 to 2025-11-25.
 */
import { bindingOf, belongsTo, type SessionData, type SessionStore } from "@effect-mcp/core/SessionStore"
import type { Principal } from "@effect-mcp/core/Principal"
import type { SessionVersion } from "@effect-mcp/core/protocol/Version"
import type { StoreError } from "@effect-mcp/core/StoreError"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Call } from "./call.ts"
import type { PeerState, Session } from "./peer.ts"

// A session that is in use is renewed no more often, in milliseconds: the store may be far away.
const renewInterval = 1000

const none: SessionData["state"] = {}
const nothing: ReadonlyArray<string> = []

/** See the module. */
export interface Sessions {
  /** Keeps a session that begins. */
  readonly begin: (peer: PeerState<Call>, session: Session<Call>) => Effect.Effect<void, StoreError>
  /** The session, with its whole time to live, unless it belongs to somebody else. */
  readonly find: (id: string, principal: Principal) => Effect.Effect<SessionData | undefined, StoreError>
  /** Notes the level of log messages and the subscriptions of a session. */
  readonly note: (peer: PeerState<Call>) => Effect.Effect<void, StoreError>
  /** Gives a session its whole time to live again. False when it is gone. */
  readonly renew: (peer: PeerState<Call>) => Effect.Effect<boolean, StoreError>
  /** Forgets a session. */
  readonly forget: (id: string) => Effect.Effect<void, StoreError>
}

const still = Effect.succeed(true)

/** The sessions of one server. `now` counts milliseconds. */
export const make = (store: SessionStore["Service"], ttl: Duration.Duration, now: () => number): Sessions => ({
  begin: ({ principal, sessionId: id }, { capabilities, engine, info }) =>
    id === undefined
      ? Effect.void
      : Effect.flatMap(Clock.currentTimeMillis, (createdAt) =>
          store.put(
            {
              id,
              version: engine.revision.version as SessionVersion, // `initialize` agrees on no other
              ...(info === undefined ? {} : { clientInfo: info }),
              clientCapabilities: capabilities,
              subscriptions: nothing,
              createdAt,
              principal: bindingOf(principal),
              state: none
            },
            ttl
          )
        ),
  find: (id, principal) =>
    // Who asks for the session of somebody else does not keep it alive.
    Effect.flatMap(store.get(id), (data) =>
      data === undefined || !belongsTo(data, principal) ? Effect.succeed(undefined) : store.touch(id, ttl)
    ),
  note: ({ kept, logLevel, sessionId: id, subscribed }) => {
    if (!kept || id === undefined) return Effect.void
    const subscriptions = [...subscribed]
    const level = logLevel === undefined ? {} : { logLevel }
    return Effect.asVoid(store.modify(id, (data) => ({ ...data, ...level, subscriptions })))
  },
  renew: (peer) => {
    const id = peer.session === undefined ? undefined : peer.sessionId
    const time = now()
    if (id === undefined || time - peer.renewedAt < renewInterval) return still
    return Effect.map(store.touch(id, ttl), (data) => {
      if (data === undefined) return false
      peer.renewedAt = time
      return true
    })
  },
  forget: (id) => Effect.asVoid(store.remove(id))
})
