/**
 * A tour of the library: starts the server, drives it with a typed client, and shows what happens.
 *
 *     npm start
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
import { ServerStderr } from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { DateTime, Deferred, Duration, Effect, Fiber, Layer, Schedule } from "effect"
import * as Client from "./client.ts"
import { Library } from "./contract.ts"
import { describe } from "./hosts.ts"
import { block, bold, dim, excerpt, fact, fit, progressBar, say, step, time, title } from "./terminal.ts"

/** The last line that the server wrote to stderr. */
const lastLog = Effect.gen(function* () {
  const stderr = yield* ServerStderr
  return dim(fit((yield* stderr.last).trimEnd().split("\n").at(-1) ?? "", 62))
})

const connect = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const tools = yield* client.listTools
  yield* fact("revision", `${client.revision.version}, the newest that both sides speak`)
  yield* fact("tools", `${tools.length}, with the Schemas of their arguments and results`)
  for (const { annotations, name, title = "" } of tools) {
    const effect = annotations?.readOnlyHint === true ? "reads" : annotations?.destructiveHint === true ? "destroys" : "writes"
    yield* fact("", `${name.padEnd(13)}${dim(`${effect.padEnd(10)}${title}`)}`)
  }
})

const index = Effect.gen(function* () {
  yield* step(2, "Index", "a long call tells how far it is")
  const library = yield* McpClient.of(Library)
  const bar = progressBar()
  const [took, result] = yield* Effect.timed(library.tools.index_files({}, { onProgress: bar.update }))
  yield* bar.end
  yield* fact("indexed", `${result.indexed} files in ${time(took)}`)
  yield* fact("server log", yield* lastLog)
  const [again, second] = yield* Effect.timed(library.tools.index_files())
  yield* fact("once more", `${second.unchanged} files unchanged, in ${time(again)}`)
})

const search = Effect.gen(function* () {
  const query = "path:src progress token"
  yield* step(3, "Search", `${query}, ranked by SQLite's full-text index`)
  const library = yield* McpClient.of(Library)
  const [took, { hits, matches, searched }] = yield* Effect.timed(library.tools.search({ query, limit: 4 }))
  for (const { line, path, score, snippet } of hits) {
    yield* say(`${dim(score.toFixed(1).padStart(4))}  ${bold(fit(`${path}:${line}`, 68))}`)
    yield* say(`      ${excerpt(snippet, 68)}`)
  }
  yield* say()
  yield* fact("matches", `${matches} of ${searched} files, in ${time(took)}`)
})

const notes = Effect.gen(function* () {
  yield* step(4, "Notes", "results are values: the date of a Note is a DateTime")
  const library = yield* McpClient.of(Library)
  yield* library.tools.add_note({ title: "Where to start", text: "Read contract.ts, then handlers.ts.", tags: ["tour"] })
  yield* library.tools.add_note({ title: "Cancelling", text: "A call is a fiber: interrupt it.", tags: ["tour", "calls"] })
  for (const { created, id, tags, text, title } of yield* library.tools.find_notes({ query: "fiber OR contract" })) {
    const hashtags = tags.map((tag) => `#${tag}`).join(" ")
    yield* fact(`note ${id}`, `${bold(title)}  ${dim(`${hashtags}  ${DateTime.formatIsoDateUtc(created)}`)}`)
    yield* fact("", text)
  }
})

const failures = Effect.gen(function* () {
  yield* step(5, "Failures", "declared in the contract, caught here by their tags")
  const library = yield* McpClient.of(Library)
  const { matches } = yield* library.tools.search({ query: "json-rpc" }).pipe(
    Effect.catchTag(
      "BadQuery",
      Effect.fnUntraced(function* ({ problem, query, tryInstead = "json" }) {
        yield* fact("BadQuery", `${bold(query)}: ${problem}`)
        yield* fact("", `again, with what the failure proposes: ${bold(tryInstead)}`)
        return yield* library.tools.search({ query: tryInstead })
      })
    )
  )
  yield* fact("", `${matches} files match`)
  yield* library.tools
    .remove_note({ id: 404 })
    .pipe(Effect.catchTag("NoteNotFound", (error) => fact("NoteNotFound", error.message)))
})

