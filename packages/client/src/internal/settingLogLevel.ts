/**
 * Asks for log messages of a level, in the way of the era: once for the session, or from now on with each request.
 */
import type { LoggingLevel } from "@effect-mcp/core/protocol/Common"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as Effect from "effect/Effect"
import type { Agreement } from "./negotiate.ts"
import type { McpClient } from "./service.ts"
import type { Standing } from "./standing.ts"

type Client = McpClient["Service"]

/** See the module. `facts` are what the client says of itself with each request. */
export const settingLogLevel =
  (
    standing: Standing,
    agreement: () => Agreement,
    request: Client["request"],
    facts: (level: LoggingLevel) => Parameters<typeof RequestEra.client>[1]
  ): Client["setLogLevel"] =>
  (level) =>
    Effect.suspend(() => {
      const { wire } = agreement()
      if (wire.revision.logging === "session") {
        return Effect.map(request("logging/setLevel", { level }), () => {
          standing.logLevel = level
        })
      }
      standing.logLevel = level
      standing.agreement = { ...agreement(), wire: RequestEra.client(wire.revision, facts(level)) }
      return Effect.void
    })
