import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import type { Options } from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import { agreeing, type Connection, connect, scripted, settle } from "./support/server.ts"

const versions = ["2025-11-25", "2026-07-28"] as const

/** A client in a scope of its own, which the fibers of the test are not part of, and a server that answers nothing. */
const connected = Effect.fnUntraced(function* (version: string, options: Partial<Options> = {}) {
  const server = scripted(agreeing(version))
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const client = yield* Scope.provide(connect(server, options), scope)
  const connection: Connection = server.connections[0]!
  connection.sent.length = 0
  return { client, connection, close: Scope.close(scope, Exit.void) }
})

const tagOf = (exit: Exit.Exit<unknown, { readonly reason: { readonly _tag: string } }>) =>
  Effect.map(Effect.flip(exit), ({ reason }) => reason._tag)

describe.each(versions)("a client that is closed, in %s", (version) => {
  for (const timeout of ["60 seconds", "Infinity"] as const) {
    it.effect(`ends the requests of fibers outside of its scope (timeout ${timeout})`, () =>
      Effect.gen(function* () {
        const { client, close, connection } = yield* connected(version, { timeout: timeout === "Infinity" ? Infinity : timeout })
        const requests: ReadonlyArray<Effect.Effect<unknown, McpClientError>> = [
          client.callTool("a"),
          client.listTools,
          client.request("some/method"),
          client.callTool("b")
        ]
        const fibers = yield* Effect.forEach(requests, (request) => Effect.forkDetach(request, { startImmediately: true }))
        assert.strictEqual(connection.sent.length, 4)
        yield* close
        for (const fiber of fibers) {
          assert.strictEqual(yield* tagOf(yield* Fiber.await(fiber)), "TransportFailed")
        }
        assert.strictEqual(connection.sent.length, 4)
      })
    )
  }

  it.effect("ends one that waits for room in the pipe", () =>
    Effect.gen(function* () {
      const { client, close, connection } = yield* connected(version)
      connection.isFull = true
      const fiber = yield* Effect.forkDetach(client.callTool("a"), { startImmediately: true })
      assert.deepStrictEqual(connection.sent, [])
      yield* close
      assert.strictEqual(yield* tagOf(yield* Fiber.await(fiber)), "TransportFailed")
    })
  )

  it.effect("ends what it does with notifications, and what waits for its turn", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const onNotification: Options["onNotification"] = ({ method }) =>
        Effect.suspend(() => {
          events.push(method)
          return Effect.onInterrupt(Effect.never, () => Effect.sync(() => events.push("interrupted")))
        })
      const { close, connection } = yield* connected(version, { onNotification })
      for (const method of ["first", "second"]) connection.notify(method)
      yield* settle
      yield* close
      yield* settle
      assert.deepStrictEqual(events, ["first", "interrupted"])
    })
  )

  it.effect("ends one whose progress is being dealt with, and that, too", () =>
    Effect.gen(function* () {
      const { client, close, connection } = yield* connected(version)
      let isInterrupted = false
      const onProgress = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => (isInterrupted = true)))
      const fiber = yield* Effect.forkDetach(client.callTool("a", {}, { onProgress }), { startImmediately: true })
      connection.notify("notifications/progress", { progressToken: connection.last("tools/call")["id"], progress: 1 })
      yield* settle
      yield* close
      assert.strictEqual(yield* tagOf(yield* Fiber.await(fiber)), "TransportFailed")
      yield* settle
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("sends nothing any more: what is asked of it fails in the same way, and no timeout is left behind", () =>
    Effect.gen(function* () {
      const { client, close, connection } = yield* connected(version)
      const fiber = yield* Effect.forkDetach(client.callTool("a"), { startImmediately: true })
      yield* close
      yield* Fiber.await(fiber)
      connection.sent.length = 0
      const fails = [client.callTool("b"), client.listTools, client.ping, client.request("some/method")]
      for (const request of fails) {
        const error = yield* Effect.flip(Effect.asVoid(request))
        assert.strictEqual(error.reason._tag, "TransportFailed")
      }
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(connection.sent, [])
    })
  )
})
