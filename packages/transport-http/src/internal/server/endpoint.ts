/**
 * One endpoint for all revisions: from an exchange to a reply. The body decides the era; headers are held against it.
 *
 * Source: the transports pages of 2025-03-26 to 2026-07-28.
 */
import type { Principal } from "@effect-mcp/core/Principal"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import type { Exchange, Handle, Reply } from "../../Exchange.ts"
import { accepted, isJson } from "./accepts.ts"
import { EventStream } from "./eventStream.ts"
import type { Posts } from "./posts.ts"
import * as replies from "./replies.ts"
import type { Settings } from "./settings.ts"
import type { RunExit } from "./track.ts"
import type { LiveSessions } from "./liveSessions.ts"
import * as EventStore from "@effect-mcp/core/EventStore"
import * as Revision from "@effect-mcp/core/Revision"

/** What an endpoint works with. */
export interface Tools {
  readonly settings: Settings
  readonly run: RunExit
  readonly posts: Posts
  readonly sessions: LiveSessions
  readonly onDefect: (what: string, cause: Cause.Cause<unknown>) => void
}

/** See the module. */
export class Endpoint {
  private readonly tools: Tools
  /** The streams without a request that are open. */
  readonly streams = new Set<EventStream>()
  /** Set when the server goes away: nothing new is begun. */
  isClosing = false

  constructor(tools: Tools) {
    this.tools = tools
  }

  readonly handle: Handle = (exchange, reply) => {
    const { cors, gate, maxUrlLength } = this.tools.settings
    if (this.isClosing) return reply(replies.unavailable("the server is shutting down"))
    if (exchange.target.length > maxUrlLength)
      return reply(replies.text(414, `the URL is longer than ${maxUrlLength} characters`))
    const refused = gate(exchange)
    if (refused !== undefined) return reply(replies.text(403, refused))
    if (cors === undefined || exchange.header("origin") === undefined) return this.admit(exchange, reply)
    if (exchange.method === "OPTIONS") return reply(cors.preflight(exchange))
    this.admit(exchange, (answer) => reply(cors.open(answer, exchange)))
  }

  private admit(exchange: Exchange, reply: (reply: Reply) => void): void {
    const { onDefect, run, settings } = this.tools
    if (settings.authenticate === undefined) return this.route(exchange, undefined, reply)
    run(settings.authenticate(exchange), (exit) => {
      if (Exit.isSuccess(exit)) return this.route(exchange, exit.value, reply)
      const refusal = exit.cause.reasons.find(Cause.isFailReason)
      if (refusal !== undefined) return reply(refusal.error)
      onDefect("authentication", exit.cause)
      reply(replies.text(500, "Internal error"))
    })
  }

  private route(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { posts, settings } = this.tools
    const { method } = exchange
    if (method === "POST") return this.post(exchange, principal, reply)
    const isModern = Revision.fromVersion(exchange.header("mcp-protocol-version") ?? "")?.era === "request"
    if (isModern || !settings.sessions) return reply(replies.notAllowed("POST"))
    if (method === "GET") return this.listen(exchange, principal, reply)
    if (method === "DELETE") return posts.remove(exchange, principal, reply)
    reply(replies.notAllowed("POST, GET, DELETE"))
  }

  private post(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { posts, settings } = this.tools
    if (!isJson(exchange.header("content-type"))) {
      return reply(replies.text(415, "Unsupported media type: Content-Type must be application/json, in UTF-8"))
    }
    const encoding = exchange.header("content-encoding")
    if (encoding !== undefined && encoding !== "identity") {
      return reply(replies.text(415, "Unsupported encoding: bodies are not compressed", { "accept-encoding": "identity" }))
    }
    const takes = accepted(exchange.header("accept"))
    if (!takes.json && !takes.stream) {
      return reply(replies.text(406, "Not acceptable: Accept must have application/json and text/event-stream"))
    }
    if (posts.isFull) return reply(replies.unavailable(`more than ${settings.maxRequests} requests at once`))
    const limit = settings.maxBodyBytes
    if (Number(exchange.header("content-length") ?? 0) > limit) return reply(this.tooLarge(limit))
    exchange.readText(limit, settings.bodyTimeout, (text, problem) => {
      if (text !== undefined) return this.guarded(reply, () => posts.take(exchange, principal, takes, text, reply))
      if (problem === "too-large") return reply(this.tooLarge(limit))
      if (problem === "too-slow") return reply(replies.text(408, "Request timeout: the body did not arrive in time", close))
      if (problem === "unreadable") return reply(replies.text(400, "Bad request: the body is not UTF-8"))
    })
  }

  private listen(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { sessions, settings } = this.tools
    if (!accepted(exchange.header("accept")).stream) {
      return reply(replies.text(406, "Not acceptable: Accept must have text/event-stream"))
    }
    if (settings.jsonOnly) return reply(replies.notAllowed("POST, DELETE"))
    if (this.streams.size >= settings.maxStreams) {
      return reply(replies.unavailable(`more than ${settings.maxStreams} streams at once`))
    }
    sessions.use(exchange, principal, reply, (session) => {
      const lastEventId = exchange.header("last-event-id")
      const parsed = lastEventId === undefined ? undefined : EventStore.parseId(lastEventId)
      if (lastEventId !== undefined && parsed === undefined) {
        return reply(replies.text(400, "Bad request: Last-Event-ID is not the id of an event of this server"))
      }
      const stream: EventStream = new EventStream(settings.highWaterMark, () => {
        this.streams.delete(stream)
        session.lose(stream)
      })
      this.streams.add(stream)
      exchange.onGone(stream.gone)
      reply({ status: 200, headers: replies.streaming(), body: stream })
      if (lastEventId === undefined || parsed === undefined) session.listen(stream)
      else session.resume(stream, parsed.stream, lastEventId)
    })
  }

  // A mistake of ours ends this request, and no process.
  private guarded(reply: (reply: Reply) => void, take: () => void): void {
    try {
      take()
    } catch (error) {
      this.tools.onDefect("a request", Cause.die(error))
      reply(replies.text(500, "Internal error"))
    }
  }

  private tooLarge(limit: number): Reply {
    return replies.text(413, `the body is longer than ${limit} bytes, which is the option maxBodyBytes`, close)
  }
}

const close = { connection: "close" }
