/**
 * A server that has what a test says, and behaves as badly as it says.
 */
import { ClientTransport, ClientTransportError, ConnectionClosed, SpawnFailed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"

/** A message as it was sent. */
export type Json = { readonly [key: string]: any }

/** Lets everything run that does not wait for the clock or for a message. */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve))
})

const described = (name: string | Json): Json => ({
  inputSchema: { type: "object" },
  ...(typeof name === "string" ? { name } : name)
})

interface Connection {
  readonly receive: (message: Jsonrpc.Inbound) => void
  readonly ended: Deferred.Deferred<ClientTransportError>
}

/** What a server has. Names stand for descriptions that have nothing else. */
export interface Has {
  readonly version?: "2025-11-25" | "2026-07-28"
  readonly tools?: ReadonlyArray<string | Json>
  readonly prompts?: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string>
  readonly templates?: ReadonlyArray<string>
  readonly capabilities?: Json
  readonly instructions?: string
}

const capabilitiesOf = ({ prompts, resources, templates, tools }: Has): Json => ({
  ...(tools === undefined ? {} : { tools: { listChanged: true } }),
  ...(prompts === undefined ? {} : { prompts: {} }),
  ...(resources === undefined && templates === undefined ? {} : { resources: {} })
})

/** See the module. */
export class Fake {
  has: Has
  readonly name: string
  /** The methods that it does not answer. */
  readonly hangs = new Set<string>()
  /** The methods that it refuses, with which code. */
  readonly refuses = new Map<string, number>()
  /** Whether it can be started. */
  isBroken = false
  /** What the end of a connection waits for. */
  closing: Effect.Effect<void> = Effect.void
  /** What it was sent, over all connections. */
  readonly sent: Array<Json> = []
  /** How often it was connected to. */
  starts = 0
  /** How many of its connections are open. */
  open = 0
  private connection: Connection | undefined

  constructor(name: string, has: Has = {}) {
    this.name = name
    this.has = has
  }

  sentOf(method: string): ReadonlyArray<Json> {
    return this.sent.filter((message) => message["method"] === method)
  }

  send(message: Json): void {
    this.connection?.receive(Jsonrpc.parse(JSON.stringify({ jsonrpc: "2.0", ...message })))
  }

  /** Says that a list has changed, in the way of its revision. */
  changed(list: "tools" | "prompts" | "resources"): void {
    const id = this.sentOf("subscriptions/listen").at(-1)?.["id"]
    const params = this.has.version === "2026-07-28" ? { _meta: { "io.modelcontextprotocol/subscriptionId": id } } : {}
    this.send({ method: `notifications/${list}/list_changed`, params })
  }

  /** Ends the connection. */
  end(detail = "the server is gone"): void {
    const error = new ClientTransportError({ reason: new ConnectionClosed({ detail }) })
    if (this.connection !== undefined) Deferred.doneUnsafe(this.connection.ended, Exit.succeed(error))
  }

  private resultOf({ method, params }: Json): Json | undefined {
    const {
      capabilities = capabilitiesOf(this.has),
      instructions,
      prompts = [],
      resources = [],
      templates = [],
      tools = []
    } = this.has
    const serverInfo = { name: `${this.name} itself`, version: "1" }
    const said = instructions === undefined ? { capabilities } : { capabilities, instructions }
    switch (method) {
      case "initialize":
        return { protocolVersion: "2025-11-25", serverInfo, ...said }
      case "server/discover":
        return { supportedVersions: ["2026-07-28"], _meta: { "io.modelcontextprotocol/serverInfo": serverInfo }, ...said }
      case "tools/list":
        return { tools: tools.map(described) }
      case "prompts/list":
        return { prompts: prompts.map((name) => ({ name })) }
      case "resources/list":
        return { resources: resources.map((uri) => ({ uri, name: uri })) }
      case "resources/templates/list":
        return { resourceTemplates: templates.map((uriTemplate) => ({ uriTemplate, name: uriTemplate })) }
      case "tools/call":
        return {
          content: [{ type: "text", text: `${this.name} ran ${params["name"]} with ${JSON.stringify(params["arguments"])}` }]
        }
      case "prompts/get":
        return { messages: [{ role: "user", content: { type: "text", text: `${this.name} says ${params["name"]}` } }] }
      case "resources/read":
        return { contents: [{ uri: params["uri"], text: `${params["uri"]} of ${this.name}` }] }
      case "completion/complete":
        return { completion: { values: [`${this.name}: ${params["ref"]["name"] ?? params["ref"]["uri"]}`] } }
      default:
        return undefined
    }
  }

  private take(message: Json): void {
    this.sent.push(message)
    const { id, method } = message
    if (id === undefined || this.hangs.has(method)) return
    const isModern = this.has.version === "2026-07-28"
    const code = method === "server/discover" && !isModern ? -32601 : this.refuses.get(method)
    if (code !== undefined) return this.send({ id, error: { code, message: `no ${method} here` } })
    if (method === "subscriptions/listen") {
      const params = {
        notifications: message["params"]["notifications"],
        _meta: { "io.modelcontextprotocol/subscriptionId": id }
      }
      return this.send({ method: "notifications/subscriptions/acknowledged", params })
    }
    const result = this.resultOf(message)
    if (result === undefined) return this.send({ id, error: { code: -32601, message: "Method not found" } })
    this.send({ id, result: isModern ? { resultType: "complete", ttlMs: 0, cacheScope: "private", ...result } : result })
  }

  private readonly connect = (receive: Connection["receive"]) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        this.starts++
        if (this.isBroken) {
          return Effect.fail(new ClientTransportError({ reason: new SpawnFailed({ command: this.name, detail: "not found" }) }))
        }
        this.open++
        const connection = { receive, ended: Deferred.makeUnsafe<ClientTransportError>() }
        this.connection = connection
        return Effect.succeed(connection)
      }),
      (connection) =>
        Effect.suspend(() => {
          this.open--
          if (this.connection === connection) this.connection = undefined
          return this.closing
        })
    ).pipe(
      Effect.map(({ ended }) => ({
        closed: Deferred.await(ended),
        sendUnsafe: (message: Jsonrpc.Outbound) => {
          this.take(JSON.parse(Jsonrpc.stringify(message)))
          return true
        },
        send: (message: Jsonrpc.Outbound) => Effect.sync(() => this.take(JSON.parse(Jsonrpc.stringify(message))))
      }))
    )

  readonly layer = Layer.succeed(ClientTransport, ClientTransport.of({ kind: "memory", connect: this.connect }))
}

/** Servers by their names, each with what it has. */
export const fakes = <const H extends { readonly [name: string]: Has }>(has: H): { readonly [K in keyof H]: Fake } =>
  Object.fromEntries(Object.entries(has).map(([name, one]) => [name, new Fake(name, one)])) as never // one for each key
