/**
 * Where what handlers remember is: of a session in the `SessionStore`, or with the conversation where that is the session; of a principal in
 * the `StateStore`, apart for each server.
 */
import type { Principal } from "@effect-mcp/core/Principal"
import type { SessionStore } from "@effect-mcp/core/SessionStore"
import type { Shelf, Shelves, State, StateStore } from "@effect-mcp/core/StateStore"
import * as Effect from "effect/Effect"
import type { Call } from "./call.ts"
import type { PeerState } from "./peer.ts"

const none: Shelf = { read: Effect.succeed(undefined), modify: () => Effect.succeed(undefined) }

// A subject is unique per issuer, and both may contain anything.
const keyOf = (server: string, { issuer = "", subject = "" }: Principal): string => JSON.stringify([server, issuer, subject])

const inConversation = (peer: PeerState<Call>): Shelf => ({
  read: Effect.sync(() => peer.state),
  modify: (change) => Effect.sync(() => (peer.state = change(peer.state)))
})

const inStore = (store: SessionStore["Service"], id: string): Shelf => ({
  read: Effect.map(store.get(id), (data) => data?.state),
  modify: (change) =>
    Effect.map(
      store.modify(id, (data) => ({ ...data, state: change(data.state) })),
      (data) => data?.state
    )
})

/** The shelves of the calls of one server. */
export const makeShelves =
  (server: string, sessions: SessionStore["Service"], states: StateStore["Service"]) =>
  ({ peer, principal, revision }: Call): Shelves => {
    const key = principal.subject === undefined ? undefined : keyOf(server, principal)
    return {
      session:
        peer.session === undefined || revision.era === "request" || peer.isAssumed
          ? none
          : peer.kept && peer.sessionId !== undefined
            ? inStore(sessions, peer.sessionId)
            : inConversation(peer),
      principal:
        key === undefined
          ? none
          : { read: states.get(key), modify: (change: (state: State) => State) => states.modify(key, change) }
    }
  }
