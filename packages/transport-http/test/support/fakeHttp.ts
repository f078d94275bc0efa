/**
 * A server of HTTP that answers as a test says, and remembers what it was asked.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/** The members of a message that tests look at. */
export interface Sent {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly [key: string]: any }
  readonly result?: unknown
}

/** One request, and the way to answer it. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body, where it is JSON. */
  readonly message: Sent
  readonly response: ServerResponse
  readonly socket: Socket
  /** When it came, in milliseconds. */
  readonly at: number
  isClosed: boolean
  /** Answers with JSON. */
  readonly json: (value: unknown, status?: number, headers?: Record<string, string>) => void
  /** Answers the request of the protocol with a result. */
  readonly result: (result: unknown, headers?: Record<string, string>) => void
  /** Answers with no body. */
  readonly status: (status: number, headers?: Record<string, string>) => void
  /** Begins an event stream, which stays open. */
  readonly events: (text?: string, headers?: Record<string, string>) => void
}

/** See the module. */
export interface FakeHttp {
  readonly url: string
  readonly origin: string
  readonly exchanges: Array<Exchange>
  /** The requests with a method of the protocol. */
  readonly of: (method: string) => ReadonlyArray<Exchange>
  /** The requests with a method of HTTP. */
  readonly by: (method: string) => ReadonlyArray<Exchange>
}

const parsed = (text: string): Sent => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const exchangeOf = (request: IncomingMessage, response: ServerResponse, text: string): Exchange => {
  const message = parsed(text)
  const exchange: Exchange = {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    text,
    message,
    response,
    socket: request.socket,
    at: performance.now(),
    isClosed: false,
    json: (value, status = 200, headers = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value)),
    result: (result, headers = {}) => exchange.json({ jsonrpc: "2.0", id: message.id, result }, 200, headers),
    status: (status, headers = {}) => void response.writeHead(status, headers).end(),
    events: (text = ": open\n\n", headers = {}) =>
      void response.writeHead(200, { "content-type": "text/event-stream", ...headers }).write(text)
  }
  response.on("close", () => {
    exchange.isClosed = true
  })
  return exchange
}

/** An event of a stream. */
export const event = (value: unknown, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: message\ndata: ${JSON.stringify(value)}\n\n`

/** Listens on a port of the loopback interface, as long as the scope is open. */
export const fakeHttp = (answer: (exchange: Exchange) => void): Effect.Effect<FakeHttp, never, Scope.Scope> =>
  Effect.gen(function* () {
    const exchanges: Array<Exchange> = []
    const server = createServer((request, response) => {
      let text = ""
      request.setEncoding("utf8")
      request.on("data", (piece: string) => void (text += piece))
      request.on("end", () => {
        const exchange = exchangeOf(request, response, text)
        exchanges.push(exchange)
        answer(exchange)
      })
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const { port } = server.address() as AddressInfo // it listens on a port
    const origin = `http://127.0.0.1:${port}`
    return {
      url: `${origin}/mcp`,
      origin,
      exchanges,
      of: (method) => exchanges.filter(({ message }) => message.method === method),
      by: (method) => exchanges.filter((exchange) => exchange.method === method)
    }
  })

/** Waits until something holds, for five seconds. */
export const eventually = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.fail(new Cause.TimeoutError("it never held")))).pipe(
    Effect.retry({ schedule: Schedule.spaced("5 millis"), times: 1000 }),
    Effect.orDie
  )

/** Answers of a server of the session era: `initialize` with a session, GET with 405, the rest by `then`. */
export const session =
  (then: (exchange: Exchange) => void, sessionId: () => string | undefined = () => "s1", version = "2025-11-25") =>
  (exchange: Exchange): void => {
    const { message, method } = exchange
    const id = sessionId()
    if (message.method === "server/discover") return exchange.status(400)
    if (message.method === "initialize") {
      const result = { protocolVersion: version, capabilities: { tools: {} }, serverInfo: { name: "fake", version: "1" } }
      return exchange.result(result, id === undefined ? {} : { "mcp-session-id": id })
    }
    if (message.method === "notifications/initialized") return exchange.status(202)
    if (method === "DELETE") return exchange.status(200)
    then(exchange)
  }

/** Answers of a server of the request era: `server/discover`, the rest by `then`. */
export const modern =
  (then: (exchange: Exchange) => void) =>
  (exchange: Exchange): void => {
    if (exchange.message.method !== "server/discover") return then(exchange)
    exchange.result({
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "fake", version: "1" },
      ttlMs: 0,
      cacheScope: "private"
    })
  }
