/** The client of `@modelcontextprotocol/sdk`, version 1. It speaks 2025-11-25. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { LoggingMessageNotificationSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv"
import { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import { type Driver, type LogMessage, remembering, toOutcome } from "./Driver.ts"

/** Starts the program and connects to it. */
export const connect = async ({ args, command }: Program): Promise<Driver> => {
  const checked: Array<unknown> = []
  const complaints: Array<unknown> = []
  const logs = new Inbox<LogMessage>()
  const changes = new Inbox<undefined>()
  const client = new Client(
    { name: "sdk1", version: "1.0.0" },
    { jsonSchemaValidator: remembering(checked, new AjvJsonSchemaValidator()) }
  )
  Object.assign(client, { onerror: (error: unknown) => void complaints.push(error) })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => logs.push(params as LogMessage))
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changes.push(undefined))
  // It keeps the version to itself, but tells its transport.
  let version: string | undefined
  const transport = new StdioClientTransport({ command, args: [...args], stderr: "ignore" })
  await client.connect(Object.assign(transport, { setProtocolVersion: (agreed: string) => void (version = agreed) }))

  const call: Driver["call"] = async (name, args, options) =>
    toOutcome(
      (await client.callTool({ name, ...(args === undefined ? {} : { arguments: args }) }, undefined, {
        ...(options?.signal === undefined ? {} : { signal: options.signal }),
        ...(options?.onProgress === undefined ? {} : { onprogress: options.onProgress })
      })) as any
    )

  return {
    version,
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
      await client.setLoggingLevel(level)
      return call(name)
    },
    logs,
    watch: () => Promise.resolve(),
    changes,
    complaints,
    close: () => client.close()
  }
}
