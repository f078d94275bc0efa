import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { completersOf } from "../src/Completion.ts"
import * as DirectoryResource from "../src/DirectoryResource.ts"
import { FileError } from "../src/FileError.ts"
import { McpError } from "../src/McpError.ts"
import { type Content, directory, files } from "./support/files.ts"

const uri = "docs://asked/for"

const png = new Uint8Array([137, 80, 78, 71, 0])

const tree: { readonly [path: string]: Content } = {
  "docs/a.md": "# A",
  "docs/b.json": '{"b":1}',
  "docs/logo.png": png,
  "docs/latin.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
  "docs/Makefile": "all:",
  "docs/raw": new Uint8Array([1, 0, 2]),
  "docs/empty.txt": "",
  "docs/bom.txt": "\ufeffafter the mark",
  "docs/name with ü.md": "umlaut",
  "docs/sub/c.md": "# C",
  "docs/sub/deep/d.md": "# D",
  "docs/sub/deep/e.ts": "export {}",
  "docs/.env": "SECRET=1",
  "docs/.git/config": "secret",
  "docs/back\\slash.md": "secret?",
  "docs/inside.md": { link: "sub/c.md" },
  "docs/again": { link: "sub" },
  "docs/out.md": { link: "../secret.md" },
  "docs/outside": { link: ".." },
  "docs/round": { link: "round" },
  "docs/broken.md": { link: "nothing" },
  "docs2/next.md": "beside the root",
  "secret.md": "secret"
}

const made = Effect.map(directory(tree), (root) => `${root}/docs`)

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  assert.isTrue(Exit.isFailure(exit), "should have failed")
  return Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
}

const isMissing = (exit: Exit.Exit<unknown, unknown>, message?: string) => {
  const error = failureOf(exit)
  assert.isTrue(error instanceof McpError && error.reason._tag === "ResourceNotFound" && error.reason.uri === uri, message)
}

