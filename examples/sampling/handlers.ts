/**
 * A tool that lets a model work: it may look things up and calculate, then it has to decide. Whose model that is, is not said here.
 */
import * as Sampling from "@effect-mcp/core/Sampling"
import * as SamplingObject from "@effect-mcp/core/SamplingObject"
import * as SamplingTools from "@effect-mcp/core/SamplingTools"
import { Context, Effect, Layer } from "effect"
import { Claims, Moons, NoSuchPlanet, Sum, Verdict } from "./contract.ts"

/** What is known of the planets. It counts how often it is asked. */
export class Almanac extends Context.Service<
  Almanac,
  { readonly moons: (planet: string) => Effect.Effect<number, NoSuchPlanet>; readonly lookups: Effect.Effect<number> }
>()("examples/sampling/Almanac") {
  static readonly layer = Layer.sync(Almanac, () => {
    const moons = new Map(Object.entries({ Mercury: 0, Venus: 0, Earth: 1, Mars: 2 }))
    let lookups = 0
    return Almanac.of({
      moons: (planet) => {
        lookups++
        return Effect.fromNullishOr(moons.get(planet)).pipe(Effect.mapError(() => new NoSuchPlanet({ planet })))
      },
      lookups: Effect.sync(() => lookups)
    })
  })
}

// What fails here is told to the model, which may try something else.
const moons = SamplingTools.bind(Moons, ({ planet }) => Effect.flatMap(Almanac, (almanac) => almanac.moons(planet)))
const sum = SamplingTools.bind(Sum, ({ numbers }) => Effect.succeed(numbers.reduce((a, b) => a + b, 0)))

/** A `Layer<Handlers<"claims">, never, Almanac>`: what the tools of the model need is needed by who asks it. */
export const ClaimsLive = Claims.toLayer({
  tools: {
    check: Effect.fn("check")(function* ({ claim }) {
      // Each use of a tool runs once, however many rounds this takes.
      const { messages } = yield* SamplingTools.run({
        key: "research",
        systemPrompt: "Find out whether the claim is true. Use the tools, do not guess.",
        messages: claim,
        tools: [moons, sum],
        maxSteps: 5
      })
      // An answer that is no verdict goes back to the model, with what is wrong.
      return yield* SamplingObject.create({
        key: "verdict",
        messages: [...messages, Sampling.user("Is the claim true?")],
        schema: Verdict
      })
    })
  }
})
