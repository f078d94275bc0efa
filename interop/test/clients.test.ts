/** The clients of others drive our server over stdio. The table is in `cells/clients.ts`. */
import { testRow } from "./cells/clients.ts"
import { rows } from "./peers/clients.ts"
import { ours } from "./support/programs.ts"

for (const row of rows) testRow(row, ours)
