/**
 * The server, without a transport.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import { Layer } from "effect"
import { Bookings } from "./contract.ts"
import { BookingsLive } from "./handlers.ts"
import { Ledger } from "./ledger.ts"

/** The ledger goes out, too: `main.ts` looks into it. */
export const Server = McpServer.layer({ name: "bookings", version: "1.0.0" }, Bookings).pipe(
  Layer.provide(BookingsLive),
  Layer.provideMerge(Ledger.layer)
)
