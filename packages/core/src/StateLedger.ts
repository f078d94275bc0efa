/**
 * Which states of asking requests were used. A server that is given a ledger takes each `requestState` once; without one, a client may
 * send an old state again, and that round runs again. Several processes need a ledger that they share.
 *
 * Source: "Multi Round-Trip Requests" of 2026-07-28: single use has to be enforced by the server.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { bound } from "./internal/bound.ts"
import { StoreError } from "./StoreError.ts"

/** As many used states as {@link layerMemory} remembers by default. */
export const defaultMaxStates = 100_000

/** Remembers used states until they expire. */
export class StateLedger extends Context.Service<
  StateLedger,
  {
    /**
     * Notes that a state is used; false when it was used before. `expiresAt` is in milliseconds since 1970: after that the server takes
     * the state no more, so it may be forgotten.
     */
    readonly use: (id: string, expiresAt: number) => Effect.Effect<boolean, StoreError>
  }
>()("@effect-mcp/core/StateLedger") {}

/** Options of {@link layerMemory}. */
export interface MemoryOptions {
  /** At least 1. Beyond that no state is taken until others have expired: forgetting one would let it be used again. Default 100 000. */
  readonly maxStates?: number
}

/** Remembers used states in this process, for as long as the layer lives. Fails with `StoreError` while it is full. */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<StateLedger> =>
  Layer.sync(StateLedger, () => {
    const maxStates = bound("maxStates", options.maxStates ?? defaultMaxStates)
    const used = new Map<string, number>() // by the time of use: that is more or less the order of expiry
    // None expires before.
    let earliest = Infinity

    const dropFirst = (now: number): void => {
      for (const [id, expiresAt] of used) {
        if (expiresAt > now) return
        used.delete(id)
      }
    }

    // One that lives long may stand before others.
    const dropAll = (now: number): void => {
      earliest = Infinity
      for (const [id, expiresAt] of used) {
        if (expiresAt <= now) used.delete(id)
        else earliest = Math.min(earliest, expiresAt)
      }
    }

    return StateLedger.of({
      use: (id, expiresAt) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          dropFirst(now)
          if (used.has(id)) return Effect.succeed(false)
          if (used.size >= maxStates && earliest <= now) dropAll(now)
          if (used.size >= maxStates) {
            const detail = `it remembers ${maxStates} states, and none has expired: raise maxStates, or shorten the server's answerTimeout`
            return Effect.fail(new StoreError({ store: "StateLedger", operation: "use", detail }))
          }
          used.set(id, expiresAt)
          earliest = Math.min(earliest, expiresAt)
          return Effect.succeed(true)
        })
    })
  })
