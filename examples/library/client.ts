/**
 * A client whose server is `server.ts`, in a process of its own.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { Layer } from "effect"
import { program } from "./hosts.ts"

/** What the server is told. */
export interface Options {
  /** The directory that it serves; this repository by default. */
  readonly root?: string
  /** The file of its database; in memory by default. */
  readonly database?: string
}

/** Starts the server and connects to it; both end with the layer. */
export const layer = ({ database, root }: Options = {}) =>
  McpClient.layer({ name: "library-client", version: "0.1.0" }).pipe(
    Layer.provideMerge(
      StdioClientTransport.layer({
        command: program.command,
        args: root === undefined ? program.args : [...program.args, root],
        env: { LIBRARY_DB: database }
      })
    )
  )
