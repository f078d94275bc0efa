/**
 * A real server in a process of its own, and what can happen to it there.
 */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { argumentsOf, Child, eventually, fixturePath, idle, isAlive, killAll, memory } from "./support/child.ts"
import type { Id, Sent } from "./support/oracle.ts"

const server = argumentsOf("processServer.ts")
const linux = process.platform === "linux"
const posix = process.platform !== "win32"

afterEach(killAll)

type Members = Readonly<Record<string, unknown>>

const params = (name: string, args: Members = {}, meta: Members = {}) => ({
  name,
  arguments: args,
  _meta: { [Key.protocolVersion]: "2026-07-28", [Key.clientCapabilities]: {}, ...meta }
})

/** A call, as a line. */
const call = (id: Id, name: string, args?: Members, meta?: Members): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: params(name, args, meta) })}\n`

const textOf = ({ result }: Sent): string | undefined =>
  (result?.["content"] as ReadonlyArray<{ readonly text?: string }> | undefined)?.[0]?.text

const start = async (fixture: ReadonlyArray<string> = server): Promise<Child> => {
  const child = new Child(fixture)
  child.write(call("up", "echo", { text: "up" }))
  await child.answer("up")
  return child
}

const idsOf = (child: Child): Array<unknown> => child.messages().map((message) => message.id)

/** Nothing but whole lines of the protocol. */
const assertClean = (child: Child): void => {
  assert.strictEqual(child.rest, "")
  child.messages()
}

describe("stdout", () => {
  const strays = [
    "console.log",
    "console.table",
    "stdout.write",
    "writeSync",
    "child",
    "Console.log",
    "Effect.log",
    "at load, console.log",
    "at load, stdout.write",
    "console.log, while built",
    "Console.log, while built",
    "Effect.log, while built",
    "Console.log, while closed"
  ]

  it("carries nothing but the protocol, whatever handlers and their children write", async () => {
    const child = await start()
    child.write(call(1, "noise"))
    assert.strictEqual(textOf(await child.answer(1)), "1")
    child.process.stdin!.end()
    assert.strictEqual(await child.end(), 0)
    assertClean(child)
    assert.deepStrictEqual(idsOf(child), ["up", 1])
    for (const stray of strays) assert.include(child.stderr, `stray: ${stray}`)
  })

  it("carries nothing but the protocol when a module writes as it is loaded", async () => {
    const child = new Child(argumentsOf("strayServer.ts"))
    child.process.stdin!.end(call(1, "echo", { text: "x" }))
    assert.strictEqual(await child.end(), 0)
    assert.include(child.stderr, "stray: at load, console.log")
    assert.include(child.stderr, "stray: at load, stdout.write")
    assertClean(child)
    assert.deepStrictEqual(idsOf(child), [1])
  })

  for (const kind of ["throw", "reject"]) {
    it(`stays whole when a detached callback of a handler fails: ${kind}`, async () => {
      const child = await start()
      child.write(call(1, "accident", { kind }) + call(2, "big", { size: 300_000 }) + call(3, "never"))
      await child.answer(2)
      await child.until("the accident", () => child.stderr.includes("the accident"))
      assert.include(child.stderr, "stray: before the accident")
      child.write(call(4, "echo", { text: "x" }))
      child.process.stdin!.end()
      await child.end(15_000) // it may have ended by itself: what matters is that nothing half or foreign was written
      assertClean(child)
      assert.includeMembers(idsOf(child), ["up", 1, 2])
    })
  }
})

describe("what is big", () => {
  it("thousands of requests in one write", async () => {
    const child = await start()
    const count = 5000
    const name = (id: number) => (id % 10 === 0 ? call(id, "sleep", { ms: id % 50 }) : call(id, "echo", { text: `text ${id}` }))
    child.process.stdin!.end(Array.from({ length: count }, (_, id) => name(id)).join(""))
    assert.strictEqual(await child.end(), 0)
    assertClean(child)
    const answers = child.messages().filter(({ id }) => id !== "up")
    assert.strictEqual(answers.length, count)
    assert.strictEqual(new Set(answers.map(({ id }) => id)).size, count)
    for (const answer of answers) {
      const id = Number(answer.id)
      assert.strictEqual(textOf(answer), id % 10 === 0 ? String(id % 50) : `text ${id}`)
    }
  })

  it("5 MB there and back, among small ones", async () => {
    const child = await start()
    const text = `é😀\u2028"\\`.repeat(500_000)
    child.write(call(1, "echo", { text: "before" }) + call(2, "echo", { text }) + call(3, "echo", { text: "after" }))
    await child.answer(3)
    assert.isTrue(textOf(await child.answer(2)) === text)
    child.process.stdin!.end()
    assert.strictEqual(await child.end(), 0)
    assert.deepStrictEqual(idsOf(child), ["up", 1, 2, 3])
  })
})

