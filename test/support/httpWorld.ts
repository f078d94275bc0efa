/**
 * A server with the tools that show how HTTP behaves, mounted on a listener.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { HttpListener } from "@effect-mcp/transport-http/HttpListener"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { type Listening, Port } from "./httpListeners.ts"
import { type Asked, open, send } from "./rawHttp.ts"

class Tools extends McpGroup.make(
  "tools",
  Tool.make("echo", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("wait", { parameters: { progress: Schema.optionalKey(Schema.Boolean) }, success: Schema.String }),
  Tool.make("flood", {
    parameters: { messages: Schema.Int, size: Schema.Int, gated: Schema.optionalKey(Schema.Boolean) },
    success: Schema.Int
  }),
  Tool.make("broken", { success: Schema.String })
) {}

/** What happens inside of the server. */
export interface World {
  readonly port: number
  readonly listener: HttpListener["Service"]
  /** `wait` goes on when it is open. */
  readonly gate: Latch.Latch
  /** What `wait` and `flood` went through: `started`, `sent`, `ended`, `interrupted`. */
  readonly events: Queue.Queue<string>
  /** Closes the endpoint alone. */
  readonly close: Effect.Effect<void>
}

const live = (gate: Latch.Latch, events: Queue.Queue<string>) => {
  const tell = (event: string) => Queue.offer(events, event)
  return Tools.toLayer({
    tools: {
      echo: ({ text }) => Effect.succeed(text),
      wait: Effect.fnUntraced(
        function* ({ progress = false }) {
          yield* tell("started")
          if (progress) yield* Progress.report(1)
          yield* gate.await
          if (progress) yield* Progress.report(2)
          yield* tell("ended")
          return "waited"
        },
        Effect.onInterrupt(() => tell("interrupted"))
      ),
      flood: Effect.fnUntraced(
        function* ({ gated = false, messages, size }) {
          yield* tell("started")
          if (gated) yield* gate.await
          for (let i = 1; i <= messages; i++) {
            yield* Progress.report(i, messages, "x".repeat(size))
            yield* tell("sent")
          }
          return messages
        },
        Effect.onInterrupt(() => tell("interrupted"))
      ),
      broken: () => Effect.die(new Error("the secret of the house"))
    }
  })
}

/** A server on a listener, both as long as the scope lives. */
export const makeWorld = Effect.fnUntraced(function* (listening: Listening, options: HttpServerTransport.Options = {}) {
  const context = yield* Layer.build(listening)
  const gate = yield* Latch.make()
  const events = yield* Queue.unbounded<string>()
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const Server = McpServer.layer({ name: "world", version: "1.0.0" }, Tools).pipe(Layer.provide(live(gate, events)))
  const listener = Context.get(context, HttpListener)
  const Endpoint = HttpServerTransport.layer(options).pipe(
    Layer.provide(Server),
    Layer.provide(Layer.succeed(HttpListener, listener))
  )
  yield* Layer.buildWithScope(Endpoint, scope)
  const world: World = { port: Context.get(context, Port), listener, gate, events, close: Scope.close(scope, Exit.void) }
  return world
})

const rpc = (method: string, params: unknown, id?: number) =>
  JSON.stringify({ jsonrpc: "2.0", method, params, ...(id === undefined ? {} : { id }) })

/** The body of a call, in the session era. */
export const callBody = (name: string, args: unknown, { id = 1, progress = true } = {}): string =>
  rpc("tools/call", { name, arguments: args, ...(progress ? { _meta: { progressToken: id } } : {}) }, id)

const initialize = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "raw", version: "1.0.0" }
}

/** Opens a session, and gives the headers that belong to it. */
export const session = Effect.fnUntraced(function* (port: number, path = "/mcp", headers: Record<string, string> = {}) {
  const asked: Asked = { port, path, headers, body: rpc("initialize", initialize, 0) }
  const { body, headers: answered, status } = yield* send(asked)
  if (status !== 200) return yield* Effect.die(new Error(`initialize: ${status} ${body}`))
  const own = { ...headers, "mcp-session-id": String(answered["mcp-session-id"]), "mcp-protocol-version": "2025-11-25" }
  yield* send({ port, path, headers: own, body: rpc("notifications/initialized", {}) })
  return own
})

/** A call in the request era. */
export const modern = (port: number, name: string, args: unknown, { id = 1, path = "/mcp" } = {}): Asked => ({
  port,
  path,
  headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name },
  body: rpc(
    "tools/call",
    {
      name,
      arguments: args,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1.0.0" },
        "io.modelcontextprotocol/clientCapabilities": {},
        progressToken: id
      }
    },
    id
  )
})

/** A call in a session: its answer as it comes. */
export const call = (port: number, headers: Record<string, string>, name: string, args: unknown, id = 1) =>
  open({ port, headers, body: callBody(name, args, { id }) })
