/** Our server asks the clients of others over stdio. The table is in `cells/asking.ts`. */
import { testRow } from "./cells/asking.ts"
import { rows } from "./peers/clients.ts"
import { ours } from "./support/programs.ts"

for (const row of rows) testRow(row, ours)
