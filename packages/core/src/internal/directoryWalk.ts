/**
 * What is in a directory, in an order that depends on nothing but the names.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import { isServed, locate, type Root } from "./directory.ts"

/** A file or a directory. */
export interface Found {
  /** Relative to the root. */
  readonly path: string
  readonly type: "file" | "directory"
  /** In bytes, of files. */
  readonly size: number | undefined
  /** Whether it is a link to that. */
  readonly link: boolean
  /** When it was modified, in milliseconds since 1970, where the file system says. */
  readonly modified: number | undefined
  /** Tells two states of a file apart, as far as the file system does. */
  readonly state: string
}

/** What is looked for. */
export interface Options {
  /** Whether what is below a directory is looked at. */
  readonly enters: (path: string) => boolean
  readonly accepts: (path: string, type: Found["type"]) => boolean
  readonly maxEntries: number
}

/** What was found, and whether there may be more. */
export interface Walk {
  readonly found: ReadonlyArray<Found>
  readonly truncated: boolean
  /** Where it was when it was `truncated`: what is missing is in the directories above that, or follows them. */
  readonly at: string | undefined
}

/** How many entries one walk looks at, and how deep it goes, whatever it looks for. */
export const limits = { looks: 100_000, depth: 64 } as const

interface Pending {
  readonly path: string
  readonly depth: number
  readonly type: FileSystem.File.Type
}

// By UTF-16 code units: the same order on every machine and in every language.
const byName = (a: FileSystem.DirectoryEntry, b: FileSystem.DirectoryEntry): number =>
  a.name < b.name ? 1 : a.name > b.name ? -1 : 0

/** What is directly in a directory, the last name first. `undefined` when it is no directory of the root. */
const childrenOf = Effect.fnUntraced(function* (root: Root, path: string, depth: number) {
  const real = yield* locate(root, path)
  if (real === undefined || (yield* root.fs.stat(real)).type !== "Directory") return undefined
  const entries = yield* root.fs.readDirectoryEntries(real)
  // It may have been replaced by a link meanwhile.
  if ((yield* locate(root, path)) !== real) return undefined
  const prefix = path === "" ? "" : `${path}/`
  return entries
    .filter(({ name }) => isServed(root, name))
    .toSorted(byName)
    .map(({ name, type }): Pending => ({ path: prefix + name, depth, type }))
})

const ofInfo = (path: string, info: FileSystem.File.Info, link: boolean): Found | undefined => {
  const { dev, ino, mtime, size, type } = info
  if (type !== "File" && type !== "Directory") return undefined
  const modified = Option.getOrUndefined(mtime)?.getTime()
  const state = `${dev}/${Option.getOrElse(ino, () => 0n)}/${size}/${modified}`
  return type === "File"
    ? { path, type: "file", size: Number(size), link, modified, state }
    : { path, type: "directory", size: undefined, link, modified, state }
}

/** What an entry is. A link is what it leads to, if that is inside; what is neither file nor directory is nothing. */
const lookAt = Effect.fnUntraced(function* (root: Root, { path, type }: Pending) {
  if (type === "File" || type === "Directory") {
    return ofInfo(path, yield* root.fs.lstat(root.path.join(root.real, path)), false)
  }
  const real = yield* locate(root, path)
  return real === undefined ? undefined : ofInfo(path, yield* root.fs.lstat(real), true)
})

const orNothing = <A>(effect: Effect.Effect<A | undefined, PlatformError>): Effect.Effect<A | undefined> =>
  Effect.catch(effect, () => Effect.succeed(undefined))

/**
 * Walks through a directory, depth first, each directory by its names. `undefined` when there is no such directory. What cannot be looked
 * at is left out. Links to directories are found and not entered, so the walk ends.
 */
export const walk = Effect.fnUntraced(function* (
  root: Root,
  from: string,
  { accepts, enters, maxEntries }: Options
): Effect.fn.Return<Walk | undefined, PlatformError> {
  const pending = yield* childrenOf(root, from, 1)
  if (pending === undefined) return undefined
  const found: Array<Found> = []
  for (let looks = 1; ; looks++) {
    const next = pending.pop()
    if (next === undefined) return { found, truncated: false, at: undefined }
    if (looks > limits.looks) return { found, truncated: true, at: next.path }
    const isDirectory = next.type === "Directory"
    // Most of what is not looked for can be told by its name.
    const isWanted = isDirectory
      ? accepts(next.path, "directory") || enters(next.path)
      : accepts(next.path, "file") || next.type !== "File"
    if (!isWanted) continue
    const entry = yield* orNothing(lookAt(root, next))
    if (entry === undefined) continue
    if (accepts(entry.path, entry.type)) {
      if (found.length >= maxEntries) return { found, truncated: true, at: next.path }
      found.push(entry)
    }
    if (isDirectory && entry.type === "directory" && next.depth < limits.depth && enters(next.path)) {
      for (const child of (yield* orNothing(childrenOf(root, next.path, next.depth + 1))) ?? []) pending.push(child)
    }
  }
})