describe("DirectoryResource.read", () => {
  it.effect("reads texts as texts and everything else as blobs", () =>
    Effect.gen(function* () {
      const read = DirectoryResource.read({ root: yield* made })
      const cases: ReadonlyArray<readonly [path: string, content: object]> = [
        ["a.md", { mimeType: "text/markdown", text: "# A" }],
        ["b.json", { mimeType: "application/json", text: '{"b":1}' }],
        ["logo.png", { mimeType: "image/png", blob: "iVBORwA=" }],
        ["latin.txt", { mimeType: "text/plain", blob: "Y2Fm6Q==" }],
        ["Makefile", { mimeType: "text/plain", text: "all:" }],
        ["raw", { mimeType: "application/octet-stream", blob: "AQAC" }],
        ["empty.txt", { mimeType: "text/plain", text: "" }],
        ["bom.txt", { mimeType: "text/plain", text: "after the mark" }],
        ["name with ü.md", { mimeType: "text/markdown", text: "umlaut" }],
        ["sub/deep/e.ts", { mimeType: "text/typescript", text: "export {}" }],
        ["inside.md", { mimeType: "text/markdown", text: "# C" }],
        ["again/deep/d.md", { mimeType: "text/markdown", text: "# D" }]
      ]
      for (const [path, content] of cases) {
        assert.deepStrictEqual<unknown>(yield* read({ path }, uri), [{ uri, ...content }], path)
      }
    }).pipe(Effect.provide(files))
  )

  it.effect("reads nothing outside of the root, nothing hidden, and nothing but files", () =>
    Effect.gen(function* () {
      const root = yield* made
      const read = DirectoryResource.read({ root })
      const paths = [
        "",
        ".",
        "..",
        "/",
        "nothing",
        "a.md/",
        "a.md/b",
        "sub",
        "sub/",
        "sub//c.md",
        "./a.md",
        "sub/../a.md",
        "../secret.md",
        "../docs/a.md",
        "../docs2/next.md",
        "sub/../../secret.md",
        "..\\secret.md",
        "back\\slash.md",
        "/etc/passwd",
        `${root}/a.md`,
        "C:/Windows",
        "a.md\0",
        "a.md\0.png",
        "\0",
        "out.md",
        "outside/secret.md",
        "outside/docs/a.md/../../secret.md",
        "again/../../secret.md",
        "round",
        "round/a",
        "broken.md",
        ".env",
        ".git/config",
        "again/.env",
        "a".repeat(300),
        `${"a/".repeat(3000)}a`,
        "é".repeat(200),
        "%2e%2e/secret.md",
        "~/a.md"
      ]
      for (const path of paths) isMissing(yield* Effect.exit(read({ path }, uri)), path)
    }).pipe(Effect.provide(files))
  )

  it.effect("follows a link inside of a root that is itself a link", () =>
    Effect.gen(function* () {
      const root = yield* directory({ ...tree, here: { link: "docs" } })
      const read = DirectoryResource.read({ root: `${root}/here` })
      assert.deepInclude((yield* read({ path: "inside.md" }, uri))[0], { text: "# C" })
      isMissing(yield* Effect.exit(read({ path: "out.md" }, uri)))
    }).pipe(Effect.provide(files))
  )

  it.effect("reads hidden files where that is wanted, and still nothing outside", () =>
    Effect.gen(function* () {
      const read = DirectoryResource.read({ root: yield* made, hidden: true })
      assert.deepInclude((yield* read({ path: ".env" }, uri))[0], { text: "SECRET=1" })
      assert.deepInclude((yield* read({ path: ".git/config" }, uri))[0], { text: "secret" })
      const paths = ["..", "../secret.md", "sub/..", ".", "./a.md", "sub/../a.md", "sub/./c.md", "sub/../../docs/a.md"]
      for (const path of paths) isMissing(yield* Effect.exit(read({ path }, uri)), path)
    }).pipe(Effect.provide(files))
  )

  it.effect("where names are those of Windows, neither streams nor devices are read, nor what is hidden by another name", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "a:b.md": "stream", "a*.md": "pattern", ".env": "hidden", plain: { link: ".env" } })
      const path = yield* Path.Path
      const windows = Path.Path.of({ ...path, sep: "\\" })
      const read = (name: string, options: { readonly hidden?: boolean } = {}) =>
        DirectoryResource.read({ root, ...options })({ path: name }, uri)
      for (const name of ["a:b.md", "a*.md", "plain"]) {
        assert.strictEqual((yield* read(name)).length, 1, name)
        isMissing(yield* Effect.exit(Effect.provideService(read(name), Path.Path, windows)), name)
      }
      assert.strictEqual((yield* Effect.provideService(read("plain", { hidden: true }), Path.Path, windows)).length, 1)
    }).pipe(Effect.provide(files))
  )

  it.effect("knows the types that it is told, before those of extensions", () =>
    Effect.gen(function* () {
      const mimeType = (path: string) => (path === "a.md" ? "text/x-a" : path === "b.json" ? "application/x-b" : undefined)
      const read = DirectoryResource.read({ root: yield* made, mimeType })
      const typeOf = (path: string) => Effect.map(read({ path }, uri), ([content]) => content)
      assert.deepStrictEqual(yield* typeOf("a.md"), { uri, mimeType: "text/x-a", text: "# A" })
      assert.deepStrictEqual(yield* typeOf("b.json"), { uri, mimeType: "application/x-b", blob: "eyJiIjoxfQ==" })
      assert.deepStrictEqual(yield* typeOf("sub/c.md"), { uri, mimeType: "text/markdown", text: "# C" })
    }).pipe(Effect.provide(files))
  )

  it.effect("reads no more than it may, also of a file that says it is smaller", () =>
    Effect.gen(function* () {
      const root = yield* directory({ ten: "0123456789" })
      const fs = yield* FileSystem.FileSystem
      const readTen = (maxBytes: number) => Effect.exit(DirectoryResource.read({ root, maxBytes })({ path: "ten" }, uri))
      assert.isTrue(Exit.isSuccess(yield* readTen(10)))
      const refused = failureOf(yield* readTen(9))
      assert.isTrue(refused instanceof McpError)
      assert.strictEqual(
        (refused as McpError).message,
        "The resource is larger than the 9 bytes that are read here; ask for a smaller one"
      )
      const lying = FileSystem.FileSystem.of({
        ...fs,
        stat: (path) =>
          Effect.map(fs.stat(path), (info) => (info.type === "File" ? { ...info, size: 0n as typeof info.size } : info))
      })
      const lied = failureOf(yield* Effect.provideService(readTen(9), FileSystem.FileSystem, lying))
      assert.strictEqual(String((lied as McpError).message), (refused as McpError).message)
      assert.isTrue(Exit.isSuccess(yield* Effect.provideService(readTen(10), FileSystem.FileSystem, lying)))
      for (const maxBytes of [0, -1, NaN]) assert.throws(() => DirectoryResource.read({ root, maxBytes }), /maxBytes/)
    }).pipe(Effect.provide(files))
  )

  it.effect("a link that is turned outside while it is read leads nowhere", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "docs/a.md": "public", "docs/real.md": "public", "secret.md": "secret" })
      const fs = yield* FileSystem.FileSystem
      const target = yield* fs.realPath(`${root}/docs/a.md`)
      // As soon as the name was looked at, the file becomes a link; and perhaps a file again once it was opened.
      const attacked = (restores: boolean) => {
        const replace = (by: Effect.Effect<void, unknown>) => Effect.orDie(Effect.andThen(fs.remove(target), by))
        const toLink = replace(fs.symlink(`${root}/secret.md`, target))
        const toFile = replace(fs.writeFileString(target, "public"))
        let links = 0
        return FileSystem.FileSystem.of({
          ...fs,
          stat: (path) => (path === target && links++ % 2 === 0 ? Effect.tap(fs.stat(path), () => toLink) : fs.stat(path)),
          open: (path, options) => (restores ? Effect.tap(fs.open(path, options), () => toFile) : fs.open(path, options))
        })
      }
      const read = DirectoryResource.read({ root: `${root}/docs` })({ path: "a.md" }, uri)
      isMissing(yield* Effect.exit(Effect.provideService(read, FileSystem.FileSystem, attacked(false))))
      yield* fs.remove(target)
      yield* fs.writeFileString(target, "public")
      const died = failureOf(yield* Effect.exit(Effect.provideService(read, FileSystem.FileSystem, attacked(true))))
      assert.isTrue(died instanceof FileError && died.reason === "unreadable", String(died))
    }).pipe(Effect.provide(files))
  )

  it.effect("a link that is turned outside each time when it matters leads nowhere either", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "docs/a.md": "public", "secret.md": "secret" })
      const fs = yield* FileSystem.FileSystem
      const target = yield* fs.realPath(`${root}/docs/a.md`)
      const replace = (by: Effect.Effect<void, unknown>) => Effect.orDie(Effect.andThen(fs.remove(target), by))
      const toLink = replace(fs.symlink(`${root}/secret.md`, target))
      const toFile = replace(fs.writeFileString(target, "public"))
      let opened = 0
      let isOpen = false
      // A link while it is opened and while it is compared with what was opened, a file while its name is looked at.
      const attacked = FileSystem.FileSystem.of({
        ...fs,
        stat: (path) => (path === target && !isOpen ? Effect.tap(fs.stat(path), () => toLink) : fs.stat(path)),
        open: (path, options) =>
          Effect.tap(fs.open(path, options), () => {
            opened++
            isOpen = true
            return toFile
          }),
        realPath: (path) => {
          if (path !== target || !isOpen) return fs.realPath(path)
          return Effect.tap(fs.realPath(path), () => toLink)
        }
      })
      const read = DirectoryResource.read({ root: `${root}/docs` })({ path: "a.md" }, uri)
      const exit = yield* Effect.exit(Effect.provideService(read, FileSystem.FileSystem, attacked))
      assert.isTrue(Exit.isFailure(exit), JSON.stringify(exit))
      assert.isAtLeast(opened, 1)
    }).pipe(Effect.provide(files))
  )

  it.effect("a file that is replaced all the time is tried three times", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "docs/a.md": "old" })
      const fs = yield* FileSystem.FileSystem
      const target = yield* fs.realPath(`${root}/docs/a.md`)
      const opensOf = Effect.fnUntraced(function* (replaced: number) {
        let opened = 0
        const busy = FileSystem.FileSystem.of({
          ...fs,
          open: (path, options) =>
            Effect.tap(fs.open(path, options), () => {
              if (++opened > replaced) return Effect.void
              return Effect.andThen(fs.writeFileString(`${target}.new`, "new"), fs.rename(`${target}.new`, target))
            })
        })
        const read = DirectoryResource.read({ root: `${root}/docs` })({ path: "a.md" }, uri)
        const exit = yield* Effect.exit(Effect.provideService(read, FileSystem.FileSystem, busy))
        return [opened, Exit.isSuccess(exit)] as const
      })
      assert.deepStrictEqual(yield* opensOf(0), [1, true])
      assert.deepStrictEqual(yield* opensOf(2), [3, true])
      assert.deepStrictEqual(yield* opensOf(Infinity), [3, false])
    }).pipe(Effect.provide(files))
  )

  it.effect("a root that does not exist is a defect that names it", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(DirectoryResource.read({ root: "not/there" })({ path: "a" }, uri))
      assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.every(Cause.isDieReason))
      assert.match(String(failureOf(exit)), /"not\/there" was not read: there is no such file/)
    }).pipe(Effect.provide(files))
  )
})

