/**
 * Blocks of content as parts of a prompt of `effect/ai`, and parts as blocks.
 */
import * as Content from "@effect-mcp/core/Content"
import type { ContentBlock } from "@effect-mcp/core/protocol/Content"
import type { Rendered } from "@effect-mcp/core/Tool"
import * as Prompt from "effect/ai/Prompt"

const text = (value: string): Prompt.TextPart => Prompt.textPart({ text: value })

const file = (data: string, mediaType: string | undefined, fileName?: string): Prompt.FilePart =>
  Prompt.filePart({
    data,
    mediaType: mediaType ?? "application/octet-stream",
    ...(fileName === undefined ? {} : { fileName })
  })

/**
 * What a model reads in place of a block. A link stays a text: a part with its address would have the model's provider fetch it.
 * Annotations and `_meta` are left out.
 */
export const toPart = (block: ContentBlock): Prompt.ToolModelOutputPart => {
  switch (block.type) {
    case "text":
      return text(block.text)
    case "image":
    case "audio":
      return file(block.data, block.mimeType)
    case "resource_link":
      return text(`${block.title ?? block.name}: ${block.uri}`)
    case "resource": {
      const { resource } = block
      return "text" in resource ? text(resource.text) : file(resource.blob, resource.mimeType, resource.uri)
    }
  }
}

/** What a model reads of a result that was written for models. */
export const toParts = (rendered: Rendered): ReadonlyArray<Prompt.ToolModelOutputPart> => {
  if (typeof rendered === "string") return [text(rendered)]
  const blocks = "type" in rendered ? [rendered] : rendered
  return blocks.map(toPart)
}

const isBase64 = (text: string): boolean => !/[^A-Za-z0-9+/=\s]/.test(text)

/**
 * Why a block of somebody else must not become a part. Providers take other texts than base64 for addresses that they fetch, or for names of
 * files that belong to who pays for the model: whoever wrote the block must not have them read.
 */
export const unreadable = (block: ContentBlock): string | undefined => {
  if (block.type === "image" || block.type === "audio") {
    return isBase64(block.data) ? undefined : "the data of an image or a sound is no base64"
  }
  if (block.type === "resource" && "blob" in block.resource) {
    return isBase64(block.resource.blob) ? undefined : "the data of a resource is no base64"
  }
  return undefined
}

const hasScheme = /^[a-z][a-z0-9+.-]+:/i

const uriOf = (fileName: string | undefined): string =>
  fileName === undefined ? "attachment:file" : hasScheme.test(fileName) ? fileName : `attachment:${encodeURIComponent(fileName)}`

/** The block for a part: images and audio as such, other files as resources, addresses as links. */
export const toBlock = (part: Prompt.ToolModelOutputPart): ContentBlock => {
  if (part.type === "text") return Content.text(part.text)
  const { data, fileName, mediaType } = part
  if (data instanceof URL) return Content.resourceLink({ uri: data.href, name: fileName ?? data.href, mimeType: mediaType })
  if (mediaType.startsWith("image/")) return Content.image(data, mediaType)
  if (mediaType.startsWith("audio/")) return Content.audio(data, mediaType)
  return Content.resource({ uri: uriOf(fileName), mimeType: mediaType, blob: data })
}
