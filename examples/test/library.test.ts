import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, DateTime, Deferred, Effect, Fiber, Layer, Logger, Schedule } from "effect"
import { BadQuery, FileTooLarge, Library, NoteNotFound, NotInLibrary } from "../library/contract.ts"
import * as LibraryServer from "../library/library.ts"

const write = (root: string, files: { readonly [path: string]: string }): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/** A directory with these files, for as long as the scope. */
const directory = (files: { readonly [path: string]: string }) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const root = mkdtempSync(join(tmpdir(), "library-test-"))
      write(root, files)
      return root
    }),
    (root) => Effect.sync(() => rmSync(root, { recursive: true }))
  )

/** A client of a library over a directory, in memory. */
const connect = Effect.fnUntraced(function* (root: string, maxFiles = 100) {
  const transport = yield* Layer.build(
    MemoryTransport.layer().pipe(
      Layer.provide(LibraryServer.layer({ root, maxBytes: 1000, maxFiles })),
      Layer.provide(Logger.layer([])),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
    )
  )
  const client = yield* Effect.provideContext(McpClient.make({ name: "test", version: "0" }), transport)
  return { client, tools: McpClient.typed(Library, client).tools }
})

const pages = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`pages/${100 + n}.md`, `Page ${n}`]))

describe("index_files", () => {
  it.effect("takes the text files of the project, and nothing else", () =>
    Effect.gen(function* () {
      const root = yield* directory({
        "README.md": "alpha",
        "src/a.ts": "alpha",
        "package.json": "{}",
        "long.md": "x".repeat(1001),
        "image.png": "alpha",
        "package-lock.json": "alpha",
        "bench/results-1.json": "alpha",
        ".git/a.md": "alpha",
        "node_modules/a/a.ts": "alpha",
        "dist/a.ts": "alpha",
        ".secret.json": "alpha"
      })
      const { tools } = yield* connect(root)
      const result = yield* tools.index_files()
      assert.deepStrictEqual(result, { files: 4, indexed: 3, unchanged: 0, skipped: 1, removed: 0, truncated: false })
      const { hits } = yield* tools.search({ query: "alpha" })
      assert.deepStrictEqual(hits.map(({ path }) => path).toSorted(), ["README.md", "src/a.ts"])
    })
  )

  it.effect("tells its progress, which grows and ends with all of it", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory(pages(20)))
      const steps: Array<McpClient.Progress> = []
      yield* tools.index_files({}, { onProgress: (progress) => Effect.sync(() => void steps.push(progress)) })
      assert.deepStrictEqual(
        steps.map(({ message, progress, total }) => [progress, total, message]),
        [
          [8, 20, "pages/107.md"],
          [16, 20, "pages/115.md"],
          [20, 20, "pages/119.md"]
        ]
      )
    })
  )

  it.effect("reads only what has changed, and forgets what is gone", () =>
    Effect.gen(function* () {
      const root = yield* directory(pages(5))
      const { tools } = yield* connect(root)
      yield* tools.index_files()
      write(root, { "pages/100.md": "another text" })
      unlinkSync(join(root, "pages/101.md"))
      const { indexed, removed, unchanged } = yield* tools.index_files()
      assert.deepStrictEqual([indexed, unchanged, removed], [1, 3, 1])
      assert.strictEqual((yield* tools.search({ query: "another" })).matches, 1)
      assert.strictEqual((yield* tools.search({ query: "text:page" })).matches, 3)
      assert.strictEqual((yield* tools.index_files({ rebuild: true })).indexed, 4)
    })
  )

  it.effect("takes one folder, and leaves the others as they are", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory({ "a/1.md": "one", "a/b/2.md": "two", "c/3.md": "three" }))
      yield* tools.index_files()
      const { files, removed } = yield* tools.index_files({ folder: "./a/" })
      assert.deepStrictEqual([files, removed], [2, 0])
      assert.strictEqual((yield* tools.status()).indexedFiles, 3)
    })
  )

  it.effect("stops at the limit, and then does not take for gone what it did not see", () =>
    Effect.gen(function* () {
      const root = yield* directory(pages(4))
      const { tools } = yield* connect(root, 4)
      assert.isFalse((yield* tools.index_files()).truncated)
      write(root, { "first.md": "" })
      const { files, removed, truncated } = yield* tools.index_files()
      assert.deepStrictEqual([files, removed, truncated], [4, 0, true])
    })
  )

  it.effect("does not leave the root", () =>
    Effect.gen(function* () {
      const outside = yield* directory({ "secret.md": "secret" })
      const root = yield* directory({ "a.md": "public", "node_modules/x/a.md": "no" })
      symlinkSync(outside, join(root, "link"))
      symlinkSync(join(outside, "secret.md"), join(root, "link.md"))
      const { tools } = yield* connect(root)
      assert.strictEqual((yield* tools.index_files()).files, 1)
      for (const folder of ["..", outside, "link", "nowhere", "a.md", "node_modules/x"]) {
        const error = yield* Effect.flip(tools.index_files({ folder }))
        assert.deepStrictEqual(error, new NotInLibrary({ path: folder }))
      }
    })
  )

  it.live("is cancelled between two batches; the next run goes on from there", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory(pages(64)))
      assert.strictEqual((yield* tools.status()).lastRun, "none")
      const started = yield* Deferred.make<void>()
      const call = yield* Effect.forkChild(tools.index_files({}, { onProgress: () => Deferred.succeed(started, undefined) }))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(call)
      const { indexedFiles, lastRun } = yield* tools
        .status()
        .pipe(Effect.repeat({ until: ({ lastRun }) => lastRun !== "running", schedule: Schedule.spaced("1 millis") }))
      assert.strictEqual(lastRun, "cancelled")
      assert.isTrue(indexedFiles > 0 && indexedFiles < 64 && indexedFiles % 8 === 0)
      assert.strictEqual((yield* tools.index_files()).unchanged, indexedFiles)
      assert.strictEqual((yield* tools.status()).lastRun, "completed")
    })
  )

  it.effect("runs once at a time", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory(pages(30)))
      const runs = yield* Effect.all([tools.index_files(), tools.index_files()], { concurrency: 2 })
      assert.deepStrictEqual(
        runs.map(({ indexed }) => indexed),
        [30, 0]
      )
    })
  )
})

