/**
 * What is posted: which era it belongs to, whether its headers agree, and to whom it is handed.
 */
import type { Delivery, Dispatcher, Emit, Outcome, Peer, PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { sessionVersions } from "@effect-mcp/core/protocol/Version"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Exchange, Reply } from "../../Exchange.ts"
import type { Accepted } from "./accepts.ts"
import { Answer, type Lent } from "./answer.ts"
import { isTooDeep } from "./depth.ts"
import type { LiveSessions } from "./liveSessions.ts"
import type { Load } from "./load.ts"
import * as replies from "./replies.ts"
import { routingProblem } from "./routing.ts"
import type { LiveSession } from "./liveSession.ts"
import type { Settings } from "./settings.ts"
import type { RunExit } from "./runExit.ts"

/** Hands a message to the dispatcher, see `Dispatcher.fork`. */
export type Hand = (
  peer: Peer,
  message: Jsonrpc.Inbound,
  emit: Emit,
  onOutcome: (outcome: Outcome) => void,
  delivery?: Delivery
) => void

/** What posts work with. */
export interface Tools {
  readonly settings: Settings
  readonly dispatcher: Dispatcher["Service"]
  readonly hand: Hand
  readonly run: RunExit
  readonly sessions: LiveSessions
  readonly load: Load
}

/** A posted message with what belongs to it. */
export interface Post {
  readonly exchange: Exchange
  readonly principal: Principal | undefined
  readonly takes: Accepted
  readonly reply: (reply: Reply) => void
}

const nowhere: Emit = { canAsk: false, send: () => Effect.void, sendUnsafe: () => false }

// Before the header existed there was this one.
const assumedVersion = "2025-03-26"

const isSessionVersion = (version: string): version is (typeof sessionVersions)[number] =>
  (sessionVersions as ReadonlyArray<string>).includes(version)

/** Whether a message says that it is one of the request era. */
export const hasEnvelope = (message: Jsonrpc.Single): boolean => {
  if (message._tag !== "Request" && message._tag !== "Notification") return false
  const meta = message.params?.["_meta"]
  return Jsonrpc.isObject(meta) && meta[Key.protocolVersion] !== undefined
}

/** Whether something is to be answered. */
export const asks = (message: Jsonrpc.Inbound): boolean =>
  message._tag === "Request" || (message._tag === "Batch" && message.items.some(({ _tag }) => _tag === "Request"))

/** See the module. */
export class Posts {
  private readonly tools: Tools
  private readonly lent: Lent
  private readonly idle: Array<() => void> = []
  /** Those that wait for something: they are kept alive, and ended when the server is. */
  readonly waiting = new Set<Answer>()

  constructor(tools: Tools) {
    this.tools = tools
    this.lent = {
      highWaterMark: tools.settings.highWaterMark,
      onOver: (answer) => {
        tools.load.end()
        if (this.waiting.delete(answer) && this.waiting.size === 0) for (const go of this.idle.splice(0)) go()
      }
    }
  }

