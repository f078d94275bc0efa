/** The clients that drive our server, each in the revisions that it speaks. */
import { McpProtocol } from "effect/ai"
import type { Connect } from "./Driver.ts"
import * as effectAi from "./effectAi.ts"
import * as sdk1 from "./sdk1.ts"
import * as sdk2 from "./sdk2.ts"

/** A client in one revision. */
export interface Row {
  readonly name: string
  readonly revision: string
  readonly connect: Connect
}

const of = (version: string): sdk2.Negotiation => ({ supportedProtocolVersions: [version] })
const auto: sdk2.Negotiation = { versionNegotiation: { mode: "auto" } }

// prettier-ignore
export const rows: ReadonlyArray<Row> = [
  { name: "sdk v1",    revision: "2025-11-25", connect: sdk1.connect },
  { name: "sdk v2",    revision: "2026-07-28", connect: sdk2.connect(auto) },
  { name: "sdk v2",    revision: "2025-11-25", connect: sdk2.connect({}) },
  { name: "sdk v2",    revision: "2025-06-18", connect: sdk2.connect(of("2025-06-18")) },
  { name: "sdk v2",    revision: "2025-03-26", connect: sdk2.connect(of("2025-03-26")) },
  { name: "sdk v2",    revision: "2024-11-05", connect: sdk2.connect(of("2024-11-05")) },
  { name: "effect/ai", revision: "2026-07-28", connect: effectAi.connect(McpProtocol.v2026_07_28) },
  { name: "effect/ai", revision: "2025-11-25", connect: effectAi.connect(McpProtocol.v2025_11_25) }
]

/** Whether it has what came with a revision. */
export const since = (row: Row, revision: string): boolean => row.revision >= revision
