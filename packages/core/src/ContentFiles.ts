/**
 * Content from files: what `Content` makes of bytes, made of files. A module of its own, so that only who reads files loads a file
 * system.
 *
 * Source: "Content types" of server/tools.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as Content from "./Content.ts"
import { FileError } from "./FileError.ts"
import { bound } from "./internal/bound.ts"
import { defaultMaxBytes, readOwnFile } from "./internal/files.ts"
import { essenceOf, ofName, toContents } from "./internal/mediaType.ts"

/** How a file becomes content. */
export interface Options extends Content.Options {
  /** What the extension of its name stands for by default. */
  readonly mimeType?: string
  /** The size that is read at most, in bytes. 8 MiB by default. */
  readonly maxBytes?: number
}

const blockOptions = ({ _meta, annotations }: Options): Content.Options => ({
  ...(annotations === undefined ? {} : { annotations }),
  ...(_meta === undefined ? {} : { _meta })
})

/** Reads a file whose MIME type must be one of `kind`. */
const media =
  <A>(kind: "image" | "audio", make: (bytes: Uint8Array, mimeType: string, options: Content.Options) => A) =>
  (path: string, options: Options = {}): Effect.Effect<A, FileError, FileSystem> =>
    Effect.suspend(() => {
      const mimeType = options.mimeType ?? ofName(path)
      if (mimeType === undefined || !essenceOf(mimeType).startsWith(`${kind}/`)) {
        const detail = `its MIME type is ${mimeType ?? "not known"}, and ${kind}/... is needed; say which one with \`mimeType\``
        return Effect.fail(new FileError({ path, reason: "wrongType", detail }))
      }
      const maxBytes = bound("maxBytes", options.maxBytes ?? defaultMaxBytes)
      return Effect.map(readOwnFile(path, maxBytes), (bytes) => make(bytes, mimeType, blockOptions(options)))
    })

/** An image, for example `imageFile("plot.png")`. Fails when the file cannot be read, is too large, or is none of an image. */
export const imageFile = media("image", Content.image)

/** A sound, for example `audioFile("chime.wav")`. Since 2025-03-26. Fails like {@link imageFile}. */
export const audioFile = media("audio", Content.audio)

/**
 * A resource with its contents: a text when the MIME type is one of texts and the bytes are UTF-8, otherwise a blob. `uri` is what
 * clients know it by; a path of the server is none of their business. Fails when the file cannot be read, or is too large.
 *
 * @example
 * const terms = ContentFiles.resourceFile("legal/terms.md", { uri: "shop://terms" })
 */
export const resourceFile = (
  path: string,
  options: Options & { readonly uri: string }
): Effect.Effect<Content.EmbeddedResource, FileError, FileSystem> =>
  Effect.suspend(() =>
    Effect.map(readOwnFile(path, bound("maxBytes", options.maxBytes ?? defaultMaxBytes)), (bytes) => ({
      type: "resource",
      resource: toContents(options.uri, bytes, options.mimeType ?? ofName(path)),
      ...blockOptions(options)
    }))
  )
