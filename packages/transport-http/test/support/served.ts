/**
 * A server with one tool for everything that happens on a wire, behind a real listener on loopback.
 */
import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import { EventStore } from "@effect-mcp/core/EventStore"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import { SessionStore } from "@effect-mcp/core/SessionStore"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import type * as Settings from "@effect-mcp/server/Settings"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { HttpListener } from "../../src/HttpListener.ts"
import * as HttpServerTransport from "../../src/HttpServerTransport.ts"
import * as NodeListener from "../../src/NodeListener.ts"
import { type Json, Response, type Sent } from "./wire.ts"

class Wire extends McpGroup.make(
  "wire",
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite }),
  Tool.make("steps", { parameters: { count: Schema.Int, size: Schema.optionalKey(Schema.Int) }, success: Schema.String }),
  Tool.make("large", { parameters: { size: Schema.Int }, success: Schema.String }),
  Tool.make("stream"),
  Tool.make("hold", { success: Schema.String }),
  Tool.make("progressThenHold", { success: Schema.String }),
  Tool.make("detachThenHold", { success: Schema.String }),
  Tool.make("ask", { success: Schema.String }),
  Tool.make("must", { success: Schema.String }),
  Tool.make("say", { parameters: { text: Schema.String } }),
  Tool.make("who", { success: Schema.String }),
  Tool.make("update"),
  Resource.make("today", "notes://today")
) {}

class Extra extends McpGroup.make("extra", Tool.make("extra")) {}

/** Lets everything run that does not wait for the clock or for the other end. */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
})

/** What the handlers of a server wait for, and what became of them. */
export class Holds {
  readonly told: Array<string> = []
  private readonly held: Array<Deferred.Deferred<string>> = []
  private readonly watchers = new Set<() => void>()

  /** How many calls are held now. */
  get size(): number {
    return this.held.length
  }

  readonly hold: Effect.Effect<string> = Effect.suspend(() => {
    const deferred = Deferred.makeUnsafe<string>()
    this.held.push(deferred)
    this.tell("held")
    return Effect.onInterrupt(Deferred.await(deferred), () =>
      Effect.sync(() => {
        this.held.splice(this.held.indexOf(deferred), 1)
        this.tell("interrupted")
      })
    )
  })

  /** Lets the call go that has waited for the longest time. */
  readonly release = Effect.sync(() => {
    const first = this.held.shift()
    if (first !== undefined) Deferred.doneUnsafe(first, Exit.succeed("released"))
  })

  /** Waits until something was told so many times. */
  until(what: string, times = 1): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const look = () => {
        if (this.told.filter((said) => said === what).length < times) return
        this.watchers.delete(look)
        resume(Effect.void)
      }
      this.watchers.add(look)
      look()
    })
  }

  private tell(what: string): void {
    this.told.push(what)
    for (const look of this.watchers) look()
  }
}

const live = (holds: Holds) =>
  Wire.toLayer({
    tools: {
      add: ({ a, b }) => Effect.succeed(a + b),
      steps: ({ count, size = 0 }) =>
        Effect.as(
          Effect.forEach(Array.from({ length: count }), (_, n) => Progress.report(n + 1, count, "x".repeat(size)), {
            discard: true
          }),
          "done"
        ),
      large: ({ size }) => Effect.succeed("x".repeat(size)),
      stream: () =>
        Progress.report(1).pipe(
          Effect.andThen(holds.hold),
          Effect.andThen(Progress.report(2, 2, "x".repeat(30_000_000))),
          Effect.andThen(holds.hold)
        ),
      hold: () => holds.hold,
      progressThenHold: () => Effect.andThen(Progress.report(1), holds.hold),
      detachThenHold: () =>
        Effect.andThen(
          Effect.flatMap(RequestContext, ({ detach }) => detach),
          holds.hold
        ),
      ask: () =>
        Effect.flatMap(RequestContext, ({ asking }) =>
          Effect.map(Effect.result(asking.ask({ key: "roots", method: "roots/list", params: {} })), (answer) =>
            answer._tag === "Success" ? JSON.stringify(answer.success["roots"]) : answer.failure.message
          )
        ).pipe(Effect.orDie),
      must: () =>
        Effect.flatMap(RequestContext, ({ asking }) =>
          Effect.as(asking.ask({ key: "roots", method: "roots/list", params: {} }), "answered")
        ),
      say: ({ text }) => Effect.logInfo(text),
      who: () => Effect.map(RequestContext, ({ principal, sessionId }) => `${principal.subject} in ${sessionId}`),
      update: () => Effect.orDie(Resource.updated("notes://today"))
    },
    resources: { today: () => Effect.succeed("sunny") }
  })

/** Who serves. */
export const info = { name: "wire", version: "1.0.0" }

/** The headers of a client that does everything right. */
export const base = [
  ["Content-Type", "application/json"],
  ["Accept", "application/json, text/event-stream"]
] as const

export const clientInfo = { name: "raw", version: "0.0.1" }
export const key = (name: string): string => `io.modelcontextprotocol/${name}`

/** A request. */
export const ask = (id: number | string, method: string, params?: Json): Json => ({
  jsonrpc: "2.0",
  id,
  method,
  ...(params && { params })
})
export const call = (id: number | string, name: string, args: Json = {}, meta?: Json): Json =>
  ask(id, "tools/call", { name, arguments: args, ...(meta && { _meta: meta }) })
export const tell = (method: string, params?: Json): Json => ({ jsonrpc: "2.0", method, ...(params && { params }) })
export const greeting = (version: string, capabilities: Json = {}): Json =>
  ask(0, "initialize", { protocolVersion: version, capabilities, clientInfo })