describe("DirectoryResource.list", () => {
  const pathsOf = (listing: DirectoryResource.Listing) =>
    listing.entries.map(({ path, type }) => (type === "file" ? path : `${path}/`))

  it.effect("lists names in their order, with what is known of them", () =>
    Effect.gen(function* () {
      const root = yield* made
      const listing = yield* DirectoryResource.list({ root })(undefined, uri)
      assert.deepStrictEqual(listing, {
        entries: [
          { path: "Makefile", type: "file", size: 4 },
          { path: "a.md", type: "file", size: 3, mimeType: "text/markdown" },
          { path: "again", type: "directory" },
          { path: "b.json", type: "file", size: 7, mimeType: "application/json" },
          { path: "bom.txt", type: "file", size: 17, mimeType: "text/plain" },
          { path: "empty.txt", type: "file", size: 0, mimeType: "text/plain" },
          { path: "inside.md", type: "file", size: 3, mimeType: "text/markdown" },
          { path: "latin.txt", type: "file", size: 4, mimeType: "text/plain" },
          { path: "logo.png", type: "file", size: 5, mimeType: "image/png" },
          { path: "name with ü.md", type: "file", size: 6, mimeType: "text/markdown" },
          { path: "raw", type: "file", size: 3 },
          { path: "sub", type: "directory" }
        ],
        truncated: false
      })
      assert.isTrue(Schema.is(DirectoryResource.Listing)(listing))
    }).pipe(Effect.provide(files))
  )

  it.effect("lists what is below, what matches, and what a variable names", () =>
    Effect.gen(function* () {
      const root = yield* made
      const list = (options: Omit<DirectoryResource.ListOptions, "root">, path?: string) =>
        Effect.map(DirectoryResource.list({ root, ...options })(path === undefined ? undefined : { path }, uri), pathsOf)
      const below = ["sub/", "sub/c.md", "sub/deep/", "sub/deep/d.md", "sub/deep/e.ts"]
      assert.deepStrictEqual((yield* list({ recursive: true })).slice(-5), below)
      assert.deepStrictEqual(yield* list({ recursive: true }, "sub"), below.slice(1))
      assert.deepStrictEqual(yield* list({}, "sub/"), ["sub/c.md", "sub/deep/"])
      assert.deepStrictEqual(yield* list({}, "again"), ["again/c.md", "again/deep/"])
      assert.deepStrictEqual(yield* list({ glob: "*.md" }), ["a.md", "inside.md", "name with ü.md"])
      assert.deepStrictEqual(yield* list({ glob: "**/*.md" }), [
        "a.md",
        "inside.md",
        "name with ü.md",
        "sub/c.md",
        "sub/deep/d.md"
      ])
      assert.deepStrictEqual(yield* list({ glob: "*.md", recursive: true }, "sub"), ["sub/c.md"])
      assert.deepStrictEqual(yield* list({ glob: "**/*.md", recursive: false }, "sub"), ["sub/c.md"])
      assert.includeMembers([...(yield* list({ hidden: true, recursive: true }))], [".env", ".git/", ".git/config"])
    }).pipe(Effect.provide(files))
  )

  it.effect("lists nothing outside of the root", () =>
    Effect.gen(function* () {
      const root = yield* made
      const list = DirectoryResource.list({ root })
      const paths = [
        "..",
        "../docs2",
        "outside",
        "nothing",
        "a.md",
        "sub/..",
        ".git",
        "/",
        "//",
        "/etc",
        "sub\0",
        "round",
        "sub//"
      ]
      for (const path of paths) {
        isMissing(yield* Effect.exit(list({ path }, uri)), path)
      }
    }).pipe(Effect.provide(files))
  )

  it.effect("goes 64 levels down", () =>
    Effect.gen(function* () {
      const root = yield* directory({ [`docs/${"d/".repeat(70)}a.md`]: "deep" })
      const { entries, truncated } = yield* DirectoryResource.list({ root: `${root}/docs`, recursive: true })(undefined, uri)
      assert.deepStrictEqual([entries.length, truncated], [64, false])
    }).pipe(Effect.provide(files))
  )

  it.effect("looks at 100,000 entries, also where none is wanted", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "docs/a.md": "a" })
      const fs = yield* FileSystem.FileSystem
      const truncatedAt = Effect.fnUntraced(function* (count: number) {
        const entries = Array.from({ length: count }, (_, i) => ({ name: `${i}`, type: "File" as const }))
        const crowded = FileSystem.FileSystem.of({ ...fs, readDirectoryEntries: () => Effect.succeed(entries) })
        const list = DirectoryResource.list({ root: `${root}/docs`, glob: "*.none" })(undefined, uri)
        return (yield* Effect.provideService(list, FileSystem.FileSystem, crowded)).truncated
      })
      assert.isFalse(yield* truncatedAt(100_000))
      assert.isTrue(yield* truncatedAt(100_001))
    }).pipe(Effect.provide(files))
  )

  it.effect("a directory that becomes a link outside while it is listed is none", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "docs/sub/a.md": "public", "outside/secret.md": "secret" })
      const fs = yield* FileSystem.FileSystem
      const target = yield* fs.realPath(`${root}/docs/sub`)
      const turn = Effect.orDie(Effect.andThen(fs.rename(target, `${root}/away`), fs.symlink(`${root}/outside`, target)))
      const attacked = FileSystem.FileSystem.of({
        ...fs,
        readDirectoryEntries: (path) => Effect.andThen(path === target ? turn : Effect.void, fs.readDirectoryEntries(path))
      })
      const list = DirectoryResource.list({ root: `${root}/docs` })({ path: "sub" }, uri)
      isMissing(yield* Effect.exit(Effect.provideService(list, FileSystem.FileSystem, attacked)))
    }).pipe(Effect.provide(files))
  )

  it.effect("has a bound, and says when there is more", () =>
    Effect.gen(function* () {
      const root = yield* directory(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`${i % 3}/${i}`, "x"])))
      const list = (maxEntries: number) => DirectoryResource.list({ root, glob: "*/*", maxEntries })(undefined, uri)
      const all = yield* list(12)
      const names = ["0/0", "0/3", "0/6", "0/9", "1/1", "1/10", "1/4", "1/7", "2/11", "2/2", "2/5", "2/8"]
      assert.deepStrictEqual([pathsOf(all), all.truncated], [names, false])
      const some = yield* list(5)
      assert.deepStrictEqual([pathsOf(some), some.truncated], [names.slice(0, 5), true])
      for (const maxEntries of [0, NaN]) assert.throws(() => DirectoryResource.list({ root, maxEntries }), /maxEntries/)
    }).pipe(Effect.provide(files))
  )

  it.effect("leaves out what cannot be looked at, and does not depend on the order of the system", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "a/1": "x", "b/1": "x", "b/2": "x", c: "x" })
      const fs = yield* FileSystem.FileSystem
      const bad = (path: string) => path.endsWith("/a") || path.endsWith("/2")
      const denied = fs.realPath("/not/there")
      const odd = FileSystem.FileSystem.of({
        ...fs,
        lstat: (path) => (path.endsWith("/2") ? Effect.andThen(denied, fs.lstat(path)) : fs.lstat(path)),
        readDirectoryEntries: (path) =>
          bad(path)
            ? Effect.andThen(denied, fs.readDirectoryEntries(path))
            : Effect.map(fs.readDirectoryEntries(path), (entries) => entries.toReversed())
      })
      const listing = yield* DirectoryResource.list({ root, recursive: true })(undefined, uri).pipe(
        Effect.provideService(FileSystem.FileSystem, odd)
      )
      assert.deepStrictEqual([pathsOf(listing), listing.truncated], [["a/", "b/", "b/1", "c"], false])
    }).pipe(Effect.provide(files))
  )
})

