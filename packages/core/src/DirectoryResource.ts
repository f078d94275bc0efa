/**
 * Handlers of resources that are the files of a directory, named by clients.
 *
 * No name leads out of the directory: not by `..`, not by an absolute path, not by NUL, and not through a symbolic link. Links that stay
 * inside are followed. Clients see names relative to the directory and never where it is. Names that begin with a dot are not served
 * unless `hidden` says so, and names with a backslash never are.
 *
 * Source: "Security Considerations" of server/resources.
 */
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as Glob from "effect/Glob"
import type { Path } from "effect/Path"
import * as Schema from "effect/Schema"
import * as Completion from "./Completion.ts"
import { bound } from "./internal/bound.ts"
import * as directory from "./internal/directory.ts"
import { type Found, walk } from "./internal/directoryWalk.ts"
import { defaultMaxBytes, toFileError } from "./internal/files.ts"
import { ofName, toContents } from "./internal/mediaType.ts"
import { toClient } from "./internal/reading.ts"
import { type McpError, resourceNotFound } from "./McpError.ts"
import type { ResourceContents } from "./protocol/Content.ts"

/** Which directory is served. */
export interface Options {
  /** The directory. A relative one starts where the program was started. Not being there when it is read is a defect. */
  readonly root: string
  /** Whether names that begin with a dot are served, such as `.env` and what is in `.git`. False by default. */
  readonly hidden?: boolean
}

/** How files are read. */
export interface ReadOptions extends Options {
  /** The MIME type of a file by its name. By default, and where this is `undefined`, what the extension stands for. */
  readonly mimeType?: (path: string) => string | undefined
  /** The size that is read at most, in bytes. 8 MiB by default. */
  readonly maxBytes?: number
}

/** What is listed. */
export interface ListOptions extends Options {
  /** Whether what is below directories is listed, too: up to 64 levels, links not entered. By default when `glob` has a `/`. */
  readonly recursive?: boolean
  /** Lists only what matches, relative to the directory that is listed, for example `**\/*.md`. Syntax: see `effect/Glob`. */
  readonly glob?: string
  /** How many entries are listed at most. 1,000 by default. */
  readonly maxEntries?: number
}

type Services = FileSystem | Path

/** The Schema of what {@link list} gives. */
export const Listing = Schema.Struct({
  /** Directories before what they contain, otherwise by name, in the order of UTF-16 code units. */
  entries: Schema.Array(
    Schema.Struct({
      /** Relative to the root, with `/` between segments: the `path` under which {@link read} finds it. */
      path: Schema.String,
      type: Schema.Literals(["file", "directory"]),
      /** In bytes, of files. */
      size: Schema.optionalKey(Schema.Int),
      mimeType: Schema.optionalKey(Schema.String)
    })
  ),
  /** Whether there are more entries than are listed. */
  truncated: Schema.Boolean
}).annotate({ identifier: "Listing" })
export type Listing = typeof Listing.Type

/**
 * Reads the file that the variable `path` names, for a template with `success: Resource.Contents`. It is a text when its MIME type is one
 * of texts and its bytes are UTF-8, otherwise a blob.
 *
 * A client hears that the resource does not exist when there is no file inside of the root, and that it is too large; anything else is a
 * defect. Throws when `maxBytes` is less than 1.
 *
 * @example
 * const Docs = Resource.template("docs", "docs://{path*}", { success: Resource.Contents })
 * const DocsLive = Docs.toLayer(DirectoryResource.read({ root: "docs" }))
 */
export const read = (
  options: ReadOptions
): ((args: { readonly path: string }, uri: string) => Effect.Effect<ReadonlyArray<ResourceContents>, McpError, Services>) => {
  const maxBytes = bound("maxBytes", options.maxBytes ?? defaultMaxBytes)
  return ({ path }, uri) =>
    directory.openRoot(options.root, options.hidden ?? false).pipe(
      Effect.flatMap((root) => directory.read(root, path, maxBytes)),
      Effect.map((bytes) => [toContents(uri, bytes, options.mimeType?.(path) ?? ofName(path))]),
      Effect.catch(toClient(uri, maxBytes))
    )
}

const toEntry = ({ path, size, type }: Found): Listing["entries"][number] => {
  const mimeType = type === "file" ? ofName(path) : undefined
  return { path, type, ...(size === undefined ? {} : { size }), ...(mimeType === undefined ? {} : { mimeType }) }
}

/**
 * Lists a directory, for a contract with `success: DirectoryResource.Listing`: the root, or what the variable `path` names. The order is
 * always the same. At most 100,000 entries are looked at; what cannot be looked at is left out.
 *
 * A client hears that the resource does not exist when there is no such directory inside of the root. Throws when `maxEntries` is less
 * than 1.
 *
 * @example
 * const Pages = Resource.make("pages", "docs://pages", { success: DirectoryResource.Listing })
 * const PagesLive = Pages.toLayer(DirectoryResource.list({ root: "docs", glob: "**\/*.md" }))
 */
export const list = (
  options: ListOptions
): ((args: { readonly path?: string } | void, uri: string) => Effect.Effect<Listing, McpError, Services>) => {
  const { glob, hidden = false, root } = options
  const maxEntries = bound("maxEntries", options.maxEntries ?? 1000)
  const recursive = options.recursive ?? glob?.includes("/") ?? false
  const pattern = glob === undefined ? undefined : Glob.make(glob, { dot: hidden })
  return Effect.fnUntraced(function* (args, uri) {
    const from = args?.path?.replace(/([^/])\/$/, "$1") ?? ""
    const accepts = (path: string, type: Found["type"]) => {
      if (pattern === undefined) return true
      const relative = from === "" ? path : path.slice(from.length + 1)
      return Glob.match(pattern, type === "directory" ? `${relative}/` : relative)
    }
    const opened = yield* directory.openRoot(root, hidden)
    const walked = yield* Effect.orDie(
      Effect.mapError(walk(opened, from, { accepts, enters: () => recursive, maxEntries }), toFileError(from))
    )
    if (walked === undefined) return yield* resourceNotFound(uri)
    return { entries: walked.found.map(toEntry), truncated: walked.truncated }
  })
}

// More than clients see at once, so that they learn how many there are.
const maxSuggestions = 1000

/**
 * Suggests files whose path begins with what was typed, for the variable `path`; see `Completion.suggesting`. Clients see the first 100.
 * At most 1,000 are counted.
 */
export const complete =
  (options: Options): ((value: string) => Effect.Effect<ReadonlyArray<string>, never, Services>) =>
  (value) =>
    directory.openRoot(options.root, options.hidden ?? false).pipe(
      Effect.flatMap((root) =>
        walk(root, value.slice(0, Math.max(0, value.lastIndexOf("/"))), {
          enters: (path) => path.startsWith(value),
          accepts: (path, type) => type === "file" && path.startsWith(value),
          maxEntries: maxSuggestions
        })
      ),
      Effect.mapError(toFileError(value)),
      Effect.orDie,
      Effect.map((walked) => walked?.found.map(({ path }) => path) ?? [])
    )

/**
 * {@link read} together with {@link complete}: a directory whose files clients can find.
 *
 * @example
 * const Docs = Resource.template("docs", "docs://{path*}", { success: Resource.Contents })
 * const DocsLive = Docs.toLayer(DirectoryResource.browse({ root: "docs" }))
 */
export const browse = (
  options: ReadOptions
): ((args: { readonly path: string }, uri: string) => Effect.Effect<ReadonlyArray<ResourceContents>, McpError, Services>) =>
  Completion.suggesting(read(options), { path: complete(options) })
