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

StdioServerTransport.run(Library.layer({ root })).pipe(NodeRuntime.runMain)
