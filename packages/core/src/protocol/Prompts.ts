/**
 * Prompts: their descriptions and their messages.
 *
 * Source: server/prompts.
 */
import * as Schema from "effect/Schema"
import { iconsField, metaField, namedFields, Role } from "./Common.ts"
import { ContentBlock } from "./Content.ts"
import { nextPageFields, requestFields, retryFields } from "./Params.ts"

/** The description of an argument of a prompt. Its value is always a string. */
export interface PromptArgument extends Schema.Schema.Type<typeof promptArgument> {}
const promptArgument = Schema.Struct({
  ...namedFields,
  description: Schema.optionalKey(Schema.String),
  /** Default false. */
  required: Schema.optionalKey(Schema.Boolean)
})
export const PromptArgument: Schema.Codec<PromptArgument> = promptArgument

/** The description of a prompt. */
export interface Prompt extends Schema.Schema.Type<typeof prompt> {}
const prompt = Schema.Struct({
  ...namedFields,
  description: Schema.optionalKey(Schema.String),
  arguments: Schema.optionalKey(Schema.Array(PromptArgument)),
  ...iconsField,
  ...metaField
})
export const Prompt: Schema.Codec<Prompt> = prompt

/** One message of a prompt: one block of content. */
export interface PromptMessage extends Schema.Schema.Type<typeof promptMessage> {}
const promptMessage = Schema.Struct({
  role: Role,
  content: ContentBlock
})
export const PromptMessage: Schema.Codec<PromptMessage> = promptMessage

/** Result of `prompts/list`. */
export interface ListPromptsResult extends Schema.Schema.Type<typeof listPromptsResult> {}
const listPromptsResult = Schema.Struct({
  prompts: Schema.Array(Prompt),
  ...nextPageFields
})
export const ListPromptsResult: Schema.Codec<ListPromptsResult> = listPromptsResult

/** Params of `prompts/get`. */
export interface GetPromptParams extends Schema.Schema.Type<typeof getPromptParams> {}
const getPromptParams = Schema.Struct({
  name: Schema.String,
  arguments: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  ...retryFields,
  ...requestFields
})
export const GetPromptParams: Schema.Codec<GetPromptParams> = getPromptParams

/** Result of `prompts/get`. */
export interface GetPromptResult extends Schema.Schema.Type<typeof getPromptResult> {}
const getPromptResult = Schema.Struct({
  description: Schema.optionalKey(Schema.String),
  messages: Schema.Array(PromptMessage),
  ...metaField
})
export const GetPromptResult: Schema.Codec<GetPromptResult> = getPromptResult
