/**
 * What a call through `Servers` with twenty servers costs, beside the same call of the client of that server: CPU time of this process, both
 * in one run. The goal is at most 1.3.
 *
 *   npm run build && node examples/bench/servers.mjs
 */
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Tool from "@effect-mcp/core/Tool"
import * as Servers from "@effect-mcp/gateway/Servers"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const tools = Array.from({ length: 10 }, (_, i) =>
  Tool.make(`echo_${i}`, { parameters: { text: Schema.String }, success: Schema.String })
)
const serve = (name) =>
  MemoryTransport.layer().pipe(
    Layer.provide(McpServer.layer({ name, version: "1.0.0" }, ...tools)),
    Layer.provide(tools.map((tool) => tool.toLayer(({ text }) => Effect.succeed(text))))
  )
const names = Array.from({ length: 20 }, (_, i) => `server${i}`)
const specs = Object.fromEntries(names.map((name) => [name, { transport: serve(name) }]))

const program = Effect.gen(function* () {
  const servers = yield* Servers.Servers
  const offered = yield* servers.tools
  const clients = new Map()
  for (const name of names) clients.set(name, yield* servers.client(name))
  const args = { text: "hello" }
  // The same calls of the same servers in the same order.
  const through = offered.map(
    ({ name }) =>
      () =>
        servers.callTool(name, args)
  )
  const direct = offered.map(
    ({ originalName, server }) =>
      () =>
        clients.get(server).callTool(originalName, args)
  )

  const cpu = (calls, times) =>
    Effect.gen(function* () {
      const before = process.cpuUsage()
      for (let i = 0; i < times; i++) yield* calls[i % calls.length]()
      const { system, user } = process.cpuUsage(before)
      return (user + system) / times
    })
  yield* cpu(direct, 20_000)
  yield* cpu(through, 20_000)
  const ratios = []
  for (let i = 0; i < 9; i++) {
    const one = yield* cpu(direct, 20_000)
    const many = yield* cpu(through, 20_000)
    ratios.push(many / one)
    console.log(`direct ${one.toFixed(2)} us, through ${names.length} servers ${many.toFixed(2)} us: ${(many / one).toFixed(2)}x`)
  }
  console.log(`${offered.length} tools; median ${ratios.toSorted((a, b) => a - b)[4].toFixed(2)}x`)
})

await Effect.runPromise(program.pipe(Effect.provide(Servers.layer(specs, { name: "bench", version: "1.0.0" }))))
