/**
 * Reads files of which neither the size nor the kind is known, within a bound.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import { FileError } from "../FileError.ts"

/**
 * How many bytes are read by default: 8 MiB. However they are written, as base64 or as a text that is all escapes, they fit into the
 * 64 MiB of a message that clients read.
 */
export const defaultMaxBytes = 8 * 1024 * 1024

const chunkBytes = 256 * 1024

/** What a failure of the system means for a file that the program calls `named`. */
export const toFileError =
  (named: string) =>
  (error: PlatformError): FileError =>
    error.reason._tag === "NotFound"
      ? new FileError({
          path: named,
          reason: "missing",
          detail: "there is no such file; a relative path starts where the program was started",
          cause: error
        })
      : new FileError({ path: named, reason: "unreadable", detail: error.message, cause: error })

/** That a file is larger than what is read of it. */
export const tooLarge = (named: string, maxBytes: number): FileError =>
  new FileError({
    path: named,
    reason: "tooLarge",
    detail: `it is larger than ${maxBytes} bytes; raise \`maxBytes\`, or make it smaller`
  })

/** All bytes in one piece. */
export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return first
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** The bytes of an open file from its beginning, or `undefined` when there are more than `maxBytes`. Sizes that are told may be wrong. */
const readAll = Effect.fnUntraced(function* (file: FileSystem.File, maxBytes: number) {
  const chunks: Array<Uint8Array> = []
  for (let left = maxBytes + 1; left > 0;) {
    const chunk = yield* file.readAlloc(Math.min(chunkBytes, left))
    if (Option.isNone(chunk)) return concat(chunks)
    chunks.push(chunk.value)
    left -= chunk.value.length
  }
  return undefined
})

/**
 * Reads a file. What is no regular file is not opened: opening a pipe would wait for its writer. `accept` is given the open file and may
 * refuse it.
 */
export const readFile = Effect.fnUntraced(function* <E, R>(
  path: string,
  named: string,
  maxBytes: number,
  accept: (file: FileSystem.File) => Effect.Effect<void, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const failing = Effect.mapError(toFileError(named))
  const { size, type } = yield* failing(fs.stat(path))
  if (type !== "File") {
    const detail = `it is no file but a ${type === "Directory" ? "directory" : "special file"}`
    return yield* new FileError({ path: named, reason: "notAFile", detail })
  }
  if (Number(size) > maxBytes) return yield* tooLarge(named, maxBytes)
  const file = yield* failing(fs.open(path))
  yield* accept(file)
  return (yield* failing(readAll(file, maxBytes))) ?? (yield* tooLarge(named, maxBytes))
}, Effect.scoped)

/** Reads a file that the program names itself. */
export const readOwnFile = (path: string, maxBytes: number) => readFile(path, path, maxBytes, () => Effect.void)
