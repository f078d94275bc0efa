/**
 * Servers that do not answer, answer what nobody has asked, send what is no message, or far too much of it.
 */
import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { call, connect, onLinux, refusal, versions } from "./support/faulty.ts"
import { grown, heap } from "./support/heap.ts"

onLinux("a server that never answers", () => {
  const mute = { on: { initialize: "silent", "server/discover": "silent" } } as const
  const settings = { scripts: [mute], client: { negotiationTimeout: "300 millis" } } as const

  it.live("is given up after the time for negotiation, and what was tried is told", () =>
    Effect.gen(function* () {
      const silence = "was cancelled: no answer and no progress for 300 ms"
      const tried = {
        modern: `server/discover with 2026-07-28: server/discover ${silence}`,
        legacy: `initialize with 2025-11-25: initialize ${silence}`
      }
      const cases = [
        [undefined, [tried.modern, tried.legacy]],
        ["2025-11-25", [tried.legacy]],
        ["2026-07-28", [tried.modern]]
      ] as const
      for (const [version, expected] of cases) {
        const [took, { error, starts }] = yield* Effect.timed(refusal(version, settings))
        const { reason } = error
        assert.deepStrictEqual(reason._tag === "NegotiationFailed" ? reason.tried : reason._tag, expected)
        const { message } = error
        assert.include(
          message,
          `could not agree on a protocol revision; tried ${expected.join("; then ")}; the server runs, and has written`
        )
        assert.strictEqual(starts, 1)
        assert.isBelow(Duration.toMillis(took), 10_000)
      }
    })
  )

  it.live.each(versions)("a call ends with its timeout, and its late answer is ignored: %s", (version) =>
    Effect.gen(function* () {
      const { arrived, client } = yield* connect(version)
      const error = yield* Effect.flip(call(client, "hang", {}, { timeout: "100 millis" }))
      assert.deepInclude(error.reason, { _tag: "TimedOut", method: "tools/call", after: 100 })
      assert.strictEqual(error.message, "tools/call was cancelled: no answer and no progress for 100 ms")
      const { id } = yield* arrived
      assert.deepStrictEqual(yield* arrived, { cancelled: id })
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
    })
  )
})

onLinux.each(versions)("answers that nobody waits for, in %s", (version) => {
  it.live("a second answer is ignored", () =>
    Effect.gen(function* () {
      const { client } = yield* connect(version)
      assert.strictEqual(yield* call(client, "twice"), "first")
      assert.strictEqual(yield* call(client, "echo", { text: "next" }), "next")
    })
  )

  it.live("answers with other ids, or before anybody asks, are ignored, and what is under way goes on", () =>
    Effect.gen(function* () {
      const { arrived, client, starts } = yield* connect(version)
      const waiting = yield* Effect.forkChild(call(client, "hang"), { startImmediately: true })
      yield* arrived
      for (let i = 0; i < 3; i++) {
        assert.strictEqual(yield* call(client, "astray"), "right")
        // Its id was answered before.
        assert.strictEqual(yield* call(client, "echo", { text: `echo ${i}` }), `echo ${i}`)
      }
      assert.isUndefined(waiting.pollUnsafe())
      assert.strictEqual(starts(), 1)
      yield* Fiber.interrupt(waiting)
      assert.property(yield* arrived, "cancelled")
      assert.strictEqual(yield* call(client, "echo", { text: "after it" }), "after it")
    })
  )
})