describe.runIf(linux)("a client that stops reading", () => {
  const mebibyte = 1024 * 1024
  // With room for garbage, memory would say more about the collector than about us.
  const small = ["--max-old-space-size=120", ...server]

  it("costs bounded memory, and gets everything when it reads again", async () => {
    const child = await start(small)
    const before = memory(child.pid)
    child.process.stdout!.pause()
    const steps = 60_000
    const results = 300
    child.write(
      call("flood", "flood", { count: steps, size: 1000 }, { progressToken: "t" }) +
        Array.from({ length: results }, (_, id) => call(id, "big", { size: mebibyte / 4 })).join("")
    )
    const most = await idle(child.pid) // of more than 130 MiB that it wants to send
    assert.isBelow(most - before, 60)
    child.write(call("last", "echo", { text: "still there" }))
    child.process.stdin!.end()
    child.process.stdout!.resume()
    assert.strictEqual(await child.end(20_000), 0)
    assertClean(child)

    let reached = 0
    const answers = new Map<unknown, string | undefined>()
    for (const message of child.messages()) {
      if (message.method === undefined) {
        assert.isFalse(answers.has(message.id))
        answers.set(message.id, textOf(message))
      } else {
        assert.strictEqual(message.method, "notifications/progress")
        assert.isFalse(answers.has("flood"))
        assert.strictEqual(message.params!["progress"], ++reached)
      }
    }
    assert.strictEqual(reached, steps)
    assert.strictEqual(answers.get("flood"), String(steps))
    assert.strictEqual(answers.get("last"), "still there")
    for (let id = 0; id < results; id++) assert.strictEqual(answers.get(id)?.length, mebibyte / 4)
    assert.strictEqual(answers.size, results + 3)
  })

  it("several times, with results that are ready only later", async () => {
    const child = await start(small)
    const before = memory(child.pid)
    const held: Array<number> = []
    for (let round = 0; round < 5; round++) {
      child.process.stdout!.pause()
      child.write(
        Array.from({ length: 100 }, (_, id) => call(`${round}:${id}`, "big", { size: mebibyte / 2, later: true })).join("")
      )
      held.push((await idle(child.pid)) - before)
      child.process.stdout!.resume()
      await child.answer(`${round}:99`)
    }
    // Calls in flight are answered even so: 50 MiB in each round, of which the system gets a copy.
    assert.isBelow(Math.max(...held), 160, held.join(", "))
    child.process.stdin!.end()
    assert.strictEqual(await child.end(), 0)
    assertClean(child)
    assert.strictEqual(new Set(idsOf(child)).size, 501)
    assert.strictEqual(child.lines.length, 501)
  })
})

