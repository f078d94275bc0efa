/**
 * Starts `server.ts` as a process, as a host would, and calls its tool.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Tool from "@effect-mcp/core/Tool"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import * as assert from "node:assert/strict"
import { join } from "node:path"

// What this program expects of the server. Where both are yours, they share the contract: see `../weather`.
const Add = Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite })

const program = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const tools = yield* client.listTools
  console.log(
    `${client.serverInfo?.name} speaks ${client.revision.version} and has: ${tools.map((tool) => tool.name).join(", ")}`
  )

  const { tools: math } = yield* McpClient.of(Add)
  const sum = yield* math.add({ a: 19, b: 23 })
  console.log(`19 + 23 = ${sum}`)
  assert.equal(sum, 42)
})

const Client = McpClient.layer({ name: "smallest-client", version: "1.0.0" }).pipe(
  Layer.provide(
    StdioClientTransport.layer({
      // The Node that runs this file, with the same flags.
      command: process.execPath,
      args: [...process.execArgv, join(import.meta.dirname, "server.ts")]
    })
  )
)

program.pipe(Effect.provide(Client), NodeRuntime.runMain)
