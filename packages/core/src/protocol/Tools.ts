/**
 * Tools: their descriptions, calls and results.
 *
 * Source: server/tools.
 */
import * as Schema from "effect/Schema"
import { guards, iconsField, type JsonObject, metaField, namedFields, open } from "./Common.ts"
import { ContentBlock } from "./Content.ts"
import { nextPageFields, requestFields, retryFields, taskFields } from "./Params.ts"

/**
 * Hints on what a tool does. Untrusted: nothing may be decided by the hints of a server that is not trusted. Since 2025-03-26.
 */
export interface ToolAnnotations extends Schema.Schema.Type<typeof toolAnnotations> {}
const toolAnnotations = Schema.Struct({
  /** A title for people; a tool's own `title` goes before it. */
  title: Schema.optionalKey(Schema.String),
  /** It changes nothing. Default false. */
  readOnlyHint: Schema.optionalKey(Schema.Boolean),
  /** It may destroy something; only meaningful when it is not read-only. Default true. */
  destructiveHint: Schema.optionalKey(Schema.Boolean),
  /** Calling it again with the same arguments changes nothing more; only meaningful when it is not read-only. Default false. */
  idempotentHint: Schema.optionalKey(Schema.Boolean),
  /** It deals with an open world, such as the web. Default true. */
  openWorldHint: Schema.optionalKey(Schema.Boolean)
})
export const ToolAnnotations: Schema.Codec<ToolAnnotations> = toolAnnotations

/** How a tool can be run. 2025-11-25 only. */
export interface ToolExecution extends Schema.Schema.Type<typeof toolExecution> {}
const toolExecution = Schema.Struct({
  /** Whether calls may or must ask for a task. Default `forbidden`. */
  taskSupport: Schema.optionalKey(Schema.Literals(["forbidden", "optional", "required"]))
})
export const ToolExecution: Schema.Codec<ToolExecution> = toolExecution

/** A JSON Schema of objects, kept word for word. The default dialect is 2020-12 (since 2025-11-25). */
export interface ObjectJsonSchema extends JsonObject {
  readonly type: "object"
  readonly $schema?: string
}
export const ObjectJsonSchema = open<ObjectJsonSchema>({
  expected: 'a JSON Schema with `type: "object"`',
  required: { type: "object" },
  members: { $schema: guards.string }
})

/** Any JSON Schema that is an object, kept word for word. */
export interface AnyJsonSchema extends JsonObject {
  readonly $schema?: string
}
export const AnyJsonSchema = open<AnyJsonSchema>({ expected: "a JSON Schema", members: { $schema: guards.string } })

/** The description of a tool. */
export interface Tool extends Schema.Schema.Type<typeof tool> {}
const tool = Schema.Struct({
  /** Recommended since 2025-11-25: 1 to 128 of `A-Za-z0-9_.-`. Any name is accepted. */
  ...namedFields,
  description: Schema.optionalKey(Schema.String),
  ...iconsField,
  inputSchema: ObjectJsonSchema,
  /** Since 2025-06-18, with an object at its root; since 2026-07-28 of any type. */
  outputSchema: Schema.optionalKey(AnyJsonSchema),
  /** Since 2025-03-26. */
  annotations: Schema.optionalKey(ToolAnnotations),
  /** 2025-11-25 only. */
  execution: Schema.optionalKey(ToolExecution),
  ...metaField
})
export const Tool: Schema.Codec<Tool> = tool

/** Result of `tools/list`. */
export interface ListToolsResult extends Schema.Schema.Type<typeof listToolsResult> {}
const listToolsResult = Schema.Struct({
  tools: Schema.Array(Tool),
  ...nextPageFields
})
export const ListToolsResult: Schema.Codec<ListToolsResult> = listToolsResult

/** The arguments of a tool before the tool's own schema has seen them. */
export interface ToolArguments extends JsonObject {}
export const ToolArguments = open<ToolArguments>({ expected: "an object as `arguments`" })

/** Params of `tools/call`. */
export interface CallToolParams extends Schema.Schema.Type<typeof callToolParams> {}
const callToolParams = Schema.Struct({
  name: Schema.String,
  /** May be absent; that is the same as an empty object. */
  arguments: Schema.optionalKey(ToolArguments),
  ...taskFields,
  ...retryFields,
  ...requestFields
})
export const CallToolParams: Schema.Codec<CallToolParams> = callToolParams

/** Result of `tools/call`. */
export interface CallToolResult extends Schema.Schema.Type<typeof callToolResult> {}
const callToolResult = Schema.Struct({
  content: Schema.Array(ContentBlock),
  /** What `outputSchema` describes. An object since 2025-06-18, any JSON value (also null) since 2026-07-28. */
  structuredContent: Schema.optionalKey(Schema.Unknown),
  /** The call failed; `content` tells the model why. Default false. */
  isError: Schema.optionalKey(Schema.Boolean),
  ...metaField
})
export const CallToolResult: Schema.Codec<CallToolResult> = callToolResult
