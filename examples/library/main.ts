/**
 * Checks what the tour shows, through the real server in a process of its own. Ends with exit code 0 when all of it is true.
 */
import assert from "node:assert/strict"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
import { ServerStderr } from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { DateTime, Deferred, Effect, Fiber, FileSystem, Schedule } from "effect"
import * as Client from "./client.ts"
import { BadQuery, Library, NoteNotFound } from "./contract.ts"

const assertGrows = (steps: ReadonlyArray<McpClient.Progress>) => {
  assert.ok(steps.length > 1, "progress is told more than once")
  steps.slice(1).forEach(({ progress }, index) => assert.ok(progress > steps[index]!.progress, "progress grows"))
  assert.equal(steps.at(-1)?.progress, steps.at(-1)?.total, "progress ends with all of it")
}

/** stdout had nothing but messages, and Node had nothing to say. */
const assertQuiet = Effect.gen(function* () {
  const said = yield* (yield* ServerStderr).last
  assert.doesNotMatch(said, /\[stdout\]|Warning|ERROR/)
  return said
})

/** The files of this repository, with the database in memory. */
const repository = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const library = yield* McpClient.of(Library)
  const names = (yield* client.listTools).map(({ name }) => name)
  assert.deepEqual(names, ["index_files", "search", "read_file", "add_note", "find_notes", "remove_note", "status"])
  assert.match(client.instructions ?? "", /index_files once/)

  const steps: Array<McpClient.Progress> = []
  const indexed = yield* library.tools.index_files({}, { onProgress: (progress) => Effect.sync(() => void steps.push(progress)) })
  assertGrows(steps)
  assert.ok(indexed.indexed > 100 && indexed.removed === 0 && !indexed.truncated)

  const { hits, matches, searched } = yield* library.tools.search({ query: "NoteNotFound AND TaggedError", limit: 3 })
  assert.equal(searched, indexed.indexed)
  assert.ok(matches > 0 && hits.length <= 3)
  const contract = hits.find(({ path }) => path === "examples/library/contract.ts")
  assert.match(contract?.snippet ?? "", /«(NoteNotFound|TaggedError)»/)
  const text = yield* library.tools.read_file({ path: "examples/library/contract.ts", line: contract!.line, count: 1 })
  assert.match(text, /NoteNotFound|TaggedError/)

  const bad = yield* Effect.flip(library.tools.search({ query: "json-rpc" }))
  assert.ok(bad instanceof BadQuery && bad.tryInstead === '"json-rpc"')
  assert.ok((yield* library.tools.search({ query: bad.tryInstead })).matches > 0)

  const refused = yield* client.callTool("search", { query: 42, limit: "many", page: 2 })
  assert.equal(refused.isError, true)
  assert.match(Content.textOf(refused), /^query: expected a string, received 42$/m)
  assert.match(Content.textOf(refused), /^limit: /m)
  assert.match(Content.textOf(refused), /^page: /m)
  const unknown = yield* Effect.flip(client.callTool("serach"))
  assert.ok(unknown.reason._tag === "RequestFailed" && unknown.reason.code === -32602)
  assert.match(yield* assertQuiet, /indexed \d+ of \d+ files/)
})

const many = 1000

/** Files of our own: a call is cancelled on the way, and the next one goes on where it stopped. */
const cancellation = Effect.gen(function* () {
  const library = yield* McpClient.of(Library)
  const started = yield* Deferred.make<void>()
  const call = yield* Effect.forkChild(library.tools.index_files({}, { onProgress: () => Deferred.succeed(started, undefined) }))
  yield* Deferred.await(started)
  yield* Fiber.interrupt(call)
  const stopped = yield* library.tools
    .status()
    .pipe(Effect.repeat({ until: ({ lastRun }) => lastRun !== "running", schedule: Schedule.spaced("5 millis") }))
  assert.equal(stopped.lastRun, "cancelled")
  assert.ok(stopped.indexedFiles > 0 && stopped.indexedFiles < many)
  const rest = yield* library.tools.index_files()
  assert.equal(rest.unchanged, stopped.indexedFiles)
  assert.equal(rest.indexed, many - stopped.indexedFiles)
  assert.match(yield* assertQuiet, /index_files was cancelled/)
})

const writeNotes = Effect.gen(function* () {
  const library = yield* McpClient.of(Library)
  const { created, id } = yield* library.tools.add_note({ title: "Kept", text: "in a file", tags: ["check"] })
  assert.ok(DateTime.isUtc(created))
  yield* library.tools.add_note({ title: "Gone", text: "in a moment" })
  assert.deepEqual(
    (yield* library.tools.find_notes({ query: "file", tag: "check" })).map((note) => note.id),
    [id]
  )
  assert.equal((yield* library.tools.find_notes()).length, 2)
  yield* library.tools.remove_note({ id: id + 1 })
  const missing = yield* Effect.flip(library.tools.remove_note({ id: id + 1 }))
  assert.ok(missing instanceof NoteNotFound && missing.id === id + 1)
})

/** Another process, the same database. */
const readNotes = Effect.gen(function* () {
  const library = yield* McpClient.of(Library)
  const notes = yield* library.tools.find_notes()
  assert.deepEqual(
    notes.map(({ tags, title }) => [title, tags]),
    [["Kept", ["check"]]]
  )
  assert.equal((yield* library.tools.status()).indexedFiles, many)
})

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "library-" })
  const root = `${directory}/files`
  yield* fs.makeDirectory(root)
  yield* Effect.forEach(Array(many).keys(), (n) => fs.writeFileString(`${root}/${n}.md`, `# Page ${n}\n`), {
    concurrency: 16,
    discard: true
  })
  const stored = { root, database: `${directory}/library.db` }
  yield* Effect.provide(repository, Client.layer())
  yield* Effect.provide(Effect.andThen(cancellation, writeNotes), Client.layer(stored))
  yield* Effect.provide(readNotes, Client.layer(stored))
}).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

program.pipe(NodeRuntime.runMain)
