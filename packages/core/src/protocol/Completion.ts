/**
 * Suggestions for the arguments of prompts and resource templates.
 *
 * Source: server/utilities/completion.
 */
import * as Schema from "effect/Schema"
import { metaField, namedFields } from "./Common.ts"
import { requestFields } from "./Params.ts"

/** Names a prompt. Its `title` (since 2025-06-18) is for display only. */
export interface PromptReference extends Schema.Schema.Type<typeof promptReference> {}
const promptReference = Schema.Struct({
  type: Schema.tag("ref/prompt"),
  ...namedFields
})
export const PromptReference: Schema.Codec<PromptReference> = promptReference

/** Names a resource template by its template, or a resource by its URI. */
export interface ResourceReference extends Schema.Schema.Type<typeof resourceReference> {}
const resourceReference = Schema.Struct({
  type: Schema.tag("ref/resource"),
  uri: Schema.String
})
export const ResourceReference: Schema.Codec<ResourceReference> = resourceReference

/** What has the argument to complete. */
export const CompletionReference: Schema.Codec<CompletionReference> = Schema.Union([PromptReference, ResourceReference])
export type CompletionReference = PromptReference | ResourceReference

/** Params of `completion/complete`. */
export interface CompleteParams extends Schema.Schema.Type<typeof completeParams> {}
const completeParams = Schema.Struct({
  ref: CompletionReference,
  argument: Schema.Struct({
    name: Schema.String,
    /** What was typed so far. */
    value: Schema.String
  }),
  /** Since 2025-06-18. */
  context: Schema.optionalKey(
    Schema.Struct({
      /** The arguments that are already known. */
      arguments: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
    })
  ),
  ...requestFields
})
export const CompleteParams: Schema.Codec<CompleteParams> = completeParams

/** How many values one answer may hold. A server cuts off the rest; a client does not refuse more. */
export const maxValues = 100

/** Suggestions, the best first. */
export interface Completion extends Schema.Schema.Type<typeof completion> {}
const completion = Schema.Struct({
  /** At most {@link maxValues}. */
  values: Schema.Array(Schema.String),
  /** How many there are; may be more than were sent. */
  total: Schema.optionalKey(Schema.Int),
  hasMore: Schema.optionalKey(Schema.Boolean)
})
export const Completion: Schema.Codec<Completion> = completion

/** Result of `completion/complete`. */
export interface CompleteResult extends Schema.Schema.Type<typeof completeResult> {}
const completeResult = Schema.Struct({
  completion: Completion,
  ...metaField
})
export const CompleteResult: Schema.Codec<CompleteResult> = completeResult
