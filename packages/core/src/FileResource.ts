/**
 * Handlers of resources that are files of the server, each named by the program. For files that clients name see `DirectoryResource`.
 *
 * Source: "Resource Types" of server/resources.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import { bound } from "./internal/bound.ts"
import { defaultMaxBytes, readOwnFile } from "./internal/files.ts"
import { ofName, toContents } from "./internal/mediaType.ts"
import { toClient } from "./internal/reading.ts"
import type { McpError } from "./McpError.ts"
import type { ResourceContents } from "./protocol/Content.ts"

/** How a file is read. */
export interface Options {
  /** What the extension of its name stands for by default; with neither, `text/plain` or `application/octet-stream`. */
  readonly mimeType?: string
  /** The size that is read at most, in bytes. 8 MiB by default. */
  readonly maxBytes?: number
}

/**
 * Reads a file when it is asked for, for a contract with `success: Resource.Contents`. It is a text when its MIME type is one of texts and
 * its bytes are UTF-8, otherwise a blob.
 *
 * A client hears that the resource does not exist when there is no file, and that it is too large; anything else is a defect, so it is in
 * the server's log and the client learns nothing of it. Throws when `maxBytes` is less than 1.
 *
 * @example
 * const Readme = Resource.make("readme", "docs://readme", { success: Resource.Contents, mimeType: "text/markdown" })
 * const ReadmeLive = Readme.toLayer(FileResource.file("README.md"))
 */
export const file = (
  path: string,
  options: Options = {}
): ((args: unknown, uri: string) => Effect.Effect<ReadonlyArray<ResourceContents>, McpError, FileSystem>) => {
  const maxBytes = bound("maxBytes", options.maxBytes ?? defaultMaxBytes)
  const mimeType = options.mimeType ?? ofName(path)
  return (_, uri) =>
    readOwnFile(path, maxBytes).pipe(
      Effect.map((bytes) => [toContents(uri, bytes, mimeType)]),
      Effect.catch(toClient(uri, maxBytes))
    )
}
