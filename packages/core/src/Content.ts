/**
 * Makes what tools and prompts say: text, images, sounds, links to resources and resources themselves.
 *
 * Bytes are encoded as base64 here; a string is taken for base64 that is ready. Annotations and `_meta` (since 2025-06-18) go
 * into the options.
 *
 * Source: "Content types" of server/tools.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import type { Annotations, Meta } from "./protocol/Common.ts"
import type { ContentBlock } from "./protocol/Content.ts"
import * as Protocol from "./protocol/Content.ts"

export type {
  AudioContent,
  BlobResourceContents,
  ContentBlock,
  EmbeddedResource,
  ImageContent,
  ResourceContents,
  ResourceLink,
  TextContent,
  TextResourceContents
} from "./protocol/Content.ts"

/** What any block can have besides its content. */
export interface Options {
  readonly annotations?: Annotations
  readonly _meta?: Meta
}

/** Bytes, or a string that is base64 (standard alphabet, padded) already. */
export type Bytes = Uint8Array | string

const base64 = (bytes: Bytes): string => (typeof bytes === "string" ? bytes : Base64.encode(bytes))

// What RFC 6838 and RFC 2045 call a type, with parameters whose values need no quotes: a comma would end it inside of a URI.
const isMimeType = (text: string): boolean => /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\w!#$&^.+-]+=[\w!#$&^.+-]+)*$/.test(text)

/** Bytes as a URI, for example of an icon. Throws when the MIME type is none. Source: RFC 2397. */
export const dataUri = (bytes: Bytes, mimeType: string): string => {
  if (!isMimeType(mimeType)) throw new Error(`${JSON.stringify(mimeType)} is no MIME type such as "image/png"`)
  return `data:${mimeType};base64,${base64(bytes)}`
}

/** A text. */
export const text = (text: string, options?: Options): Protocol.TextContent => ({ type: "text", text, ...options })

/** An image, for example `image(bytes, "image/png")`. */
export const image = (bytes: Bytes, mimeType: string, options?: Options): Protocol.ImageContent => ({
  type: "image",
  data: base64(bytes),
  mimeType,
  ...options
})

/** A sound, for example `audio(bytes, "audio/wav")`. Since 2025-03-26. */
export const audio = (bytes: Bytes, mimeType: string, options?: Options): Protocol.AudioContent => ({
  type: "audio",
  data: base64(bytes),
  mimeType,
  ...options
})

/** A link to a resource that the client may read. Since 2025-06-18. */
export const resourceLink = (resource: Omit<Protocol.ResourceLink, "type">): Protocol.ResourceLink => ({
  type: "resource_link",
  ...resource
})

/** The contents of a resource: text, or bytes as `blob`. */
export type Contents = { readonly uri: string; readonly mimeType?: string; readonly _meta?: Meta } & (
  | { readonly text: string; readonly blob?: never }
  | { readonly blob: Bytes; readonly text?: never }
)

/** Contents as they stand in a message, for example `contents({ uri: "file:///a.png", blob: bytes, mimeType: "image/png" })`. */
export const contents = (contents: Contents): Protocol.ResourceContents =>
  contents.blob === undefined ? contents : { ...contents, blob: base64(contents.blob) }

/** A resource with its contents, for example `resource({ uri: "file:///a.txt", text: "hello" })`. */
export const resource = (of: Contents, options?: Options): Protocol.EmbeddedResource => ({
  type: "resource",
  resource: contents(of),
  ...options
})

/** The annotations of a block. For an embedded resource some servers put them into the resource. */
export const annotationsOf = (block: Protocol.ContentBlock): Annotations | undefined =>
  block.annotations ?? (block.type === "resource" ? block.resource.annotations : undefined)

/** True for a complete block of content. */
export const isContentBlock: (u: unknown) => u is Protocol.ContentBlock = Schema.is(Protocol.ContentBlock)

/** The texts of a result, a line break between them. What is no text is left out. */
export const textOf = (result: { readonly content: ReadonlyArray<ContentBlock> }): string =>
  result.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n")
