// The client that `bench/` measures, by the contract of bench/clients/raw.mjs: the typed client over stdio, HTTP and in memory.
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schema from "effect/Schema"

const Bench = McpGroup.make(
  "bench",
  Tool.make("add", {
    parameters: { a: Schema.Finite, b: Schema.Finite },
    success: Schema.Struct({ sum: Schema.Finite })
  })
)

const transportOf = async ({ args, command, env, transport, url }) => {
  if (transport === "memory") {
    const { Server } = await import("./server.mjs")
    return MemoryTransport.layer().pipe(Layer.provide(Server))
  }
  if (transport === "http") {
    const HttpClientTransport = await import("@effect-mcp/transport-http/HttpClientTransport")
    return HttpClientTransport.layer({ url })
  }
  const StdioClientTransport = await import("@effect-mcp/transport-stdio/StdioClientTransport")
  return StdioClientTransport.layer({ command, args, env, inheritEnv: "all" })
}

export const transports = ["stdio", "http", "memory"]
export const connect = async (options) => {
  const client = McpClient.layer({ name: "bench", version: "1.0.0" }).pipe(Layer.provide(await transportOf(options)))
  const runtime = ManagedRuntime.make(client)
  const { tools } = await runtime.runPromise(McpClient.of(Bench))
  // With everything on that a client of an application has: recovery and metrics are on anyway.
  await runtime.runPromise(Effect.flatMap(McpClient.McpClient, ({ catalogue }) => catalogue))
  return {
    add: async (a, b) => (await Effect.runPromise(tools.add({ a, b }))).sum,
    close: () => runtime.dispose()
  }
}
