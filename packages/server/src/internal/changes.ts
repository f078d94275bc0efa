/**
 * Tells clients that a list has changed: those of the session era unasked, those of the request era on their open subscriptions; and of
 * resources with new contents those who subscribed to them.
 */
import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Effect from "effect/Effect"
import type { Kind } from "../Component.ts"
import type { Call } from "./call.ts"
import type { PeerState } from "./peer.ts"

/** A subscription of the request era. */
export interface Subscription {
  readonly call: Call
  readonly kinds: ReadonlySet<Kind>
  /** The resources of whose updates it wants to hear. */
  readonly uris: ReadonlySet<string>
  /** The extensions of whose events it wants to hear. */
  readonly extensions: ReadonlySet<string>
  /** The tasks of which it wants to hear. */
  readonly taskIds: ReadonlySet<string>
}

/** Who is told. */
export interface Audience {
  readonly peers: Iterable<PeerState<Call>>
  readonly subscriptions: { readonly values: () => Iterable<Subscription> }
}

/** Tells an audience. */
export interface Announcer {
  /** A list has changed. What changes in one turn is told once. */
  readonly listChanged: (kind: Kind) => void
  /** A resource has new contents. Told to those who subscribed to it. */
  readonly resourceUpdated: (uri: string) => void
}

/** Tells the audience of changes. */
export const announcer = (audience: Audience, runFork: (effect: Effect.Effect<void>) => void): Announcer => {
  const changed = new Set<Kind>()
  const waiting = new Map<Emit, Set<string>>()

  // A client whose way is full is told when there is room, once for each change: it would never hear of it otherwise.
  const say = (emit: Emit, message: Jsonrpc.Notification, subscription?: Jsonrpc.RequestId) => {
    if (emit.sendUnsafe(message)) return
    const told = waiting.get(emit) ?? new Set()
    // The session and all subscriptions of a peer may have the same way.
    const what = JSON.stringify([message.method, message.params?.["uri"], subscription])
    if (told.has(what)) return
    waiting.set(emit, told.add(what))
    runFork(
      Effect.ensuring(
        emit.send(message),
        Effect.sync(() => {
          told.delete(what)
          if (told.size === 0) waiting.delete(emit)
        })
      )
    )
  }

  const tell = (
    method: string,
    params: Jsonrpc.JsonObject | undefined,
    wantsInSession: (peer: PeerState<Call>) => boolean,
    wants: (subscription: Subscription) => boolean
  ) => {
    for (const peer of audience.peers) {
      if (peer.ready && wantsInSession(peer)) say(peer.push, Jsonrpc.notification(method, params))
    }
    for (const subscription of audience.subscriptions.values()) {
      if (!wants(subscription)) continue
      const { emit, id } = subscription.call
      say(emit, Jsonrpc.notification(method, { ...params, _meta: { [Key.subscriptionId]: id } }), id)
    }
  }

  const tellLists = () => {
    const kinds = [...changed]
    changed.clear()
    for (const kind of kinds) {
      tell(
        `notifications/${kind}/list_changed`,
        undefined,
        ({ session }) => session?.offered.has(kind) === true,
        (subscription) => subscription.kinds.has(kind)
      )
    }
  }

  return {
    listChanged: (kind) => {
      if (changed.size === 0) queueMicrotask(tellLists)
      changed.add(kind)
    },
    resourceUpdated: (uri) =>
      tell(
        "notifications/resources/updated",
        { uri },
        ({ subscribed }) => subscribed.has(uri),
        ({ uris }) => uris.has(uri)
      )
  }
}
