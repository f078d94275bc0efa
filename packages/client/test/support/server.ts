/**
 * A server that follows a script: it keeps what the client sends on each connection, and answers as the test says.
 */
import { ClientTransport, ClientTransportError, ConnectionClosed, ProcessExited } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as McpClient from "../../src/McpClient.ts"
import type { McpClientError } from "../../src/McpClientError.ts"

/** A message as it was sent. */
export type Json = { readonly [key: string]: any }

/** Lets everything run that does not wait for the clock or for a message. */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
})

/** One connection as the server sees it. */
export class Connection {
  /** What the client has sent. */
  readonly sent: Array<Json> = []
  /** Whether the way to the server is full: then `sendUnsafe` fails and `send` waits. */
  isFull = false
  /** Whether it shows only later that a message was sent, as over HTTP: `send` does not end. */
  isSlow = false
  /** Whether messages cannot be written any more, although the connection is not over. */
  isBroken = false
  /** Whether the connection ends over the next message: it cannot be written. */
  isDying = false
  /** How often a `send` was interrupted. */
  interrupted = 0
  private isOpen = true
  private readonly parked: Array<() => void> = []
  private readonly ended = Deferred.makeUnsafe<ClientTransportError>()
  private readonly receive: (message: Jsonrpc.Inbound) => void
  private readonly script: Script
  readonly index: number

  constructor(index: number, receive: (message: Jsonrpc.Inbound) => void, script: Script) {
    this.index = index
    this.receive = receive
    this.script = script
  }

  /** The methods of what the client has sent; of answers the ids. */
  get methods(): ReadonlyArray<unknown> {
    return this.sent.map((message) => message["method"] ?? message["id"])
  }

  /** The last request for a method. */
  last(method: string): Json {
    const found = this.sent.findLast((message) => message["method"] === method)
    if (found === undefined) throw new Error(`nothing was sent for ${method}`)
    return found
  }

  /** Sends a line to the client. */
  line(text: string): void {
    if (this.isOpen) this.receive(Jsonrpc.parse(text))
  }

  /** Sends a message to the client. */
  send(message: Json): void {
    this.line(JSON.stringify({ jsonrpc: "2.0", ...message }))
  }

  answer(request: Json, result: unknown): void {
    this.send({ id: request["id"], result })
  }

  refuse(request: Json, code: number, message = "no", data?: unknown): void {
    this.send({ id: request["id"], error: data === undefined ? { code, message } : { code, message, data } })
  }

  notify(method: string, params?: Json): void {
    this.send({ method, params })
  }

  /** Ends the connection. */
  end(detail = "the server is gone"): void {
    this.isOpen = false
    Deferred.doneUnsafe(this.ended, Exit.succeed(new ClientTransportError({ reason: new ConnectionClosed({ detail }) })))
  }

  /** Ends the connection as a process does that ends. */
  exit(exitCode: number, stderr: string): void {
    this.isOpen = false
    const reason = new ProcessExited({ command: "server", exitCode, signal: null, stderr })
    Deferred.doneUnsafe(this.ended, Exit.succeed(new ClientTransportError({ reason })))
  }

  /** Lets go on what waited for room. */
  makeRoom(): void {
    this.isFull = false
    for (const go of this.parked.splice(0)) go()
  }

  private take(message: Jsonrpc.Outbound): void {
    const json = JSON.parse(Jsonrpc.stringify(message)) as Json
    this.sent.push(json)
    this.script(json, this)
  }

  /** What it has written to stderr so far. */
  stderr = ""

  readonly client = {
    closed: Deferred.await(this.ended),
    lastWords: Effect.sync(() => this.stderr),
    sendUnsafe: (message: Jsonrpc.Outbound): boolean => {
      if (this.isDying) this.end()
      if (this.isFull || this.isSlow || this.isBroken || !this.isOpen) return false
      this.take(message)
      return true
    },
    send: (message: Jsonrpc.Outbound, onWritten?: () => void): Effect.Effect<void, ClientTransportError> =>
      Effect.callback((resume) => {
        const go = () => {
          if (!this.isOpen || this.isBroken)
            return resume(Effect.fail(new ClientTransportError({ reason: new ConnectionClosed({ detail: "ended" }) })))
          this.take(message)
          onWritten?.()
          if (!this.isSlow) resume(Effect.void)
        }
        if (this.isFull) this.parked.push(go)
        else go()
        // What waits can be taken back.
        return Effect.sync(() => {
          this.interrupted++
          const index = this.parked.indexOf(go)
          if (index >= 0) this.parked.splice(index, 1)
        })
      })
  }
}

/** What the server does with a message. */
export type Script = (message: Json, connection: Connection) => void

/** A server whose transport hands every message to the script, one connection after the other. */
export const scripted = (script: Script) => {
  const connections: Array<Connection> = []
  const layer = Layer.succeed(
    ClientTransport,
    ClientTransport.of({
      kind: "memory",
      connect: (receive) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const connection = new Connection(connections.length, receive, script)
            connections.push(connection)
            return connection
          }),
          (connection) => Effect.sync(() => connection.end("closed by the client"))
        ).pipe(Effect.map((connection) => connection.client))
    })
  )
  return { connections, layer }
}

export const clientInfo = { name: "tester", version: "0.0.1" }

/** The answer to `server/discover`. */
export const discovered = (supportedVersions: ReadonlyArray<string> = ["2026-07-28"]): Json => ({
  resultType: "complete",
  supportedVersions,
  capabilities: { tools: {} },
  instructions: "ask",
  ttlMs: 0,
  cacheScope: "private",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "modern", version: "2" } }
})

/** The answer to `initialize`. */
export const initialized = (protocolVersion: string): Json => ({
  protocolVersion,
  capabilities: { tools: {} },
  serverInfo: { name: "legacy", version: "1" },
  instructions: "ask"
})

/** Agrees on a revision as servers of its era do, and hands the rest to the script. */
export const agreeing =
  (version: string, script: Script = () => {}): Script =>
  (message, connection) => {
    if (message["method"] === "server/discover") {
      if (version === "2026-07-28") connection.answer(message, discovered())
      else connection.refuse(message, -32601, "Method not found")
    } else if (message["method"] === "initialize") connection.answer(message, initialized(version))
    else if (message["method"] !== "notifications/initialized") script(message, connection)
  }

/**
 * Connects a client to a scripted server, for the time of the test; `handlers` are what is provided besides the transport. When the
 * connection is lost, that is the end, unless `options` say otherwise.
 */
export const connect = (
  server: ReturnType<typeof scripted>,
  options: Partial<McpClient.Options> = {},
  handlers: Layer.Layer<never> = Layer.empty
): Effect.Effect<McpClient.McpClient["Service"], McpClientError, Scope.Scope> =>
  Effect.map(
    Layer.build(
      Layer.fresh(McpClient.layer({ ...clientInfo, reconnect: false, ...options })).pipe(
        Layer.provide(Layer.merge(server.layer, handlers))
      )
    ),
    (context) => McpClient.McpClient.pipe(Effect.provideContext(context), Effect.runSync)
  )
