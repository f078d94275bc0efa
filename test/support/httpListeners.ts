/**
 * The three listeners, each on a free port of loopback, so that one table of behaviours runs against all.
 */
import { HttpListener } from "@effect-mcp/transport-http/HttpListener"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import * as RouterListener from "@effect-mcp/transport-http/RouterListener"
import * as WebListener from "@effect-mcp/transport-http/WebListener"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"

/** Where it listens. */
export class Port extends Context.Service<Port, number>()("test/Port") {}

/** A listener on a port. */
export type Listening = Layer.Layer<HttpListener | Port>

const node: Listening = Layer.effectContext(
  Effect.map(NodeListener.make({ port: 0 }), (listener) =>
    Context.make(HttpListener, listener).pipe(Context.add(Port, Number(new URL(listener.url ?? "").port)))
  )
).pipe(Layer.orDie)

const portOf = Effect.map(HttpServer.HttpServer, ({ address }) => ("port" in address ? address.port : 0))

const Home = HttpRouter.add("GET", "/home", HttpServerResponse.text("the application"))

const router: Listening = HttpRouter.serve(Layer.mergeAll(RouterListener.layer({ paths: ["/mcp"] }), Home), {
  disableLogger: true,
  disableListenLog: true
}).pipe(
  Layer.merge(Layer.effect(Port, portOf)),
  Layer.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
  Layer.orDie
)

const toRequest = (request: IncomingMessage, response: ServerResponse): Request => {
  const gone = new AbortController()
  response.on("close", () => response.writableFinished || gone.abort())
  const { headers, method = "", url = "" } = request
  const body = method === "POST" ? { body: Readable.toWeb(request), duplex: "half" } : {}
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)])
  // `duplex` and streams of Node are not in the types of the web.
  const init = { method, headers: entries, signal: gone.signal, ...body } as unknown as RequestInit
  return new Request(`http://${headers.host}${url}`, init)
}

const write = async (answer: Response, response: ServerResponse): Promise<void> => {
  response.writeHead(answer.status, [...answer.headers].flat()).flushHeaders()
  const reader = answer.body?.getReader()
  response.on("close", () => void reader?.cancel().catch(() => {}))
  for (;;) {
    const chunk = await reader?.read()
    if (chunk === undefined || chunk.done) break
    if (!response.write(chunk.value)) await new Promise((go) => response.once("drain", go))
  }
  response.end()
}

const web: Listening = Layer.effectContext(
  Effect.gen(function* () {
    const { handle, listener } = yield* WebListener.make
    const server = createServer((request, response) => {
      handle(toRequest(request, response))
        .then((answer) => write(answer, response))
        .catch(() => response.destroy())
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    const { port } = server.address() as AddressInfo // it listens on a port
    return Context.make(HttpListener, listener).pipe(Context.add(Port, port))
  })
)

/** All of them, by name. */
export const listeners: Readonly<Record<"node" | "router" | "web", Listening>> = { node, router, web }
