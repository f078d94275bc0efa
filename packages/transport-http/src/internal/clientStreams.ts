/**
 * The streams of a session that the client asks for: what the server tells by itself, and the rest of an answer.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SessionHeaders } from "./clientSession.ts"
import type { Settings } from "./clientSettings.ts"
import { follow } from "./clientStream.ts"

/** Whose streams they are. */
export interface Owner {
  readonly settings: Settings
  readonly session: SessionHeaders
  /** The server does not know the session any more. Must not throw. */
  readonly onGone: () => void
}

/** Takes what a stream brings, as long as it is wanted. Neither may throw. */
export interface Taker {
  readonly take: (message: Jsonrpc.Inbound) => void
  readonly isDone: () => boolean
}

// For so long the session waits for its first stream, so that nothing that the server tells is lost.
const patience = "250 millis"

const wantedBy = ({ session, settings }: Owner, { isDone, take }: Taker, onOpen: () => void) => ({
  url: settings.url,
  headers: () => session.get,
  lastEventId: undefined,
  retry: undefined,
  onEvent: (type: string, data: string) => {
    if (type === "message") take(Jsonrpc.parse(data))
  },
  onOpen,
  isDone
})

/** Follows the stream of what the server tells by itself with `run`. Goes on when it is open, or cannot be had. */
export const listen = (owner: Owner, taker: Taker, run: (effect: Effect.Effect<void>) => unknown): Effect.Effect<void> =>
  Effect.suspend(() => {
    const ready = Deferred.makeUnsafe<void>()
    let isThere = false
    const wanted = wantedBy(owner, taker, () => {
      isThere = true
      Deferred.doneUnsafe(ready, Exit.void)
    })
    const followed = Effect.flatMap(follow(owner.settings, wanted, false), ({ error, refused }) => {
      Deferred.doneUnsafe(ready, Exit.void)
      // Of a server that has no such stream at all, it says nothing of the session.
      if (refused === 404 && isThere && owner.session.id !== undefined) owner.onGone()
      // There need not be one.
      if (refused === 405 || refused === 404 || taker.isDone()) return Effect.void
      return Effect.logWarning("what the server tells by itself is not heard: its event stream is given up", error)
    })
    run(followed)
    return Effect.asVoid(Effect.timeoutOption(Deferred.await(ready), patience))
  })

/** Follows the rest of a stream that broke. Succeeds with why it is given up. */
export const rest = (
  owner: Owner,
  taker: Taker,
  lastEventId: string,
  retry: number | undefined
): Effect.Effect<ClientTransportError> => {
  const wanted = { ...wantedBy(owner, taker, () => {}), lastEventId, retry }
  return Effect.map(follow(owner.settings, wanted, true), ({ error, refused }) => {
    if (refused === 404) owner.onGone()
    return error
  })
}
