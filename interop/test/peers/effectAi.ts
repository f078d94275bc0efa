/** The client of `effect/ai`, with the protocol adapter of one revision. */
import { NodeServices } from "@effect/platform-node"
import { Layer, ManagedRuntime, Schema } from "effect"
import { McpClient, type McpSchema, type McpProtocol } from "effect/ai"
import { FetchHttpClient } from "effect/http"
import { ChildProcess } from "effect/process"
import { Endpoint } from "../support/Endpoint.ts"
import { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import { type Connect, toOutcome } from "./Driver.ts"

type Protocol = McpProtocol.ProtocolAdapter<McpClient.ProtocolVersion>

// All that it reads of a tool is the name.
const paramsOf = (name: string, args: object | undefined) => ({
  tool: { name, inputSchema: { type: "object" } } as McpSchema.Tool,
  ...(args === undefined ? {} : { arguments: args as { [name: string]: Schema.Json } })
})

const layerOf = (protocol: Protocol, reach: Program | Endpoint) => {
  const options = { name: "effect-ai", version: "1.0.0", protocol }
  if (reach instanceof Endpoint) {
    return McpClient.layerHttp({ ...options, url: reach.url }).pipe(Layer.provide(FetchHttpClient.layer))
  }
  const command = ChildProcess.make(reach.command, [...reach.args])
  return McpClient.layerStdio({ ...options, command }).pipe(Layer.provide(NodeServices.layer))
}

/** Connects to our server, and knows no transport of the SDK. It has no way to be asked, so a user changes nothing. */
export const connect =
  (protocol: Protocol): Connect =>
  async (reach) => {
    if (typeof reach === "function") throw new Error("effect/ai has no use for a transport of the SDK")
    const runtime = ManagedRuntime.make(layerOf(protocol, reach))
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
      resources: () => runtime.runPromise(client.listResources()),
      templates: undefined,
      read: async (uri) =>
        (await runtime.runPromise(client.readResource({ uri }))).contents.map((contents) =>
          "text" in contents ? contents : { uri, blob: Buffer.from(contents.blob).toString("base64") }
        ),
      subscribe: undefined,
      updates: new Inbox(),
      prompts: async () =>
        (await runtime.runPromise(client.listPrompts())).map(({ name, arguments: args }) => ({
          name,
          arguments: [...(args ?? [])]
        })),
      prompt: async (name, args) =>
        (await runtime.runPromise(client.getPrompt({ prompt: { name } as McpSchema.Prompt, arguments: args }))).messages,
      complete: undefined,
      complaints: [],
      terminate: undefined,
      close: () => runtime.dispose()
    }
  }
