/**
 * What runs again, and what does not, when a handler asks.
 *
 * In the request era a handler that asks is run once for each round of questions, each time from its start, and finds the answers of
 * the rounds before. What it does besides happens again in each round, unless it is recorded with {@link once}.
 *
 * Source: "Multi Round-Trip Requests" of 2026-07-28.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Codec } from "./Contract.ts"
import { RequestContext } from "./RequestContext.ts"

const codecs = new WeakMap<Codec, ReturnType<typeof codecOf>>()

const codecOf = (schema: Codec) => {
  // A codec needs no services, and its values are those of the Schema.
  const json = Schema.toCodecJson(schema) as Schema.Codec<unknown, Schema.Json>
  return { encode: Schema.encodeEffect(json), decode: Schema.decodeEffect(json) }
}

const codec = (schema: Codec) => {
  let known = codecs.get(schema)
  if (known === undefined) codecs.set(schema, (known = codecOf(schema)))
  return known
}

/**
 * Runs an effect once for a request, however many rounds it takes: its result is recorded under the key and travels, sealed, through
 * the client. Without rounds it just runs. The result is written and read with the Schema, in every era, so that a handler always sees
 * the same value; a result that the Schema cannot write is a defect.
 *
 * - The effect is not interrupted once it runs, and a round that ends waits for it: keep it short, and do not ask inside of it.
 * - Only results are recorded: an effect that fails runs again in the next round.
 * - A client that sends an old state again runs that round again, and with it what was recorded only later. Where that must not be,
 *   make the states of a server usable once (`StateLedger`), or make the effect idempotent.
 *
 * @example
 * const { sure } = yield* Elicitation.form({ key: "sure", message: `Delete ${id}?`, schema: Confirm })
 * if (sure) yield* Replay.once("delete", Schema.Void, store.delete(id))
 */
export const once = <S extends Codec, E, R>(
  key: string,
  schema: S,
  effect: Effect.Effect<S["Type"], E, R>
): Effect.Effect<S["Type"], E, R | RequestContext> =>
  Effect.flatMap(RequestContext, ({ asking }) => {
    const { decode, encode } = codec(schema)
    const written = Effect.flatMap(effect, (value) => Effect.orDie(encode(value)))
    return Effect.flatMap(asking.once(key, written), (json) => Effect.orDie(decode(json as Schema.Json))) // it was written so
  })
