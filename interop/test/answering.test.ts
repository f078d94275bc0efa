/**
 * The servers of others ask our client over stdio: its user, its model, and for its roots.
 *
 * The table says what works with each of them, as in `servers.test.ts`. What it means that it works is in `cells/answering.ts`.
 */
import { ai, ai2025_06, before, in2025_06, in2026, noDesk, type Row, testRow, v1 } from "./cells/answering.ts"
import { theirs } from "./support/programs.ts"

const sdk1 = theirs("sdk1")
const sdk2 = theirs("sdk2")
const effectAi = theirs("effectAi")

// prettier-ignore
const rows: ReadonlyArray<Row> = [
  { name: "sdk v1",    revision: "2025-11-25", reach: sdk1,     not: v1 },
  { name: "sdk v1",    revision: "2025-06-18", reach: sdk1,     not: { ...v1, ...in2025_06 } },
  { name: "sdk v1",    revision: "2025-03-26", reach: sdk1,     not: { ...v1, ...before } },
  { name: "sdk v1",    revision: "2024-11-05", reach: sdk1,     not: { ...v1, ...before } },
  { name: "sdk v2",    revision: "2026-07-28", reach: sdk2,     not: in2026 },
  { name: "sdk v2",    revision: "2025-11-25", reach: sdk2,     not: {} },
  { name: "sdk v2",    revision: "2025-06-18", reach: sdk2,     not: in2025_06 },
  { name: "effect/ai", revision: "2026-07-28", reach: effectAi, not: { ...in2026, "a resource asks": noDesk } },
  { name: "effect/ai", revision: "2025-11-25", reach: effectAi, not: ai },
  { name: "effect/ai", revision: "2025-06-18", reach: effectAi, not: ai2025_06 },
  { name: "effect/ai", revision: "2024-11-05", reach: effectAi, not: { ...ai, ...before } }
]

for (const row of rows) testRow(row)
