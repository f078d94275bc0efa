/**
 * A server as one function from `Request` to `Response`: the same for all runtimes.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as WebListener from "@effect-mcp/transport-http/WebListener"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

class Counting extends McpGroup.make(
  "counting",
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite }),
  Tool.make("count", { description: "Counts, and tells how far it is", parameters: { to: Schema.Int }, success: Schema.String })
) {}

const CountingLive = Counting.toLayer({
  tools: {
    add: ({ a, b }) => Effect.succeed(a + b),
    count: Effect.fn("count")(function* ({ to }) {
      for (let n = 1; n <= to; n++) {
        yield* Progress.report(n, to)
        yield* Effect.sleep("20 millis")
      }
      return `counted to ${to}`
    })
  }
})

const Server = McpServer.layer({ name: "counting", version: "1.0.0" }, Counting).pipe(Layer.provide(CountingLive))

export const { dispose, handler } = WebListener.toWebHandler(HttpServerTransport.layer().pipe(Layer.provide(Server)))
