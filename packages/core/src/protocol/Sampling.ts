/**
 * Sampling: a server asks the client's model. A request of its own in the session era, a question inside an answer since
 * 2026-07-28, where the feature is deprecated.
 *
 * Source: client/sampling.
 */
import * as Schema from "effect/Schema"
import { Fraction, JsonObject, metaField, Role } from "./Common.ts"
import { AudioContent, ContentBlock, ImageContent, TextContent } from "./Content.ts"
import { requestFields, taskFields } from "./Params.ts"
import { Tool } from "./Tools.ts"

/** The model wants a tool to be called. Since 2025-11-25. */
export interface ToolUseContent extends Schema.Schema.Type<typeof toolUseContent> {}
const toolUseContent = Schema.Struct({
  type: Schema.tag("tool_use"),
  /** Repeated by the {@link ToolResultContent} that answers it. */
  id: Schema.String,
  name: Schema.String,
  input: JsonObject,
  ...metaField
})
export const ToolUseContent: Schema.Codec<ToolUseContent> = toolUseContent

/** What a tool answered. A message that holds one holds nothing else. Since 2025-11-25. */
export interface ToolResultContent extends Schema.Schema.Type<typeof toolResultContent> {}
const toolResultContent = Schema.Struct({
  type: Schema.tag("tool_result"),
  toolUseId: Schema.String,
  content: Schema.Array(ContentBlock),
  /** An object in 2025-11-25, any JSON value since 2026-07-28. */
  structuredContent: Schema.optionalKey(Schema.Unknown),
  /** Default false. */
  isError: Schema.optionalKey(Schema.Boolean),
  ...metaField
})
export const ToolResultContent: Schema.Codec<ToolResultContent> = toolResultContent

/** What is said to and by a model. Audio since 2025-03-26, tools since 2025-11-25. */
export const SamplingBlock: Schema.Codec<SamplingBlock> = Schema.Union([
  TextContent,
  ImageContent,
  AudioContent,
  ToolUseContent,
  ToolResultContent
])
export type SamplingBlock = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent

const samplingContent = Schema.Union([SamplingBlock, Schema.Array(SamplingBlock)])

/** One message to or of a model. Several blocks since 2025-11-25. */
export interface SamplingMessage extends Schema.Schema.Type<typeof samplingMessage> {}
const samplingMessage = Schema.Struct({
  role: Role,
  content: samplingContent,
  ...metaField
})
export const SamplingMessage: Schema.Codec<SamplingMessage> = samplingMessage

/** The blocks of a message, also of one that has a single block. */
export const blocksOf = ({ content }: Pick<SamplingMessage, "content">): ReadonlyArray<SamplingBlock> =>
  "type" in content ? [content] : content

/** A part of a model's name, to prefer models that have it. */
export interface ModelHint extends Schema.Schema.Type<typeof modelHint> {}
const modelHint = Schema.Struct({ name: Schema.optionalKey(Schema.String) })
export const ModelHint: Schema.Codec<ModelHint> = modelHint

/** Which model is wanted; all of it is advice. */
export interface ModelPreferences extends Schema.Schema.Type<typeof modelPreferences> {}
const modelPreferences = Schema.Struct({
  /** The first that matches wins. */
  hints: Schema.optionalKey(Schema.Array(ModelHint)),
  costPriority: Schema.optionalKey(Fraction),
  speedPriority: Schema.optionalKey(Fraction),
  intelligencePriority: Schema.optionalKey(Fraction)
})
export const ModelPreferences: Schema.Codec<ModelPreferences> = modelPreferences

/** Whether the model may, must or must not use tools. Since 2025-11-25. */
export interface ToolChoice extends Schema.Schema.Type<typeof toolChoice> {}
const toolChoice = Schema.Struct({
  /** Default `auto`. */
  mode: Schema.optionalKey(Schema.Literals(["auto", "required", "none"]))
})
export const ToolChoice: Schema.Codec<ToolChoice> = toolChoice

/** Params of `sampling/createMessage`. */
export interface CreateMessageParams extends Schema.Schema.Type<typeof createMessageParams> {}
const createMessageParams = Schema.Struct({
  messages: Schema.Array(SamplingMessage),
  /** The client stays within it. */
  maxTokens: Schema.Int,
  modelPreferences: Schema.optionalKey(ModelPreferences),
  systemPrompt: Schema.optionalKey(Schema.String),
  /** Default `none`; the others are deprecated and need the capability `sampling.context` since 2025-11-25. */
  includeContext: Schema.optionalKey(Schema.Literals(["none", "thisServer", "allServers"])),
  temperature: Schema.optionalKey(Schema.Finite),
  stopSequences: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Passed on to the provider of the model. */
  metadata: Schema.optionalKey(JsonObject),
  /** Needs the capability `sampling.tools`. Since 2025-11-25. */
  tools: Schema.optionalKey(Schema.Array(Tool)),
  /** Needs the capability `sampling.tools`. Since 2025-11-25. */
  toolChoice: Schema.optionalKey(ToolChoice),
  ...taskFields,
  ...requestFields
})
export const CreateMessageParams: Schema.Codec<CreateMessageParams> = createMessageParams

/** Result of `sampling/createMessage`. */
export interface CreateMessageResult extends Schema.Schema.Type<typeof createMessageResult> {}
const createMessageResult = Schema.Struct({
  role: Role,
  content: samplingContent,
  /** The name of the model that answered. */
  model: Schema.String,
  /** `endTurn`, `stopSequence`, `maxTokens`, `toolUse` (since 2025-11-25), or any other. */
  stopReason: Schema.optionalKey(Schema.String),
  ...metaField
})
export const CreateMessageResult: Schema.Codec<CreateMessageResult> = createMessageResult
