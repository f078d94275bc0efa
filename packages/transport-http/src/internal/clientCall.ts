/**
 * One request of HTTP with the headers and credentials of the program. Redirects within the origin are followed, and what is refused for
 * want of credentials is sent once more when there are others.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { unreachable } from "./clientErrors.ts"
import { listOf, merge } from "./clientHeaders.ts"
import type { HeaderList, HttpListener, HttpProblem, HttpRequest } from "./clientHttp.ts"
import type { Settings } from "./clientSettings.ts"

/** Takes the response. One of `onEnd`, `onProblem` and `onFailed` is the last thing that it hears. Must not throw. */
export interface CallListener extends HttpListener {
  /** Nothing was sent: there are no credentials. */
  readonly onFailed: (error: ClientTransportError) => void
}

const maxRedirects = 5
// Of a response that is refused, what is kept while other credentials are sought.
const maxKept = 64 * 1024

type Header = (name: string) => string | undefined

/** A refusal that is kept while other credentials are sought. */
interface Refusal {
  readonly status: 401 | 403
  readonly header: Header
  readonly bytes: Array<Uint8Array>
  length: number
  ended: HttpProblem | "end" | undefined
}

class Call implements HttpListener {
  private readonly settings: Settings
  private readonly listener: CallListener
  private readonly request: HttpRequest
  private url: URL
  private redirects = 0
  private giveUp: (() => void) | undefined
  private fiber: Fiber.Fiber<unknown, unknown> | undefined
  private isOver = false
  private isRetry = false
  private refusal: Refusal | undefined

  constructor(settings: Settings, request: HttpRequest, listener: CallListener) {
    this.settings = settings
    this.request = request
    this.listener = listener
    this.url = request.url
    this.start()
  }

  readonly abort = (): void => {
    this.isOver = true
    this.fiber?.interruptUnsafe()
    this.giveUp?.()
  }

  onHead(status: number, header: Header): void {
    if ((status === 307 || status === 308) && this.redirect(header("location"))) return
    const { credentials } = this.settings
    if ((status !== 401 && status !== 403) || credentials === undefined || this.isRetry) {
      return this.listener.onHead(status, header)
    }
    const refusal: Refusal = (this.refusal = { status, header, bytes: [], length: 0, ended: undefined })
    const challenge = { ...this.target, status, wwwAuthenticate: header("www-authenticate") } as const
    this.run(credentials.refused(challenge), (others) => {
      this.refusal = undefined
      if (!others) return this.passOn(refusal)
      this.giveUp?.()
      this.isRetry = true
      this.start()
    })
  }

  onBytes(bytes: Uint8Array): void {
    const { refusal } = this
    if (refusal === undefined) return this.listener.onBytes(bytes)
    if (refusal.length < maxKept) refusal.bytes.push(bytes)
    refusal.length += bytes.length
  }

  onEnd(): void {
    if (this.refusal === undefined) this.listener.onEnd()
    else this.refusal.ended = "end"
  }

  onProblem(problem: HttpProblem): void {
    if (this.refusal === undefined) this.listener.onProblem(problem)
    else this.refusal.ended = problem
  }

  private get target() {
    return { method: this.request.method, url: this.url.href }
  }

  private start(): void {
    const { credentials } = this.settings
    if (credentials === undefined) return this.send([])
    this.run(credentials.headers(this.target), (headers) => {
      const list = listOf(headers)
      if (typeof list === "string") this.listener.onFailed(unreachable(`the credentials cannot be sent: ${list}`))
      else this.send(list)
    })
  }

  private send(more: HeaderList): void {
    const request = more.length === 0 ? this.request : { ...this.request, headers: merge(this.request.headers, more) }
    const giveUp = this.settings.http.send(this.url === request.url ? request : { ...request, url: this.url }, this)
    this.giveUp = giveUp
    if (this.isOver) giveUp()
  }

  // Credentials must not leave the origin, and a body must arrive as it is.
  private redirect(location: string | undefined): boolean {
    const next = location === undefined ? null : URL.parse(location, this.url.href)
    if (next === null || next.origin !== this.url.origin || ++this.redirects > maxRedirects) return false
    this.giveUp?.()
    next.username = next.password = next.hash = ""
    this.url = next
    this.start()
    return true
  }

  private passOn({ bytes, ended, header, status }: Refusal): void {
    const { listener } = this
    listener.onHead(status, header)
    for (const piece of bytes) if (!this.isOver) listener.onBytes(piece)
    if (this.isOver || ended === undefined) return
    if (ended === "end") listener.onEnd()
    else listener.onProblem(ended)
  }

  private run<A>(effect: Effect.Effect<A, ClientTransportError>, then: (value: A) => void): void {
    const fiber = Effect.runForkWith(this.settings.context)(effect)
    this.fiber = fiber
    fiber.addObserver((exit) => {
      if (this.isOver) return
      if (Exit.isSuccess(exit)) return then(exit.value)
      const failed = exit.cause.reasons.find(Cause.isFailReason)
      // A defect of the program's may have anything in it.
      const error = failed?.error ?? unreachable("what gives the credentials broke")
      this.refusal = undefined
      this.giveUp?.()
      this.listener.onFailed(error)
    })
  }
}

/** Sends a request. What it gives gives it up: the listener then hears nothing more. */
export const call = (settings: Settings, request: HttpRequest, listener: CallListener): (() => void) =>
  new Call(settings, request, listener).abort
