/**
 * The library on stdio, for any host.
 *
 *     node --conditions=@effect-mcp/source examples/library/server.ts [directory]
 *
 * The directory is this repository unless another one is named. `LIBRARY_DB` names a file for the database, which is in memory
 * otherwise. Logs go to stderr, stdout belongs to the protocol.
 */
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Library from "./library.ts"

const [root = Library.repository] = process.argv.slice(2)

if (process.stdin.isTTY) {
  console.error(
    "This server waits for messages of a host. `npx node examples/library/hosts.ts` says how hosts start it; ctrl-C ends it."
  )
}

StdioServerTransport.run(Library.layer({ root })).pipe(NodeRuntime.runMain)