  /** Waits until no message waits for its outcome. */
  private readonly drained: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.waiting.size === 0) return resume(Effect.void)
    this.idle.push(() => resume(Effect.void))
  })

  /** Ends subscriptions as they should end, and waits until no message waits for its outcome. */
  drain(): Effect.Effect<void> {
    const { dispatcher, run } = this.tools
    for (const { peer } of this.waiting) if (peer !== undefined) run(dispatcher.drain(peer), () => {})
    return this.drained
  }

  /** Takes the text of a message. */
  take(exchange: Exchange, principal: Principal | undefined, takes: Accepted, text: string, reply: (reply: Reply) => void): void {
    const message = Jsonrpc.parse(text)
    const { maxDepth } = this.tools.settings
    // Each level has two characters at least.
    if (text.length > 2 * maxDepth && isTooDeep(message, maxDepth)) {
      const { ParseError } = Jsonrpc.ErrorCode
      return reply(replies.refusal(400, ParseError, `Parse error: the JSON is nested deeper than ${maxDepth} levels`))
    }
    const { load } = this.tools
    // Answers and cancellations are taken however much there is to do: they are how it gets less.
    if (load.isFull && asks(message)) return reply(replies.unavailable(`more than ${load.limit} requests at once`))
    const post: Post = { exchange, principal, takes, reply }
    if (message._tag === "Invalid") {
      // A malformed answer ends its question all the same.
      const isAnswer = message.id === undefined && message.answers !== undefined
      if (isAnswer && exchange.header("mcp-session-id") !== undefined) return this.ofSession(message, post)
      return reply(replies.json(400, Jsonrpc.stringify(Jsonrpc.failure(message.id, message.error))))
    }
    if (message._tag === "Batch") return this.batch(message, post)
    const version = exchange.header("mcp-protocol-version")
    const isModern = version !== undefined && Revision.fromVersion(version.trim())?.era === "request"
    if (hasEnvelope(message) || isModern) return this.modern(message, version?.trim(), post)
    this.ofSession(message, post)
  }

  /** Ends the session that a request names. */
  remove(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { sessions } = this.tools
    sessions.use(exchange, principal, reply, (session) =>
      sessions.remove(session, (failed) =>
        reply(failed ? replies.text(500, "Internal error: the sessions cannot be reached") : replies.empty(204))
      )
    )
  }

  private batch(message: Jsonrpc.Batch, post: Post): void {
    if (!message.items.some(hasEnvelope)) return this.ofSession(message, post)
    const { InvalidRequest } = Jsonrpc.ErrorCode
    post.reply(replies.refusal(400, InvalidRequest, "Invalid Request: requests of 2026-07-28 do not come in batches"))
  }

  // --- the request era

  private modern(message: Jsonrpc.Single, version: string | undefined, post: Post): void {
    if (message._tag === "Success" || message._tag === "Failure") {
      const detail = "Invalid Request: a client of 2026-07-28 does not send answers"
      return post.reply(replies.refusal(400, Jsonrpc.ErrorCode.InvalidRequest, detail))
    }
    const problem = message._tag === "Request" ? this.headerProblem(message, version, post.exchange) : undefined
    if (problem !== undefined && message._tag === "Request") return post.reply(replies.headerMismatch(message.id, problem))
    const { exchange, takes } = post
    // It is nothing but a stream.
    const listens = message._tag === "Request" && message.method === "subscriptions/listen"
    if (listens && !takes.stream) return post.reply(replies.text(406, "Not acceptable: Accept must have text/event-stream"))
    const streams = takes.stream && (listens || !this.tools.settings.jsonOnly)
    this.single(message, { ...post, takes: { json: takes.json, stream: streams } }, (name) => exchange.header(name))
  }

  /** Serves a message of the request era. Where there is a `header`, what it reads has to agree with the message. */
  single(message: Jsonrpc.Single, { exchange, principal, reply, takes }: Post, header?: Delivery["header"]): void {
    const asked = { revision: Revision.latest, session: undefined, streams: takes.stream, json: takes.json, opens: undefined }
    const answer = this.answer(asked, reply)
    const options: PeerOptions = { transport: "http", push: nowhere, era: "request", principal }
    this.alone(options, (peer, leave) => {
      answer.cancel = leave
      this.hand(peer, message, answer, exchange, { principal, header }, leave)
    })
  }

  private headerProblem(request: Jsonrpc.Request, version: string | undefined, exchange: Exchange): string | undefined {
    const meta = request.params?.["_meta"]
    const said = Jsonrpc.isObject(meta) ? meta[Key.protocolVersion] : undefined
    // What is missing in the body is the dispatcher's to explain.
    if (said === undefined) return request.method === "initialize" ? "the header says 2026-07-28, the body does not" : undefined
    if (typeof said !== "string") return undefined
    if (version === undefined) return "the header MCP-Protocol-Version is missing"
    if (said !== version) return "the header MCP-Protocol-Version does not say what _meta in the body says"
    if (Revision.fromVersion(version) === undefined) return undefined
    return routingProblem(request, (name) => exchange.header(name))
  }

  // --- the session era

  private ofSession(message: Jsonrpc.Inbound, post: Post): void {
    const isGreeting = message._tag === "Request" && message.method === "initialize"
    if (!this.tools.settings.sessions) return this.withoutSession(message, isGreeting, post)
    if (isGreeting && post.exchange.header("mcp-session-id") === undefined) return this.initialize(message, post)
    const { exchange, principal, reply } = post
    this.tools.sessions.use(exchange, principal, reply, (session) => this.inSession(message, session, post))
  }

  private initialize(message: Jsonrpc.Request, { exchange, principal, reply, takes }: Post): void {
    const { run, sessions } = this.tools
    const session = sessions.make(principal)
    const asked = {
      revision: Revision.latestSession,
      session: undefined,
      streams: !takes.json,
      json: takes.json,
      opens: session.id
    }
    const refusable = (answer: Reply) => reply(session.peer.agreement === undefined ? withoutSessionId(answer) : answer)
    const answer = this.answer(asked, refusable)
    const options: PeerOptions = { transport: "http", push: session, sessionId: session.id, kept: true, principal }
    run(this.tools.dispatcher.enter(options), (exit) => {
      if (Exit.isFailure(exit)) return answer.giveUp()
      const peer = (session.peer = exit.value)
      const ended = () => {
        if (peer.agreement === undefined) run(this.tools.dispatcher.leave(peer), () => {})
        else sessions.add(session)
      }
      this.hand(peer, message, answer, exchange, principal && { principal }, ended)
    })
  }

  private inSession(message: Jsonrpc.Inbound, session: LiveSession, { exchange, principal, reply, takes }: Post): void {
    const asked = {
      revision: session.revision,
      session,
      streams: takes.stream && !this.tools.settings.jsonOnly,
      json: takes.json,
      opens: undefined
    }
    this.hand(session.peer, message, this.answer(asked, reply), exchange, principal && { principal })
  }

  private withoutSession(message: Jsonrpc.Inbound, isGreeting: boolean, { exchange, principal, reply, takes }: Post): void {
    const version = exchange.header("mcp-protocol-version") ?? assumedVersion
    if (!isSessionVersion(version)) {
      const detail = `Bad Request: MCP-Protocol-Version must be one of ${sessionVersions.join(", ")}`
      return reply(replies.refusal(400, -32000, detail))
    }
    const asked = {
      revision: Revision.fromVersion(version) ?? Revision.latestSession,
      session: undefined,
      streams: takes.stream && !this.tools.settings.jsonOnly,
      json: takes.json,
      opens: undefined
    }
    const answer = this.answer(asked, reply)
    const options: PeerOptions = { transport: "http", push: nowhere, principal, ...(isGreeting ? {} : { assumed: version }) }
    this.alone(options, (peer, leave) => this.hand(peer, message, answer, exchange, principal && { principal }, leave))
  }

  // --- both

  private answer(asked: Answer["asked"], reply: (reply: Reply) => void): Answer {
    this.tools.load.begin()
    return new Answer(this.lent, asked, reply)
  }

  // A conversation of one message.
  private alone(options: PeerOptions, use: (peer: Peer, leave: () => void) => void): void {
    const { dispatcher, run } = this.tools
    run(dispatcher.enter(options), (exit) => {
      if (Exit.isSuccess(exit)) use(exit.value, () => run(dispatcher.leave(exit.value), () => {}))
    })
  }

  private hand(
    peer: Peer,
    message: Jsonrpc.Inbound,
    answer: Answer,
    exchange: Exchange,
    delivery: Delivery | undefined,
    ended?: () => void
  ): void {
    const onOutcome = (outcome: Outcome): void => {
      ended?.()
      answer.done(outcome)
    }
    this.tools.hand(peer, message, answer, onOutcome, delivery)
    if (answer.isDone) return
    answer.peer = peer
    this.waiting.add(answer)
    exchange.onGone(answer.gone)
  }
}

const withoutSessionId = (reply: Reply): Reply => {
  const { "mcp-session-id": _, ...headers } = reply.headers
  return { ...reply, headers }
}
