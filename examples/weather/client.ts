/**
 * The second program: starts the first one and uses it through the contract.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { Effect, Layer } from "effect"
import { join } from "node:path"
import { Weather } from "./contract.ts"

/** What to take along to a city. Fails with an `McpClientError` alone: the other failure is handled. */
export const advice = Effect.fn("advice")(
  function* (city: string) {
    const weather = yield* McpClient.of(Weather)
    const days = yield* weather.tools.forecast({ city, days: 2 })
    return days.some((day) => day.isWet) ? `${city}: take an umbrella` : `${city}: take sunglasses`
  },
  // What failed on the server is an instance of the contract's class here, with its fields.
  Effect.catchTag("CityNotFound", ({ city, known }) => Effect.succeed(`${city}: unknown, try ${known.join(" or ")}`))
)

/** A connection to the server; its process lives as long as the layer is used. */
export const Client = McpClient.layer({ name: "weather-client", version: "1.0.0" }).pipe(
  Layer.provide(
    StdioClientTransport.layer({
      // The Node that runs this file, with the same flags.
      command: process.execPath,
      args: [...process.execArgv, join(import.meta.dirname, "server.ts")]
    })
  )
)
