/** The client of `effect/ai`, with the protocol adapter of one revision. */
import { NodeServices } from "@effect/platform-node"
import { Layer, ManagedRuntime, Schema } from "effect"
import { McpClient, type McpSchema, type McpProtocol } from "effect/ai"
import { ChildProcess } from "effect/process"
import { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import { type Driver, toOutcome } from "./Driver.ts"

// All that it reads of a tool is the name.
const paramsOf = (name: string, args: object | undefined) => ({
  tool: { name, inputSchema: { type: "object" } } as McpSchema.Tool,
  ...(args === undefined ? {} : { arguments: args as { [name: string]: Schema.Json } })
})

/** Starts the program and connects to it. */
export const connect =
  (protocol: McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>) =>
  async ({ args, command }: Program): Promise<Driver> => {
    const layer = McpClient.layerStdio({
      name: "effect-ai",
      version: "1.0.0",
      protocol,
      command: ChildProcess.make(command, [...args])
    })
    const runtime = ManagedRuntime.make(layer.pipe(Layer.provide(NodeServices.layer)))
    const client = await runtime.runPromise(McpClient.McpClient)
    const { server, version } = { server: client.serverInfo, version: client.protocolVersion }

    return {
      version,
      server: server === undefined ? undefined : { name: server.name, version: server.version },
      instructions: client.instructions,
      list: () => runtime.runPromise(client.listTools()),
      call: async (name, args, options) => {
        const signal = options?.signal
        return toOutcome(
          await runtime.runPromise(client.callTool(paramsOf(name, args)), signal === undefined ? undefined : { signal })
        )
      },
      callChecked: (name, args) =>
        name === "add"
          ? runtime.runPromise(client.callTool({ ...paramsOf(name, args), schema: Schema.Struct({ sum: Schema.Finite }) }))
          : runtime.runPromise(client.callTool({ ...paramsOf(name, args), schema: Schema.Array(Schema.Finite) })),
      ping: undefined,
      callLogged: undefined,
      logs: new Inbox(),
      watch: undefined,
      changes: new Inbox(),
      complaints: [],
      close: () => runtime.dispose()
    }
  }
