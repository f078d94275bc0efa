/**
 * The answer of a server that needs something first: questions to the client, which repeats its request with their answers.
 *
 * Source: basic/patterns/mrtr of 2026-07-28, SEP-2322.
 */
import * as Schema from "effect/Schema"
import { metaField } from "./Common.ts"
import { ElicitParams, ElicitResult } from "./Elicitation.ts"
import { EmptyParams } from "./Params.ts"
import { ListRootsResult } from "./Roots.ts"
import { CreateMessageParams, CreateMessageResult } from "./Sampling.ts"

/** Asks the client's user. */
export interface ElicitationQuestion extends Schema.Schema.Type<typeof elicitationQuestion> {}
const elicitationQuestion = Schema.Struct({ method: Schema.tag("elicitation/create"), params: ElicitParams })
export const ElicitationQuestion: Schema.Codec<ElicitationQuestion> = elicitationQuestion

/** Asks the client's model. */
export interface SamplingQuestion extends Schema.Schema.Type<typeof samplingQuestion> {}
const samplingQuestion = Schema.Struct({ method: Schema.tag("sampling/createMessage"), params: CreateMessageParams })
export const SamplingQuestion: Schema.Codec<SamplingQuestion> = samplingQuestion

/** Asks for the client's roots. */
export interface RootsQuestion extends Schema.Schema.Type<typeof rootsQuestion> {}
const rootsQuestion = Schema.Struct({ method: Schema.tag("roots/list"), params: Schema.optionalKey(EmptyParams) })
export const RootsQuestion: Schema.Codec<RootsQuestion> = rootsQuestion

/** A question: a request of a server that travels inside an answer. Since 2026-07-28. */
export const InputRequest: Schema.Codec<InputRequest> = Schema.Union([ElicitationQuestion, SamplingQuestion, RootsQuestion])
export type InputRequest = ElicitationQuestion | SamplingQuestion | RootsQuestion

/** Questions by keys that the server chooses. Since 2026-07-28. */
export interface InputRequests {
  readonly [key: string]: InputRequest
}
export const InputRequests: Schema.Codec<InputRequests> = Schema.Record(Schema.String, InputRequest)

/** The answer to a question: the bare result. What is expected follows from the method of the question. Since 2026-07-28. */
export type InputResponse = ElicitResult | CreateMessageResult | ListRootsResult

/** The Schema of the answer, by the method of the question. */
export const inputResponses = {
  "elicitation/create": ElicitResult,
  "sampling/createMessage": CreateMessageResult,
  "roots/list": ListRootsResult
} as const satisfies { readonly [M in InputRequest["method"]]: Schema.Codec<InputResponse, unknown> }

/** Answers by the keys of their questions. Since 2026-07-28. */
export interface InputResponses {
  readonly [key: string]: InputResponse
}

/**
 * The result that stands in for the result proper: the client answers all questions and repeats the request with the answers and
 * the state, word for word. At least one of the two is there. Since 2026-07-28.
 */
export interface InputRequired extends Schema.Schema.Type<typeof inputRequired> {}
const inputRequired = Schema.Struct({
  inputRequests: Schema.optionalKey(InputRequests),
  /** Opaque to the client, untrusted when it comes back. */
  requestState: Schema.optionalKey(Schema.String),
  ...metaField
}).check(
  Schema.makeFilter(
    ({ inputRequests, requestState }) =>
      inputRequests !== undefined || requestState !== undefined || "either `inputRequests` or `requestState` must be present"
  )
)
export const InputRequired: Schema.Codec<InputRequired> = inputRequired
