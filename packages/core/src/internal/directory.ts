/**
 * A directory out of which no name leads: not by `..`, not by an absolute path, not through a symbolic link.
 *
 * Names are relative, with `/` between segments, as clients write them.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import { FileError } from "../FileError.ts"
import { readFile, toFileError } from "./files.ts"

/** See the module. */
export interface Root {
  readonly fs: FileSystem.FileSystem
  readonly path: Path.Path
  /** The directory itself, links followed. */
  readonly real: string
  /** Whether names that begin with a dot are served. */
  readonly hidden: boolean
}

/** Opens a root. One that cannot be opened is a fault of the program. */
export const openRoot = Effect.fnUntraced(function* (
  directory: string,
  hidden: boolean
): Effect.fn.Return<Root, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const real = yield* Effect.orDie(Effect.mapError(fs.realPath(directory), toFileError(directory)))
  return { fs, path, real, hidden }
})

const encoder = new TextEncoder()

// What file systems commonly hold: 255 bytes for a name, 4,096 for a path, of which half is left to the root.
const fits = (text: string, maxBytes: number): boolean => text.length <= maxBytes && encoder.encode(text).length <= maxBytes

/** Whether one segment of a name is served, whatever is behind it. */
export const isServed = ({ hidden, path }: Root, segment: string): boolean => {
  if (segment === "" || segment === "." || segment === "..") return false
  if (/[\0/\\]/.test(segment) || !fits(segment, 255)) return false
  // Windows reads streams, devices and patterns out of these.
  if (path.sep === "\\" && /[:<>|?*"]/.test(segment)) return false
  return hidden || !segment.startsWith(".")
}

/** Whether a name may lead somewhere. The empty one is the root itself. */
export const isName = (root: Root, name: string): boolean =>
  name === "" || (fits(name, 2048) && name.split("/").every((segment) => isServed(root, segment)))

const isInside = ({ hidden, path, real: root }: Root, real: string): boolean => {
  const relative = path.relative(root, real)
  if (Option.isNone(path.resolveWithin(root, relative))) return false
  // Windows knows hidden names by short ones, too.
  return hidden || path.sep !== "\\" || !relative.split(path.sep).some((segment) => segment.startsWith("."))
}

const isAbsence = ({ reason }: PlatformError): boolean =>
  reason._tag === "NotFound" || reason._tag === "BadResource" || reason._tag === "BadArgument"

/** Where a name leads to, links followed; `undefined` when there is nothing, or what is there is not inside. */
export const locate = (root: Root, name: string): Effect.Effect<string | undefined, PlatformError> => {
  if (!isName(root, name)) return Effect.succeed(undefined)
  return root.fs.realPath(root.path.join(root.real, ...name.split("/"))).pipe(
    Effect.map((real) => (isInside(root, real) ? real : undefined)),
    Effect.catchIf(isAbsence, () => Effect.succeed(undefined))
  )
}

const missing = (name: string): FileError =>
  new FileError({ path: name, reason: "missing", detail: "there is no such file in the directory that is served" })

class Replaced {
  readonly _tag = "Replaced"
}

const isSame = (a: FileSystem.File.Info, b: FileSystem.File.Info): boolean =>
  a.dev === b.dev && Option.getOrUndefined(a.ino) === Option.getOrUndefined(b.ino)

// Between the look at a link and the opening of what is behind it, both may be replaced. So the name must still lead to what was opened,
// and what stands there must be the file itself: by now, a link could lead to anything.
const isStillThere = Effect.fnUntraced(function* (root: Root, name: string, file: FileSystem.File) {
  const failing = Effect.mapError(toFileError(name))
  const real = yield* failing(locate(root, name))
  if (real === undefined) return yield* missing(name)
  if (!isSame(yield* failing(file.stat), yield* failing(root.fs.lstat(real)))) return yield* Effect.fail(new Replaced())
})

const readOnce = Effect.fnUntraced(function* (root: Root, name: string, maxBytes: number) {
  const real = yield* Effect.mapError(locate(root, name), toFileError(name))
  if (real === undefined) return yield* missing(name)
  return yield* readFile(real, name, maxBytes, (file) => isStillThere(root, name, file))
})

/** Reads the file with that name. A file that is replaced at that moment is tried again, twice. */
export const read = (root: Root, name: string, maxBytes: number): Effect.Effect<Uint8Array, FileError, FileSystem.FileSystem> =>
  readOnce(root, name, maxBytes).pipe(
    Effect.retry({ times: 2, while: (error) => error._tag === "Replaced" }),
    Effect.catchTag("Replaced", () =>
      Effect.fail(new FileError({ path: name, reason: "unreadable", detail: "it is replaced all the time; ask again" }))
    )
  )
