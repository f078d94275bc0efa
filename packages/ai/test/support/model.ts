/**
 * A language model that says what a test has written, and keeps what it was asked.
 */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

/** One turn of the model: what it says, or how it fails. */
export type Turn = ReadonlyArray<Response.PartEncoded> | AiError.AiError

/** What some provider calls its configuration. */
export const Temperature = Context.Reference<number | undefined>("Temperature", { defaultValue: () => undefined })

export const scripted = (...turns: ReadonlyArray<Turn>) => {
  const asked: Array<LanguageModel.ProviderOptions> = []
  const temperatures: Array<number | undefined> = []
  const generateText = (options: LanguageModel.ProviderOptions) =>
    Effect.flatMap(Temperature, (temperature) => {
      temperatures.push(temperature)
      const turn = turns[asked.length] ?? []
      asked.push(options)
      return turn instanceof AiError.AiError ? Effect.fail(turn) : Effect.succeed([...turn])
    })
  return {
    asked,
    temperatures,
    layer: Layer.effect(LanguageModel.LanguageModel, LanguageModel.make({ generateText, streamText: () => Stream.empty }))
  }
}

/** The end of a turn. */
export const finish = (reason: Response.FinishReason): Response.FinishPartEncoded => ({
  type: "finish",
  reason,
  usage: {
    inputTokens: { uncached: undefined, total: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: undefined, text: undefined, reasoning: undefined }
  },
  response: undefined
})