describe("search", () => {
  const texts = {
    "a.md": "# Title\n\nNothing here.\nThe first zebra, and\nmore zebras.\n",
    "zebra.md": "Of something else.",
    "b.md": `${"filler ".repeat(100)}zebra`
  }

  it.effect("ranks the hits, and says where they are", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory(texts))
      yield* tools.index_files()
      const { hits, matches, searched } = yield* tools.search({ query: "zebra", limit: 2 })
      assert.deepStrictEqual([matches, searched], [3, 3])
      assert.deepStrictEqual(
        hits.map(({ line, path }) => `${path}:${line}`),
        ["zebra.md:1", "a.md:4"]
      )
      assert.include(hits[1]?.snippet, "The first «zebra», and more «zebras».")
      assert.isTrue(hits[0]!.score > hits[1]!.score)
    })
  )

  it.effect("shows hits as text, and what to do while nothing is indexed", () =>
    Effect.gen(function* () {
      const { client, tools } = yield* connect(yield* directory(texts))
      const empty = yield* client.callTool("search", { query: "zebra" })
      assert.strictEqual(Content.textOf(empty), "Nothing is indexed yet: call index_files first.")
      yield* tools.index_files()
      const found = yield* client.callTool("search", { query: "first zebra" })
      assert.match(Content.textOf(found), /^1 of 3 files match\.\n1\. a\.md:4\n {3}.*«first» «zebra»/)
    })
  )

  it.effect("refuses a query that cannot be read, with one that can", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory({ "a.md": "JSON-RPC and node:fs" }))
      yield* tools.index_files()
      const proposals = {
        "json-rpc": '"json-rpc"',
        "node:fs": '"node:fs"',
        '"json': '"json"',
        "json AND": '"json"',
        "(json node:fs": '"json" "node:fs"',
        "*": undefined,
        "(": undefined
      }
      for (const [query, tryInstead] of Object.entries(proposals)) {
        const error = yield* Effect.flip(tools.search({ query }))
        assert.instanceOf(error, BadQuery)
        assert.strictEqual(error.tryInstead, tryInstead)
        if (tryInstead !== undefined) assert.strictEqual((yield* tools.search({ query: tryInstead })).matches, 1)
        assert.instanceOf(yield* Effect.flip(tools.find_notes({ query })), BadQuery)
      }
    })
  )

  it.effect("tells an untyped client what is wrong with its arguments", () =>
    Effect.gen(function* () {
      const { client } = yield* connect(yield* directory({}))
      const result = yield* client.callTool("search", { query: "", limit: 99, page: 2 })
      assert.strictEqual(result.isError, true)
      const text = Content.textOf(result)
      assert.match(text, /^query: /m)
      assert.match(text, /^limit: .*99/m)
      assert.match(text, /^page: /m)
    })
  )
})

