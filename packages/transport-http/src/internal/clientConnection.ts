/**
 * The client side of HTTP as one connection: requests are POSTs of their own, and what holds them together is the session, if there is one.
 *
 * Source: "Streamable HTTP" under "Transports" of 2025-03-26 and later; "Session Management" up to 2025-11-25.
 */
import { type ClientConnection, ClientTransportError, ConnectionClosed, type Failed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { call } from "./clientCall.ts"
import { unusable } from "./clientErrors.ts"
import { Exchange, type Keeper } from "./clientExchange.ts"
import { Exchanges } from "./clientExchanges.ts"
import { revisionOf, routing } from "./clientHeaders.ts"
import type { HeaderList, HttpRequest } from "./clientHttp.ts"
import { Posts } from "./clientPost.ts"
import { Room } from "./clientRoom.ts"
import { SessionHeaders } from "./clientSession.ts"
import type { Settings } from "./clientSettings.ts"
import { listen, type Owner, rest } from "./clientStreams.ts"

/** What a connection is made of. */
export interface Parts {
  readonly settings: Settings
  readonly receive: (message: Jsonrpc.Inbound) => void
  readonly failed: Failed | undefined
  /** Runs something until the connection is closed. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Opens the stream of 2024-11-05 and gives the address for messages. Absent where that is not to be tried. */
  readonly openLegacy?: (connection: Connection) => Effect.Effect<URL, ClientTransportError>
}

// When a session is gone: for so long the fate of what is under way may stay unknown.
const drainTime = "1 second"
const closing = (detail: string) => new ClientTransportError({ reason: new ConnectionClosed({ detail }) })

const sessionEnded = closing("the server has ended the session")

const isRequest = (message: Jsonrpc.Outbound): message is Jsonrpc.Request => "_tag" in message && message._tag === "Request"

const isNotification = (message: Jsonrpc.Outbound): message is Jsonrpc.Notification =>
  "_tag" in message && message._tag === "Notification"

/** See the module. */
export class Connection implements ClientConnection, Keeper, Owner {
  readonly settings: Settings
  readonly closed: Effect.Effect<ClientTransportError>
  private readonly parts: Parts
  private readonly reason = Deferred.makeUnsafe<ClientTransportError>()
  private readonly exchanges: Exchanges
  private readonly room: Room
  private readonly posts: Posts
  readonly session: SessionHeaders
  /** Where messages go in HTTP+SSE. */
  private address: URL | undefined
  private over: Exit.Exit<never, ClientTransportError> | undefined
  private isDraining = false

  constructor(parts: Parts) {
    this.parts = parts
    this.settings = parts.settings
    this.closed = Deferred.await(this.reason)
    this.room = new Room(parts.settings.maxConcurrent)
    this.exchanges = new Exchanges(this.room)
    this.session = new SessionHeaders(parts.settings.headers)
    this.posts = new Posts(parts.settings, () => {
      if (this.session.id !== undefined) this.onGone()
    })
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
    return this.posts.sendUnsafe(this.postOf(message))
  }

  readonly send = (message: Jsonrpc.Outbound, onWritten?: () => void): Effect.Effect<void, ClientTransportError> =>
    Effect.suspend(() => {
      if (this.over !== undefined) return this.over
      if (isRequest(message)) return this.startLater(message, onWritten)
      onWritten?.()
      if (isNotification(message) && this.cancel(message)) return Effect.void
      const told = this.posts.send(this.postOf(message))
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
    this.exchanges.abort()
    this.room.dismiss()
    this.posts.end(this.over)
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
      const listener = { onHead: () => {}, onBytes: () => {}, onEnd: done, onProblem: done, onFailed: done }
      return Effect.sync(call(settings, request, listener))
    })
    return Effect.asVoid(Effect.timeoutOption(left, settings.closeTimeout))
  })

  /** Takes a message: of an exchange, of the stream of the session, or of that of HTTP+SSE. */
  take(message: Jsonrpc.Inbound, exchange?: Exchange): void {
    if (this.over !== undefined) return
    const isOwn = exchange?.isAnsweredBy(message) === true
    if (isOwn && exchange.isSettled && message._tag !== "Batch") return
    if (isOwn && !exchange.isSettled) {
      const problem = exchange.method === "initialize" ? this.begin(exchange, message) : undefined
      if (problem !== undefined) return this.take(unusable(exchange.id, problem), exchange)
      this.exchanges.settle(exchange)
    }
    // A batch may have the answers of others, too.
    if (!isOwn || message._tag === "Batch") this.exchanges.settleOthers(message)
    this.parts.receive(message)
    if (this.isDraining) this.checkDrained()
  }

  fail(exchange: Exchange, error: ClientTransportError, isUnheard: boolean): void {
    if (exchange.isSettled || this.over !== undefined) return
    this.exchanges.settle(exchange)
    const { failed, receive } = this.parts
    if (failed !== undefined) failed(exchange.id, error, isUnheard)
    else receive(unusable(exchange.id, error.message))
    if (this.isDraining) this.checkDrained()
  }

  // What was refused did not run. What else is under way will be refused in a moment, or is answered.
  sessionGone(exchange: Exchange): void {
    this.onGone()
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
    const taker = { take: (message: Jsonrpc.Inbound) => this.take(message, exchange), isDone: () => exchange.isSettled }
    const given = Effect.map(rest(this, taker, lastEventId, retry), (error) => {
      this.fail(exchange, error, false)
      this.finished(exchange)
    })
    const fiber = this.parts.run(given)
    exchange.resumed(() => fiber.interruptUnsafe())
  }

  progressed(): void {
    if (this.isDraining) this.checkDrained()
  }

  finished(exchange: Exchange): void {
    this.exchanges.finished(exchange)
  }

  private start(message: Jsonrpc.Request): void {
    const body = Jsonrpc.stringify(message)
    const { params } = message
    const version = revisionOf(params)
    const isFirst = message.method === "initialize"
    const exchange = new Exchange(this, message, body, version !== undefined, isFirst ? undefined : this.session.id)
    this.exchanges.begin(exchange)
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

  private postOf(message: Jsonrpc.Notification | Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>): HttpRequest {
    const headers = isNotification(message)
      ? this.headersOf(message.method, message.params, revisionOf(message.params))
      : this.session.post
    return { method: "POST", url: this.address ?? this.settings.url, headers, body: Jsonrpc.stringify(message) }
  }

  // True when there is nothing to send.
  private cancel({ method, params }: Jsonrpc.Notification): boolean {
    if (method !== "notifications/cancelled") return false
    const id = params?.["requestId"]
    const exchange = Jsonrpc.isRequestId(id) ? this.exchanges.get(id) : undefined
    if (exchange === undefined) return false
    this.exchanges.settle(exchange)
    // In the request era, closing the response is how a request is cancelled. In the other one the server may take its questions back on it.
    if (exchange.isModern) {
      exchange.abort()
      this.finished(exchange)
      return true
    }
    if (!this.isLegacy) this.exchanges.linger(exchange)
    return false
  }

  private begin(exchange: Exchange, message: Jsonrpc.Inbound): string | undefined {
    return message._tag === "Success" ? this.session.begin(exchange.newSessionId, message.result["protocolVersion"]) : undefined
  }

  private get listen(): Effect.Effect<void> {
    const taker = {
      take: (message: Jsonrpc.Inbound) => this.take(message),
      isDone: () => this.over !== undefined || this.isDraining
    }
    return listen(this, taker, this.parts.run)
  }

  /** The session is gone: ends the connection once all is known of what is under way. */
  onGone(): void {
    if (this.isDraining || this.over !== undefined) return
    this.isDraining = true
    this.room.close()
    this.parts.run(Effect.andThen(Effect.sleep(drainTime), Effect.sync(this.stop)))
    // Who noticed may have more to tell first.
    queueMicrotask(() => this.checkDrained())
  }

  private checkDrained(): void {
    if (this.exchanges.areKnown) this.stop()
  }

  private readonly stop = (): void => this.end(sessionEnded)
}
