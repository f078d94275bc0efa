/**
 * A listener for web `Request`s and `Response`s: Bun, Deno, Workers, Hono, and whatever else speaks them. It knows no module of Node.
 *
 * What a client does not read stays where it is bounded, as far as the runtime asks for no more than it can send. A client that goes away
 * is noticed by `request.signal`, or when the body of the response is cancelled.
 *
 * @example
 * const { handler } = WebListener.toWebHandler(HttpServerTransport.layer().pipe(Layer.provide(Server)))
 * Bun.serve({ port: 3000, fetch: handler })
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { HttpListener } from "./HttpListener.ts"
import * as replies from "./internal/server/replies.ts"
import { Routes } from "./internal/server/routes.ts"
import { WebExchange } from "./internal/server/webExchange.ts"

/** Answers a request. It is for runtimes that know promises alone; it never rejects. */
export type WebHandler = (request: Request) => Promise<Response>

/** A listener, and how requests come to it. */
export interface WebListener {
  readonly listener: HttpListener["Service"]
  /** Until something is mounted, and once everything has gone again, the answer is 503. */
  readonly handle: WebHandler
}

const makeUnsafe = (): WebListener => {
  const routes = new Routes()
  return {
    listener: { mount: routes.mount, url: undefined, endpoints: routes.endpoints },
    handle: (request) =>
      new Promise((resolve) => {
        const exchange = new WebExchange(request, resolve)
        routes.handle(exchange, exchange.reply)
      })
  }
}

/** A listener, for programs that mount on it themselves. */
export const make: Effect.Effect<WebListener> = Effect.sync(makeUnsafe)

/** How long requests wait for the layer. */
export interface Options {
  /** How long a request waits while the layer is built, before it is answered with 503. 10 seconds by default. */
  readonly readyTimeout?: Duration.Input
  /** How many requests wait at once; more are answered with 503. 1,000 by default. */
  readonly maxWaiting?: number
}

/** What is built with the first request. */
class Built {
  private state: "building" | "ready" | "failed" = "building"
  private readonly scope = Scope.makeUnsafe()
  private readonly waiting = new Set<() => void>()
  private readonly fiber: Fiber.Fiber<unknown, unknown>
  private readonly options: Options

  constructor(build: (scope: Scope.Scope) => Effect.Effect<unknown, unknown>, options: Options) {
    this.options = options
    const logged = Effect.tapCause(build(this.scope), (cause) =>
      Effect.logError("the layer of a web handler cannot be built", cause)
    )
    this.fiber = Effect.runFork(logged)
    this.fiber.addObserver((exit) => {
      this.state = Exit.isSuccess(exit) ? "ready" : "failed"
      for (const go of this.waiting) go()
    })
  }

  get isReady(): boolean {
    return this.state === "ready"
  }

  /** Calls back once, with the refusal if it is not ready. */
  use(serve: () => void, refuse: (response: Response) => void): void {
    const { maxWaiting = 1000, readyTimeout = "10 seconds" } = this.options
    if (this.state === "ready") return serve()
    if (this.state === "failed")
      return refuse(toResponse(replies.text(500, "the server could not be started; its log tells why")))
    if (this.waiting.size >= maxWaiting) return refuse(toResponse(replies.unavailable("the server is not ready")))
    const go = (): void => {
      clearTimeout(timer)
      this.waiting.delete(go)
      if (this.state !== "building") return this.use(serve, refuse)
      refuse(toResponse(replies.unavailable("the server is not ready")))
    }
    const timer = setTimeout(go, Duration.toMillis(Duration.fromInputUnsafe(readyTimeout)))
    this.waiting.add(go)
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(Fiber.interrupt(this.fiber), Scope.close(this.scope, Exit.void))
  )
}

const toResponse = ({ body, headers, status }: ReturnType<typeof replies.text>): Response =>
  new Response(typeof body === "string" ? body : null, { status, headers })

/**
 * A layer that mounts something, such as endpoints, as one function. The layer is built with the first request, since Workers may do nothing
 * before; requests wait for that. When it cannot be built, the cause is logged and every request answered with 500.
 *
 * `dispose` closes the layer: what runs is given its time to end, what is new gets 503.
 */
export const toWebHandler = <A, E>(
  layer: Layer.Layer<A, E, HttpListener>,
  options: Options = {}
): { readonly handler: WebHandler; readonly dispose: () => Promise<void> } => {
  const { handle, listener } = makeUnsafe()
  const provided = Layer.provide(layer, Layer.succeed(HttpListener, listener))
  let built: Built | undefined
  let isDisposed = false
  return {
    handler: (request) => {
      if (isDisposed && built === undefined) return handle(request)
      const server = (built ??= new Built((scope) => Layer.buildWithScope(provided, scope), options))
      if (server.isReady) return handle(request)
      return new Promise((resolve) => server.use(() => resolve(handle(request)), resolve))
    },
    dispose: () => {
      isDisposed = true
      return built === undefined ? Promise.resolve() : Effect.runPromise(built.close)
    }
  }
}
