/** The client of `@modelcontextprotocol/client`, version 2: of the revision that it is told to speak. */
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv"
import { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import { type Driver, type LogMessage, remembering, toOutcome } from "./Driver.ts"

/** How it gets to its revision: the options of its constructor. */
export type Negotiation = Pick<
  NonNullable<ConstructorParameters<typeof Client>[1]>,
  "supportedProtocolVersions" | "versionNegotiation"
>

/** Starts the program and connects to it. */
export const connect =
  (negotiation: Negotiation) =>
  async ({ args, command }: Program): Promise<Driver> => {
    const checked: Array<unknown> = []
    const complaints: Array<unknown> = []
    const logs = new Inbox<LogMessage>()
    const changes = new Inbox<undefined>()
    const client = new Client(
      { name: "sdk2", version: "1.0.0" },
      { ...negotiation, jsonSchemaValidator: remembering(checked, new AjvJsonSchemaValidator()) }
    )
    Object.assign(client, { onerror: (error: unknown) => void complaints.push(error) })
    client.setNotificationHandler("notifications/message", ({ params }) => logs.push(params as LogMessage))
    client.setNotificationHandler("notifications/tools/list_changed", () => changes.push(undefined))
    await client.connect(new StdioClientTransport({ command, args: [...args], stderr: "ignore" }))
    const isModern = client.getProtocolEra() === "modern"

    const send = async (
      params: Parameters<typeof client.callTool>[0],
      options: Parameters<Driver["call"]>[2] = {}
    ): Promise<ReturnType<typeof toOutcome>> =>
      toOutcome(
        await client.callTool(params, {
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          ...(options.onProgress === undefined ? {} : { onprogress: options.onProgress })
        })
      )

    const call: Driver["call"] = (name, args, options) =>
      send({ name, ...(args === undefined ? {} : { arguments: { ...args } }) }, options)

    return {
      version: client.getNegotiatedProtocolVersion(),
      server: client.getServerVersion(),
      instructions: client.getInstructions(),
      list: async () => (await client.listTools()).tools,
      call,
      callChecked: async (name, args) => {
        await call(name, args)
        return checked.pop()
      },
      ping: () => client.ping(),
      callLogged: async (level, name) => {
        if (isModern) return send({ name, _meta: { "io.modelcontextprotocol/logLevel": level } })
        await client.setLoggingLevel(level)
        return send({ name })
      },
      logs,
      watch: () => (isModern ? client.listen({ toolsListChanged: true }) : Promise.resolve()),
      changes,
      complaints,
      close: () => client.close()
    }
  }
