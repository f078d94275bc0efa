/**
 * A client whose questions are answered by whoever sits at the terminal that it is given.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Revision from "@effect-mcp/core/Revision"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { Layer } from "effect"
import { fileURLToPath } from "node:url"
import { Person } from "./person.ts"

/** Starts the server. Requires a `Terminal` and a `Browser`. */
export const client = (versions: ReadonlyArray<Revision.Version> = Revision.versions) =>
  McpClient.layer({ name: "terminal", version: "1.0.0", versions }).pipe(
    Layer.provide(Person),
    Layer.provide(
      StdioClientTransport.layer({
        command: process.execPath,
        args: [...process.execArgv, fileURLToPath(new URL("server.ts", import.meta.url))]
      })
    )
  )
