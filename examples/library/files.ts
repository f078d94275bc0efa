/**
 * The text files of a directory: which they are, and what is in them. Everything has a bound, and nothing leaves the root.
 */
import { Context, Effect, FileSystem, Layer, Option, Path, type PlatformError } from "effect"
import { FileTooLarge, NotInLibrary } from "./contract.ts"

/** A text file. */
export interface TextFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly bytes: number
  /** In milliseconds since 1970. */
  readonly modified: number
}

/** The text files of a folder, by path. */
export interface Listing {
  /** The folder as paths have it; empty for the root. */
  readonly folder: string
  readonly files: ReadonlyArray<TextFile>
  /** How many are too large or cannot be read. */
  readonly skipped: number
  /** True when there are more than `maxFiles`. */
  readonly truncated: boolean
}

/** Which directory, and how much of it. */
export interface Options {
  readonly root: string
  /** The longest file, in bytes. 256 KiB by default. */
  readonly maxBytes?: number
  /** How many files one listing has. 5,000 by default. */
  readonly maxFiles?: number
}

const isFolder = (name: string): boolean => !name.startsWith(".") && !["node_modules", "dist", "coverage", "out"].includes(name)

// Lock files and recorded measurements are text that nobody looks for.
const isTextFile = (name: string): boolean =>
  /\.(ts|md|json)$/.test(name) && !/^(\..*|package-lock\.json|results[-.].*)$/i.test(name)

/** True for the relative paths that a listing can have. */
const isListed = (path: string): boolean => {
  const names = path.split("/")
  return names.slice(0, -1).every(isFolder) && isTextFile(names.at(-1) ?? "")
}

const byPath = (a: TextFile, b: TextFile): number => (a.path < b.path ? -1 : 1)

/** The files of the library. */
export class Files extends Context.Service<
  Files,
  {
    readonly root: string
    /** The files of a folder and of all below it; of the root by default. Does not follow symbolic links. */
    readonly list: (folder?: string) => Effect.Effect<Listing, NotInLibrary>
    readonly read: (path: string) => Effect.Effect<string, NotInLibrary | FileTooLarge>
  }
>()("library/Files") {
  static readonly layer = (
    options: Options
  ): Layer.Layer<Files, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> => Layer.effect(Files, make(options))
}

const make = Effect.fn("Files.make")(function* ({ maxBytes = 256 * 1024, maxFiles = 5000, root: given }: Options) {
  const fs = yield* FileSystem.FileSystem
  const { join, resolve, relative, sep } = yield* Path.Path
  const root = yield* fs.realPath(given)

  /** The path as listings have it, or a failure when it leads out of the root. */
  const inside = Effect.fnUntraced(function* (path: string) {
    const absolute = resolve(root, path)
    const real = yield* fs.realPath(absolute)
    const isInside = real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)
    if (!isInside) return yield* new NotInLibrary({ path })
    return relative(root, real).split(sep).join("/")
  })

  const list = Effect.fn("Files.list")(
    function* (folder = ".") {
      const start = yield* inside(folder)
      const info = yield* fs.stat(join(root, start))
      if (info.type !== "Directory" || !start.split("/").every(isFolder)) return yield* new NotInLibrary({ path: folder })
      const pending = [start]
      const files: Array<TextFile> = []
      let skipped = 0
      for (let next = pending.pop(); next !== undefined && files.length <= maxFiles; next = pending.pop()) {
        const below = next === "" ? "" : `${next}/`
        const entries = yield* fs.readDirectoryEntries(join(root, next)).pipe(Effect.orElseSucceed(() => []))
        pending.push(...entries.filter((e) => e.type === "Directory" && isFolder(e.name)).map((e) => below + e.name))
        const names = entries.filter((e) => e.type === "File" && isTextFile(e.name)).map((e) => below + e.name)
        const infos = yield* Effect.forEach(names, (path) => Effect.option(fs.stat(join(root, path))), { concurrency: 16 })
        infos.forEach((info, index) => {
          if (Option.isNone(info) || info.value.size > maxBytes) return void skipped++
          const modified = Option.match(info.value.mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
          files.push({ path: names[index]!, bytes: Number(info.value.size), modified })
        })
      }
      return { folder: start, files: files.toSorted(byPath).slice(0, maxFiles), skipped, truncated: files.length > maxFiles }
    },
    (effect, folder = ".") => Effect.catchTag(effect, "PlatformError", () => Effect.fail(new NotInLibrary({ path: folder })))
  )

  const read = Effect.fn("Files.read")(
    function* (path: string) {
      const listed = yield* inside(path)
      if (!isListed(listed)) return yield* new NotInLibrary({ path })
      const { size } = yield* fs.stat(join(root, listed))
      if (size > maxBytes) return yield* new FileTooLarge({ path, bytes: Number(size), limit: maxBytes })
      return yield* fs.readFileString(join(root, listed))
    },
    (effect, path) => Effect.catchTag(effect, "PlatformError", () => Effect.fail(new NotInLibrary({ path })))
  )

  return Files.of({ root, list, read })
})
