/**
 * A listener on `node:http`: the fast path. It accepts connections as soon as its layer is built; until something is mounted, and once
 * everything has gone again, the answer is 503.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Handle } from "./Exchange.ts"
import { HttpListener } from "./HttpListener.ts"
import { NodeExchange } from "./internal/server/nodeExchange.ts"
import { Routes } from "./internal/server/routes.ts"

/** Where and how to listen. */
export interface Options {
  /** 0 takes a free one. */
  readonly port: number
  /** The address to listen on. `127.0.0.1` by default: nobody else reaches it. In a container it is `0.0.0.0`. */
  readonly address?: string
  /** The size of all headers of a request in bytes; more is refused with 431. 16 KiB by default. */
  readonly maxHeaderBytes?: number
  /** How many connections are open at once; more are closed. 10,000 by default. */
  readonly maxConnections?: number
  /** How long the headers of a request may take to arrive; then they are refused with 408. 30 seconds by default. */
  readonly headersTimeout?: Duration.Input
  /**
   * How long a client may take nothing of an answer that is complete, or go on sending a body that was refused, before its connection is
   * cut. 30 seconds by default.
   */
  readonly stallTimeout?: Duration.Input
}

// All of a request must be there in this time, see `requestTimeout` of `node:http`.
const longest = 300_000

const millis = (name: string, input: Duration.Input = "30 seconds"): number => {
  const value = Duration.toMillis(Duration.fromInputUnsafe(input))
  if (value >= 1 && value <= longest) return Math.ceil(value)
  throw new Error(`NodeListener: ${name} must be a duration from a millisecond to ${longest / 1000} seconds, not ${value} ms`)
}

/** The address could not be listened on. */
export class ListenError extends Data.TaggedError("ListenError")<{ readonly message: string; readonly cause: unknown }> {}

/** A handler as a listener of `node:http`, for servers of your own, such as Express. */
export const toRequestListener = (handle: Handle, options: Pick<Options, "stallTimeout"> = {}): RequestListener => {
  const stallTimeout = millis("stallTimeout", options.stallTimeout)
  return (request, response) => {
    const exchange = new NodeExchange(request, response, stallTimeout)
    handle(exchange, exchange.reply)
  }
}

const listen = (server: Server, { address = "127.0.0.1", port }: Options): Effect.Effect<void, ListenError> =>
  Effect.callback((resume) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const hint = cause.code === "EADDRINUSE" ? ": the port is taken; use another, or 0 for a free one" : ""
      resume(Effect.fail(new ListenError({ message: `cannot listen on ${address}:${port} (${cause.code})${hint}`, cause })))
    }
    server.once("error", failed)
    server.listen(port, address, () => {
      server.off("error", failed)
      resume(Effect.void)
    })
  })

const urlOf = ({ address, family, port }: AddressInfo): string => {
  const isAny = address === "0.0.0.0" || address === "::"
  const host = isAny ? "127.0.0.1" : family === "IPv6" ? `[${address}]` : address
  return `http://${host}:${port}`
}

/** How long what was written may take to leave when the listener closes, in milliseconds. */
const lingering = 1000

// Everything that was mounted has been given its time to end before.
const close = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const cut = setTimeout(() => server.closeAllConnections(), lingering)
    server.close(() => {
      clearTimeout(cut)
      resume(Effect.void)
    })
    server.closeIdleConnections()
  })

/** A listener until the scope closes. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<HttpListener["Service"] & { readonly server: Server }, ListenError, Scope.Scope> {
  const routes = new Routes()
  const headersTimeout = millis("headersTimeout", options.headersTimeout)
  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderBytes ?? 16 * 1024,
      noDelay: true,
      keepAliveTimeout: 65_000,
      headersTimeout,
      requestTimeout: longest,
      connectionsCheckingInterval: Math.ceil(headersTimeout / 4)
    },
    toRequestListener(routes.handle, options)
  )
  server.maxConnections = options.maxConnections ?? 10_000
  yield* Effect.acquireRelease(listen(server, options), () => close(server))
  const url = urlOf(server.address() as AddressInfo) // it listens on a port
  return { mount: routes.mount, url, endpoints: routes.endpoints, server }
})

/**
 * Ends a process: one that was told to end by SIGTERM or SIGINT, and has, ends with exit code 0, as systemd and Kubernetes expect it;
 * everything else is as by default.
 *
 * @example
 * Layer.launch(Served).pipe(NodeRuntime.runMain({ teardown: NodeListener.teardown }))
 */
export const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) onExit(0)
  else Runtime.defaultTeardown(exit, onExit)
}

/** A listener as long as the layer lives. */
export const layer = (options: Options): Layer.Layer<HttpListener, ListenError> =>
  Layer.effectContext(Effect.map(make(options), (listener) => Context.make(HttpListener, listener)))
