/**
 * Servers that stop reading or writing, that do not end, that end before they begin, and what is left of them.
 */
import { assert, it } from "@effect/vitest"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { call, connect, exitOf, onLinux, refusal, until, versions } from "./support/faulty.ts"
import { grown, heap } from "./support/heap.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "effect-mcp-")))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const mebibyte = 1024 * 1024

/** What a transport says of its end. */
const endOf = ({ reason }: McpClientError) =>
  reason._tag === "TransportFailed" ? reason.error.reason : assert.fail(`the reason is ${reason._tag}: ${reason.message}`)

onLinux.each(versions)("a message that is too long, in %s", (version) => {
  it.live("ends its process, is not kept, and the next process works", () =>
    Effect.gen(function* () {
      const { client, running, starts } = yield* connect(version)
      const [pid] = running()
      const before = heap()
      const error = yield* Effect.flip(call(client, "long", { mebibytes: 100 }))
      assert.deepInclude(endOf(error), { _tag: "MessageTooLong", limit: 64 * mebibyte })
      assert.strictEqual(
        error.message,
        `the server sent a message of more than ${64 * mebibyte} bytes; raise the limit of the transport if that is expected`
      )
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
      assert.isAtMost(yield* Effect.promise(() => grown(before, 10)), 10)
      assert.strictEqual(starts(), 2)
      assert.notInclude(running(), pid)
    })
  )
})

onLinux.each(versions)("a server that stops reading, in %s", (version) => {
  it.live("lets calls wait and time out, and what was not sent is not kept", () =>
    Effect.gen(function* () {
      const { client, close, running } = yield* connect(version)
      yield* call(client, "deaf")
      const before = heap()
      for (let round = 0; round < 4; round++) {
        const many = Effect.forEach(
          Array.from({ length: 300 }, (_, i) => i),
          (i) => Effect.flip(call(client, "echo", { text: String(i).repeat(20_000) }, { timeout: "200 millis" })),
          { concurrency: "unbounded" }
        )
        for (const { reason } of yield* many) assert.strictEqual(reason._tag, "TimedOut")
      }
      // The transport's own megabyte, and what the pipe holds.
      assert.isAtMost(yield* Effect.promise(() => grown(before, 8)), 8)
      assert.strictEqual((yield* until(client, "Connected"))._tag, "Connected")
      yield* close
      assert.deepStrictEqual(running(), [])
    })
  )
})

onLinux.each(versions)("a server that closes its pipes and lives on, in %s", (version) => {
  const closing = Effect.fnUntraced(function* (fds: ReadonlyArray<number>) {
    const { client, running, starts } = yield* connect(version)
    const [pid] = running()
    assert.strictEqual(yield* call(client, "shut", { fds }), "shut")
    // A closed stdin is noticed by who writes to it.
    const error = yield* Effect.flip(call(client, "silent"))
    assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
    assert.strictEqual(starts(), 2)
    assert.notInclude(running(), pid)
    return endOf(error)
  })

  it.live("stdin: a call says so, the process ends, and the next one works", () =>
    Effect.map(closing([0]), (reason) =>
      assert.deepInclude(reason, { _tag: "ConnectionClosed", detail: "the server closed its stdin" })
    )
  )

  it.live("stdout: a call says so, the process ends, and the next one works", () =>
    Effect.map(closing([1]), (reason) =>
      assert.deepInclude(reason, { _tag: "ConnectionClosed", detail: "the server closed its stdout" })
    )
  )

  it.live("both: a call says so, the process ends, and the next one works", () =>
    Effect.map(closing([0, 1]), (reason) => assert.strictEqual(reason._tag, "ConnectionClosed"))
  )
})

onLinux("closing", () => {
  it.live("a server that does not end by itself, nor on SIGTERM, takes the time of both, and it is gone", () =>
    Effect.gen(function* () {
      const { client, close, running } = yield* connect("2025-11-25")
      yield* call(client, "stubborn")
      const [took] = yield* Effect.timed(close)
      assert.deepStrictEqual(running(), [])
      assert.isAtLeast(Duration.toMillis(took), 900) // timers may be a little early
      assert.isBelow(Duration.toMillis(took), 5000)
      const error = yield* Effect.flip(call(client, "echo"))
      assert.strictEqual(error.message, "connection closed: the client was closed")
    })
  )

  it.live("a server with calls under way ends them first", () =>
    Effect.gen(function* () {
      const { arrived, client, close, running } = yield* connect("2025-11-25")
      const waiting = yield* Effect.forkChild(Effect.flip(call(client, "hang", {}, { retry: true })), { startImmediately: true })
      yield* arrived
      yield* close
      assert.strictEqual((yield* Fiber.join(waiting)).message, "connection closed: the client was closed")
      assert.deepStrictEqual(running(), [])
    })
  )

  it.live("a server that has started others, in its group and outside of it, ends all of them", () =>
    Effect.gen(function* () {
      const { client, close, running } = yield* connect("2025-11-25")
      const family: ReadonlyArray<number> = JSON.parse(yield* call(client, "family", { detached: [false, true] }))
      assert.includeMembers([...running()], [...family])
      yield* close
      assert.deepStrictEqual(running(), [])
    })
  )

  it.live("while the first process is being agreed with leaves nothing", () =>
    Effect.gen(function* () {
      const connecting = refusal("2025-11-25", { scripts: [{ on: { initialize: "silent" } }] })
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(connecting, "300 millis")))
    })
  )

  it.live("while a new process is being agreed with leaves nothing", () =>
    Effect.gen(function* () {
      const { client, close, running, starts } = yield* connect("2025-11-25", { scripts: [{}, { on: { initialize: "silent" } }] })
      yield* Effect.ignore(call(client, "die"))
      yield* Effect.sync(starts).pipe(Effect.repeat({ until: (count) => count === 2, schedule: Schedule.spaced("1 millis") }))
      yield* close
      assert.deepStrictEqual(running(), [])
    })
  )
})

