/**
 * One endpoint for all revisions: from an exchange to a reply. The body decides the era; headers are held against it. Beside it, where
 * that is wanted, the two paths of HTTP+SSE.
 *
 * Source: the transports pages of all revisions.
 */
import * as EventStore from "@effect-mcp/core/EventStore"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import type { Exchange, Handle, Reply } from "../../Exchange.ts"
import { accepted } from "./accepts.ts"
import type { Entrance, Serve } from "./entrance.ts"
import { EventStream } from "./eventStream.ts"
import type { LegacySse } from "./legacySse.ts"
import type { LiveSessions } from "./liveSessions.ts"
import type { Posts } from "./posts.ts"
import * as replies from "./replies.ts"
import { pathOf } from "./routes.ts"
import type { Settings } from "./settings.ts"

/** What an endpoint works with. */
export interface Tools {
  readonly settings: Settings
  readonly entrance: Entrance
  readonly posts: Posts
  readonly sessions: LiveSessions
  /** The streams without a request that are open. */
  readonly streams: Set<EventStream>
  readonly legacy: LegacySse
}

/** See the module. */
export class Endpoint {
  private readonly tools: Tools
  readonly handle: Handle

  constructor(tools: Tools) {
    this.tools = tools
    const { entrance, settings } = tools
    const main = entrance.guard((exchange, principal, reply) => this.route(exchange, principal, reply))
    const legacy = entrance.guard(this.legacy)
    const paths = settings.legacySse
    if (paths === undefined) this.handle = main
    else {
      this.handle = (exchange, reply) => {
        const path = pathOf(exchange.target)
        return path === paths.path || path === paths.messages ? legacy(exchange, reply) : main(exchange, reply)
      }
    }
  }

  private route(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { posts, settings } = this.tools
    const { method } = exchange
    if (method === "POST") return this.post(exchange, principal, reply)
    const isModern = Revision.fromVersion(exchange.header("mcp-protocol-version") ?? "")?.era === "request"
    if (isModern || !settings.sessions) return reply(replies.notAllowed("POST"))
    if (method === "GET") return this.listen(exchange, principal, reply)
    if (method === "DELETE") return posts.remove(exchange, principal, reply)
    reply(replies.notAllowed(settings.jsonOnly ? "POST, DELETE" : "POST, GET, DELETE"))
  }

  private readonly legacy: Serve = (exchange, principal, reply) => {
    const { entrance, legacy, settings } = this.tools
    const { method } = exchange
    const path = pathOf(exchange.target)
    if (method === "GET" && path === settings.legacySse?.path) return legacy.open(exchange, principal, reply)
    if (path !== settings.legacySse?.messages) return reply(replies.notAllowed("GET"))
    if (method !== "POST") return reply(replies.notAllowed("POST"))
    entrance.readJson(exchange, reply, (text) => legacy.take(exchange, principal, text, reply))
  }

  private post(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const takes = accepted(exchange.header("accept"))
    this.tools.entrance.readJson(exchange, reply, (text) => {
      if (takes.json || takes.stream) return this.tools.posts.take(exchange, principal, takes, text, reply)
      reply(replies.text(406, "Not acceptable: Accept must have application/json and text/event-stream"))
    })
  }

  private listen(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { sessions, settings, streams } = this.tools
    if (!accepted(exchange.header("accept")).stream) {
      return reply(replies.text(406, "Not acceptable: Accept must have text/event-stream"))
    }
    if (settings.jsonOnly) return reply(replies.notAllowed("POST, DELETE"))
    if (streams.size >= settings.maxStreams) {
      return reply(replies.unavailable(`more than ${settings.maxStreams} streams at once`))
    }
    sessions.use(exchange, principal, reply, (session) => {
      const lastEventId = exchange.header("last-event-id")
      const parsed = lastEventId === undefined ? undefined : EventStore.parseId(lastEventId)
      if (lastEventId !== undefined && parsed === undefined) {
        return reply(replies.text(400, "Bad request: Last-Event-ID is not the id of an event of this server"))
      }
      const stream: EventStream = new EventStream(settings.highWaterMark, () => {
        streams.delete(stream)
        session.lose(stream)
      })
      streams.add(stream)
      exchange.onGone(stream.gone)
      // Who went away meanwhile must not end the stream that was opened since.
      if (!stream.isOpen) return
      reply({ status: 200, headers: replies.streaming(), body: stream })
      if (lastEventId === undefined || parsed === undefined) session.listen(stream)
      else session.resume(stream, parsed.stream, lastEventId)
    })
  }
}
