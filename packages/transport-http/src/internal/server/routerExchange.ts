/**
 * A request of Effect's `HttpServer` and its response as one exchange.
 */
import * as Cause from "effect/Cause"
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpServerError } from "effect/http/HttpServerError"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BodyProblem, Exchange, Handle, Reply, StreamBody } from "../../Exchange.ts"
import { decodeUtf8 } from "../bytes.ts"
import { isNodeRequest, readNodeBody } from "./nodeBody.ts"
import { Outflow } from "./outflow.ts"

type Response = Effect.Effect<HttpServerResponse.HttpServerResponse, never, Scope.Scope>

const limitedBy = (limit: number) => Effect.runForkWith(Context.make(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)))

// Endpoints have one limit each, and most programs one for all.
let last: { readonly limit: number; readonly fork: ReturnType<typeof limitedBy> } | undefined

const forkLimited = (limit: number) => {
  if (last?.limit !== limit) last = { limit, fork: limitedBy(limit) }
  return last.fork
}

/** See the module. */
export class RouterExchange implements Exchange {
  private readonly request: HttpServerRequest
  private readonly resume: (response: Response) => void
  private listener: (() => void) | undefined = undefined
  private isGone = false

  constructor(request: HttpServerRequest, resume: (response: Response) => void) {
    this.request = request
    this.resume = resume
  }

  get method(): string {
    return this.request.method
  }

  get target(): string {
    return this.request.url
  }

  header(name: string): string | undefined {
    return this.request.headers[name]
  }

  readText(limit: number, timeout: number, done: (body: string | undefined, problem: BodyProblem | undefined) => void): void {
    const { source } = this.request
    // As a stream of Effect the same bytes take two fibers.
    if (isNodeRequest(source)) return readNodeBody(source, limit, timeout, done)
    let isDone = false
    const end = (body: string | undefined, problem: BodyProblem | undefined): void => {
      if (isDone) return
      isDone = true
      clearTimeout(timer)
      done(body, problem)
    }
    // Reading is not interrupted: that would cut the connection on which the refusal goes out. The end of the connection ends it.
    const timer = setTimeout(() => end(undefined, "too-slow"), timeout)
    const fiber = forkLimited(limit)(this.request.arrayBuffer)
    fiber.addObserver((exit) => {
      if (Exit.isFailure(exit)) return end(undefined, this.problemOf(exit.cause))
      const body = decodeUtf8(exit.value)
      end(body, body === undefined ? "unreadable" : undefined)
    })
  }

  onGone(listener: () => void): void {
    if (this.isGone) listener()
    else this.listener = listener
  }

  readonly gone = (): void => {
    const { listener } = this
    this.isGone = true
    this.listener = undefined
    listener?.()
  }

  readonly reply = ({ body, headers, status }: Reply): void => {
    const options = { headers, status }
    if (body instanceof Uint8Array) {
      return this.resume(
        Effect.succeed(HttpServerResponse.uint8Array(body, { ...options, contentType: headers["content-type"] }))
      )
    }
    if (typeof body === "object") return this.resume(this.stream(body, options))
    this.resume(Effect.succeed(body === undefined ? HttpServerResponse.empty(options) : HttpServerResponse.text(body, options)))
  }

  private problemOf(cause: Cause.Cause<HttpServerError>): BodyProblem {
    const error = cause.reasons.find(Cause.isFailReason)?.error.reason
    if (error?._tag === "RequestParseError" && error.reason === "BodyTooLarge") return "too-large"
    return this.isGone ? "gone" : "unreadable"
  }

  // The scope is that of the request: it closes after the last byte, or without one when the client is gone.
  private stream(body: StreamBody, options: Pick<Reply, "headers" | "status">): Response {
    let cut = (): void => {}
    const outflow = new Outflow(body, () => cut())
    // Whoever runs the stream may wait for the client, and must stop that, too.
    const open = Effect.withFiber((fiber) => {
      cut = () => fiber.interruptUnsafe()
      outflow.open()
      return Effect.succeed(pulling(outflow))
    })
    const response = HttpServerResponse.stream(Stream.fromPull(open), {
      ...options,
      contentType: options.headers["content-type"]
    })
    const end = Effect.sync(() => {
      outflow.drop()
      this.gone()
    })
    return Effect.as(
      Effect.addFinalizer(() => end),
      response
    )
  }
}

const pulling = (outflow: Outflow): Effect.Effect<readonly [Uint8Array], Cause.Done> =>
  Effect.callback((resume) => {
    const take = (): void => {
      const taken = outflow.take(take)
      if (taken !== "wait") resume(taken === "end" ? Cause.done() : Effect.succeed([taken]))
    }
    take()
  })

/** What a handle does as the effect of a route. */
export const toEffect =
  (handle: Handle) =>
  (request: HttpServerRequest): Response =>
    Effect.callback<HttpServerResponse.HttpServerResponse, never, Scope.Scope>((resume) => {
      const exchange = new RouterExchange(request, resume)
      handle(exchange, exchange.reply)
      return Effect.sync(exchange.gone)
    })
