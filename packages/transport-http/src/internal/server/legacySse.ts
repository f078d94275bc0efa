/**
 * HTTP+SSE of 2024-11-05: one stream with everything that the server says, and an address to which the client posts what it says. A
 * session is as long as its stream.
 *
 * Source: "HTTP with SSE" in the transports page of 2024-11-05.
 */
import type { Dispatcher, Emit, Outcome, Peer, PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Exchange, Reply } from "../../Exchange.ts"
import { accepted } from "./accepts.ts"
import { isTooDeep } from "./depth.ts"
import { endpoint, event, EventStream } from "./eventStream.ts"
import type { Load } from "./load.ts"
import { asks, type Hand, hasEnvelope } from "./posts.ts"
import * as replies from "./replies.ts"
import { makeSessionId } from "./sessionId.ts"
import { samePrincipal } from "./liveSession.ts"
import type { Settings } from "./settings.ts"
import type { RunExit } from "./runExit.ts"

/** What it works with. */
export interface Tools {
  readonly settings: Settings
  readonly dispatcher: Dispatcher["Service"]
  readonly hand: Hand
  readonly run: RunExit
  readonly load: Load
  /** All streams of the endpoint, so that they are kept alive and counted. */
  readonly streams: Set<EventStream>
}

/** One client: its stream is every way to it. */
class Connection implements Emit {
  readonly id = makeSessionId()
  readonly principal: Principal | undefined
  readonly stream: EventStream
  /** Set as soon as the dispatcher knows the conversation, before anybody finds it. */
  peer!: Peer
  readonly canAsk = true
  private inWork = 0
  private whenIdle: (() => void) | undefined = undefined

  constructor(principal: Principal | undefined, highWaterMark: number, onClose: (connection: Connection) => void) {
    this.principal = principal
    this.stream = new EventStream(highWaterMark, () => onClose(this))
  }

  send(message: Jsonrpc.Request | Jsonrpc.Notification): Effect.Effect<void> {
    return Effect.andThen(
      this.stream.room,
      Effect.sync(() => this.say(message))
    )
  }

  sendUnsafe(message: Jsonrpc.Request | Jsonrpc.Notification): boolean {
    if (!this.stream.isOpen || this.stream.isFull) return false
    this.say(message)
    return true
  }

  begin(): void {
    this.inWork++
  }

  /** A message has its outcome. */
  done(outcome: Outcome): void {
    if ("message" in outcome) this.say(outcome.message)
    if (--this.inWork === 0) this.whenIdle?.()
  }

  /** Waits until everything is answered. */
  readonly idle: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.inWork === 0) return resume(Effect.void)
    this.whenIdle = () => resume(Effect.void)
  })

  private say(message: Jsonrpc.Outbound): void {
    this.stream.write(event(Jsonrpc.stringify(message)))
  }
}

const sessionOf = ({ target }: Exchange): string =>
  new URLSearchParams(target.slice(target.indexOf("?") + 1)).get("sessionId") ?? ""

const unknownSession = replies.text(404, "Session not found: its stream has ended, or there never was one; open the stream again")

/** See the module. */
export class LegacySse {
  private readonly tools: Tools
  private readonly connections = new Map<string, Connection>()

  constructor(tools: Tools) {
    this.tools = tools
  }

  /** Opens a stream, and a session with it. */
  open(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { dispatcher, run, settings, streams } = this.tools
    if (!accepted(exchange.header("accept")).stream) {
      return reply(replies.text(406, "Not acceptable: Accept must have text/event-stream"))
    }
    if (streams.size >= settings.maxStreams) {
      return reply(replies.unavailable(`more than ${settings.maxStreams} streams at once`))
    }
    const connection = new Connection(principal, settings.highWaterMark, this.close)
    const options: PeerOptions = { transport: "http", push: connection, sessionId: connection.id, principal }
    run(dispatcher.enter(options), (exit) => {
      if (Exit.isFailure(exit)) return reply(replies.text(500, "Internal error"))
      connection.peer = exit.value
      streams.add(connection.stream)
      this.connections.set(connection.id, connection)
      exchange.onGone(connection.stream.gone)
      reply({ status: 200, headers: replies.streaming(), body: connection.stream })
      connection.stream.write(endpoint(`${settings.legacySse?.messages ?? ""}?sessionId=${connection.id}`))
    })
  }

  /** Takes the text of a message. */
  take(exchange: Exchange, principal: Principal | undefined, text: string, reply: (reply: Reply) => void): void {
    const { load, settings } = this.tools
    const connection = this.connections.get(sessionOf(exchange))
    if (connection === undefined || !samePrincipal(connection.principal, principal)) return reply(unknownSession)
    const { peer, stream } = connection
    const message = Jsonrpc.parse(text)
    const { InvalidRequest, ParseError } = Jsonrpc.ErrorCode
    if (isTooDeep(message, settings.maxDepth)) {
      return reply(replies.refusal(400, ParseError, `Parse error: the JSON is nested deeper than ${settings.maxDepth} levels`))
    }
    if (message._tag === "Invalid" && message.answers === undefined) {
      return reply(replies.json(400, Jsonrpc.stringify(Jsonrpc.failure(message.id, message.error))))
    }
    const isModern = message._tag === "Batch" ? message.items.some(hasEnvelope) : hasEnvelope(message)
    if (isModern) {
      return reply(replies.refusal(400, InvalidRequest, "Invalid Request: messages of 2026-07-28 are not for this endpoint"))
    }
    if (asks(message)) {
      if (load.isFull) return reply(replies.unavailable(`more than ${load.limit} requests at once`))
      // Its answer would have to be written all the same.
      if (stream.isFull) return reply(replies.unavailable("the stream is not read"))
    }
    reply(replies.accepted)
    load.begin()
    connection.begin()
    const onOutcome = (outcome: Outcome) => {
      load.end()
      connection.done(outcome)
    }
    this.tools.hand(peer, message, connection, onOutcome)
  }

  /** Ends everything: what runs gets its time, what waits does not. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    const { drainTimeout } = this.tools.settings
    return Effect.forEach(
      [...this.connections.values()],
      ({ idle, stream }) =>
        Effect.andThen(
          Effect.timeoutOption(idle, drainTimeout),
          Effect.sync(() => stream.end())
        ),
      { concurrency: "unbounded", discard: true }
    )
  })

  private readonly close = (connection: Connection): void => {
    this.tools.streams.delete(connection.stream)
    this.connections.delete(connection.id)
    this.tools.run(this.tools.dispatcher.leave(connection.peer), () => {})
  }
}
