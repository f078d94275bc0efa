/**
 * A language model that says what a test has written, and keeps what it was asked.
 */
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

export const scripted = (...turns: ReadonlyArray<ReadonlyArray<Response.PartEncoded>>) => {
  const asked: Array<LanguageModel.ProviderOptions> = []
  const generateText = (options: LanguageModel.ProviderOptions) =>
    Effect.sync(() => {
      asked.push(options)
      return [...(turns[asked.length - 1] ?? [])]
    })
  return {
    asked,
    layer: Layer.effect(LanguageModel.LanguageModel, LanguageModel.make({ generateText, streamText: () => Stream.empty }))
  }
}

/** The model uses a tool. */
export const uses = (name: string, params: unknown, id = "1"): Response.PartEncoded => ({ type: "tool-call", id, name, params })
