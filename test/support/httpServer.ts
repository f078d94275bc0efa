/**
 * A server over HTTP in this process, for tests that speak to it by hand.
 */
import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Server as NodeServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert } from "@effect/vitest"
import { modernCall, RawSocket, messageOf, openSession, sessionCall } from "./socketHttp.ts"

const Sure = { sure: Form.choices({ yes: "Yes", no: "No" }) }

export class Served extends McpGroup.make(
  "served",
  Tool.make("echo", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("size", { parameters: { text: Schema.String }, success: Schema.Int }),
  Tool.make("big", { parameters: { size: Schema.Int }, success: Schema.String }),
  Tool.make("steps", { parameters: { count: Schema.Int, text: Schema.String }, success: Schema.String }),
  Tool.make("ask", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("hang", { success: Schema.String }),
  Tool.make("open", { success: Schema.String }),
  Tool.make("pour", { parameters: { size: Schema.Int, count: Schema.Int }, success: Schema.String }),
  Tool.make("wait", { parameters: { ms: Schema.Int }, success: Schema.String }),
  Tool.make("fail", { success: Schema.String, failure: Schema.String })
) {}

/** What handlers are doing now. */
export class Gauge {
  hanging = 0
  interrupted = 0
  private looks: Array<() => void> = []
  private readonly doors = new Set<() => void>()

  /** Holds a handler, counted. */
  readonly hold: Effect.Effect<string> = Effect.callback<string>((resume) => {
    this.hanging++
    const open = () => {
      this.doors.delete(open)
      this.hanging--
      resume(Effect.succeed("released"))
    }
    this.doors.add(open)
    this.look()
    return Effect.sync(() => {
      this.doors.delete(open)
      this.hanging--
      this.interrupt()
    })
  })

  /** Counts a handler that was interrupted. */
  interrupt(): void {
    this.interrupted++
    this.look()
  }

  /** Lets all go that are held. */
  release(): void {
    for (const open of this.doors) open()
  }

  private look(): void {
    for (const look of this.looks.splice(0)) look()
  }

  /** Waits until something holds. */
  async until(holds: (gauge: Gauge) => boolean): Promise<void> {
    const deadline = performance.now() + 10_000
    while (!holds(this)) {
      if (performance.now() > deadline) throw new Error(`${this.hanging} hang, ${this.interrupted} were interrupted`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100)
        this.looks.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
}

export const handlers = (gauge: Gauge) =>
  Served.toLayer({
    tools: {
      echo: ({ text }) => Effect.succeed(text),
      size: ({ text }) => Effect.succeed(text.length),
      big: ({ size }) => Effect.sync(() => "x".repeat(size)),
      steps: Effect.fn("steps")(function* ({ count, text }) {
        for (let i = 1; i <= count; i++) yield* Progress.report(i, count, `${text} ${i}`)
        return text
      }),
      ask: ({ text }) =>
        Elicitation.form({ key: "sure", message: text, schema: Sure }).pipe(
          Effect.map(({ sure }) => `${text} ${sure}`),
          Effect.catchTags({ Declined: () => Effect.succeed("declined"), Cancelled: () => Effect.succeed("cancelled") })
        ),
      hang: () => gauge.hold,
      // The head of its stream is on its way when it hangs.
      open: () => Effect.andThen(Progress.report(1, 2, "begun"), gauge.hold),
      pour: Effect.fn("pour")(function* ({ count, size }) {
        for (let i = 1; i <= count; i++) {
          yield* Effect.onInterrupt(Progress.report(i, count, "x".repeat(size)), () => Effect.sync(() => gauge.interrupt()))
        }
        return yield* gauge.hold
      }),
      wait: ({ ms }) => Effect.delay(Effect.succeed("waited"), ms),
      fail: () => Effect.fail("it failed")
    }
  })

/** How to serve. */
export interface Options {
  readonly http?: HttpServerTransport.Options
  readonly listener?: Omit<NodeListener.Options, "port">
  readonly server?: Partial<McpServer.Options>
  readonly stores?: Layer.Layer<SessionStore.SessionStore>
  /** Services that the endpoint finds in its context. */
  readonly context?: Context.Context<never>
}

/** A running server. */
export class HttpServer {
  readonly port: number
  readonly node: NodeServer
  readonly gauge: Gauge
  /** What was logged. */
  readonly log: Array<string>
  private readonly scope: Scope.Closeable

  private constructor(node: NodeServer, gauge: Gauge, log: Array<string>, scope: Scope.Closeable) {
    this.node = node
    this.port = (node.address() as AddressInfo).port
    this.gauge = gauge
    this.log = log
    this.scope = scope
  }

  static async start(options: Options = {}): Promise<HttpServer> {
    const gauge = new Gauge()
    const log: Array<string> = []
    const scope = Scope.makeUnsafe()
    const logger = Logger.make(({ logLevel, message }) => void log.push(`${logLevel} ${String(message)}`))
    const Server = McpServer.layer({ name: "served", version: "1.0.0", ...options.server }, Served).pipe(
      Layer.provide(handlers(gauge)),
      Layer.provide(options.stores ?? SessionStore.layerMemory())
    )
    const start = Effect.gen(function* () {
      const listener = yield* NodeListener.make({ port: 0, ...options.listener })
      const dispatcher = Context.get(yield* Layer.build(Server), Dispatcher)
      const handle = yield* HttpServerTransport.make(options.http).pipe(
        Effect.provideService(Dispatcher, dispatcher),
        Effect.provideContext(options.context ?? Context.empty())
      )
      yield* listener.mount({ path: "/mcp", handle })
      return listener.server
    }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(Scope.Scope, scope))
    const node = await Effect.runPromise(start as Effect.Effect<NodeServer, NodeListener.ListenError>)
    const server = new HttpServer(node, gauge, log, scope)
    running.add(server)
    return server
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => this.node.getConnections((error, count) => (error ? reject(error) : resolve(count))))
  }

  async stop(): Promise<void> {
    running.delete(this)
    await Effect.runPromise(Scope.close(this.scope, Exit.void))
  }
}

const running = new Set<HttpServer>()

/** Stops what a test has left. For `afterEach`. */
export const stopAll = async (): Promise<void> => {
  for (const server of running) await server.stop()
}

/** A client of each era that behaves well is served as it should be. */
export const assertServes = async ({ port }: HttpServer): Promise<void> => {
  const socket = await RawSocket.open(port)
  const modern = await socket.write(modernCall("m", "echo", { text: "modern" })).response()
  assert.strictEqual(modern.status, 200)
  assert.strictEqual(messageOf(modern).result.content[0].text, "modern")
  const session = await openSession(socket)
  const called = await socket.write(sessionCall(session, "s", "echo", { text: "session" })).response()
  assert.strictEqual(called.status, 200)
  assert.deepStrictEqual(messageOf(called), {
    jsonrpc: "2.0",
    id: "s",
    result: { content: [{ type: "text", text: "session" }] }
  })
  socket.cut()
}
