import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as ContentFiles from "../src/ContentFiles.ts"
import { FileError } from "../src/FileError.ts"
import * as FileResource from "../src/FileResource.ts"
import * as FixedResource from "../src/FixedResource.ts"
import { resourceNotFound } from "../src/McpError.ts"
import { directory, files } from "./support/files.ts"

const uri = "docs://readme"

const made = directory({
  "readme.md": "# Read me",
  "latin.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
  "plot.png": new Uint8Array([137, 80, 78, 71]),
  "chime.WAV": new Uint8Array([82, 73, 70, 70]),
  "logo.svg": "<svg/>",
  plain: "plain",
  "sub/a": "a"
})

/** A file system in which all files are of another kind. */
const pretending = (type: FileSystem.File.Type) =>
  Effect.map(FileSystem.FileSystem, (fs) =>
    FileSystem.FileSystem.of({
      ...fs,
      stat: (path) => Effect.map(fs.stat(path), (info) => ({ ...info, type })),
      open: () => Effect.die(new Error("it would wait for ever"))
    })
  )

describe("FileResource.file", () => {
  it.effect("reads a file each time it is asked for", () =>
    Effect.gen(function* () {
      const root = yield* made
      const fs = yield* FileSystem.FileSystem
      const readme = FileResource.file(`${root}/readme.md`)
      assert.deepStrictEqual(yield* readme(undefined, uri), [{ uri, mimeType: "text/markdown", text: "# Read me" }])
      yield* fs.writeFileString(`${root}/readme.md`, "# Changed")
      assert.deepStrictEqual(yield* readme(undefined, uri), [{ uri, mimeType: "text/markdown", text: "# Changed" }])
    }).pipe(Effect.provide(files))
  )

  it.effect("sends what is no UTF-8, or of a type that is no text, as a blob", () =>
    Effect.gen(function* () {
      const root = yield* made
      const read = (name: string, mimeType?: string) =>
        Effect.map(
          FileResource.file(`${root}/${name}`, mimeType === undefined ? {} : { mimeType })(undefined, uri),
          ([item]) => item
        )
      assert.deepStrictEqual(yield* read("latin.txt"), { uri, mimeType: "text/plain", blob: "Y2Fm6Q==" })
      const blob = { uri, mimeType: "text/plain; charset=iso-8859-1", blob: "cGxhaW4=" }
      assert.deepStrictEqual(yield* read("plain", blob.mimeType), blob)
      const text = { uri, mimeType: 'text/plain; charset="UTF-8"', text: "plain" }
      assert.deepStrictEqual(yield* read("plain", text.mimeType), text)
      const pdf = { uri, mimeType: "application/pdf", blob: "cGxhaW4=" }
      assert.deepStrictEqual(yield* read("plain", "application/pdf"), pdf)
      assert.deepStrictEqual(yield* read("logo.svg"), { uri, mimeType: "image/svg+xml", text: "<svg/>" })
    }).pipe(Effect.provide(files))
  )

  it.effect("does not exist when there is no file: also for a directory, and for what is no file at all", () =>
    Effect.gen(function* () {
      const root = yield* made
      for (const name of ["nothing", "sub", ""]) {
        const error = yield* Effect.flip(FileResource.file(`${root}/${name}`)(undefined, uri))
        assert.deepStrictEqual(error, resourceNotFound(uri))
      }
      const plain = FileResource.file(`${root}/plain`)(undefined, uri)
      for (const type of ["FIFO", "CharacterDevice", "Socket", "Unknown"] as const) {
        const error = yield* Effect.flip(Effect.provideServiceEffect(plain, FileSystem.FileSystem, pretending(type)))
        assert.deepStrictEqual(error, resourceNotFound(uri))
      }
    }).pipe(Effect.provide(files))
  )

  it.effect("says that a file is too large, and nothing of where it is", () =>
    Effect.gen(function* () {
      const root = yield* made
      const error = yield* Effect.flip(FileResource.file(`${root}/readme.md`, { maxBytes: 8 })(undefined, uri))
      assert.strictEqual(error.reason._tag, "Custom")
      assert.match(error.message, /larger than the 8 bytes/)
      assert.notInclude(error.message, root)
      assert.throws(() => FileResource.file("a", { maxBytes: 0 }), /maxBytes must be at least 1/)
    }).pipe(Effect.provide(files))
  )

  it.effect("what the system refuses is a defect that tells the program what it was", () =>
    Effect.gen(function* () {
      const root = yield* made
      // A name with NUL is refused by the system itself.
      const exit = yield* Effect.exit(FileResource.file(`${root}/a\0b`)(undefined, uri))
      assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.every(Cause.isDieReason))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.isTrue(defect instanceof FileError && defect.reason === "unreadable", String(defect))
    }).pipe(Effect.provide(files))
  )
})

describe("FixedResource.of", () => {
  it.effect("reads always the same", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array([1])
      assert.strictEqual(yield* FixedResource.of("text")(), "text")
      assert.strictEqual(yield* FixedResource.of(bytes)(), bytes)
    })
  )
})

describe("ContentFiles", () => {
  it.effect("makes blocks of files, with their options", () =>
    Effect.gen(function* () {
      const root = yield* made
      const options = { annotations: { audience: ["user"] as const }, _meta: { a: 1 } }
      assert.deepStrictEqual(yield* ContentFiles.imageFile(`${root}/plot.png`, options), {
        type: "image",
        data: "iVBORw==",
        mimeType: "image/png",
        ...options
      })
      assert.deepStrictEqual(yield* ContentFiles.audioFile(`${root}/chime.WAV`), {
        type: "audio",
        data: "UklGRg==",
        mimeType: "audio/wav"
      })
      assert.deepStrictEqual(yield* ContentFiles.imageFile(`${root}/plain`, { mimeType: "image/x-plain" }), {
        type: "image",
        data: "cGxhaW4=",
        mimeType: "image/x-plain"
      })
      assert.deepStrictEqual(yield* ContentFiles.resourceFile(`${root}/readme.md`, { uri, ...options }), {
        type: "resource",
        resource: { uri, mimeType: "text/markdown", text: "# Read me" },
        ...options
      })
      assert.deepStrictEqual(yield* ContentFiles.resourceFile(`${root}/plot.png`, { uri }), {
        type: "resource",
        resource: { uri, mimeType: "image/png", blob: "iVBORw==" }
      })
    }).pipe(Effect.provide(files))
  )

  it.effect("fails with what is wrong with a file, and what to do", () =>
    Effect.gen(function* () {
      const root = yield* made
      const cases = [
        [ContentFiles.imageFile("no/such.png"), "missing", /"no\/such.png" was not read: there is no such file/],
        [ContentFiles.imageFile(`${root}/sub`, { mimeType: "image/png" }), "notAFile", /a directory/],
        [ContentFiles.imageFile(`${root}/plot.png`, { maxBytes: 3 }), "tooLarge", /larger than 3 bytes; raise `maxBytes`/],
        [ContentFiles.imageFile(`${root}/readme.md`), "wrongType", /text\/markdown, and image\/... is needed/],
        [
          ContentFiles.audioFile(`${root}/plain`),
          "wrongType",
          /not known, and audio\/... is needed; say which one with `mimeType`/
        ],
        [ContentFiles.resourceFile("nothing", { uri }), "missing", /no such file/]
      ] as const
      for (const [effect, reason, message] of cases) {
        const error = yield* Effect.flip(effect as Effect.Effect<unknown, FileError, FileSystem.FileSystem>) // one of several
        assert.strictEqual(error.reason, reason)
        assert.match(error.message, message)
      }
    }).pipe(Effect.provide(files))
  )
})
