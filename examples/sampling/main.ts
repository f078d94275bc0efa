/**
 * Has a claim checked: by the model of the client, in both eras, and by the model of the server when the client has none.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import type * as Revision from "@effect-mcp/core/Revision"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as assert from "node:assert/strict"
import { Claims, Verdict } from "./contract.ts"
import { Almanac } from "./handlers.ts"
import { modelOfClient, modelOfServer } from "./model.ts"
import { Server, ServerWithModel } from "./server.ts"

const claim = "Earth, Mars and Pluto are planets with three moons"

const client = (version: Revision.Version) => McpClient.layer({ name: "host", version: "1.0.0", versions: [version] })

const check = Effect.gen(function* () {
  const { tools } = yield* McpClient.of(Claims)
  const verdict = yield* tools.check({ claim })
  console.log(`  ${verdict.verdict}, ${verdict.because} (${verdict.confidence})`)
  assert.deepEqual(verdict, new Verdict({ verdict: "false", confidence: 0.9, because: "Pluto is not a planet" }))
  // Each tool ran once for each use: not once more for each round of 2026-07-28.
  const { lookups } = yield* Almanac
  assert.equal(yield* lookups, 3)
})

const byClient = Effect.fn("byClient")(function* (version: Revision.Version) {
  console.log(`${version}, the model of the client:`)
  const connected = client(version).pipe(
    Layer.provide(modelOfClient()),
    Layer.provide(MemoryTransport.layer()),
    Layer.provideMerge(Server)
  )
  yield* check.pipe(Effect.provide(connected))
})

const byServer = Effect.fn("byServer")(function* (version: Revision.Version) {
  console.log(`${version}, the model of the server:`)
  const connected = client(version).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provideMerge(ServerWithModel),
    Layer.provide(modelOfServer())
  )
  yield* check.pipe(Effect.provide(connected))
})

const byNobody = Effect.gen(function* () {
  const { tools } = yield* McpClient.of(Claims)
  const error = yield* Effect.flip(tools.check({ claim }))
  console.log(`nobody's model: ${error.message}`)
  assert.ok(error.reason._tag === "ToolFailed" && /did not declare sampling/.test(error.reason.detail))
}).pipe(Effect.provide(client("2025-11-25").pipe(Layer.provide(MemoryTransport.layer()), Layer.provide(Server))))

Effect.gen(function* () {
  yield* byClient("2025-11-25")
  yield* byClient("2026-07-28")
  yield* byServer("2026-07-28")
  yield* byNobody
}).pipe(Effect.timeout("20 seconds"), NodeRuntime.runMain)