describe("read_file", () => {
  it.effect("shows lines with their numbers", () =>
    Effect.gen(function* () {
      const text = Array.from({ length: 12 }, (_, n) => `line ${n + 1}`).join("\n")
      const { tools } = yield* connect(yield* directory({ "a.md": text }))
      const path = "a.md"
      assert.strictEqual(
        yield* tools.read_file({ path, line: 9, count: 2 }),
        "a.md, lines 9 to 10 of 12\n 9  line 9\n10  line 10"
      )
      assert.match(yield* tools.read_file({ path, line: 11 }), /^a\.md, lines 11 to 12 of 12\n/)
      assert.strictEqual(yield* tools.read_file({ path, line: 13 }), "a.md ends at line 12")
    })
  )

  it.effect("reads what the library lists, and nothing else", () =>
    Effect.gen(function* () {
      const outside = yield* directory({ "secret.md": "secret" })
      const root = yield* directory({ "a.md": "a", ".env": "KEY=1", "node_modules/a.md": "a", "long.md": "x".repeat(1001) })
      symlinkSync(join(outside, "secret.md"), join(root, "link.md"))
      const { tools } = yield* connect(root)
      for (const path of [`${outside}/secret.md`, "link.md", ".env", "node_modules/a.md", "nowhere.md", "../a.md", "."]) {
        assert.deepStrictEqual(yield* Effect.flip(tools.read_file({ path })), new NotInLibrary({ path }))
      }
      assert.deepStrictEqual(
        yield* Effect.flip(tools.read_file({ path: "long.md" })),
        new FileTooLarge({ path: "long.md", bytes: 1001, limit: 1000 })
      )
    })
  )
})

describe("notes", () => {
  it.effect("are found by words and tags, and removed once", () =>
    Effect.gen(function* () {
      const { tools } = yield* connect(yield* directory({}))
      const one = yield* tools.add_note({ title: "Fibers", text: "A call is a fiber.", tags: ["calls", "effect"] })
      const two = yield* tools.add_note({ title: "Layers", text: "A server is a layer, not a fiber.", tags: ["effect"] })
      assert.strictEqual(DateTime.formatIso(one.created), "1970-01-01T00:00:00.000Z")
      const ids = (by?: { readonly query?: string; readonly tag?: string }) =>
        Effect.map(tools.find_notes(by), (notes) => notes.map(({ id }) => id))
      assert.deepStrictEqual(yield* ids(), [two.id, one.id])
      assert.deepStrictEqual(yield* ids({ query: "fibers" }), [one.id, two.id])
      assert.deepStrictEqual(yield* ids({ query: "fibers", tag: "calls" }), [one.id])
      assert.deepStrictEqual(yield* ids({ tag: "effect" }), [two.id, one.id])
      assert.deepStrictEqual(yield* ids({ tag: "nothing" }), [])
      assert.deepStrictEqual((yield* tools.find_notes({ tag: "calls" }))[0], one)
      yield* tools.remove_note({ id: one.id })
      assert.deepStrictEqual(yield* Effect.flip(tools.remove_note({ id: one.id })), new NoteNotFound({ id: one.id }))
      assert.deepStrictEqual(yield* ids({ query: "fibers" }), [two.id])
    })
  )
})
