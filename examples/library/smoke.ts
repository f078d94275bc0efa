/**
 * Calls everything that the library offers, over stdio, and writes what came of it. Ends with exit code 1 when something failed.
 *
 *     node --conditions=@effect-mcp/source examples/library/smoke.ts [directory]
 */
import * as Smoke from "@effect-mcp/testing/Smoke"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import * as Client from "./client.ts"
import * as Library from "./library.ts"

const [root = Library.repository] = process.argv.slice(2)

// The database is in memory, and new: the notes that are removed are those that were added just before.
const program = Smoke.program({
  destructive: true,
  timeout: "30 seconds",
  given: {
    tools: {
      index_files: [{ folder: "docs" }, { folder: "docs", rebuild: true }, { folder: "no/such/folder" }],
      search: [{ query: "progress" }, { query: "json-rpc" }],
      read_file: [{ path: "README.md", count: 3 }]
    }
  }
})

program.pipe(Effect.provide(Client.layer({ root })), NodeRuntime.runMain)
