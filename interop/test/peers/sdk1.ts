/** The client of `@modelcontextprotocol/sdk`, version 1. It speaks 2025-11-25. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  CreateMessageRequestSchema,
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema
} from "@modelcontextprotocol/sdk/types.js"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv"
import type { SdkTransport } from "../../ours.ts"
import { Endpoint } from "../support/Endpoint.ts"
import { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import type { User } from "../support/User.ts"
import {
  type Connect,
  type Contents,
  declared,
  type Driver,
  type LogMessage,
  type Reach,
  remembering,
  toOutcome
} from "./Driver.ts"

const answerWith = (client: Client, user: User): void => {
  const schemas = [ElicitRequestSchema, CreateMessageRequestSchema, ListRootsRequestSchema] as const
  for (const schema of schemas) {
    client.setRequestHandler(schema as typeof ElicitRequestSchema, ({ method, params }, { signal }) =>
      user.take(method, params, signal)
    )
  }
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => user.completed.push(params.elicitationId))
}

const over = ({ args, command }: Program): SdkTransport.SdkTransport =>
  new StdioClientTransport({ command, args: [...args], stderr: "ignore" })

const transportOf = (reach: Reach): SdkTransport.SdkTransport => {
  if (typeof reach === "function") return reach()
  if (!(reach instanceof Endpoint)) return over(reach)
  // Where the server does not say when to come back.
  const soon = { initialReconnectionDelay: 1, maxReconnectionDelay: 1, reconnectionDelayGrowFactor: 1, maxRetries: 2 }
  return new StreamableHTTPClientTransport(new URL(reach.url), { reconnectionOptions: soon })
}

/** Connects to our server. It fills in the defaults of forms by itself. */
export const connect: Connect = async (reach, user) => {
  const checked: Array<unknown> = []
  const complaints: Array<unknown> = []
  const logs = new Inbox<LogMessage>()
  const changes = new Inbox<undefined>()
  const updates = new Inbox<string>()
  const elicitation = { ...declared.elicitation, form: { applyDefaults: true } }
  const client = new Client(
    { name: "sdk1", version: "1.0.0" },
    {
      jsonSchemaValidator: remembering(checked, new AjvJsonSchemaValidator()),
      ...(user === undefined ? {} : { capabilities: { ...declared, elicitation } })
    }
  )
  if (user !== undefined) answerWith(client, user)
  Object.assign(client, { onerror: (error: unknown) => void complaints.push(error) })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => logs.push(params as LogMessage))
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changes.push(undefined))
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updates.push(params.uri))
  // It keeps the version to itself, but tells its transport.
  let version: string | undefined
  const transport = transportOf(reach)
  const { setProtocolVersion } = transport
  transport.setProtocolVersion = (agreed) => {
    version = agreed
    setProtocolVersion?.call(transport, agreed)
  }
  await client.connect(transport)

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
    watch: () => (reach instanceof Endpoint ? reach.stream(transport.sessionId) : Promise.resolve()),
    changes,
    resources: async () => (await client.listResources()).resources,
    templates: async () => (await client.listResourceTemplates()).resourceTemplates,
    read: async (uri) => (await client.readResource({ uri })).contents as ReadonlyArray<Contents>,
    subscribe: async (uri) => {
      await client.subscribeResource({ uri })
      return () => client.unsubscribeResource({ uri })
    },
    updates,
    prompts: async () => (await client.listPrompts()).prompts as Awaited<ReturnType<Driver["prompts"]>>,
    prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
    complete: async (what) => (await client.complete(what)).completion.values,
    complaints,
    terminate: transport instanceof StreamableHTTPClientTransport ? () => transport.terminateSession() : undefined,
    close: () => client.close()
  }
}
