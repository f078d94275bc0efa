/**
 * Runs the client against the server and checks what it saw.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import { NodeRuntime } from "@effect/platform-node"
import { Effect } from "effect"
import * as assert from "node:assert/strict"
import { advice, Client } from "./client.ts"
import { CityNotFound, Day, Weather } from "./contract.ts"

const program = Effect.gen(function* () {
  const said = yield* Effect.forEach(["Oslo", "Rome", "Atlantis"], advice)
  console.log(said.join("\n"))
  assert.deepEqual(said, ["Oslo: take an umbrella", "Rome: take sunglasses", "Atlantis: unknown, try Oslo or Rome"])

  // Results and failures are what the contract says, classes included.
  const weather = yield* McpClient.of(Weather)
  const [today] = yield* weather.tools.forecast({ city: "Oslo" })
  assert.ok(today instanceof Day && today.celsius === 17)
  const failure = yield* Effect.flip(weather.tools.forecast({ city: "Atlantis" }))
  assert.ok(failure instanceof CityNotFound && failure.city === "Atlantis")

  // A client without the contract gets along with what the server says of itself: names, JSON Schemas, texts.
  const client = yield* McpClient.McpClient
  const tools = yield* client.listTools
  assert.deepEqual(
    tools.map((tool) => tool.name),
    ["forecast", "umbrella"]
  )
  assert.ok(tools.every((tool) => tool.annotations?.readOnlyHint === true))
  const umbrella = yield* client.callTool("umbrella")
  assert.deepEqual(umbrella.content, [{ type: "text", text: "Take an umbrella to Oslo" }])
  assert.deepEqual(umbrella.structuredContent, ["Oslo"])

  // Bad arguments are a result that a model can read, and learn from.
  const { content, isError } = yield* client.callTool("forecast", { city: "Oslo", days: 30 })
  console.log(content.map((block) => (block.type === "text" ? block.text : block.type)).join("\n"))
  assert.ok(isError)
})

program.pipe(Effect.provide(Client), NodeRuntime.runMain)
