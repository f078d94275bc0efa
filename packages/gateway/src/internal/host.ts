/**
 * The border to Node: what is asked of the process and of the file system.
 */
import { open, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { FileError } from "@effect-mcp/core/FileError"
import * as Effect from "effect/Effect"

/** What there is to know of this process. */
export interface Host {
  readonly platform: NodeJS.Platform
  readonly env: { readonly [name: string]: string | undefined }
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  /** The Node that runs this program. */
  readonly execPath: string
}

/** This process, as it is now. */
export const host: Effect.Effect<Host> = Effect.sync(() => ({
  platform: process.platform,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  execPath: process.execPath
}))

/** How Python is called: Windows has no `python3`. */
export const pythonOf = (platform: NodeJS.Platform): string => (platform === "win32" ? "python" : "python3")

/** What is at a path, links followed; `undefined` where there is nothing, or nothing that may be seen. */
export const kindOf = (path: string): Effect.Effect<"file" | "directory" | "other" | undefined> =>
  Effect.promise(() =>
    stat(path).then(
      (found) => (found.isFile() ? "file" : found.isDirectory() ? "directory" : "other"),
      () => undefined
    )
  )

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "no reason given")

/** What is wrong with a file that a program needs, if it is no regular file. */
export const requireFile = Effect.fnUntraced(function* (path: string, named: string): Effect.fn.Return<void, FileError> {
  switch (yield* kindOf(path)) {
    case "file":
      return
    case undefined:
      return yield* new FileError({
        path: named,
        reason: "missing",
        detail: `there is no such file; it was looked for at ${path}`
      })
    case "directory":
      return yield* new FileError({ path: named, reason: "notAFile", detail: "it is a directory" })
    case "other":
      return yield* new FileError({ path: named, reason: "notAFile", detail: "it is a device, a pipe or the like" })
  }
})

/** The bytes of a file from its beginning, one more than `maxBytes` at most. */
const readBytes = async (path: string, maxBytes: number): Promise<Uint8Array> => {
  const file = await open(path, "r")
  try {
    const bytes = new Uint8Array(maxBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length)
    }
  } finally {
    await file.close()
  }
}

/** Reads a text in UTF-8, with or without a byte order mark. What is no regular file is not opened: a pipe would wait. */
export const readText = Effect.fnUntraced(function* (
  path: string,
  named: string,
  maxBytes: number
): Effect.fn.Return<string, FileError> {
  yield* requireFile(path, named)
  const bytes = yield* Effect.tryPromise({
    try: () => readBytes(path, maxBytes),
    catch: (cause) =>
      new FileError({ path: named, reason: "unreadable", detail: `the system refuses to read it (${codeOf(cause)})`, cause })
  })
  if (bytes.length > maxBytes) {
    return yield* new FileError({
      path: named,
      reason: "tooLarge",
      detail: `it is larger than ${maxBytes} bytes, which is too much`
    })
  }
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => new FileError({ path: named, reason: "unreadable", detail: "it is not UTF-8; save it as UTF-8" })
  })
})
