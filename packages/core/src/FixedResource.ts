/**
 * Handlers of resources whose contents do not change.
 */
import * as Effect from "effect/Effect"

/**
 * Reads always the same: a text, bytes, or whatever the contract's `success` says.
 *
 * @example
 * const Motd = Resource.make("motd", "library://motd")
 * const MotdLive = Motd.toLayer(FixedResource.of("Silence, please."))
 */
export const of = <A>(value: A): (() => Effect.Effect<A>) => {
  const read = Effect.succeed(value)
  return () => read
}
