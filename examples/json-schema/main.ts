/**
 * A tool that is described by JSON Schema: by another program, a document, a user. The server checks arguments against it.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as McpServer from "@effect-mcp/server/McpServer"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as assert from "node:assert/strict"
// Abroad a declaration for customs is required, within Norway it is not allowed: `if`, `then`, `else`.
import inputSchema from "./ship.schema.json" with { type: "json" }

const Ship = JsonSchemaTool.make("ship", {
  description: "Sends a parcel",
  inputSchema,
  outputSchema: {
    type: "object",
    properties: { price: { type: "number" }, currency: { const: "NOK" } },
    required: ["price", "currency"]
  }
})

// The compiler knows nothing of a schema that it cannot see: arguments are `unknown`, though they are valid here.
const ShipLive = Ship.toLayer(({ declaration, grams }) =>
  Effect.succeed({ price: Number(grams) * (declaration === undefined ? 0.05 : 0.2), currency: "NOK" })
)

const Server = McpServer.layer({ name: "parcels", version: "1.0.0" }, Ship).pipe(Layer.provide(ShipLive))

/** Calls the tool and gives back what the model is told. */
const ship = Effect.fn("ship")(function* (args: { readonly [key: string]: unknown }) {
  const client = yield* McpClient.McpClient
  const result = yield* client.callTool("ship", args)
  const text = Content.textOf(result)
  console.log(`${text}\n`)
  return { text, isError: result.isError === true }
})

const program = Effect.gen(function* () {
  // Clients see the schema as it stands in the file, every keyword of it.
  const client = yield* McpClient.McpClient
  const [tool] = yield* client.listTools
  assert.deepEqual(tool?.inputSchema, inputSchema)

  const oslo = { street: "Storgata 1", country: "NO" }
  const malmo = { street: "Storgatan 1", country: "SE" }
  assert.deepEqual(yield* ship({ to: oslo, grams: 2000 }), { text: '{"price":100,"currency":"NOK"}', isError: false })

  // A bad call is a result that a model can read: a line for each problem, with the path, what is expected, what came.
  const bad = yield* ship({ to: { street: 7 }, grams: 40_000, speed: "high" })
  const abroad = yield* ship({ to: malmo, grams: 25_000 })
  const within = yield* ship({ to: oslo, grams: 2000, declaration: "three books" })
  assert.ok(bad.isError && abroad.isError && within.isError)
  for (const path of ["to.country", "to.street", "grams", "speed"]) assert.ok(bad.text.includes(`\n${path}: `))
  assert.ok(abroad.text.includes("\ndeclaration: missing") && abroad.text.includes("received 25000"))
})

const Client = McpClient.layer({ name: "shop", version: "1.0.0" }).pipe(
  Layer.provide(MemoryTransport.layer()),
  Layer.provide(Server)
)

program.pipe(Effect.provide(Client), NodeRuntime.runMain)
