/**
 * Answers servers that ask the client's model. A person should be able to see what is asked and what is answered, and to refuse.
 *
 * Source: "Sampling" in the client features of every revision, tools since 2025-11-25. Deprecated since 2026-07-28.
 */
import type { McpError } from "@effect-mcp/core/McpError"
import { CreateMessageParams, CreateMessageResult } from "@effect-mcp/core/protocol/Sampling"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Asker } from "./Asker.ts"
import { SamplingHandler } from "./internal/handlers.ts"
import { answer, captured, describe, Misfit, reader, refuseParams } from "./internal/responder.ts"
import { misfitOf, problemOf, shaped } from "./internal/samplingRules.ts"
import { Rejected } from "./Rejected.ts"

export type { Asker } from "./Asker.ts"
export { SamplingHandler } from "./internal/handlers.ts"
export { Rejected } from "./Rejected.ts"

/** What the handler understands besides messages. Both since 2025-11-25; false by default. */
export interface Options {
  /** `tools` and `toolChoice`. Servers that send them nevertheless get -32602. */
  readonly tools?: boolean
  /** `includeContext` other than `none`. */
  readonly context?: boolean
}

/** An answer of a model that is a text. `stopReason` is `endTurn` by default. */
export const text = (said: string, by: { readonly model: string; readonly stopReason?: string }): CreateMessageResult => ({
  role: "assistant",
  content: { type: "text", text: said },
  model: by.model,
  stopReason: by.stopReason ?? "endTurn"
})

/** The user does not want the model to be asked, or the answer to be sent. */
export const reject = (detail = "User rejected sampling request"): Effect.Effect<never, Rejected> =>
  Effect.fail(new Rejected({ detail }))

const method = "sampling/createMessage"
const readParams = reader(CreateMessageParams)
const decodeResult = Schema.decodeUnknownResult(CreateMessageResult)
const told = "the client's model gave no usable answer"

const finish =
  (params: CreateMessageParams, { revision }: Asker) =>
  (given: CreateMessageResult): CreateMessageResult | Misfit => {
    const decoded = decodeResult(given)
    if (Result.isFailure(decoded)) return new Misfit({ told, detail: describe(decoded.failure.issue) })
    const detail = misfitOf(params, decoded.success, revision)
    return detail === undefined ? shaped(decoded.success, revision) : new Misfit({ told, detail })
  }

/**
 * Answers with what this function says. It may require services, and is given a `Scope` of its own for each question. A question that
 * the server takes back interrupts it.
 *
 * It may fail with {@link Rejected} (see {@link reject}) or with an `McpError`; the server gets that as an error. Defects are logged,
 * and the server gets -32603; the same goes for an answer that is none.
 *
 * @example
 * const Sampling = SamplingHandler.layer(({ maxTokens, messages }) =>
 *   Effect.map(Model.complete(messages, maxTokens), (said) => SamplingHandler.text(said, { model: "my-model" }))
 * )
 */
export const layer = <R = never>(
  handler: (params: CreateMessageParams, asker: Asker) => Effect.Effect<CreateMessageResult, McpError | Rejected, R>,
  options: Options = {}
): Layer.Layer<SamplingHandler, never, Exclude<R, Scope.Scope>> =>
  Layer.effect(
    SamplingHandler,
    Effect.map(Effect.context<R>(), (context) => {
      const run = captured(context)
      const features = { ...(options.tools === true && { tools: {} }), ...(options.context === true && { context: {} }) }
      return SamplingHandler.of({
        capability: (revision) => (revision.samplingTools ? features : {}),
        read: (params, asker) =>
          Result.flatMap(readParams(params), (question) => {
            const hasTools = question.tools !== undefined || question.toolChoice !== undefined
            if (hasTools && !(options.tools === true && asker.revision.samplingTools)) {
              return refuseParams("tools: sampling.tools was not declared")
            }
            const problem = problemOf(question.messages)
            if (problem !== undefined) return refuseParams(problem)
            return Result.succeed(
              answer(
                method,
                asker,
                run(() => handler(question, asker)),
                finish(question, asker)
              )
            )
          })
      })
    })
  )