describe("the end", () => {
  it("of input, during calls: all of them are answered", async () => {
    const child = await start()
    const calls = Array.from({ length: 200 }, (_, id) => call(id, "sleep", { ms: 100 + (id % 5) * 40 }))
    child.process.stdin!.end(calls.join("") + call("flood", "flood", { count: 500, size: 10 }, { progressToken: 1 }).trimEnd())
    assert.strictEqual(await child.end(), 0)
    assertClean(child)
    const answers = child.messages().filter(({ method }) => method === undefined)
    assert.strictEqual(answers.length, 202)
    assert.strictEqual(child.lines.length, 202 + 500)
    for (const answer of answers)
      if (typeof answer.id === "number") assert.strictEqual(textOf(answer), String(100 + (answer.id % 5) * 40))
  })

  it("of input, although a handler has left a timer and a child behind", async () => {
    const child = await start()
    child.process.stdin!.end(call(1, "linger"))
    assert.strictEqual(await child.end(3000), 0)
    assertClean(child)
    assert.deepStrictEqual(idsOf(child), ["up", 1])
  })

  it("of a client that closes its end of stdout while a tool floods it", async () => {
    const child = await start()
    child.write(call(1, "never") + call(2, "flood", { count: 1_000_000, size: 100 }, { progressToken: 1 }))
    await child.until("the flood", () => child.lines.length > 10)
    child.process.stdout!.destroy()
    assert.strictEqual(await child.end(5000), 0)
    assert.include(child.stderr, "interrupted")
  })

  it.runIf(linux)("of the parent, while somebody else holds stdin open", async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-mcp-"))
    const fifo = join(directory, "stdin")
    execFileSync("mkfifo", [fifo])
    const stdin = openSync(fifo, "r+") // the server can write to it as well: it has no end
    let pid = 0
    try {
      const parent = new Child([fixturePath("parent.mjs"), ...server], [stdin, "pipe", "pipe"])
      writeSync(stdin, call(1, "echo", { text: "x" }) + call(2, "sleep", { ms: 2500 }))
      await parent.answer(1)
      pid = Number(/server: (\d+)/.exec(parent.stderr)![1])
      assert.isTrue(isAlive(pid))
      parent.process.kill("SIGKILL")
      await parent.end(8000) // comes when nobody holds the pipes any more, which is a little before the very end
      await eventually(() => !isAlive(pid))
      assertClean(parent)
      assert.deepStrictEqual(idsOf(parent), [1, 2])
    } finally {
      if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL")
      closeSync(stdin)
      rmSync(directory, { recursive: true })
    }
  })

  it.runIf(posix)("by SIGTERM, at once, although calls are open", async () => {
    const child = await start()
    child.write(call(1, "never") + call(2, "sleep", { ms: 60_000 }) + call(3, "echo", { text: "x" }))
    await child.answer(3)
    const sentAt = performance.now()
    child.process.kill("SIGTERM")
    const code = await child.end()
    assert.isBelow(performance.now() - sentAt, 2000)
    assert.notStrictEqual(code, 0)
    assert.include(child.stderr, "interrupted")
    assertClean(child)
    assert.deepStrictEqual(idsOf(child), ["up", 3])
  })

  it.runIf(linux)("by SIGTERM, at once, although the client does not read what waits for it", async () => {
    const child = await start()
    child.write(call(1, "flood", { count: 1_000_000, size: 1000 }, { progressToken: 1 }))
    await child.until("the flood", () => child.lines.length > 10)
    child.process.stdout!.pause()
    await idle(child.pid)
    child.process.kill("SIGTERM")
    const code = await new Promise((resolve) => child.process.once("exit", (code, signal) => resolve(code ?? signal)))
    assert.notStrictEqual(code, 0)
  })

  it.live.runIf(linux)("of our client: what the server has started ends too", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const layer = StdioClientTransport.layer({ command: process.execPath, args: server, closeTimeout: "300 millis" })
      const answer = Deferred.makeUnsafe<Jsonrpc.Inbound>()
      const connect = Effect.flatMap(ClientTransport, (transport) =>
        transport.connect((message) => void Deferred.doneUnsafe(answer, Exit.succeed(message)))
      )
      const connection = yield* Scope.provide(Effect.provide(connect, layer), scope)
      yield* connection.send(Jsonrpc.request(1, "tools/call", params("family")))
      const message = yield* Deferred.await(answer)
      const pids: ReadonlyArray<number> = JSON.parse(textOf(message as unknown as Sent)!)
      const parents = pids.map((pid) => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ")[1]))
      const all = [parents[0]!, ...pids]
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => all.filter((pid) => isAlive(pid)).forEach((pid) => process.kill(pid, "SIGKILL")))
      )
      assert.strictEqual(new Set(parents).size, 1)
      assert.deepStrictEqual(all.map(isAlive), [true, true, true])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(all.map(isAlive), [false, false, false])
    })
  )
})