const cancel = Effect.gen(function* () {
  yield* step(6, "Cancel", "interrupt the fiber of a call, and the server stops")
  const library = yield* McpClient.of(Library)
  const bar = progressBar()
  const enough = yield* Deferred.make<void>()
  const onProgress = (progress: McpClient.Progress) =>
    Effect.andThen(
      bar.update(progress),
      progress.progress > (progress.total ?? 0) / 3 ? Deferred.succeed(enough, undefined) : Effect.void
    )
  const call = yield* Effect.forkChild(library.tools.index_files({ rebuild: true }, { onProgress }))
  yield* Deferred.await(enough)
  yield* Fiber.interrupt(call)
  yield* bar.end
  const { indexedFiles, lastRun } = yield* library.tools
    .status()
    .pipe(Effect.repeat({ until: ({ lastRun }) => lastRun !== "running", schedule: Schedule.spaced("5 millis") }))
  yield* fact("server log", yield* lastLog)
  yield* fact("status", `last run ${bold(lastRun)}, all ${indexedFiles} files are still indexed`)
})

const mistakes = Effect.gen(function* () {
  yield* step(7, "Bad calls", "what a model reads when it sends something else")
  const client = yield* McpClient.McpClient
  yield* fact("sent", 'search { "query": 42, "limit": "many", "page": 2 }')
  const refused = yield* client.callTool("search", { query: 42, limit: "many", page: 2 })
  for (const line of Content.textOf(refused).split("\n")) yield* fact("", dim(line))
  yield* fact("sent", 'serach { "query": "typo" }')
  yield* client
    .callTool("serach", { query: "typo" })
    .pipe(Effect.catchReason("McpClientError", "RequestFailed", ({ code, detail }) => fact("", dim(`error ${code}: ${detail}`))))
})

const speed = Effect.gen(function* () {
  yield* step(8, "Speed", "two pipes, two processes, and SQLite between them")
  const { tools } = yield* McpClient.of(Library)
  const measure = Effect.fnUntraced(function* <E>(name: string, call: Effect.Effect<unknown, E>, count: number) {
    yield* Effect.replicateEffect(call, count / 4, { discard: true })
    const [alone] = yield* Effect.timed(Effect.replicateEffect(call, count / 4, { discard: true }))
    const [together] = yield* Effect.timed(Effect.replicateEffect(call, count, { concurrency: 100, discard: true }))
    const each = time(Duration.divideUnsafe(alone, count / 4))
    yield* fact(
      name,
      `${each} each; ${Math.round(count / Duration.toSeconds(together)).toLocaleString("en")} a second, 100 at once`
    )
  })
  yield* measure("status", tools.status(), 2000)
  yield* measure("search", tools.search({ query: "uri template", limit: 1 }), 400)
})

const plugIn = Effect.gen(function* () {
  yield* step(9, "Use it", "what to write where, so that a host starts it")
  yield* block(describe())
})

const tour = Effect.gen(function* () {
  yield* title("effect-mcp", "a tour of examples/library")
  yield* say("A server over the text files of this repository, in a process of its own,")
  yield* say("and a client that is typed by the same contract. They speak over stdio.")
  yield* step(1, "Connect", "the contract is an import, the server a process")
  const [took, context] = yield* Effect.timed(Layer.build(Client.layer()))
  yield* fact("server", `started and connected in ${time(took)}`)
  const steps = Effect.all([connect, index, search, notes, failures, cancel, mistakes, speed, plugIn], { discard: true })
  yield* Effect.provideContext(steps, context)
}).pipe(Effect.scoped)

const program = Effect.gen(function* () {
  const [took] = yield* Effect.timed(tour)
  yield* say()
  yield* say(dim(`That took ${time(took)}, and the server is gone. Next: examples/library/contract.ts`))
  yield* say()
})

program.pipe(NodeRuntime.runMain)
