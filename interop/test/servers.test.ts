/**
 * Our client drives the servers of others over stdio.
 *
 * The table says what works with each of them, as in `clients.test.ts`. What it means that it works is in `cells/servers.ts`.
 */
import { assert, describe, it } from "vitest"
import { Effect, Exit, Layer, McpClient, type Revision, StdioClientTransport } from "../ours.ts"
import { noArrays, noPing, noStructured, type Row, testRow } from "./cells/servers.ts"
import { type Program, theirs } from "./support/programs.ts"

const sessionEra = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const
const sdk1 = theirs("sdk1")
const sdk2 = theirs("sdk2")
const effectAi = theirs("effectAi")
const noPings = { ping: noPing }
const objectsOnly = { "array as a result": noArrays }
const textOnly = { "structured result": noStructured, "array as a result": noStructured }

// prettier-ignore
const rows: ReadonlyArray<Row> = [
  { name: "sdk v1",                     revision: "2025-11-25", reach: sdk1, not: objectsOnly },
  { name: "sdk v1, asked for",          revision: "2025-06-18", reach: sdk1, versions: ["2025-06-18"], not: objectsOnly },
  { name: "sdk v1, asked for",          revision: "2025-03-26", reach: sdk1, versions: ["2025-03-26"], not: objectsOnly },
  { name: "sdk v1, asked for",          revision: "2024-11-05", reach: sdk1, versions: ["2024-11-05"], not: objectsOnly },
  { name: "sdk v2",                     revision: "2026-07-28", reach: sdk2, not: noPings },
  { name: "sdk v2, session era",        revision: "2025-11-25", reach: sdk2, versions: sessionEra },
  { name: "sdk v2, asked for",          revision: "2025-06-18", reach: sdk2, versions: ["2025-06-18"] },
  { name: "sdk v2 without request era", revision: "2025-11-25", reach: theirs("sdk2", "legacy") },
  { name: "sdk v2 without session era", revision: "2026-07-28", reach: theirs("sdk2", "modern"), not: noPings },
  { name: "effect/ai",                  revision: "2026-07-28", reach: effectAi, not: noPings },
  { name: "effect/ai, session era",     revision: "2025-11-25", reach: effectAi, versions: sessionEra },
  { name: "effect/ai, asked for",       revision: "2025-03-26", reach: effectAi, versions: ["2025-03-26"], not: textOnly },
  { name: "effect/ai of one revision",  revision: "2025-06-18", reach: theirs("effectAi", "2025-06-18") },
  { name: "effect/ai of one revision",  revision: "2024-11-05", reach: theirs("effectAi", "2024-11-05"), not: textOnly }
]

for (const row of rows) testRow(row)

describe("no revision in common", () => {
  const refused = async (program: Program, versions: ReadonlyArray<Revision.Version>): Promise<string> => {
    const layer = McpClient.layer({ name: "ours", version: "1.0.0", versions }).pipe(
      Layer.provide(StdioClientTransport.layer({ command: program.command, args: [...program.args] }))
    )
    const exit = await Effect.runPromise(Effect.exit(Effect.scoped(Layer.build(layer))))
    assert.isTrue(Exit.isFailure(exit))
    return String(exit)
  }

  it("a client of the session era and a server of the request era", async () => {
    const error = await refused(theirs("sdk2", "modern"), sessionEra)
    assert.include(error, "initialize with 2025-11-25: -32022")
  })

  it("a client of the request era and servers of the session era", async () => {
    for (const program of [sdk1, theirs("sdk2", "legacy"), theirs("effectAi", "2025-11-25")]) {
      assert.include(await refused(program, ["2026-07-28"]), "server/discover with 2026-07-28: -32")
    }
  })
})
