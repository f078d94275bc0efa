/**
 * A client over HTTP, for tests.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import { Endpoints, make as makeMemory } from "@effect-mcp/client/Endpoints"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HttpClientTransport from "../../src/HttpClientTransport.ts"
import * as HttpClientTransportFetch from "../../src/HttpClientTransportFetch.ts"

/** Who speaks HTTP, by name. */
export const speakers = { undici: HttpClientTransport.layer, fetch: HttpClientTransportFetch.layer } as const

/** A client that is connected as long as the scope is open. It remembers nothing of other tests. */
export const connect = (
  options: HttpClientTransport.Options,
  client: Partial<McpClient.Options> = {},
  layer: (options: HttpClientTransport.Options) => ReturnType<typeof HttpClientTransport.layer> = HttpClientTransport.layer
) =>
  Layer.build(
    McpClient.layer({ name: "test", version: "1", ...client }).pipe(
      Layer.provide(Layer.orDie(layer(options))),
      Layer.provide(Layer.succeed(Endpoints, makeMemory()))
    )
  ).pipe(Effect.map((context) => Context.get(context, McpClient.McpClient)))

/** A client that knows the session era alone. */
export const sessions = { versions: ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] } as const

/** A client that knows the request era alone. */
export const requests = { versions: ["2026-07-28"] } as const
