/**
 * The client side of HTTP as one connection: requests are POSTs of their own, and what holds them together is the session, if there is one.
 *
 * Source: "Streamable HTTP" under "Transports" of 2025-03-26 and later; "Session Management" up to 2025-11-25.
 */
import { type ClientConnection, ClientTransportError, ConnectionClosed, type Failed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Turnover } from "@effect-mcp/core/Turnover"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { call } from "./clientCall.ts"
import { unusable } from "./clientErrors.ts"
import { Exchange, type Keeper } from "./clientExchange.ts"
import { revisionOf, routing } from "./clientHeaders.ts"
import type { HeaderList } from "./clientHttp.ts"
import { post, type Posted } from "./clientPost.ts"
import { Room } from "./clientRoom.ts"
import { SessionHeaders } from "./clientSession.ts"
import type { Settings } from "./clientSettings.ts"
import { follow } from "./clientStream.ts"

/** What a connection is made of. */
export interface Parts {
  readonly settings: Settings
  readonly receive: (message: Jsonrpc.Inbound) => void
  readonly failed: Failed | undefined
  /** Runs something until the connection is closed. */
  readonly run: (effect: Effect.Effect<unknown>) => void
  /** Opens the stream of 2024-11-05 and gives the address for messages. Absent where that is not to be tried. */
  readonly openLegacy?: (connection: Connection) => Effect.Effect<URL, ClientTransportError>
}

// Notifications and answers on their way. Beyond that they wait or are dropped.
const maxPosts = 1024
// Responses that the server has not ended after the answer, or after it was told that nobody wants one. Beyond that the oldest is given up.
const maxLingering = 16
// When a session is gone: for so long the fate of what is under way may stay unknown.
const drainTime = "1 second"
// For so long the session waits for its first stream, so that nothing that the server tells is lost.
const streamPatience = "250 millis"

const closing = (detail: string) => new ClientTransportError({ reason: new ConnectionClosed({ detail }) })

const sessionEnded = closing("the server has ended the session")

const isRequest = (message: Jsonrpc.Outbound): message is Jsonrpc.Request => "_tag" in message && message._tag === "Request"

const isNotification = (message: Jsonrpc.Outbound): message is Jsonrpc.Notification =>
  "_tag" in message && message._tag === "Notification"

/** See the module. */
export class Connection implements ClientConnection, Keeper {
  readonly settings: Settings
  readonly closed: Effect.Effect<ClientTransportError>
  private readonly parts: Parts
  private readonly reason = Deferred.makeUnsafe<ClientTransportError>()
  private readonly exchanges = new Turnover<Jsonrpc.RequestId, Exchange>()
  private readonly lingering = new Set<Exchange>()
  private readonly room: Room
  private readonly session: SessionHeaders
  private posts = 0
  /** Where messages go in HTTP+SSE. */
  private address: URL | undefined
  private over: Exit.Exit<never, ClientTransportError> | undefined
  private isDraining = false

  constructor(parts: Parts) {
    this.parts = parts
    this.settings = parts.settings
    this.closed = Deferred.await(this.reason)
    this.room = new Room(parts.settings.maxConcurrent)
    this.session = new SessionHeaders(parts.settings.headers)
  }

  /** Whether it is HTTP+SSE: answers come on the stream. */
  get isLegacy(): boolean {
    return this.address !== undefined
  }

  readonly sendUnsafe = (message: Jsonrpc.Outbound): boolean => {
    if (this.over !== undefined || this.isDraining) return false
    if (isRequest(message)) {
      if (!this.room.isFree && message.method !== "subscriptions/listen") return false
      this.start(message)
      return true
    }
    if (isNotification(message) && this.cancel(message)) return true
    if (this.posts >= maxPosts) return false
    this.tell(message, () => {})
    return true
  }

