/**
 * Two servers and three clients: middleware around a group, middleware around a server, and a server that is mounted in another
 * one while it is served by itself as well.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { NodeRuntime } from "@effect/platform-node"
import { Context, Effect, Layer, Ref, Schema } from "effect"
import * as assert from "node:assert/strict"
import { Audit, AuditLive, AuditLog } from "./audit.ts"
import { Auth, AuthLive, CurrentUser, Users } from "./auth.ts"
import { Arithmetic, MathServer } from "./math.ts"

class Desk extends McpGroup.make(
  "desk",
  Tool.make("greet", { description: "Greets whoever asks", success: Schema.String })
).middleware(Auth) {}

// `CurrentUser` is no requirement of this layer: `Auth` provides it to each request.
const DeskLive = Desk.toLayer({
  tools: {
    greet: Effect.fn("greet")(function* () {
      const user = yield* CurrentUser
      return `Good morning, ${user.name}`
    })
  }
})

const DeskServer = McpServer.layer(
  { name: "desk", version: "1.0.0" },
  McpServer.use(Audit),
  Desk,
  // Its tools are `math_add` and `math_count` here. `Auth` belongs to the group above and does not guard them.
  McpServer.mount("math", MathServer)
).pipe(Layer.provide([DeskLive, AuthLive, AuditLive]), Layer.provide(Users.layer))

type Client = McpClient.McpClient["Service"]
class Ada extends Context.Service<Ada, Client>()("examples/middleware/Ada") {}
class Stranger extends Context.Service<Stranger, Client>()("examples/middleware/Stranger") {}
class Calculator extends Context.Service<Calculator, Client>()("examples/middleware/Calculator") {}

/** A client under a name of its own. Who it is, is up to the transport. */
const clientOf = (options?: MemoryTransport.Options) =>
  McpClient.layer({ name: "client", version: "1.0.0" }).pipe(Layer.provide(MemoryTransport.layer(options)))

const subject = (subject: string) => ({ subject, scopes: [], claims: {} })

const Clients = Layer.mergeAll(
  Layer.effect(Ada, McpClient.McpClient).pipe(Layer.provide(clientOf({ principal: subject("u-1") })), Layer.provide(DeskServer)),
  Layer.effect(Stranger, McpClient.McpClient).pipe(Layer.provide(clientOf()), Layer.provide(DeskServer)),
  Layer.effect(Calculator, McpClient.McpClient).pipe(Layer.provide(clientOf()), Layer.provide(MathServer))
).pipe(Layer.provideMerge(AuditLog.layer))

const program = Effect.gen(function* () {
  const ada = yield* Ada
  const stranger = yield* Stranger
  const calculator = yield* Calculator

  // Around a group: `Auth` answers by itself, or lets the handler see the user.
  const greeted = yield* ada.callTool("greet")
  const turnedAway = yield* stranger.callTool("greet")
  console.log(greeted.content, turnedAway.content)
  assert.deepEqual(greeted.content, [{ type: "text", text: "Good morning, Ada" }])
  assert.deepEqual(turnedAway.content, [{ type: "text", text: "Sign in to use greet" }])
  assert.equal(turnedAway.isError, true)

  // Mounted and served by itself: there is one instance, and it counts the sums of both.
  const tools = yield* ada.listTools
  assert.deepEqual(
    tools.map((tool) => tool.name),
    ["greet", "math_add", "math_count"]
  )
  const math = yield* McpClient.of(Arithmetic).pipe(Effect.provideService(McpClient.McpClient, calculator))
  assert.equal(yield* math.tools.add({ a: 1, b: 2 }), 3)
  const { structuredContent } = yield* ada.callTool("math_add", { a: 20, b: 22 })
  assert.equal(structuredContent, 42)
  const count = yield* math.tools.count()
  console.log(`sums computed by the one math server: ${count}`)
  assert.equal(count, 2)

  // Around a server: `Audit` saw what both clients asked of it, and nothing of what went to the math server directly.
  const log = yield* Ref.get(yield* AuditLog)
  console.log(log.join(", "))
  assert.deepEqual(log, ["tools/call greet", "tools/call greet", "tools/list", "tools/call math_add"])
})

program.pipe(Effect.provide(Clients), NodeRuntime.runMain)
