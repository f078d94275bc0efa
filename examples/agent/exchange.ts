/**
 * A server that runs as a process of its own, on stdio: it knows what currencies are worth.
 */
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"

class NoRate extends Schema.TaggedError<NoRate>()("NoRate", { currency: Schema.String }) {
  override get message() {
    return `there is no rate for ${this.currency}; there are those of NOK and EUR`
  }
}

const rates = new Map([
  ["NOK", 0.1],
  ["EUR", 1]
])

const Convert = Tool.make("convert", {
  description: "Converts an amount of money to euros",
  parameters: { amount: Schema.Finite, currency: Schema.String },
  success: Schema.Struct({ euros: Schema.Finite }),
  failure: NoRate,
  annotations: { readOnlyHint: true }
})

const ConvertLive = Convert.toLayer(({ amount, currency }) => {
  const rate = rates.get(currency)
  return rate === undefined ? Effect.fail(new NoRate({ currency })) : Effect.succeed({ euros: amount * rate })
})

const Server = McpServer.layer({ name: "exchange", version: "1.0.0" }, Convert).pipe(Layer.provide(ConvertLive))

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