const deep = 100_000
const rubbish: ReadonlyArray<readonly [what: string, bytes: string | Uint8Array, stray?: string]> = [
  ["text", "Server started\n", "[stdout] Server started"],
  ["colours", "\u001b[32mok\u001b[0m\n", "[stdout] \u001b[32mok\u001b[0m"],
  ["nothing", "\n\n \t \n\r\n"],
  ["binary", Uint8Array.from({ length: 4096 }, (_, i) => (i * 31) % 256)],
  ["zeros", new Uint8Array(100_000)],
  ["half a message", '{"jsonrpc":"2.0","id":\n1,"result":{}}\n', '[stdout] {"jsonrpc":"2.0","id":'],
  ["invalid UTF-8", Uint8Array.of(0x61, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0x0a), `[stdout] a${"\ufffd".repeat(6)}`],
  ["a lone surrogate in a message", '{"jsonrpc":"2.0","method":"notifications/x","params":{"a":"\\ud800"}}\n'],
  ["JSON of a logger", '{"level":30,"msg":"listening"}\n', '[stdout] {"level":30,"msg":"listening"}'],
  ["JSON that is no object", '42\nnull\n"text"\n[]\n[[]]\n', "[stdout] 42"],
  ["another version", '{"jsonrpc":"1.0","method":"notifications/x"}\n', '[stdout] {"jsonrpc":"1.0","method":"notifications/x"}'],
  ["what is not complete", '{"jsonrpc":"2.0"}\n{"jsonrpc":"2.0","method":1}\n{"jsonrpc":"2.0","method":"x","params":[1]}\n'],
  ["deep lists", `${"[".repeat(deep)}${"]".repeat(deep)}\n`],
  ["deep objects", `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}\n`],
  [
    "deep params",
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":${"[".repeat(deep)}${"]".repeat(deep)}}}\n`
  ],
  ["a deep list that does not end", `${"[".repeat(deep)}\n`],
  ["huge numbers", `{"jsonrpc":"2.0","id":1e999,"result":{}}\n{"jsonrpc":"2.0","id":${"9".repeat(400)},"result":{}}\n`],
  ["a number of a megabyte", `${"9".repeat(1024 * 1024)}\n`],
  ["names that objects have", '{"jsonrpc":"2.0","method":"__proto__","params":{"__proto__":{"x":1},"constructor":1}}\n'],
  ["a byte order mark alone", "\ufeff\n", "[stdout] \ufeff"]
]

onLinux.each(versions)("rubbish between messages, in %s", (version) => {
  it.live("is skipped and shown, and everything else works", () =>
    Effect.gen(function* () {
      const { client, starts, stderr } = yield* connect(version)
      for (const [what, bytes, stray] of rubbish) {
        const base64 = Buffer.concat([Buffer.from(bytes as string), Buffer.from("\n")]).toString("base64") // both types do
        const said = call(client, "say", { base64 })
        assert.strictEqual(yield* said, "said", what)
        assert.strictEqual(yield* call(client, "echo", { text: what }), what)
        if (stray !== undefined) assert.include(stderr, stray, what)
      }
      assert.strictEqual(starts(), 1)
      assert.notProperty({}, "x")
    })
  )

  it.live("messages with a byte order mark, carriage returns or spaces around them are messages", () =>
    Effect.gen(function* () {
      const answers = { initialize: "marked", "server/discover": "marked" } as const
      const { client, stderr } = yield* connect(version, { scripts: [{ on: answers, tools: { echo: "spaced" } }] })
      assert.strictEqual(yield* call(client, "echo", { text: "x" }), "spaced")
      assert.deepStrictEqual(stderr, [])
    })
  )
})

onLinux.each(versions)("a flood, in %s", (version) => {
  const count = 100_000
  const size = 200 // 20 MB on the wire, and more in memory

  it.live(
    "of what nobody takes costs bounded memory, and calls still work",
    () =>
      Effect.gen(function* () {
        const { client, starts } = yield* connect(version, { client: { onNotification: () => Effect.never, logLevel: "debug" } })
        const reader = client.notifications(["notifications/message"]).pipe(Stream.runForEach(() => Effect.never))
        yield* Effect.forkChild(reader, { startImmediately: true })
        assert.strictEqual(yield* call(client, "echo", { text: "before" }), "before")
        const before = heap()
        for (const method of ["notifications/message", "notifications/tools/list_changed", "notifications/made/up"]) {
          assert.strictEqual(yield* call(client, "flood", { count, method, size }), "flooded")
          assert.isAtMost(yield* Effect.promise(() => grown(before, 10)), 10, method)
          assert.strictEqual(yield* call(client, "echo", { text: method }), method)
        }
        assert.strictEqual(starts(), 1)
      }),
    60_000
  )

  it.live("of questions whose answers are not read costs bounded memory", () =>
    Effect.gen(function* () {
      const { client } = yield* connect(version)
      const before = heap()
      assert.strictEqual(yield* call(client, "interrogate", { count }), "asked")
      // A megabyte for the pipe, and 1,024 that wait for it.
      assert.isAtMost(yield* Effect.promise(() => grown(before, 5)), 5)
    })
  )

  it.live(
    "of progress for a call costs bounded memory, and the call ends with its answer",
    () =>
      Effect.gen(function* () {
        const { client } = yield* connect(version)
        const before = heap()
        let reports = 0
        const onProgress = () => (++reports === 1 ? Effect.never : Effect.void)
        const options = { onProgress, timeout: "2 seconds" } as const
        assert.strictEqual(yield* call(client, "flood", { count, method: "notifications/progress", size }, options), "flooded")
        assert.strictEqual(reports, 1)
        assert.isAtMost(yield* Effect.promise(() => grown(before, 10)), 10)
      }),
    60_000
  )
})
