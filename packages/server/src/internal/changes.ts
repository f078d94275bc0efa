/**
 * Tells clients that a list has changed: those of the session era unasked, those of the request era on their open subscriptions.
 * Changes of the same turn are told once.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import type { Kind, Provider } from "../Provider.ts"
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
export const announce = (provider: Provider, audience: Audience): (() => void) => {
  const changed = new Set<Kind>()

  const tell = () => {
    const kinds = [...changed]
    changed.clear()
    for (const kind of kinds) {
      for (const { push, session } of audience.peers) {
        if (session?.ready === true) push.sendUnsafe(Jsonrpc.notification(method(kind)))
      }
      for (const { call, kinds: wanted } of audience.subscriptions.values()) {
        if (wanted.has(kind)) {
          call.emit.sendUnsafe(Jsonrpc.notification(method(kind), { _meta: { [Key.subscriptionId]: call.id } }))
        }
      }
    }
  }

  return provider.onChange((kind) => {
    if (changed.size === 0) queueMicrotask(tell)
    changed.add(kind)
  })
}
