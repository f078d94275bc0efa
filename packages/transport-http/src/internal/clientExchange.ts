/**
 * A request of the protocol as a POST, and whatever answers it: JSON, an event stream, an error, or nothing.
 *
 * Source: "Sending Messages to the Server" under Streamable HTTP of 2025-03-26 and later.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Body } from "./clientBody.ts"
import type { CallListener } from "./clientCall.ts"
import { lost, problem, refused, tooLong, unusable } from "./clientErrors.ts"
import type { HttpProblem } from "./clientHttp.ts"
import type { Settings } from "./clientSettings.ts"
import { SseReader } from "./sseReader.ts"

/** What an exchange needs of its connection. None of these may throw. */
export interface Keeper {
  readonly settings: Settings
  /** Takes a message that came for an exchange. */
  readonly take: (message: Jsonrpc.Inbound, exchange: Exchange) => void
  /** No answer will come. */
  readonly fail: (exchange: Exchange, error: ClientTransportError, isUnheard: boolean) => void
  /** The server does not know the session. */
  readonly sessionGone: (exchange: Exchange) => void
  /** `initialize` was refused as a server of 2024-11-05 refuses it. False when nothing else is tried. */
  readonly fallBack: (exchange: Exchange, error: ClientTransportError) => boolean
  /** A stream that can be resumed ended before the answer. */
  readonly resume: (exchange: Exchange, lastEventId: string, retry: number | undefined) => void
  /** A response has begun. */
  readonly progressed: () => void
  /** A response is over. */
  readonly finished: (exchange: Exchange) => void
  /** Whether answers come on a stream of their own. */
  readonly isLegacy: boolean
}

// What is read of an error.
const maxErrorBytes = 1024 * 1024

// Statuses that are about who asks, or how often: never what a server answers to the message itself.
const isAboutAccess = (status: number): boolean =>
  status === 401 || status === 403 || status === 407 || status === 408 || status === 425 || status === 429

const isNegotiation = (method: string): boolean => method === "initialize" || method === "server/discover"

const essence = (type: string | undefined): string | undefined => type?.split(";", 1)[0]?.trim().toLowerCase()

/** See the module. */
export class Exchange implements CallListener {
  readonly id: Jsonrpc.RequestId
  readonly method: string
  /** Whether it is of the request era. */
  readonly isModern: boolean
  /** Its session, where there is one. */
  readonly sessionId: string | undefined
  /** The message as JSON. */
  readonly body: string
  /** Whether it takes a place among those that are under way. */
  readonly counts: boolean
  /** Nobody waits for its answer any more: it is there, it will not come, or nobody wants it. */
  isSettled = false
  /** Whether its event stream is open, or asked for again; in HTTP+SSE, whether the response to it is. */
  isStreaming = false
  /** What the server says with the response to `initialize`. */
  newSessionId: string | undefined
  /** Gives the request up. */
  abort: () => void = () => {}
  private readonly keeper: Keeper
  private isResumed = false
  private reading: "json" | "events" | "error" | "nothing" = "nothing"
  private text: Body | undefined
  private events: SseReader | undefined
  private status = 0
  private header: (name: string) => string | undefined = () => undefined

  constructor(keeper: Keeper, message: Jsonrpc.Request, body: string, isModern: boolean, sessionId: string | undefined) {
    this.keeper = keeper
    this.id = message.id
    this.method = message.method
    this.body = body
    this.isModern = isModern
    this.sessionId = sessionId
    this.counts = message.method !== "subscriptions/listen"
  }

  /** Whether a message is its answer. */
  isAnsweredBy(message: Jsonrpc.Inbound): boolean {
    switch (message._tag) {
      case "Success":
      case "Failure":
        return message.id === this.id
      case "Invalid":
        return message.answers === this.id
      case "Batch":
        return message.items.some((item) => this.isAnsweredBy(item))
      default:
        return false
    }
  }

  /** The rest of its answer is asked for; `abort` gives that up. */
  resumed(abort: () => void): void {
    this.isResumed = true
    this.abort = abort
  }

  onHead(status: number, header: (name: string) => string | undefined): void {
    const { settings } = this.keeper
    this.status = status
    this.header = header
    this.reading = "nothing"
    if (status < 200 || status > 299) {
      this.reading = "error"
      this.text = new Body(maxErrorBytes)
    } else if (this.keeper.isLegacy) this.isStreaming = true
    else {
      if (this.method === "initialize") this.newSessionId = header("mcp-session-id")
      const type = essence(header("content-type"))
      if (type === "text/event-stream") {
        this.reading = "events"
        this.isStreaming = true
        this.events = new SseReader(settings.maxMessageBytes, { onEvent: this.onEvent, onTooLong: this.onTooLong })
      } else if (type === "application/json") {
        this.reading = "json"
        this.text = new Body(settings.maxMessageBytes)
      } else
        return this.misfit(
          `it has status ${status} and ${type === undefined ? "no content type" : `the content type ${JSON.stringify(type.slice(0, 80))}`}`
        )
    }
    this.keeper.progressed()
  }

