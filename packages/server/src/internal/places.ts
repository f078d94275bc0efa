/**
 * The places of calls: each call has one of its peer and one of the server while it works. While it waits for the client's user or model it
 * lends them to others.
 */
import { McpError, Overloaded } from "@effect-mcp/core/McpError"
import * as Effect from "effect/Effect"
import type { Slots } from "./slots.ts"

/** What has places. */
export interface Placed {
  readonly peer: { readonly slots: Slots }
  /** Whether it counts against the limits of concurrency. */
  hasPlace: boolean
  /** Whether it has lent its places, and will want them again. */
  hasLent: boolean
}

const busy = new McpError({
  reason: new Overloaded({ detail: "The server has too much to do; nothing was done, try again later" })
})

/** See the module. */
export class Places {
  private readonly slots: Slots

  /** With the places of the server. */
  constructor(slots: Slots) {
    this.slots = slots
  }

  /** Takes places if there are some now. */
  tryTake(call: Placed): boolean {
    if (!call.peer.slots.tryTake()) return false
    if (this.slots.tryTake()) return (call.hasPlace = true)
    call.peer.slots.give()
    return false
  }

  /** Waits for a place of the peer, then for one of the server: a peer that has used up its own does not hold up the others. */
  take(call: Placed): Effect.Effect<void, McpError> {
    const { slots } = call.peer
    if (slots.isFull || this.slots.isFull) return Effect.fail(busy)
    return this.both(call, slots.take, this.slots.take, () => slots.give())
  }

  /** Needs its places no more. */
  leave(call: Placed): void {
    if (call.hasPlace) {
      this.slots.give()
      call.peer.slots.give()
    }
    if (call.hasLent) {
      this.slots.renounce()
      call.peer.slots.renounce()
    }
    call.hasPlace = call.hasLent = false
  }

  /** Lends its places. Keeps them when too many are lent already. */
  lend(call: Placed): void {
    const { slots } = call.peer
    if (!call.hasPlace || !slots.lends || !this.slots.lends) return
    call.hasPlace = false
    call.hasLent = true
    this.slots.lend()
    slots.lend()
  }

  /** Waits for the places that it has lent. */
  back(call: Placed): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!call.hasLent) return Effect.void
      call.hasLent = false
      const { slots } = call.peer
      const interrupted = () => {
        slots.give()
        this.slots.renounce()
      }
      const waiting = Effect.onInterrupt(slots.back, () =>
        Effect.sync(() => {
          slots.renounce()
          this.slots.renounce()
        })
      )
      return this.both(call, waiting, this.slots.back, interrupted)
    })
  }

  private both(
    call: Placed,
    ofPeer: Effect.Effect<void>,
    ofServer: Effect.Effect<void>,
    giveUp: () => void
  ): Effect.Effect<void> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.map(
        Effect.andThen(
          restore(ofPeer),
          Effect.onInterrupt(restore(ofServer), () => Effect.sync(giveUp))
        ),
        () => {
          call.hasPlace = true
        }
      )
    )
  }
}
