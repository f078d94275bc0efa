/**
 * Serves the directory that is its argument on stdio. A host may start it so.
 */
import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeFileSystem, NodePath, NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { Documents } from "./contract.ts"
import { documentsLive } from "./handlers.ts"
import { watcher } from "./watcher.ts"

const root = process.argv[2] ?? "."

const Server = McpServer.layer({ name: "documents", version: "1.0.0" }, Documents).pipe(
  Layer.provide(documentsLive(root)),
  Layer.merge(watcher(root)),
  // The watcher tells the bus, the bus the server, and the server its subscribers.
  Layer.provide(ChangeBus.layerMemory),
  Layer.provide([NodeFileSystem.layer, NodePath.layer])
)

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
