/**
 * Claims stdout for the protocol as soon as it is imported. Import it first, where a module of the program writes to stdout while it
 * is loaded; `StdioServerTransport.run` claims stdout only when it runs.
 *
 * @example
 * import "@effect-mcp/transport-stdio/claimStdout"
 */
import { guardStdout } from "./internal/serverStdout.ts"

guardStdout()