  readonly send = (message: Jsonrpc.Outbound, onWritten?: () => void): Effect.Effect<void, ClientTransportError> =>
    Effect.suspend(() => {
      if (this.over !== undefined) return this.over
      if (isRequest(message)) return this.startLater(message, onWritten)
      onWritten?.()
      if (isNotification(message) && this.cancel(message)) return Effect.void
      const told = Effect.callback<void, ClientTransportError>((resume) => {
        const giveUp = this.tell(message, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
        return Effect.sync(giveUp)
      })
      const isStart = isNotification(message) && message.method === "notifications/initialized"
      return isStart && !this.isLegacy ? Effect.andThen(told, this.listen) : told
    })

  /** Uses HTTP+SSE from now on. */
  useLegacy(address: URL): void {
    this.address = address
  }

  /** Ends the connection: nothing is received from now on. */
  end(error: ClientTransportError): void {
    if (this.over !== undefined) return
    this.over = Exit.fail(error)
    for (const exchange of this.exchanges.values()) exchange.abort()
    for (const exchange of this.lingering) exchange.abort()
    this.room.dismiss()
    Deferred.doneUnsafe(this.reason, Exit.succeed(error))
  }

  /** Ends the session at the server, if there is one. Takes a bounded time. */
  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    this.end(closing("its scope was closed"))
    const { session, settings } = this
    if (session.id === undefined || this.isDraining) return Effect.void
    const left = Effect.callback<void>((resume) => {
      const done = () => resume(Effect.void)
      const request = { method: "DELETE", url: settings.url, headers: session.bare, body: undefined } as const
      const listener = { onHead: done, onBytes: () => {}, onEnd: done, onProblem: done, onFailed: done }
      return Effect.sync(call(settings, request, listener))
    })
    return Effect.asVoid(Effect.timeoutOption(left, settings.closeTimeout))
  })

  /** Takes a message: of an exchange, of the stream of the session, or of that of HTTP+SSE. */
  take(message: Jsonrpc.Inbound, exchange?: Exchange): void {
    if (this.over !== undefined) return
    if (exchange?.isAnsweredBy(message) === true) {
      if (exchange.isSettled) return
      const problem = exchange.method === "initialize" ? this.begin(exchange, message) : undefined
      if (problem !== undefined) return this.take(unusable(exchange.id, problem), exchange)
      this.settle(exchange)
    } else this.settleOthers(message)
    this.parts.receive(message)
    if (this.isDraining) this.checkDrained()
  }

  fail(exchange: Exchange, error: ClientTransportError, isUnheard: boolean): void {
    if (exchange.isSettled || this.over !== undefined) return
    this.settle(exchange)
    const { failed, receive } = this.parts
    if (failed !== undefined) failed(exchange.id, error, isUnheard)
    else receive(unusable(exchange.id, error.message))
    if (this.isDraining) this.checkDrained()
  }

  // What was refused did not run. What else is under way will be refused in a moment, or is answered.
  sessionGone(exchange: Exchange): void {
    this.drain()
    this.fail(exchange, sessionEnded, true)
  }

  fallBack(exchange: Exchange, error: ClientTransportError): boolean {
    const { openLegacy, run } = this.parts
    if (openLegacy === undefined || this.isLegacy) return false
    const opened = Effect.matchEffect(openLegacy(this), {
      onFailure: () => Effect.sync(() => this.fail(exchange, error, false)),
      onSuccess: () =>
        Effect.sync(() => {
          if (!exchange.isSettled) this.dispatch(exchange, this.session.first)
        })
    })
    run(opened)
    return true
  }

  resume(exchange: Exchange, lastEventId: string, retry: number | undefined): void {
    const { settings } = this
    const wanted = {
      url: settings.url,
      headers: () => this.session.get,
      lastEventId,
      retry,
      onEvent: (type: string, data: string) => {
        if (type === "message") this.take(Jsonrpc.parse(data), exchange)
      },
      onOpen: () => {},
      isDone: () => exchange.isSettled
    }
    const followed = Effect.map(follow(settings, wanted, true), ({ error, refused }) => {
      if (refused === 404) this.drain()
      this.fail(exchange, error, false)
    })
    this.parts.run(followed)
  }

  progressed(): void {
    if (this.isDraining) this.checkDrained()
  }

  finished(exchange: Exchange): void {
    this.lingering.delete(exchange)
  }

  private start(message: Jsonrpc.Request): void {
    const body = Jsonrpc.stringify(message)
    const { params } = message
    const version = revisionOf(params)
    const isFirst = message.method === "initialize"
    const exchange = new Exchange(this, message, body, version !== undefined, isFirst ? undefined : this.session.id)
    this.exchanges.set(message.id, exchange)
    if (exchange.counts) this.room.enter()
    this.dispatch(exchange, isFirst ? this.session.first : this.headersOf(message.method, params, version, message.headers))
  }

  private startLater(message: Jsonrpc.Request, onWritten: (() => void) | undefined): Effect.Effect<void, ClientTransportError> {
    const begun = this.room.whenFree(() => {
      if (this.over !== undefined) return this.over
      this.start(message)
      onWritten?.()
      return Exit.void
    })
    return Effect.flatten(begun)
  }

  private dispatch(exchange: Exchange, headers: HeaderList): void {
    const { settings } = this
    const request = { method: "POST", url: this.address ?? settings.url, headers, body: exchange.body } as const
    exchange.abort = call(settings, request, exchange)
  }

  // The one place where headers that depend on a message are added.
  private headersOf(
    method: string,
    params: Jsonrpc.JsonObject | undefined,
    version: string | undefined,
    own?: Jsonrpc.Headers
  ): HeaderList {
    return version === undefined ? this.session.post : [...this.session.first, ...routing(method, params, version, own)]
  }

  private tell(message: Jsonrpc.Notification | Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>, done: Posted): () => void {
    const headers = isNotification(message)
      ? this.headersOf(message.method, message.params, revisionOf(message.params))
      : this.session.post
    const body = Jsonrpc.stringify(message)
    this.posts++
    const request = { method: "POST", url: this.address ?? this.settings.url, headers, body } as const
    const giveUp = post(this.settings, request, (error, status) => {
      this.posts--
      if (status === 404 && this.session.id !== undefined) this.drain()
      done(error, status)
    })
    return () => {
      this.posts--
      giveUp()
    }
  }

  // True when there is nothing to send.
  private cancel({ method, params }: Jsonrpc.Notification): boolean {
    if (method !== "notifications/cancelled") return false
    const id = params?.["requestId"]
    const exchange = Jsonrpc.isRequestId(id) ? this.exchanges.get(id) : undefined
    if (exchange === undefined) return false
    this.settle(exchange)
    // In the request era, closing the response is how a request is cancelled. In the other one the server may take its questions back on it.
    if (exchange.isModern) {
      exchange.abort()
      return true
    }
    if (!this.isLegacy) this.linger(exchange)
    return false
  }

  private begin(exchange: Exchange, message: Jsonrpc.Inbound): string | undefined {
    return message._tag === "Success" ? this.session.begin(exchange.newSessionId, message.result["protocolVersion"]) : undefined
  }

  private settle(exchange: Exchange): void {
    if (exchange.isSettled) return
    exchange.isSettled = true
    this.exchanges.delete(exchange.id)
    if (exchange.isStreaming) this.linger(exchange)
    if (exchange.counts) this.room.leave()
  }

  // An answer that came on another stream than its own.
  private settleOthers(message: Jsonrpc.Inbound): void {
    if (message._tag === "Batch") return message.items.forEach((item) => this.settleOthers(item))
    const id =
      message._tag === "Invalid"
        ? message.answers
        : message._tag === "Success" || message._tag === "Failure"
          ? message.id
          : undefined
    const other = id === undefined ? undefined : this.exchanges.get(id)
    if (other !== undefined) this.settle(other)
  }

  private linger(exchange: Exchange): void {
    this.lingering.add(exchange)
    if (this.lingering.size <= maxLingering) return
    for (const oldest of this.lingering) {
      this.lingering.delete(oldest)
      return oldest.abort()
    }
  }

  /** The stream of what the server tells by itself. */
  private readonly listen: Effect.Effect<void> = Effect.suspend(() => {
    const { settings } = this
    const opened = Deferred.makeUnsafe<void>()
    const open = () => void Deferred.doneUnsafe(opened, Exit.void)
    const wanted = {
      url: settings.url,
      headers: () => this.session.get,
      lastEventId: undefined,
      retry: undefined,
      onEvent: (type: string, data: string) => {
        if (type === "message") this.take(Jsonrpc.parse(data))
      },
      onOpen: open,
      isDone: () => this.over !== undefined || this.isDraining
    }
    const followed = Effect.flatMap(follow(settings, wanted, false), ({ error, refused }) => {
      open()
      if (refused === 404 && this.session.id !== undefined) this.drain()
      // There need not be one.
      if (refused === 405 || refused === 404 || wanted.isDone()) return Effect.void
      return Effect.logWarning("what the server tells by itself is not heard: its event stream is given up", error)
    })
    this.parts.run(followed)
    return Effect.asVoid(Effect.timeoutOption(Deferred.await(opened), streamPatience))
  })

  private drain(): void {
    if (this.isDraining || this.over !== undefined) return
    this.isDraining = true
    this.room.close()
    this.parts.run(Effect.andThen(Effect.sleep(drainTime), Effect.sync(this.gone)))
    // Who noticed may have more to tell first.
    queueMicrotask(() => this.checkDrained())
  }

  private checkDrained(): void {
    for (const exchange of this.exchanges.values()) if (!exchange.isStreaming) return
    this.gone()
  }

  private readonly gone = (): void => this.end(sessionEnded)
}
