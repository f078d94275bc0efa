/**
 * A job that is done in the end, by a server that crashes and hangs again and again.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import { NodeFileSystem, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, FileSystem, Stream } from "effect"
import * as assert from "node:assert/strict"
import { Jobs } from "./contract.ts"
import { Client, poll, states } from "./client.ts"

const steps = 30

const program = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const { tools } = yield* McpClient.of(Jobs)
  const seen: Array<string> = []
  yield* states.pipe(
    Stream.tap((state) => Effect.sync(() => seen.push(state))),
    Stream.runForEach(Console.log),
    Effect.forkScoped
  )

  yield* tools.start({ steps })
  const job = yield* poll(({ done, total }) => Console.log(`${done} of ${total}`))
  assert.equal(job.done, steps)

  // It crashed, said why, and was there again; the polling above knows nothing of that.
  const crashes = seen.filter((state) => state.startsWith("attempt 1 "))
  assert.ok(crashes.length > 0)
  for (const crash of crashes)
    assert.match(crash, /ended with exit code 70; its last words on stderr:\n(.*\n)*call \d+ was one too many$/)

  const { latency, status } = yield* client.health
  yield* Console.log(`${status}: it crashed ${crashes.length} times, and now answers within ${latency} ms`)
  assert.equal(status, "healthy")
})

Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({ prefix: "polling-" })
  yield* Effect.provide(program, Client(directory))
}).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), NodeRuntime.runMain)
