/**
 * Serves the skills of a directory: the one that is named, or the one beside this file.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Skills from "@effect-mcp/server/Skills"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { join } from "node:path"

const path = process.argv[2] ?? join(import.meta.dirname, "skills")

const Server = McpServer.layer({ name: "office", version: "1.0.0" }, Skills.directory(path, { refresh: 0 })).pipe(
  Layer.provide(NodeServices.layer)
)

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
