import { chmodSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { converse, eventually, isAlive, withFixture } from "./fixtures/client-harness.ts"

const note = (text: string) => Jsonrpc.notification("stderr", { text })

describe("messages", () => {
  it.live("go to the server and back, in order", () =>
    Effect.gen(function* () {
      const { call, connection, received } = yield* withFixture("server")
      assert.deepStrictEqual(yield* call("echo", { text: "a\nb é 🙂" }), { text: "a\nb é 🙂" })
      for (let i = 0; i < 500; i++) yield* connection.send(Jsonrpc.request(`r${i}`, "echo", { i }))
      yield* eventually(() => received.length === 501)
      assert.deepStrictEqual(
        received.slice(1).map((message) => message._tag === "Success" && message.result["i"]),
        [...Array(500).keys()]
      )
    })
  )

  it.live("are taken without waiting while there is room, each time that the effect is run", () =>
    Effect.gen(function* () {
      const { connection, received } = yield* withFixture("server")
      const send = connection.send(Jsonrpc.request("again", "echo"))
      assert.deepStrictEqual([Effect.runSyncExit(send), Effect.runSyncExit(send)], [Exit.void, Exit.void])
      yield* eventually(() => received.length === 2)
    })
  )

  it.live("that cannot be written are defects", () =>
    Effect.gen(function* () {
      const { call, connection } = yield* withFixture("server")
      const exit = yield* Effect.exit(connection.send(Jsonrpc.notification("x", { big: 1n })))
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(yield* call("echo"), {})
    })
  )

  it.live("larger than every buffer arrive whole", () =>
    Effect.gen(function* () {
      const { call } = yield* withFixture("server")
      const text = "é".repeat(3_000_000)
      assert.deepStrictEqual(yield* call("size", { text }), { size: text.length })
      assert.strictEqual((yield* call("echo", { text }))["text"], text)
    })
  )

  it.live("each connect is a process of its own", () =>
    Effect.gen(function* () {
      const one = yield* withFixture("server")
      const two = yield* withFixture("server")
      assert.notDeepEqual(yield* one.call("pid"), yield* two.call("pid"))
    })
  )
})

describe("what is no message", () => {
  it.live("lines that are no JSON are skipped, and shown", () =>
    Effect.gen(function* () {
      const { call, received, stderr } = yield* withFixture("server")
      yield* call("garbage", { lines: ["Server started", "", "   ", '{"half":', "\u001b[32mok\u001b[0m"] })
      assert.deepStrictEqual(yield* call("echo", { a: 1 }), { a: 1 })
      assert.deepStrictEqual(
        received.map((message) => message._tag),
        ["Success", "Success"]
      )
      assert.strictEqual(yield* stderr.last, '[stdout] Server started\n[stdout] {"half":\n[stdout] \u001b[32mok\u001b[0m\n')
    })
  )

  it.live("the first ones are logged at debug level", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel} ${String(message)}`))
      const run = Effect.flatMap(withFixture("server", { args: [Redacted.make("hunter2")] }), ({ call }) =>
        call("garbage", { lines: Array.from({ length: 30 }, (_, n) => `hunter2 ${n}`) })
      )
      yield* run.pipe(
        Effect.scoped,
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "Debug")
      )
      assert.strictEqual(logged.length, 10)
      assert.match(
        logged[0]!,
        /^Debug skipped a line on stdout of `.*client-server\.mjs <redacted>` that is no message: "<redacted> 0"$/
      )
      assert.include(logged[9], "further ones are not logged")
      logged.length = 0
      yield* run.pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(logged, [])
    })
  )

  it.live("JSON that is no message is shown as well, and handed over as what it is", () =>
    Effect.gen(function* () {
      const { call, received, stderr } = yield* withFixture("server")
      yield* call("garbage", {
        lines: [
          '{"level":30}',
          '{"jsonrpc":"2.0","id":7}',
          '{"jsonrpc":"2.0","id":8,"result":1}',
          '{"jsonrpc":"2.0","id":9,"method":1}'
        ]
      })
      assert.deepStrictEqual(received.map((message) => message._tag).toSorted(), [
        "Invalid",
        "Invalid",
        "Invalid",
        "Invalid",
        "Success"
      ])
      // What has an id belongs to somebody.
      assert.strictEqual(yield* stderr.last, '[stdout] {"level":30}\n')
    })
  )

  it.live("a byte order mark before a message is skipped, once", () =>
    Effect.gen(function* () {
      const { call, received, stderr } = yield* withFixture("server")
      const message = '{"jsonrpc":"2.0","method":"n"}'
      yield* call("garbage", { lines: [`\ufeff${message}`, `\ufeff\ufeff${message}`, "\ufefftext"] })
      assert.deepStrictEqual(received.map((message) => message._tag).toSorted(), ["Notification", "Success"])
      assert.strictEqual(yield* stderr.last, `[stdout] \ufeff\ufeff${message}\n[stdout] \ufefftext\n`)
    })
  )

  it.live("a line over the limit ends the connection, and is not kept in memory", () =>
    Effect.gen(function* () {
      const before = process.memoryUsage().arrayBuffers
      let peak = 0
      const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)), 1)
      const { connection } = yield* withFixture("long-line", { maxMessageBytes: 1024 * 1024 })
      const error = yield* connection.closed
      clearInterval(timer)
      assert.strictEqual(error.reason._tag, "MessageTooLong")
      assert.include(error.message, "1048576 bytes")
      assert.isBelow(peak, 16 * 1024 * 1024)
      assert.strictEqual(yield* Effect.flip(connection.send(note("x"))), error)
    })
  )

  it.live("a line over the limit also ends the server", () =>
    Effect.gen(function* () {
      const { call, connection } = yield* withFixture("server", { maxMessageBytes: 1000 })
      const { pid } = yield* call("pid")
      yield* Effect.ignore(call("echo", { text: "x".repeat(1000) }))
      assert.strictEqual((yield* connection.closed).reason._tag, "MessageTooLong")
      yield* eventually(() => !isAlive(Number(pid)))
    })
  )
})

describe("stderr", () => {
  it.live("is a stream of lines that ends with the layer", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { call, stderr } = yield* Scope.provide(withFixture("server"), scope)
      const fiber = yield* Effect.forkChild(Stream.runCollect(stderr.stream), { startImmediately: true })
      yield* call("stderr", { text: "one\r\ntwo\n\nthr" })
      yield* call("stderr", { text: "ee\nlast" })
      yield* call("garbage", { lines: ["oops"] })
      yield* Scope.close(scope, Exit.void)
      const lines = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        lines.filter((line) => line !== "[stdout] oops"),
        ["one", "two", "three", "last"]
      )
      assert.include(lines, "[stdout] oops")
      assert.deepStrictEqual(yield* Stream.runCollect(stderr.stream), [])
    })
  )

  it.live("goes to `onStderr`", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const { call } = yield* withFixture("server", { onStderr: (line) => lines.push(line) })
      yield* call("stderr", { text: "one\ntwo\n" })
      yield* eventually(() => lines.length === 2)
      assert.deepStrictEqual(lines, ["one", "two"])
    })
  )

  it.live("never shows secrets", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const secret = "s3cr3t-".repeat(40)
      const { call, connection, stderr } = yield* withFixture("server", {
        env: { TOKEN: Redacted.make(secret) },
        args: [Redacted.make("hunter2")],
        onStderr: (line) => lines.push(line)
      })
      assert.strictEqual((yield* call("env"))["TOKEN"], secret)
      assert.deepStrictEqual((yield* call("cwd"))["args"], ["hunter2"])
      yield* call("stderr", { text: `bad token ${secret}, bad password hunter2\n` })
      yield* eventually(() => lines.length === 1)
      assert.deepStrictEqual(lines, ["bad token <redacted>, bad password <redacted>"])
      yield* call("stderr", { text: "x".repeat(32 * 1024 - 60) + "\n" })
      yield* Effect.ignore(connection.send(Jsonrpc.notification("exit", { code: 1 })))
      const error = yield* connection.closed
      assert.notInclude(error.message, "s3cr3t")
      assert.notInclude(error.message, "hunter2")
      assert.include(error.message, "<redacted>")
      assert.notInclude(yield* stderr.last, "s3cr3t")
    })
  )
})

describe("a server that ends", () => {
  it.live("is ProcessExited, with its code and the end of its stderr", () =>
    Effect.gen(function* () {
      const { connection } = yield* withFixture("dying")
      const error = yield* connection.closed
      const { reason } = error
      if (reason._tag !== "ProcessExited") return assert.fail(reason._tag)
      assert.deepStrictEqual([reason.exitCode, reason.signal], [3, null])
      assert.isTrue(reason.stderr.endsWith("é\nthe end\n"))
      assert.notInclude(reason.stderr, "\ufffd")
      assert.isAtMost(Buffer.byteLength(reason.stderr), 32 * 1024)
      assert.isAtLeast(Buffer.byteLength(reason.stderr), 32 * 1024 - 3)
      assert.include(reason.command, "client-dying.mjs")
      assert.strictEqual(yield* Effect.flip(connection.send(note("x"))), error)
    })
  )

  it.live("after its last answers were received", () =>
    Effect.gen(function* () {
      const { call, connection, received } = yield* withFixture("server")
      yield* call("pid")
      for (let i = 0; i < 100; i++) yield* connection.send(Jsonrpc.request(`r${i}`, "echo", { text: "x".repeat(1000) }))
      yield* connection.send(Jsonrpc.notification("exit", { code: 0 }))
      const error = yield* connection.closed
      assert.strictEqual(error.reason._tag, "ProcessExited")
      assert.include(error.message, "ended with exit code 0; it wrote nothing to stderr")
      assert.strictEqual(received.length, 101)
    })
  )

  it.live("by a signal", () =>
    Effect.gen(function* () {
      const { call, connection } = yield* withFixture("server")
      process.kill(Number((yield* call("pid"))["pid"]), "SIGKILL")
      const { reason } = yield* connection.closed
      if (reason._tag !== "ProcessExited") return assert.fail(reason._tag)
      assert.deepStrictEqual([reason.exitCode, reason.signal], [null, "SIGKILL"])
    })
  )

  it.live("a server that closes its stdout and lives on is ConnectionClosed, and ended", () =>
    Effect.gen(function* () {
      const { call, connection } = yield* withFixture("server")
      const { pid } = yield* call("pid")
      yield* call("close", { fd: 1 })
      const { reason } = yield* connection.closed
      assert.strictEqual(reason._tag, "ConnectionClosed")
      assert.include(reason.message, "closed its stdout")
      yield* eventually(() => !isAlive(Number(pid)))
    })
  )

  it.live("a server that closes its stdin fails those who send", () =>
    Effect.gen(function* () {
      const { call, connection } = yield* withFixture("server")
      yield* call("close", { fd: 0 })
      yield* Effect.ignore(connection.send(note("lost")))
      const error = yield* connection.closed
      assert.strictEqual(error.reason._tag, "ConnectionClosed")
      assert.strictEqual(yield* Effect.flip(connection.send(note("x"))), error)
    })
  )
})

describe("a server that does not start", () => {
  const failure = (options: Parameters<typeof converse>[0]) =>
    Effect.map(Effect.flip(converse(options)), (error) => {
      assert.strictEqual(error.reason._tag, "SpawnFailed")
      return error.message
    })
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "stdio-client-")))
  const file = (name: string, text: string, mode: number) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  it.live("not found", () =>
    Effect.gen(function* () {
      const plain = yield* failure({ command: "no-such-server", args: ["--token", Redacted.make("hunter2")] })
      assert.include(plain, "could not start `no-such-server --token <redacted>`: no program of that name was found in PATH")
      assert.notInclude(plain, "give them in `args`")
      assert.include(yield* failure({ command: "npx -y server" }), "if the command has arguments, give them in `args`")
      assert.include(yield* failure({ command: "./no/such/server" }), "there is no such file (ENOENT)")
      assert.include(
        yield* failure({ command: file("orphan", "#!/no/such/interpreter\n", 0o755) }),
        "the interpreter that its first line"
      )
    })
  )

  it.live("not executable", () =>
    Effect.gen(function* () {
      assert.include(yield* failure({ command: file("plain", "", 0o644) }), "make the file executable")
      assert.include(yield* failure({ command: directory }), "it is a directory (EACCES)")
    })
  )

  it.live("a bad directory", () =>
    Effect.gen(function* () {
      assert.include(yield* failure({ command: "node", cwd: "/no/such" }), "its working directory /no/such does not exist")
      assert.include(yield* failure({ command: "node", cwd: file("file", "", 0o644) }), "is not a directory")
    })
  )

  it.live("impossible arguments and variables, without showing them", () =>
    Effect.gen(function* () {
      assert.include(yield* failure({ command: "" }), "the command is empty")
      assert.include(yield* failure({ command: "node", args: ["a\0b"] }), "NUL character")
      const message = yield* failure({ command: "node", env: { TOKEN: "hunter2\0" } })
      assert.include(message, "NUL character")
      assert.notInclude(message, "hunter2")
      assert.include(yield* failure({ command: "node", args: ["x".repeat(3_000_000)] }), "larger than the system allows (E2BIG)")
    })
  )
})

describe("the environment", () => {
  const env = (options: Partial<Parameters<typeof converse>[0]>) =>
    Effect.gen(function* () {
      const { call } = yield* withFixture("server", options)
      return Object.keys(yield* call("env"))
    }).pipe(
      Effect.scoped,
      Effect.map((names) => names.filter((name) => !name.startsWith("__CF")).toSorted())
    )

  it.live("is minimal by default", () =>
    Effect.gen(function* () {
      process.env["STDIO_CLIENT_TEST"] = "1"
      const user = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"]
      const certificates = ["CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"]
      const minimal = [...user, ...certificates].filter((name) => name in process.env).toSorted()
      assert.deepStrictEqual(yield* env({}), minimal)
      assert.deepStrictEqual(
        yield* env({ env: { A: "1", HOME: undefined } }),
        [...minimal, "A"].filter((name) => name !== "HOME").toSorted()
      )
      assert.include(yield* env({ inheritEnv: "all" }), "STDIO_CLIENT_TEST")
      assert.notInclude(yield* env({ inheritEnv: "all", env: { STDIO_CLIENT_TEST: undefined } }), "STDIO_CLIENT_TEST")
      assert.deepStrictEqual(yield* env({ inheritEnv: "none", env: { ONLY: "1" } }), ["ONLY"])
      delete process.env["STDIO_CLIENT_TEST"]
    })
  )

  it.live("the working directory is set", () =>
    Effect.gen(function* () {
      const cwd = realpathSync(tmpdir())
      assert.strictEqual((yield* Effect.flatMap(withFixture("server", { cwd }), (_) => _.call("cwd")))["cwd"], cwd)
      assert.strictEqual((yield* Effect.flatMap(withFixture("server"), (_) => _.call("cwd")))["cwd"], process.cwd())
    })
  )
})

describe("a server that does not read", () => {
  const fill = Effect.fnUntraced(function* (conversation: Effect.Success<ReturnType<typeof withFixture>>) {
    const text = "x".repeat(64 * 1024)
    let sent = 0
    const filler = Effect.whileLoop({
      while: () => true,
      body: () => conversation.connection.send(Jsonrpc.notification("n", { text, n: sent })),
      step: () => void sent++
    })
    const { pid } = yield* conversation.ready
    const fiber = yield* Effect.forkChild(filler, { startImmediately: true })
    let last = -1
    while (last !== sent) {
      last = sent
      yield* Effect.sleep("20 millis")
    }
    return { fiber, pid: Number(pid), sent: () => sent }
  })

  it.live("makes those who send wait, until it reads again", () =>
    Effect.gen(function* () {
      const conversation = yield* withFixture("deaf")
      const { fiber, pid, sent } = yield* fill(conversation)
      assert.isUndefined(fiber.pollUnsafe())
      assert.isAtLeast(sent(), 16) // a megabyte of 64 KiB
      assert.isBelow(sent(), 40) // and what the pipe itself holds
      const before = sent()
      const call = yield* Effect.forkChild(conversation.call("count"), { startImmediately: true })
      yield* Fiber.interrupt(fiber) // a send that waits is not sent
      process.kill(pid, "SIGUSR2")
      assert.deepStrictEqual(yield* Fiber.join(call), { lines: before + 1 })
    })
  )

  it.live("is closed all the same, and those who wait fail", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const conversation = yield* Scope.provide(withFixture("deaf"), scope)
      const { fiber } = yield* fill(conversation)
      const [took] = yield* Effect.timed(Scope.close(scope, Exit.void))
      assert.isBelow(Duration.toMillis(took), 10_000)
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error.reason._tag, "ConnectionClosed")
      assert.strictEqual(yield* conversation.connection.closed, error)
    })
  )

  it.live("small limits do not get stuck", () =>
    Effect.gen(function* () {
      const conversation = yield* withFixture("deaf", { highWaterMark: 10 })
      const { pid } = yield* conversation.ready
      const all = yield* Effect.forkChild(
        Effect.forEach(
          Array(300).keys(),
          (id) => conversation.connection.send(Jsonrpc.request(id, "n", { text: "x".repeat(3000) })),
          {
            discard: true,
            concurrency: "unbounded"
          }
        ),
        { startImmediately: true }
      )
      yield* Effect.sleep("50 millis")
      assert.isUndefined(all.pollUnsafe())
      process.kill(Number(pid), "SIGUSR2")
      yield* Fiber.join(all)
      yield* eventually(() => conversation.received.length === 301)
      assert.deepStrictEqual(
        conversation.received.slice(1).map((message) => message._tag === "Success" && message.id),
        [...Array(300).keys()]
      )
    })
  )
})
