import { EventEmitter } from "node:events"
import { PassThrough } from "node:stream"
import type { Inbound } from "@effect-mcp/core/Jsonrpc"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Connection } from "../src/internal/clientConnection.ts"
import { makeScrubber } from "../src/internal/clientEnv.ts"
import type { ServerProcess } from "../src/internal/clientSpawn.ts"
import { Stderr } from "../src/internal/clientStderr.ts"

/** A process that does what it is told, in an order that the system shows rarely. Its number belongs to nobody. */
const make = () => {
  const pipes = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const state = { pid: 2 ** 30, exitCode: null as number | null, signalCode: null, kill: () => true, unref: () => {} }
  const child = Object.assign(new EventEmitter(), pipes, state)
  const received: Array<Inbound> = []
  const connection = new Connection({
    child: child as unknown as ServerProcess, // the members that a connection uses
    command: "fake",
    stderr: new Stderr(makeScrubber([]), new Set()),
    receive: (message) => received.push(message),
    onStray: () => {},
    maxMessageBytes: 1000,
    highWaterMark: 1000,
    patience: { endOfInput: 1000, terminate: 1000 }
  })
  const exit = (code: number) => {
    child.exitCode = code
    child.emit("exit", code, null)
  }
  return { child, connection, exit, received }
}

const line = (method: string) => `{"jsonrpc":"2.0","method":"${method}"}\n`

describe("a process that ends before its output was read", () => {
  it.live("is read to the end", () =>
    Effect.gen(function* () {
      const { child, connection, exit, received } = make()
      exit(3)
      yield* Effect.sleep("10 millis")
      child.stdout.write(line("late"))
      child.stderr.write("too late")
      yield* Effect.sleep("10 millis")
      child.emit("close", 3, null)
      const { reason } = yield* connection.closed
      assert.deepStrictEqual(
        received.map((message) => message._tag === "Notification" && message.method),
        ["late"]
      )
      assert.deepInclude(reason, { _tag: "ProcessExited", exitCode: 3, stderr: "too late" })
      yield* Effect.promise(connection.shutdown)
    })
  )

  it.live("is not waited for when somebody else holds its pipes", () =>
    Effect.gen(function* () {
      const { child, connection, exit } = make()
      exit(0)
      assert.strictEqual((yield* connection.closed).reason._tag, "ProcessExited")
      yield* Effect.promise(connection.shutdown)
      assert.deepStrictEqual(
        [child.stdin, child.stdout, child.stderr].map((pipe) => pipe.destroyed),
        [true, true, true]
      )
    })
  )

  it.live("is read to the end also when it was closed", () =>
    Effect.gen(function* () {
      const { child, connection, exit, received } = make()
      const closing = connection.shutdown()
      exit(0)
      yield* Effect.sleep("10 millis")
      child.stdout.write(line("late"))
      assert.isFalse(child.stderr.destroyed)
      child.emit("close", 0, null)
      yield* Effect.promise(() => closing)
      assert.isTrue(child.stderr.destroyed)
      assert.deepStrictEqual(received, [])
      assert.strictEqual((yield* connection.closed).reason._tag, "ConnectionClosed")
    })
  )

  it.live("a broken pipe is explained by the exit that follows", () =>
    Effect.gen(function* () {
      const { child, connection, exit } = make()
      child.stdin.emit("error", new Error("EPIPE"))
      child.stdout.end()
      yield* Effect.sleep("20 millis")
      exit(1)
      child.emit("close", 1, null)
      assert.strictEqual((yield* connection.closed).reason._tag, "ProcessExited")
      yield* Effect.promise(connection.shutdown)
    })
  )
})
