/**
 * A server on HTTP as it is deployed: the endpoint, what its supervisor asks, what Prometheus reads, and a view for programs without MCP.
 *
 * SIGTERM and SIGINT close the layers: what is new is refused, what runs is finished, then the process ends.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Health from "@effect-mcp/transport-http/Health"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as Metrics from "@effect-mcp/transport-http/Metrics"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import * as RestView from "@effect-mcp/transport-http/RestView"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer } from "effect"
import { Clock, ClockLive } from "./contract.ts"

const Server = McpServer.layer({ name: "clock", version: "1.0.0" }, Clock).pipe(Layer.provide(ClockLive))

const Listener = Layer.unwrap(
  Effect.gen(function* () {
    // 0 takes a free one, which Config.Port does not know.
    const port = yield* Config.Int("PORT").pipe(Config.withDefault(3000))
    // 0.0.0.0 in a container. Then `allowedHosts` of the parts below has the names under which clients know it.
    const address = yield* Config.String("ADDRESS").pipe(Config.withDefault("127.0.0.1"))
    return NodeListener.layer({ port, address })
  })
)

// A check of one's own: an Effect that fails, or takes too long, while the server cannot work.
const checks = { calendar: Effect.void }

// Closed one after the other, from the inside out: health goes on telling that the server shuts down while calls are finished.
const Endpoint = Layer.merge(HttpServerTransport.layer({ drainTimeout: "5 seconds" }), RestView.layer())
const Told = Layer.merge(Health.layer({ checks }), Metrics.layer())

Endpoint.pipe(
  Layer.provide(Server),
  Layer.provideMerge(Told),
  Layer.provide(Listener),
  Layer.launch,
  NodeRuntime.runMain({ teardown: NodeListener.teardown })
)