  onBytes(bytes: Uint8Array): void {
    if (this.events !== undefined) return this.events.push(bytes)
    if (this.text === undefined || this.text.push(bytes)) return
    if (this.reading === "error") {
      this.text = undefined
      this.abort()
      this.refuse(undefined)
      return this.finish()
    }
    this.onTooLong()
  }

  onEnd(): void {
    switch (this.reading) {
      case "json":
        this.readJson(this.allText())
        break
      case "error":
        this.refuse(this.allText())
        break
      case "events":
        this.broken(`the event stream of ${this.method} ended without its answer`)
    }
    this.finish()
  }

  onProblem(found: HttpProblem): void {
    const error = problem(this.keeper.settings, "POST", found)
    if (this.reading === "events") this.broken(error.reason._tag === "AnswerLost" ? error.reason.detail : error.message)
    // In HTTP+SSE it was accepted then, and the answer comes on the stream.
    else if (!this.isSettled && !this.isStreaming) this.keeper.fail(this, error, found.kind === "connect")
    this.finish()
  }

  onFailed(error: ClientTransportError): void {
    if (!this.isSettled) this.keeper.fail(this, error, true)
    this.finish()
  }

  private allText(): string {
    const { text } = this
    this.text = undefined
    return text === undefined ? "" : this.keeper.settings.http.decode(text.all())
  }

  private finish(): void {
    if (this.isResumed) return
    this.isStreaming = false
    this.keeper.finished(this)
  }

  private readonly onEvent = (type: string, data: string): void => {
    if (type !== "message") return
    const message = Jsonrpc.parse(data)
    // It may have been the answer.
    if (message._tag === "Invalid" && message.error.code === Jsonrpc.ErrorCode.ParseError) {
      return this.misfit("an event of its stream is not JSON")
    }
    this.keeper.take(message, this)
  }

  private readonly onTooLong = (): void => {
    this.abort()
    if (!this.isSettled) this.keeper.fail(this, tooLong(this.keeper.settings), false)
    this.finish()
  }

  private readJson(text: string): void {
    const message = Jsonrpc.parse(text)
    // An error that names no request is about the one that it answers.
    this.keeper.take(message._tag === "Failure" && message.id === undefined ? { ...message, id: this.id } : message, this)
    if (!this.isSettled)
      this.misfit(message._tag === "Invalid" ? message.error.message : "its body is not an answer to the request")
  }

  private misfit(what: string): void {
    this.abort()
    if (!this.isSettled) this.keeper.take(unusable(this.id, `over HTTP ${what}`), this)
    this.finish()
  }

  // Disconnecting is not cancelling in the session era: the answer may be fetched.
  private broken(detail: string): void {
    const { events } = this
    if (this.isSettled || events === undefined) return
    events.stop()
    if (this.isModern || events.lastEventId === undefined) return this.keeper.fail(this, lost(detail), false)
    this.keeper.resume(this, events.lastEventId, events.retry)
  }

  private refuse(text: string | undefined): void {
    if (this.isSettled) return
    const { keeper, status } = this
    const message = text === undefined || text === "" ? undefined : Jsonrpc.parse(text)
    const failure = message?._tag === "Failure" ? message : undefined
    const error = refused(keeper.settings, "POST", status, failure?.error.message, this.header)
    const isOwn = failure !== undefined && failure.id === this.id
    if (status === 404 && this.sessionId !== undefined && !(isOwn && failure.error.code === Jsonrpc.ErrorCode.MethodNotFound)) {
      return keeper.sessionGone(this)
    }
    const isAnswer = failure !== undefined && !isAboutAccess(status) && (isOwn || (failure.id === undefined && status < 500))
    const isEvidence = status < 500 || !isNegotiation(this.method)
    const mayBeOld = this.method === "initialize" && !isOwn && (status === 400 || status === 404 || status === 405)
    if (mayBeOld && keeper.fallBack(this, error)) return
    if (isAnswer && isEvidence) return keeper.take({ ...failure, id: this.id }, this)
    keeper.fail(this, error, false)
  }
}
