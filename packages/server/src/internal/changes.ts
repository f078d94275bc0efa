/**
 * Tells clients that a list has changed: those of the session era unasked, those of the request era on their open subscriptions.
 * Changes of the same turn are told once.
 */
import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Effect from "effect/Effect"
import type { Kind } from "../Component.ts"
import type { Provider } from "../Provider.ts"
import type { Call } from "./call.ts"
import type { PeerState } from "./peer.ts"

/** A subscription of the request era. */
export interface Subscription {
  readonly call: Call
  readonly kinds: ReadonlySet<Kind>
}

/** Who is told. */
export interface Audience {
  readonly peers: Iterable<PeerState<Call>>
  readonly subscriptions: { readonly values: () => Iterable<Subscription> }
}

const method = (kind: Kind): string => `notifications/${kind}/list_changed`

/** Tells the audience of what changes at a provider, until the returned function is called. */
export const announce = (
  provider: Provider,
  audience: Audience,
  runFork: (effect: Effect.Effect<void>) => void
): (() => void) => {
  const changed = new Set<Kind>()
  const waiting = new Map<Emit, Set<string>>()

  // A client whose way is full is told when there is room, once for each kind: it would never hear of the change otherwise.
  const say = (emit: Emit, message: Jsonrpc.Notification, subscription?: Jsonrpc.RequestId) => {
    if (emit.sendUnsafe(message)) return
    const told = waiting.get(emit) ?? new Set()
    // The session and all subscriptions of a peer may have the same way.
    const what = JSON.stringify([message.method, subscription])
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

  const tell = () => {
    const kinds = [...changed]
    changed.clear()
    for (const kind of kinds) {
      for (const { push, session } of audience.peers) {
        if (session?.ready === true && session.offered.has(kind)) say(push, Jsonrpc.notification(method(kind)))
      }
      for (const { call, kinds: wanted } of audience.subscriptions.values()) {
        const message = Jsonrpc.notification(method(kind), { _meta: { [Key.subscriptionId]: call.id } })
        if (wanted.has(kind)) say(call.emit, message, call.id)
      }
    }
  }

  return provider.onChange((kind) => {
    if (changed.size === 0) queueMicrotask(tell)
    changed.add(kind)
  })
}
