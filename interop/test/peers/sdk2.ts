/** The client of `@modelcontextprotocol/client`, version 2: of the revision that it is told to speak. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv"
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

/** How it gets to its revision: the options of its constructor. */
export type Negotiation = Pick<
  NonNullable<ConstructorParameters<typeof Client>[1]>,
  "supportedProtocolVersions" | "versionNegotiation"
>

const answerWith = (client: Client, user: User): void => {
  for (const method of ["elicitation/create", "sampling/createMessage", "roots/list"] as const) {
    client.setRequestHandler(method, ({ params }, { mcpReq }) => user.take(method, params, mcpReq.signal))
  }
  client.setNotificationHandler("notifications/elicitation/complete", ({ params }) => user.completed.push(params.elicitationId))
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

/** Connects to our server. It leaves the defaults of forms to the server. */
export const connect =
  (negotiation: Negotiation): Connect =>
  async (reach, user) => {
    const checked: Array<unknown> = []
    const complaints: Array<unknown> = []
    const logs = new Inbox<LogMessage>()
    const changes = new Inbox<undefined>()
    const updates = new Inbox<string>()
    const client = new Client(
      { name: "sdk2", version: "1.0.0" },
      {
        ...negotiation,
        jsonSchemaValidator: remembering(checked, new AjvJsonSchemaValidator()),
        ...(user === undefined ? {} : { capabilities: declared })
      }
    )
    if (user !== undefined) answerWith(client, user)
    Object.assign(client, { onerror: (error: unknown) => void complaints.push(error) })
    client.setNotificationHandler("notifications/message", ({ params }) => logs.push(params as LogMessage))
    client.setNotificationHandler("notifications/tools/list_changed", () => changes.push(undefined))
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => updates.push(params.uri))
    const transport = transportOf(reach)
    await client.connect(transport)
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
      watch: () => {
        if (isModern) return client.listen({ toolsListChanged: true })
        return reach instanceof Endpoint ? reach.stream(transport.sessionId) : Promise.resolve()
      },
      changes,
      resources: async () => (await client.listResources()).resources,
      templates: async () => (await client.listResourceTemplates()).resourceTemplates,
      read: async (uri) => (await client.readResource({ uri })).contents as ReadonlyArray<Contents>,
      subscribe: async (uri) => {
        if (isModern) {
          const subscription = await client.listen({ resourceSubscriptions: [uri] })
          return () => subscription.close()
        }
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
