/**
 * A model that says what is written here, and checks what it was told. In its place stands what a provider of models has.
 */
import { Console, Effect, Layer, Stream } from "effect"
import { LanguageModel, type Response } from "effect/ai"
import * as assert from "node:assert/strict"

/** One turn of the model: what it has to have been told last, and what it says to that. */
interface Turn {
  readonly told: RegExp
  readonly says: string | readonly [tool: string, input: object]
}

const turns: ReadonlyArray<Turn> = [
  { told: /Book me a hotel in Bergen/, says: ["notes_search", { words: "hotel" }] },
  { told: /see the sea.*100 euros/, says: ["hotels_search", { city: "Bergen" }] },
  { told: /Fjord.*900.*NOK/, says: ["exchange_convert", { amount: 900, currency: "kroner" }] },
  // What a tool fails with is told to the model, which tries something else.
  {
    told: /"isFailure":true.*no rate for kroner; there are those of NOK and EUR/,
    says: ["exchange_convert", { amount: 900, currency: "NOK" }]
  },
  { told: /"euros":90/, says: ["hotels_photo", { name: "Fjord" }] },
  // Images reach it as what they are.
  { told: /Fjord from the sea.*"mediaType":"image\/png"/, says: ["hotels_book", { name: "Fjord" }] },
  { told: /Fjord is booked/, says: "I have booked the Fjord, for 90 euros. It looks out on the sea." }
]

const offered = ["hotels_search", "hotels_photo", "hotels_book", "notes_search", "exchange_convert"]

const generateText = (): ((options: LanguageModel.ProviderOptions) => Effect.Effect<Array<Response.PartEncoded>>) => {
  const remaining = [...turns]
  return Effect.fn("model")(function* ({ prompt, tools }) {
    const turn = remaining.shift()
    assert.ok(turn !== undefined, "the model is asked too often")
    assert.match(JSON.stringify(prompt.content.at(-1)), turn.told)
    assert.deepEqual(
      tools.map(({ name }) => name),
      offered
    )
    const { says } = turn
    yield* Console.log(`model: ${typeof says === "string" ? says : `${says[0]} ${JSON.stringify(says[1])}`}`)
    if (typeof says === "string") return [{ type: "text", text: says }]
    return [{ type: "tool-call", id: `call-${turns.length - remaining.length}`, name: says[0], params: says[1] }]
  })
}

export const Scripted = Layer.effect(
  LanguageModel.LanguageModel,
  Effect.suspend(() => LanguageModel.make({ generateText: generateText(), streamText: () => Stream.empty }))
)