describe("DirectoryResource.complete", () => {
  it.effect("suggests the files that begin with what was typed", () =>
    Effect.gen(function* () {
      const complete = DirectoryResource.complete({ root: yield* made })
      const cases: ReadonlyArray<readonly [value: string, suggestions: ReadonlyArray<string>]> = [
        ["a", ["a.md"]],
        ["sub", ["sub/c.md", "sub/deep/d.md", "sub/deep/e.ts"]],
        ["sub/", ["sub/c.md", "sub/deep/d.md", "sub/deep/e.ts"]],
        ["sub/d", ["sub/deep/d.md", "sub/deep/e.ts"]],
        ["sub/deep/e.ts", ["sub/deep/e.ts"]],
        ["A", []],
        ["x", []],
        [".", []],
        ["../", []],
        ["outside/", []],
        ["/", []],
        ["a\0", []],
        [".git/", []]
      ]
      for (const [value, suggestions] of cases) assert.deepStrictEqual(yield* complete(value), suggestions, value)
      assert.strictEqual((yield* complete("")).length, 13)
    }).pipe(Effect.provide(files))
  )

  it.effect("stops counting", () =>
    Effect.gen(function* () {
      const root = yield* directory(Object.fromEntries(Array.from({ length: 1005 }, (_, i) => [`f${i}`, ""])))
      assert.strictEqual((yield* DirectoryResource.complete({ root })("f")).length, 1000)
      assert.deepStrictEqual((yield* DirectoryResource.complete({ root })("f100")).slice(0, 3), ["f100", "f1000", "f1001"])
    }).pipe(Effect.provide(files))
  )

  it.effect("comes with reading", () =>
    Effect.gen(function* () {
      const browse = DirectoryResource.browse({ root: yield* made })
      assert.deepInclude((yield* browse({ path: "a.md" }, uri))[0], { text: "# A" })
      const suggested = completersOf(browse)?.["path"]?.("b.", {}) as Effect.Effect<unknown, never, Layer.Success<typeof files>>
      assert.deepStrictEqual(yield* suggested, ["b.json"])
    }).pipe(Effect.provide(files))
  )
})
