/**
 * For a person: calls every tool of the server, and answers are typed.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import { NodeRuntime, NodeTerminal } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { client } from "./client.ts"
import { Browser } from "./person.ts"
import { quoted } from "./visible.ts"

// A host would open its browser. Here the person does, who has seen the host.
const Links = Layer.succeed(Browser, { open: (url) => Console.log(`  visit ${url}`) })

const program = Effect.gen(function* () {
  const mcp = yield* McpClient.McpClient
  for (const { name } of yield* mcp.listTools) {
    const { content } = yield* mcp.callTool(name)
    yield* Console.log(`\n${name}:\n${content.map((block) => quoted(block.type === "text" ? block.text : block.type)).join("")}`)
  }
})

program.pipe(
  Effect.catch((error) => Console.error(quoted(error.message))),
  Effect.provide(client().pipe(Layer.provide(Links), Layer.provide(NodeTerminal.layer))),
  NodeRuntime.runMain
)
