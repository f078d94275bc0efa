/**
 * The server, without a transport: as it asks the client's model alone, and with a model of its own behind that.
 */
import * as LanguageModelSampling from "@effect-mcp/ai/LanguageModelSampling"
import * as McpServer from "@effect-mcp/server/McpServer"
import { Layer } from "effect"
import { Claims } from "./contract.ts"
import { Almanac, ClaimsLive } from "./handlers.ts"

/** The almanac goes out, too: `main.ts` looks into it. */
export const Server = McpServer.layer({ name: "claims", version: "1.0.0" }, Claims).pipe(
  Layer.provide(ClaimsLive),
  Layer.provideMerge(Almanac.layer)
)

/** Requires a `LanguageModel`, which answers where the client has no model. */
export const ServerWithModel = Server.pipe(Layer.provide(LanguageModelSampling.layerFallback()))
