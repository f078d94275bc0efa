import { NodeRuntime } from "@effect/platform-node"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { Effect, Layer, Schema } from "effect"

const Add = Tool.make("add", {
  description: "Adds two numbers",
  parameters: { a: Schema.Finite, b: Schema.Finite },
  success: Schema.Finite
})
const AddLive = Add.toLayer(({ a, b }) => Effect.succeed(a + b))

const Server = McpServer.layer({ name: "smallest", version: "1.0.0" }, Add).pipe(Layer.provide(AddLive))

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