onLinux.each(versions)("the end of a process, in %s", (version) => {
  it.live("is told with its exit code and the last 32 KiB of its stderr", () =>
    Effect.gen(function* () {
      const { client } = yield* connect(version)
      const error = yield* Effect.flip(call(client, "scream", { code: 3 }))
      const { exitCode, signal, stderr } = exitOf(error)
      assert.deepStrictEqual([exitCode, signal], [3, null])
      assert.strictEqual(stderr.length, 32 * 1024)
      assert.match(stderr, /^000992 x+\n000993 /)
      assert.match(stderr, /\n001023 x+\n$/)
      assert.isTrue(error.message.includes("ended with exit code 3; its last words on stderr:\n000992 x"))
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
    })
  )

  it.live("is told at once although others hold its pipes, and they end, too", () =>
    Effect.gen(function* () {
      const { client, running } = yield* connect(version)
      const [child]: ReadonlyArray<number> = JSON.parse(yield* call(client, "family", { detached: [false] }))
      assert.include(running(), child)
      assert.strictEqual(exitOf(yield* Effect.flip(call(client, "die", { code: 5 }))).exitCode, 5)
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
      assert.notInclude(running(), child)
    })
  )
})

onLinux("a server that does not come up", () => {
  const dying = (code: number, stderr: string) => ["die", { code, stderr }] as const
  const program = /^`\S*node \S*faultyServer\.mjs .*` /

  it.live("ends at once: the error has its command, its exit code and its last words", () =>
    Effect.gen(function* () {
      for (const version of [undefined, ...versions]) {
        for (const code of [0, 78]) {
          const { error, starts } = yield* refusal(version, { scripts: [{ start: [dying(code, "no config\n")] }] })
          assert.deepInclude(exitOf(error), { exitCode: code, signal: null, stderr: "no config\n" })
          assert.match(error.message, program)
          assert.isTrue(error.message.endsWith(`ended with exit code ${code}; its last words on stderr:\nno config`))
          // Without a version that is known to hold, it may have ended over the first question.
          assert.strictEqual(starts, version === undefined ? 2 : 1)
        }
      }
    })
  )

  it.live("ends without a word: the error says so", () =>
    Effect.gen(function* () {
      const { error } = yield* refusal("2025-11-25", { scripts: [{ start: ["die"] }] })
      assert.isTrue(error.message.endsWith("ended with exit code 0; it wrote nothing to stderr"))
    })
  )

  it.live("ends over each question in another way: the error has all that was tried", () =>
    Effect.gen(function* () {
      const on = { "server/discover": dying(3, "what?\n"), initialize: dying(4, "no\n") }
      const { error, starts } = yield* refusal(undefined, { scripts: [{ on }] })
      const { reason } = error
      const [modern, legacy, ...more] = reason._tag === "NegotiationFailed" ? reason.tried : [reason._tag]
      assert.deepStrictEqual(more, [])
      assert.match(modern!, /^server\/discover with 2026-07-28: `.*faultyServer.* ended with exit code 3; .*:\nwhat\?$/)
      assert.match(legacy!, /^initialize with 2025-11-25: `.*faultyServer.* ended with exit code 4; .*:\nno$/)
      assert.strictEqual(starts, 2)
    })
  )

  it.live("ends over the first question, which it does not know: it is started again and asked the other one", () =>
    Effect.gen(function* () {
      const script = { on: { "server/discover": dying(3, "Unknown method\n") } }
      const { client, running, starts } = yield* connect(undefined, { scripts: [script] })
      assert.strictEqual(client.revision.version, "2025-11-25")
      assert.strictEqual(starts(), 2)
      assert.strictEqual(running().length, 1)
      yield* Effect.ignore(call(client, "die"))
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
      assert.strictEqual(starts(), 3) // what held before is asked first
    })
  )

  it.live("cannot be started: the error says what to do", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const plain = join(directory, "plain")
      writeFileSync(plain, "", { mode: 0o644 })
      const cases: ReadonlyArray<readonly [stdio: { readonly command?: string; readonly cwd?: string }, advice: string]> = [
        [{ command: "no-such-mcp-server" }, "install it, give its full path, or set PATH in `env` (ENOENT)"],
        [{ command: join(directory, "absent") }, "there is no such file (ENOENT)"],
        [{ command: plain }, "make the file executable, or start it through its interpreter (EACCES)"],
        [{ cwd: join(directory, "absent") }, `its working directory ${directory}/absent does not exist`],
        [{ cwd: plain }, `its working directory ${plain} is not a directory`]
      ]
      for (const [stdio, advice] of cases) {
        for (const version of [undefined, ...versions]) {
          const { error, starts } = yield* refusal(version, { scripts: [{ stdio }] })
          const reason = endOf(error)
          assert.strictEqual(reason._tag, "SpawnFailed")
          const command = stdio.command ?? process.execPath
          assert.isTrue(error.message.startsWith(`could not start \`${command} `), error.message)
          assert.isTrue(error.message.endsWith(advice), error.message)
          assert.strictEqual(starts, 1)
        }
      }
    })
  )
})
