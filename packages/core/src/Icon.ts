/**
 * Icons of components and servers, from bytes and from files: as `data:` URIs, so that clients need not fetch them. A URL needs no
 * help: `{ src: "https://example.com/icon.png" }`.
 *
 * Source: "Icons" of the base protocol, since 2025-11-25.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as Content from "./Content.ts"
import { FileError } from "./FileError.ts"
import { bound } from "./internal/bound.ts"
import { readOwnFile } from "./internal/files.ts"
import { essenceOf, ofName } from "./internal/mediaType.ts"
import type { Icon } from "./protocol/Common.ts"

export type { Icon } from "./protocol/Common.ts"

/** For which places an icon is made. */
export interface Options {
  /** Each one `<width>x<height>` in pixels, or `any` for a format that scales, such as SVG. */
  readonly sizes?: ReadonlyArray<string>
  /** The background that it is made for; absent for any. */
  readonly theme?: "light" | "dark"
}

/** How a file becomes an icon. */
export interface FileOptions extends Options {
  /** What the extension of its name stands for by default. */
  readonly mimeType?: string
  /** The size that is read at most, in bytes. 64 KiB by default: an icon travels with each list in which it stands. */
  readonly maxBytes?: number
}

const defaultMaxBytes = 64 * 1024

/** An icon that carries its image. Throws when the MIME type is none. */
export const fromBytes = (bytes: Content.Bytes, mimeType: string, { sizes, theme }: Options = {}): Icon => ({
  src: Content.dataUri(bytes, mimeType),
  mimeType,
  ...(sizes === undefined ? {} : { sizes }),
  ...(theme === undefined ? {} : { theme })
})

/**
 * An icon that carries the image in a file. Fails when the file cannot be read, is too large, or is no image by its MIME type.
 *
 * @example
 * const Server = Layer.unwrap(
 *   Effect.map(Icon.fromFile("icon.png", { sizes: ["48x48"] }), (icon) => McpServer.layer({ ...info, icons: [icon] }, Weather))
 * )
 */
export const fromFile = (path: string, options: FileOptions = {}): Effect.Effect<Icon, FileError, FileSystem> =>
  Effect.suspend(() => {
    const mimeType = essenceOf(options.mimeType ?? ofName(path) ?? "")
    if (!mimeType.startsWith("image/")) {
      const detail = `its MIME type is ${mimeType === "" ? "not known" : mimeType}, and image/... is needed; say which one with \`mimeType\``
      return Effect.fail(new FileError({ path, reason: "wrongType", detail }))
    }
    const maxBytes = bound("maxBytes", options.maxBytes ?? defaultMaxBytes)
    return Effect.map(readOwnFile(path, maxBytes), (bytes) => fromBytes(bytes, mimeType, options))
  })