/** The metadata of a request of 2026-07-28. */
export const envelope = (meta: Json = {}): Json => ({
  [key("protocolVersion")]: "2026-07-28",
  [key("clientCapabilities")]: {},
  [key("clientInfo")]: clientInfo,
  ...meta
})

/** The headers of a request of 2026-07-28. */
export const routed = (method: string, name?: string): ReadonlyArray<readonly [string, string]> => [
  ...base,
  ["MCP-Protocol-Version", "2026-07-28"],
  ["Mcp-Method", method],
  ...(name === undefined ? [] : [["Mcp-Name", name] as const])
]

/** A client of a session. */
export interface Session {
  readonly id: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** Posts a message. */
  readonly post: (body: unknown, ...more: ReadonlyArray<readonly [string, string]>) => Response
  /** Opens the stream, or comes back to one. */
  readonly listen: (lastEventId?: string) => Response
}

/** What is served, with what a test reaches of it. */
export interface Served {
  readonly port: number
  readonly holds: Holds
  readonly logged: Array<string>
  readonly server: McpServer.McpServer["Service"]
  readonly send: (sent: Sent) => Response
  /** Sends a request of 2026-07-28 with all that belongs to it. */
  readonly modern: (method: string, params?: Json, meta?: Json) => Response
  /** Opens a session. */
  readonly open: (
    version?: string,
    capabilities?: Json,
    ...more: ReadonlyArray<readonly [string, string]>
  ) => Effect.Effect<Session>
  /** A client of a session that exists. */
  readonly session: (id: string, version?: string, ...more: ReadonlyArray<readonly [string, string]>) => Session
  /** Serves another tool from now on, so that the list changes. */
  readonly addTool: Effect.Effect<void, never, Scope.Scope>
  /** Shuts the transport down. */
  readonly close: Effect.Effect<void>
}

/** How to serve: with which options, and over which stores. */
export interface How extends HttpServerTransport.Options {
  readonly settings?: Settings.Options
  readonly listener?: Omit<NodeListener.Options, "port">
  readonly sessionStore?: SessionStore["Service"]
  readonly eventStore?: EventStore["Service"]
}

// Stores are looked for in the context and required by nobody.
const storesOf = ({ eventStore, sessionStore }: How): Context.Context<never> => {
  const sessions = sessionStore === undefined ? Context.empty() : Context.make(SessionStore, sessionStore)
  const events = eventStore === undefined ? Context.empty() : Context.make(EventStore, eventStore)
  return Context.merge(sessions, events) as Context.Context<never>
}

/** Serves for the time of the test. */
export const serve = Effect.fnUntraced(function* (how: How = {}): Effect.fn.Return<Served, unknown, Scope.Scope> {
  const { eventStore: _, listener: limits, sessionStore: __, settings = {}, ...options } = how
  const holds = new Holds()
  const logged: Array<string> = []
  const logger = Logger.make(({ cause, message }) => void logged.push(`${String(message)} ${Cause.pretty(cause)}`))
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const Server = McpServer.layer({ ...info, ...settings }, Wire).pipe(
    Layer.provide(live(holds)),
    Layer.provide(ChangeBus.layerMemory)
  )
  const outside = Layer.mergeAll(Layer.succeedContext(storesOf(how)), Logger.layer([logger]))
  const built = yield* Layer.buildWithScope(Layer.fresh(Server.pipe(Layer.provide(outside))), yield* Effect.scope)
  const listener = yield* Scope.provide(NodeListener.make({ port: 0, ...limits }), yield* Effect.scope)
  const transport = HttpServerTransport.layer(options).pipe(
    Layer.provide(Layer.succeedContext(built as Context.Context<Dispatcher>)),
    Layer.provide(Layer.succeed(HttpListener, listener)),
    Layer.provide(outside)
  )
  yield* Layer.buildWithScope(transport, scope)
  const port = Number(new URL(listener.url ?? "").port)
  const server = Context.get(built, McpServer.McpServer)
  const send = (sent: Sent) => new Response(port, sent)
  const session: Served["session"] = (id, version, ...more) => {
    const own = version === undefined ? [] : [["MCP-Protocol-Version", version] as const]
    const headers = [...base, ["Mcp-Session-Id", id] as const, ...own, ...more]
    return {
      id,
      headers,
      post: (body, ...extra) => send({ headers: [...headers, ...extra], body }),
      listen: (last) => send({ method: "GET", headers: last === undefined ? headers : [...headers, ["Last-Event-ID", last]] })
    }
  }
  const open: Served["open"] = Effect.fnUntraced(function* (version = "2025-11-25", capabilities = {}, ...more) {
    const greeted = yield* send({ headers: [...base, ...more], body: greeting(version, capabilities) }).done
    const hasHeader = version === "2025-06-18" || version === "2025-11-25"
    const opened = session(greeted.headers["mcp-session-id"] ?? "", hasHeader ? version : undefined, ...more)
    yield* opened.post(tell("notifications/initialized")).done
    return opened
  })
  return {
    port,
    holds,
    logged,
    server,
    send,
    session,
    open,
    modern: (method, params = {}, meta = {}) =>
      send({
        headers: routed(method, params["name"] ?? params["uri"]),
        body: ask("m", method, { ...params, _meta: envelope(meta) })
      }),
    addTool: Effect.orDie(server.add(Extra, Extra.toLayer({ tools: { extra: () => Effect.void } }))),
    close: Scope.close(scope, Exit.void)
  }
})
