/**
 * Answers the requests for sampling of MCP with a language model of `effect/ai`: for clients that have one, and for servers whose
 * clients have none.
 *
 * Source: "Sampling" in the client features of every revision.
 */
import { AskingFailed } from "@effect-mcp/core/Asking"
import type { CreateMessageParams, CreateMessageResult } from "@effect-mcp/core/protocol/Sampling"
import { Fallback } from "@effect-mcp/core/Sampling"
import type { AiError } from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import { ModelName } from "effect/ai/Model"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CannotSample } from "./CannotSample.ts"
import { type Part, toAnswer } from "./internal/answer.ts"
import { toOffer } from "./internal/offer.ts"
import { toPrompt } from "./internal/prompt.ts"

/** How a request reaches the model. */
export interface Options {
  /**
   * Sets what models of `effect/ai` have no common words for: `maxTokens`, `temperature`, `stopSequences`, `modelPreferences` and
   * `metadata`. It gets the request and changes the call, for example with the `withConfigOverride` of a provider. Without it they
   * reach no model, apart from `stopSequences`.
   */
  readonly configure?: (params: CreateMessageParams) => <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Asks the language model for the message that a request wants.
 *
 * - Texts, images and sounds become parts of the prompt; whether a model can see or hear is its provider's to say, with an `AiError`.
 *   Data that is no base64 is refused: a provider could take it for an address, or for the name of a file.
 * - Tools are offered as they are described and never run here: a call comes back as `tool_use`, for who has asked.
 * - The text ends before the first of `stopSequences`, whatever the model does.
 * - `includeContext` is not heeded: there is no context here but the messages.
 * - What models think, and what tools of their providers do, is left out of the answer.
 *
 * `model` is the name that the answer carries, or else the one that stands in the context, or else `unknown`.
 *
 * Fails with `CannotSample` for what has no counterpart on the other side, and with the model's `AiError`.
 *
 * @example
 * const answer = LanguageModelSampling.createMessage(params, {
 *   configure: ({ maxTokens, temperature }) =>
 *     OpenAiLanguageModel.withConfigOverride({ max_output_tokens: maxTokens, ...(temperature === undefined ? {} : { temperature }) })
 * })
 */
export const createMessage = Effect.fnUntraced(function* (
  params: CreateMessageParams,
  { configure }: Options = {}
): Effect.fn.Return<CreateMessageResult, AiError | CannotSample, LanguageModel.LanguageModel> {
  const prompt = yield* Effect.fromResult(toPrompt(params))
  const offer = yield* Effect.fromResult(toOffer(params))
  const call: Effect.Effect<{ readonly content: ReadonlyArray<Part> }, AiError, LanguageModel.LanguageModel> =
    offer === undefined
      ? LanguageModel.generateText({ prompt })
      : LanguageModel.generateText({ prompt, ...offer, disableToolCallResolution: true })
  const response = yield* configure === undefined ? call : configure(params)(call)
  const named = Context.getOrUndefined(yield* Effect.context<never>(), ModelName)
  return yield* Effect.fromResult(toAnswer(response.content, { model: named, stopSequences: params.stopSequences ?? [] }))
})

// As a cause: of one the log that clients may read says only that there was one.
const failed = (error: AiError | CannotSample) =>
  Effect.andThen(
    Effect.logError("the fallback model cannot answer", Cause.fail(error)),
    Effect.fail(new AskingFailed({ method: "sampling/createMessage", code: 0, detail: "the fallback model gave no answer" }))
  )

/**
 * The language model answers where a client has none: put it under the handlers that ask, or under the server. What goes wrong is logged,
 * and clients are told only that there is no answer.
 *
 * @example
 * const Server = McpServer.layer(info, Group).pipe(
 *   Layer.provide(GroupLive),
 *   Layer.provide(LanguageModelSampling.layerFallback()),
 *   Layer.provide(OpenAiLanguageModel.layer({ model: "gpt-4o" }))
 * )
 */
export const layerFallback = (options: Options = {}): Layer.Layer<Fallback, never, LanguageModel.LanguageModel> =>
  Layer.effect(
    Fallback,
    Effect.map(Effect.context<LanguageModel.LanguageModel>(), (context) => ({
      create: (params) => Effect.catch(Effect.provideContext(createMessage(params, options), context), failed)
    }))
  )
