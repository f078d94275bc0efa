/**
 * Watches a call, gives one up, and runs into a timeout.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Deferred, Effect, Fiber, Layer, Schedule } from "effect"
import * as assert from "node:assert/strict"
import { join } from "node:path"
import { Archive } from "./contract.ts"

/** The call goes on while its progress is printed. */
const watch = Effect.gen(function* () {
  const archive = yield* McpClient.of(Archive)
  const seen: Array<number> = []
  const result = yield* archive.tools.index(
    { books: 4 },
    {
      onProgress: ({ message, progress, total }) => {
        seen.push(progress)
        return Console.log(`${progress}/${total}: ${message}`)
      }
    }
  )
  assert.deepEqual(result, { indexed: 4 })
  assert.deepEqual(seen, [1, 2, 3, 4])
})

/** Interrupting the call here interrupts the handler there. */
const giveUp = Effect.gen(function* () {
  const archive = yield* McpClient.of(Archive)
  const started = yield* Deferred.make<void>()
  const call = yield* archive.tools
    .index({ books: 1000 }, { onProgress: () => Deferred.succeed(started, undefined) })
    .pipe(Effect.forkChild)
  yield* Deferred.await(started)
  yield* Fiber.interrupt(call)

  // The client does not wait for the server to clean up.
  const abandoned = yield* archive.tools
    .abandoned()
    .pipe(Effect.repeat({ until: (count) => count > 0, schedule: Schedule.spaced("20 millis"), times: 100 }))
  console.log(`interrupted: ${abandoned} run was abandoned on the server`)
  assert.equal(abandoned, 1)
})

/** The tool's own timeout ends it on the server; the result says so, to models and people. */
const tooLong = Effect.gen(function* () {
  const archive = yield* McpClient.of(Archive)
  const error = yield* Effect.flip(archive.tools.glance({ books: 1000 }))
  console.log(`timeout: ${error.message}`)
  assert.equal(error.reason._tag, "ToolFailed")
  assert.equal(yield* archive.tools.abandoned(), 2)
  assert.deepEqual(yield* archive.tools.glance({ books: 1 }), { indexed: 1 })
})

const Client = McpClient.layer({ name: "archive-client", version: "1.0.0" }).pipe(
  Layer.provide(
    StdioClientTransport.layer({
      command: process.execPath,
      args: [...process.execArgv, join(import.meta.dirname, "server.ts")]
    })
  )
)

Effect.all([watch, giveUp, tooLong]).pipe(Effect.provide(Client), NodeRuntime.runMain)
