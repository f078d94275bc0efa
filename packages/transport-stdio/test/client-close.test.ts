import { spawn } from "node:child_process"
import { readdirSync } from "node:fs"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { type Entry, fromProc, fromPs } from "../src/internal/clientTree.ts"
import { converse, eventually, fixture, isAlive, withFixture } from "./fixtures/client-harness.ts"

/** Starts a fixture that tells its process numbers, closes the connection, and tells how long that took, in milliseconds. */
const openAndClose = Effect.fnUntraced(function* (name: string, options: Parameters<typeof withFixture>[1] = {}) {
  const scope = yield* Scope.make()
  const conversation = yield* Scope.provide(withFixture(name, options), scope)
  const { pid, pids = [] } = yield* conversation.ready
  const all = [Number(pid), ...(pids as Array<number>)] // our own fixture sends them
  assert.deepStrictEqual(
    all.map(isAlive),
    all.map(() => true)
  )
  const [took] = yield* Effect.timed(Scope.close(scope, Exit.void))
  return { ...conversation, alive: all.map(isAlive), took: Duration.toMillis(took) }
})

describe("closing", () => {
  it.live("a server that ends with its input is left alone", () =>
    Effect.gen(function* () {
      const slow = { closeTimeout: "20 seconds", terminateTimeout: "20 seconds" } as const
      const { alive, connection, took } = yield* openAndClose("family", { ...slow, args: ["end"] })
      assert.deepStrictEqual(alive, [false])
      assert.isBelow(took, 10_000)
      const error = yield* connection.closed
      assert.strictEqual(error.message, "connection closed: its scope was closed")
      assert.strictEqual(yield* Effect.flip(connection.send(Jsonrpc.notification("x"))), error)
    })
  )

  it.live("what was sent before is still delivered", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { call, connection, stderr } = yield* Scope.provide(withFixture("server", { closeTimeout: "5 seconds" }), scope)
      yield* call("pid")
      yield* connection.send(Jsonrpc.notification("stderr", { text: "goodbye" }))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* stderr.last, "goodbye")
    })
  )

  it.live("nothing is received any more", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { call, connection, received } = yield* Scope.provide(withFixture("server"), scope)
      yield* call("pid")
      yield* connection.send(Jsonrpc.request("late", "echo"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(received.length, 1)
    })
  )

  it.live("a server that ignores everything is terminated, then killed", () =>
    Effect.gen(function* () {
      const { alive, stderr, took } = yield* openAndClose("stubborn")
      assert.deepStrictEqual(alive, [false])
      assert.isAtLeast(took, 390)
      assert.isBelow(took, 10_000)
      assert.include(yield* stderr.last, "end of input ignored\n")
    })
  )

  it.live("a server that ends on SIGTERM is not killed", () =>
    Effect.gen(function* () {
      const { alive, took } = yield* openAndClose("deaf", { terminateTimeout: "20 seconds" })
      assert.deepStrictEqual(alive, [false])
      assert.isBelow(took, 10_000)
    })
  )

  it.live("a server that was never ready is closed as well", () =>
    Effect.gen(function* () {
      const [took] = yield* Effect.timed(Effect.scoped(withFixture("stubborn")))
      assert.isBelow(Duration.toMillis(took), 10_000)
    })
  )

  it.live("closing an ended connection does nothing", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(
        withFixture("dying", { closeTimeout: "20 seconds", terminateTimeout: "20 seconds" }),
        scope
      )
      const error = yield* connection.closed
      const [took] = yield* Effect.timed(Scope.close(scope, Exit.void))
      assert.isBelow(Duration.toMillis(took), 10_000)
      assert.strictEqual(yield* connection.closed, error)
    })
  )

  it.live("leaves no listeners and no open files behind", () =>
    Effect.gen(function* () {
      const files = () => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0)
      const exits = () => process.listeners("exit").filter((listener) => listener.name === "killHeld").length
      const before = files()
      yield* Effect.forEach(Array(5).keys(), () => Effect.scoped(Effect.flatMap(withFixture("server"), (_) => _.call("pid"))))
      yield* Effect.sleep("20 millis")
      assert.deepStrictEqual([exits(), files()], [0, before])
    })
  )
})

describe.skipIf(process.platform === "win32")("the process tree", () => {
  it.live("goes with the server: members of its group, and those that left it", () =>
    Effect.gen(function* () {
      const { alive } = yield* openAndClose("family", { args: ["stay", "member", "detached", "stubborn"] })
      assert.deepStrictEqual(alive, [false, false, false, false])
    })
  )

  it.live("goes also when the server ended by itself, as asked", () =>
    Effect.gen(function* () {
      const options = { args: ["end", "member", "detached", "stubborn"], closeTimeout: "20 seconds" } as const
      const { alive, took } = yield* openAndClose("family", options)
      assert.deepStrictEqual(alive, [false, false, false, false])
      assert.isBelow(took, 10_000)
    })
  )

  it.live("goes when the server ended unasked: its group does", () =>
    Effect.gen(function* () {
      const { connection, ready } = yield* withFixture("family", { args: ["stay", "member", "stubborn"] })
      const { pids } = yield* ready
      yield* connection.send(Jsonrpc.notification("exit"))
      const { reason } = yield* connection.closed
      assert.strictEqual(reason._tag === "ProcessExited" && reason.exitCode, 5)
      yield* eventually(() => (pids as Array<number>).every((pid) => !isAlive(pid))) // our own fixture sends them
    })
  )

  it.live.runIf(process.platform === "linux")("a descendant that escaped does not keep the connection open", () =>
    Effect.gen(function* () {
      const { connection } = yield* converse({ command: "sh", args: ["-c", "setsid sleep 5 & sleep 0.2; exit 4"] })
      const [took, { reason }] = yield* Effect.timed(connection.closed)
      assert.strictEqual(reason._tag === "ProcessExited" && reason.exitCode, 4)
      assert.isBelow(Duration.toMillis(took), 4000)
    })
  )

  it.runIf(process.platform === "linux")("is found in the same way through /proc and through ps", () => {
    const mine = (list: ReadonlyArray<Entry>) => list.find((entry) => entry.pid === process.pid)
    const { start, ...one } = mine(fromProc())!
    const { start: alsoStart, ...two } = mine(fromPs())!
    assert.deepStrictEqual(one, two)
    assert.deepInclude(one, { parent: process.ppid, zombie: false })
    assert.isAbove(Number(start), 0)
    assert.isFalse(Number.isNaN(Date.parse(alsoStart)))
  })

  it.live("goes when the client's process exits without closing", () =>
    Effect.gen(function* () {
      const args = [
        "--conditions=@effect-mcp/source",
        fixture("parent"),
        fixture("family"),
        "stay",
        "member",
        "detached",
        "stubborn"
      ]
      const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
      const output = yield* Effect.promise(() => text(parent.stdout))
      const { pid, pids } = JSON.parse(output)
      yield* eventually(() => parent.exitCode !== null)
      assert.strictEqual(parent.exitCode, 7)
      yield* eventually(() => [pid, ...pids].every((pid) => !isAlive(pid)))
    })
  )
})
