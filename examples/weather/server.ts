/**
 * The first program: serves the contract on stdio.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { Weather } from "./contract.ts"
import { ForecastsFixed, WeatherLive } from "./handlers.ts"

const Server = McpServer.layer(
  { name: "weather", version: "1.0.0", instructions: "Forecasts for a few cities. Ask `forecast` before you say what to wear." },
  Weather
).pipe(
  Layer.provide(WeatherLive),
  // Without this line the program does not compile: the handlers use `Forecasts`.
  Layer.provide(ForecastsFixed)
)

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
