/**
 * What tools, prompts and models say: content blocks, and the contents of resources.
 *
 * Binary data is base64 (standard alphabet, padded) everywhere in the model; the constructors of `@effect-mcp/core/Content`
 * take bytes.
 *
 * Source: "Content types" of server/tools, server/prompts and server/resources.
 */
import * as Schema from "effect/Schema"
import { Annotations, iconsField, metaField, namedFields } from "./Common.ts"

const annotationsField = { annotations: Schema.optionalKey(Annotations) }

/** Plain text. */
export interface TextContent extends Schema.Schema.Type<typeof textContent> {}
const textContent = Schema.Struct({
  type: Schema.tag("text"),
  text: Schema.String,
  ...annotationsField,
  ...metaField
})
export const TextContent: Schema.Codec<TextContent> = textContent

/** An image. */
export interface ImageContent extends Schema.Schema.Type<typeof imageContent> {}
const imageContent = Schema.Struct({
  type: Schema.tag("image"),
  /** Base64. */
  data: Schema.String,
  mimeType: Schema.String,
  ...annotationsField,
  ...metaField
})
export const ImageContent: Schema.Codec<ImageContent> = imageContent

/** A sound. Since 2025-03-26. */
export interface AudioContent extends Schema.Schema.Type<typeof audioContent> {}
const audioContent = Schema.Struct({
  type: Schema.tag("audio"),
  /** Base64. */
  data: Schema.String,
  mimeType: Schema.String,
  ...annotationsField,
  ...metaField
})
export const AudioContent: Schema.Codec<AudioContent> = audioContent

/** The members that a resource and a link to one have in common. */
export const resourceFields = {
  uri: Schema.String,
  ...namedFields,
  description: Schema.optionalKey(Schema.String),
  mimeType: Schema.optionalKey(Schema.String),
  ...annotationsField,
  /** In bytes, before any encoding. */
  size: Schema.optionalKey(Schema.Int),
  ...iconsField,
  ...metaField
}

/** A resource that the client may read; it need not be listed. Since 2025-06-18. */
export interface ResourceLink extends Schema.Schema.Type<typeof resourceLink> {}
const resourceLink = Schema.Struct({ type: Schema.tag("resource_link"), ...resourceFields })
export const ResourceLink: Schema.Codec<ResourceLink> = resourceLink

const contentsFields = {
  uri: Schema.String,
  mimeType: Schema.optionalKey(Schema.String),
  /** Read only: some servers follow an example that puts them here. Write them on the block. */
  ...annotationsField,
  ...metaField
}

/** The contents of a resource as text. */
export interface TextResourceContents extends Schema.Schema.Type<typeof textResourceContents> {}
const textResourceContents = Schema.Struct({ ...contentsFields, text: Schema.String })
export const TextResourceContents: Schema.Codec<TextResourceContents> = textResourceContents

/** The contents of a resource as bytes, in base64. */
export interface BlobResourceContents extends Schema.Schema.Type<typeof blobResourceContents> {}
const blobResourceContents = Schema.Struct({ ...contentsFields, blob: Schema.String })
export const BlobResourceContents: Schema.Codec<BlobResourceContents> = blobResourceContents

/** The contents of a resource, or of one part of it. */
export const ResourceContents: Schema.Codec<ResourceContents> = Schema.Union([TextResourceContents, BlobResourceContents])
export type ResourceContents = TextResourceContents | BlobResourceContents

/** A resource with its contents. */
export interface EmbeddedResource extends Schema.Schema.Type<typeof embeddedResource> {}
const embeddedResource = Schema.Struct({
  type: Schema.tag("resource"),
  resource: ResourceContents,
  ...annotationsField,
  ...metaField
})
export const EmbeddedResource: Schema.Codec<EmbeddedResource> = embeddedResource

/** What tools and prompts say. Audio since 2025-03-26, resource links since 2025-06-18. */
export const ContentBlock: Schema.Codec<ContentBlock> = Schema.Union([
  TextContent,
  ImageContent,
  AudioContent,
  ResourceLink,
  EmbeddedResource
])
export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource
