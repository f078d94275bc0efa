/**
 * Serves everything over HTTP, in all revisions, at `/mcp`. `PORT` says where, 3000 by default; 0 is a free port. SIGTERM ends it.
 *
 *     PORT=3000 npm run -s serve:everything
 */
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer } from "effect"
import { Everything } from "./everything.ts"

const Listener = Layer.unwrap(Effect.map(Config.withDefault(Config.Int("PORT"), 3000), (port) => NodeListener.layer({ port })))

HttpServerTransport.layer({ path: "/mcp" }).pipe(
  Layer.provide(Everything),
  Layer.provide(Listener),
  Layer.launch,
  NodeRuntime.runMain({ teardown: NodeListener.teardown })
)
