/**
 * Two servers and three clients: middleware around a group, middleware around a server, and a server that is mounted in another
 * one while it is served by itself as well.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Principal from "@effect-mcp/core/Principal"
import { NodeRuntime } from "@effect/platform-node"
import { Context, Effect, Layer, Queue, Ref } from "effect"
import * as assert from "node:assert/strict"
import { AuditLog } from "./audit.ts"
import { Desk, DeskServer } from "./desk.ts"
import { Arithmetic, MathServer } from "./math.ts"

// A program with one client has the service `McpClient`. With several, each is a value that `McpClient.make` connects.
type Client = McpClient.McpClient["Service"]
class Stranger extends Context.Service<Stranger, Client>()("examples/middleware/Stranger") {}
class Calculator extends Context.Service<Calculator, Client>()("examples/middleware/Calculator") {}
class Ada extends Context.Service<Ada, { readonly client: Client; readonly log: Queue.Dequeue<unknown> }>()(
  "examples/middleware/Ada"
) {}

const connect = McpClient.make({ name: "client", version: "1.0.0" })

/** A client that hears what the server logs while it works for it. */
const connectWithLog = Effect.gen(function* () {
  const log = yield* Queue.unbounded<unknown>()
  const client = yield* McpClient.make({
    name: "client-with-log",
    version: "1.0.0",
    logLevel: "debug",
    onLog: ({ data }) => Queue.offer(log, data)
  })
  return { client, log }
})

// Who a client is, is up to its transport. Each has one of its own: a layer that stands in two places is built once.
const Clients = Layer.mergeAll(
  Layer.effect(Ada, connectWithLog).pipe(
    Layer.provide(MemoryTransport.layer({ principal: Principal.make({ subject: "u-1" }) })),
    Layer.provide(DeskServer)
  ),
  Layer.effect(Stranger, connect).pipe(Layer.provide(MemoryTransport.layer()), Layer.provide(DeskServer)),
  Layer.effect(Calculator, connect).pipe(Layer.provide(MemoryTransport.layer()), Layer.provide(MathServer))
).pipe(Layer.provideMerge(AuditLog.layer))

const program = Effect.gen(function* () {
  const ada = yield* Ada
  const desk = McpClient.typed(Desk, ada.client)
  const math = McpClient.typed(Arithmetic, yield* Calculator)

  // Around a group: `Auth` lets the handler see the user, or answers by itself.
  const greeting = yield* desk.tools.greet()
  const refusal = yield* Effect.flip(McpClient.typed(Desk, yield* Stranger).tools.greet())
  console.log(`${greeting}; but: ${refusal.message}`)
  assert.equal(greeting, "Good morning, Ada")
  assert.ok(refusal.reason._tag === "ToolFailed" && refusal.reason.detail === "Sign in to use greet")

  // Mounted and served by itself: there is one instance, and it counts the sums of both.
  const names = (yield* ada.client.listTools).map((tool) => tool.name)
  assert.deepEqual(names, ["greet", "math_add", "math_count"])
  assert.equal(yield* math.tools.add({ a: 1, b: 2 }), 3)
  const { structuredContent } = yield* ada.client.callTool("math_add", { a: 20, b: 22 })
  assert.equal(structuredContent, 42)
  const count = yield* math.tools.count()
  console.log(`sums computed by the one math server: ${count}`)
  assert.equal(count, 2)

  // Around a server: `Audit` saw what both clients asked of it, and nothing of what went to the math server directly.
  const audited = yield* Ref.get(yield* AuditLog)
  console.log(audited.join(", "))
  assert.deepEqual(audited, ["tools/call greet", "tools/call greet", "tools/list", "tools/call math_add"])

  // `Timing` logs. Ada asked for the log, and gets the part that is about her requests.
  const timings = yield* Queue.takeN(ada.log, 3)
  console.log(timings.join(", "))
  assert.deepEqual(
    timings.map((line) => String(line).replace(/ took .*/, "")),
    ["tools/call greet", "tools/list", "tools/call math_add"]
  )
})

program.pipe(Effect.provide(Clients), NodeRuntime.runMain)
