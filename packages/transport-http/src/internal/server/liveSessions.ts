/**
 * Finds the session of a request: among those that are alive here, or in the store.
 */
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Exchange, Reply } from "../../Exchange.ts"
import * as replies from "./replies.ts"
import { makeSessionId } from "./sessionId.ts"
import { LiveSession, type Tools as SessionTools } from "./liveSession.ts"

/** What is called with the session of a request. It is not called when the request got its refusal instead. */
type Use = (session: LiveSession) => void

// Beyond that those that nothing needs to stay are let go at once. As many as the store in memory keeps.
const maxLive = 10_000

// So many are looked at to find one.
const maxLooks = 16

/** See the module. */
export class LiveSessions {
  private readonly tools: SessionTools
  private readonly sessions = new Map<string, LiveSession>()
  /** Those that are being looked for in the store, by id and principal, with who waits for them. */
  private readonly awaited = new Map<string, Array<(session: LiveSession | undefined, failed: boolean) => void>>()
  private readonly onDefect: (what: string, cause: unknown) => void

  constructor(tools: SessionTools, onDefect: (what: string, cause: unknown) => void) {
    this.tools = tools
    this.onDefect = onDefect
  }

  values(): Iterable<LiveSession> {
    return this.sessions.values()
  }

  /** A session that is about to begin. It is found once it is added. */
  make(principal: Principal | undefined): LiveSession {
    return new LiveSession(this.tools, makeSessionId(), principal)
  }

  add(session: LiveSession): void {
    this.sessions.set(session.id, session)
    if (this.sessions.size > maxLive) this.makeRoom()
  }

  /** Calls `use` with the session that a request names, or refuses the request. */
  use(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void, use: Use): void {
    const id = exchange.header("mcp-session-id")
    if (id === undefined) return reply(replies.noSessionId)
    const version = exchange.header("mcp-protocol-version")
    if (version !== undefined && Revision.fromVersion(version)?.era !== "session") {
      const known = Revision.all.filter(({ era }) => era === "session").map((revision) => revision.version)
      return reply(
        replies.refusal(400, -32000, `Bad Request: MCP-Protocol-Version must be what was negotiated, one of ${known.join(", ")}`)
      )
    }
    const live = this.sessions.get(id)
    if (live !== undefined) return this.renew(live, principal, reply, use)
    this.find(id, principal, (session, failed) => {
      if (session !== undefined && session.belongsTo(principal)) use(session)
      else reply(failed ? replies.text(500, "Internal error: the sessions cannot be reached") : replies.unknownSession)
    })
  }

  /** Ends a session for good. */
  remove(session: LiveSession, onDone: (failed: boolean) => void): void {
    const { dispatcher, run, tracks } = this.tools
    this.drop(session)
    const forget = Effect.andThen(
      dispatcher.forget(session.peer),
      Effect.suspend(() => tracks?.store.remove(session.id) ?? Effect.void)
    )
    run(forget, (exit) => {
      if (Exit.isFailure(exit)) this.onDefect("ending a session", exit.cause)
      onDone(Exit.isFailure(exit))
    })
  }

  /** Lets go of those that nobody has used for a while. A client that listens uses its session, though it says nothing. */
  sweep(now: number): void {
    for (const session of this.sessions.values()) {
      if (session.isIdle(now)) this.drop(session)
      else if (session.isHeard) this.renewed(session)
    }
  }

  private renewed(session: LiveSession): void {
    this.tools.run(this.tools.dispatcher.renew(session.peer), (exit) => {
      if (Exit.isFailure(exit)) this.onDefect("renewing a session", exit.cause)
      else if (!exit.value) this.drop(session)
    })
  }

  // Those that must stay go to the end of the row.
  private makeRoom(): void {
    let looks = 0
    for (const [id, session] of this.sessions) {
      if (session.isIdle(this.tools.now(), 0)) return this.drop(session)
      if (++looks === maxLooks) return
      this.sessions.delete(id)
      this.sessions.set(id, session)
    }
  }

  private drop(session: LiveSession): void {
    if (this.sessions.get(session.id) === session) this.sessions.delete(session.id)
    this.tools.run(session.end(), (exit) => {
      if (Exit.isFailure(exit)) this.onDefect("closing a session", exit.cause)
    })
  }

  private renew(live: LiveSession, principal: Principal | undefined, reply: (reply: Reply) => void, use: Use): void {
    if (!live.belongsTo(principal)) return reply(replies.unknownSession)
    const { dispatcher, now, run } = this.tools
    live.usedAt = now()
    run(dispatcher.renew(live.peer), (exit) => {
      if (Exit.isFailure(exit)) {
        this.onDefect("renewing a session", exit.cause)
        return reply(replies.text(500, "Internal error: the sessions cannot be reached"))
      }
      if (exit.value && !live.isOver) return use(live)
      this.drop(live)
      reply(replies.unknownSession)
    })
  }

  private find(
    id: string,
    principal: Principal | undefined,
    onFound: (session: LiveSession | undefined, failed: boolean) => void
  ): void {
    // Who looks for the session of somebody else must not spoil it for its owner.
    const key = JSON.stringify([id, principal?.subject, principal?.issuer])
    const waiting = this.awaited.get(key)
    if (waiting !== undefined) return void waiting.push(onFound)
    const waiters = [onFound]
    this.awaited.set(key, waiters)
    const session = new LiveSession(this.tools, id, principal)
    const resumed = this.tools.dispatcher.resume(id, { transport: "http", push: session, principal })
    this.tools.run(resumed, (exit) => {
      this.awaited.delete(key)
      if (Exit.isFailure(exit)) this.onDefect("looking for a session", exit.cause)
      const peer = Exit.isSuccess(exit) ? exit.value : undefined
      if (peer !== undefined) {
        session.peer = peer
        this.add(session)
      }
      for (const go of waiters) go(peer === undefined ? undefined : session, Exit.isFailure(exit))
    })
  }
}
