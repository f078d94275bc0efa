/**
 * Projections: the neutral model without what a revision does not have. What cannot be left out is said in words.
 */
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import type { Annotations, Implementation } from "../protocol/Common.ts"
import type { ContentBlock, ResourceContents } from "../protocol/Content.ts"
import type { GetPromptResult, Prompt } from "../protocol/Prompts.ts"
import type { ReadResourceResult, Resource, ResourceTemplate } from "../protocol/Resources.ts"
import type { CallToolResult, Tool } from "../protocol/Tools.ts"
import type { Revision } from "../Revision.ts"

/** The key in `_meta` that carries structured content to typed clients of revisions that have none. */
export const structuredKey = "effect-mcp/structuredContent"

const annotations = (value: Annotations, revision: Revision): Annotations => {
  if (value.lastModified === undefined || revision.annotationsLastModified) return value
  const { lastModified: _, ...rest } = value
  return rest
}

const described = (bytes: string): string => `${Math.floor((bytes.replace(/={1,2}$/, "").length * 3) / 4)} bytes`

const inWords = (block: ContentBlock): string =>
  block.type === "audio"
    ? `[audio, ${block.mimeType}, ${described(block.data)}: not part of this protocol revision]`
    : block.type === "resource_link"
      ? `[${block.title ?? block.name}](${block.uri})`
      : ""

const contents = (value: ResourceContents, revision: Revision): ResourceContents => {
  let projected = value
  // Some servers put annotations into the resource itself.
  if (value.annotations !== undefined) projected = { ...projected, annotations: annotations(value.annotations, revision) }
  if (value._meta === undefined || revision.metaOnTypes) return projected
  const { _meta: _, ...rest } = projected
  return rest as ResourceContents // only an optional member was taken out
}

const block = (value: ContentBlock, revision: Revision): ContentBlock => {
  if ((value.type === "audio" && !revision.audio) || (value.type === "resource_link" && !revision.resourceLinks)) {
    const words = { type: "text", text: inWords(value) } as const
    return value.annotations === undefined ? words : { ...words, annotations: annotations(value.annotations, revision) }
  }
  let projected: ContentBlock = value
  if (value.annotations !== undefined) projected = { ...projected, annotations: annotations(value.annotations, revision) }
  if (value._meta !== undefined && !revision.metaOnTypes) {
    const { _meta: _, ...rest } = projected
    projected = rest as ContentBlock // only an optional member was taken out
  }
  if (projected.type === "resource") projected = { ...projected, resource: contents(projected.resource, revision) }
  if (value.type === "resource_link" && value.icons !== undefined && !revision.icons) {
    const { icons: _, ...rest } = projected as typeof value // the same block, of the same type
    projected = rest
  }
  return projected
}

/** Content as the revision can say it. */
export const content = (blocks: ReadonlyArray<ContentBlock>, revision: Revision): ReadonlyArray<ContentBlock> => {
  // Plain texts are the same everywhere.
  const isPlain = (b: ContentBlock) => b.type === "text" && b.annotations === undefined && b._meta === undefined
  return blocks.every(isPlain) ? blocks : blocks.map((b) => block(b, revision))
}

const isObjectSchema = (schema: unknown): boolean => isObject(schema) && schema["type"] === "object"

const isUnionOfObjects = ({ anyOf }: JsonObject): boolean => Array.isArray(anyOf) && anyOf.every(isObjectSchema)

/** Whether results of this schema are wrapped where only objects are allowed: they are the member `result` of one. */
export const isWrapped = (schema: JsonObject): boolean => !isObjectSchema(schema) && !isUnionOfObjects(schema)

/** In a JSON Schema of results: they are the member `result` of an object only because this revision wants one. */
export const wrappedKey = "x-effect-mcp-wrapped"

/** The JSON Schema of results where only objects are allowed. */
const objectSchema = (schema: JsonObject): JsonObject => {
  if (!isWrapped(schema)) return { type: "object", ...schema }
  const { $defs, $schema, definitions, ...rest } = schema
  return {
    ...($schema === undefined ? {} : { $schema }),
    type: "object",
    properties: { result: rest },
    required: ["result"],
    [wrappedKey]: true,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions })
  }
}

/**
 * The result of a call as the revision can say it. `wraps` tells whether the tool's schema of results is wrapped; what belongs to no
 * schema is wrapped when it is no object.
 */
export const toolResult = (result: CallToolResult, revision: Revision, wraps?: boolean): JsonObject => {
  const blocks = content(result.content, revision)
  const structured = result.structuredContent
  if (structured === undefined || revision.structuredContent === "any") {
    return blocks === result.content ? result : { ...result, content: blocks }
  }
  if (revision.structuredContent === "object") {
    const isBare = result.isError !== true && wraps !== undefined ? !wraps : isObject(structured)
    return { ...result, content: blocks, structuredContent: isBare ? structured : { result: structured } }
  }
  const { structuredContent: _, ...rest } = result
  return { ...rest, content: blocks, _meta: { ...result._meta, [structuredKey]: structured } }
}

const omit = (from: JsonObject, keys: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)))

// What descriptions of all kinds have, and some revisions have not.
const lacking = (revision: Revision): ReadonlyArray<string> => [
  ...(revision.titles ? [] : ["title"]),
  ...(revision.icons ? [] : ["icons"]),
  ...(revision.metaOnTypes ? [] : ["_meta"])
]

/** A tool's description as the revision can say it. */
export const tool = (value: Tool, revision: Revision): JsonObject => {
  const missing = [
    ...lacking(revision),
    ...(revision.toolAnnotations ? [] : ["annotations"]),
    ...(revision.structuredContent === "none" ? ["outputSchema"] : []),
    ...(revision.tasks === "core" ? [] : ["execution"])
  ]
  const projected = omit(value as unknown as JsonObject, missing) // a struct of JSON is a JSON object
  return value.outputSchema !== undefined && revision.structuredContent === "object"
    ? { ...projected, outputSchema: objectSchema(value.outputSchema) }
    : projected
}

/** The description of a resource, or of a template, as the revision can say it. */
export const resource = (value: Resource | ResourceTemplate, revision: Revision): JsonObject => {
  const projected = omit(value as unknown as JsonObject, lacking(revision)) // as for tools
  return value.annotations === undefined ? projected : { ...projected, annotations: annotations(value.annotations, revision) }
}

/** The contents of a resource as the revision can say them. */
export const readResult = (result: ReadResourceResult, revision: Revision): JsonObject => ({
  ...result,
  contents: result.contents.map((item) => contents(item, revision))
})

/** A prompt's description as the revision can say it. */
export const prompt = (value: Prompt, revision: Revision): JsonObject => {
  const missing = lacking(revision)
  const projected = omit(value as unknown as JsonObject, missing) // as for tools
  if (value.arguments === undefined || revision.titles) return projected
  return { ...projected, arguments: value.arguments.map((argument) => omit(argument as unknown as JsonObject, missing)) } // as above
}

/** The messages of a prompt as the revision can say them. */
export const promptResult = (result: GetPromptResult, revision: Revision): JsonObject => {
  const messages = result.messages.map((message) => {
    const [said = message.content] = content([message.content], revision)
    return said === message.content ? message : { ...message, content: said }
  })
  return { ...result, messages }
}

/** An identity as the revision can say it. */
export const implementation = (value: Implementation, revision: Revision): JsonObject =>
  omit(value as unknown as JsonObject, [
    ...(revision.titles ? [] : ["title"]),
    ...(revision.implementationDetails ? [] : ["description", "websiteUrl", "icons"])
  ])
