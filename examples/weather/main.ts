/**
 * Runs the client against the server and checks what it saw.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
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

  // Resources are functions of the variables in their URI, prompts of their arguments.
  const friday = yield* weather.resources.daily({ city: "Oslo", date: "2026-07-30" })
  assert.ok(friday instanceof Day && friday.sky === "clear")
  assert.ok((yield* Effect.flip(weather.resources.daily({ city: "Atlantis" }))) instanceof CityNotFound)
  const { messages } = yield* weather.prompts.packing({ city: "Rome" })
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user"]
  )

  // A client without the contract gets along with what the server says of itself: names, JSON Schemas, texts.
  const client = yield* McpClient.McpClient
  const tools = yield* client.listTools
  assert.deepEqual(
    tools.map((tool) => tool.name),
    ["forecast", "umbrella"]
  )
  assert.ok(tools.every((tool) => tool.annotations?.readOnlyHint === true))
  const [template] = yield* client.listResourceTemplates
  assert.equal(template?.uriTemplate, "weather://{city}/daily{?date}")
  const { contents } = yield* client.readResource("weather://Oslo/daily?date=2026-07-29")
  assert.deepEqual(contents, [
    {
      uri: "weather://Oslo/daily?date=2026-07-29",
      mimeType: "application/json",
      text: '{"date":"2026-07-29","sky":"clouds","celsius":19}'
    }
  ])
  const umbrella = yield* client.callTool("umbrella")
  assert.equal(Content.textOf(umbrella), "Take an umbrella to Oslo")
  assert.deepEqual(umbrella.structuredContent, ["Oslo"])

  // Bad arguments are a result that a model can read, and learn from.
  const bad = yield* client.callTool("forecast", { town: "Oslo", days: 30 })
  console.log(Content.textOf(bad))
  assert.ok(bad.isError)
  for (const argument of ["city", "days", "town"]) assert.match(Content.textOf(bad), new RegExp(`^${argument}: `, "m"))
})

program.pipe(Effect.provide(Client), NodeRuntime.runMain)
