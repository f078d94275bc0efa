/**
 * What every request passes before it is served, whichever path it came in by: who may call at all, who it is, and whether its body is
 * what is read here.
 */
import type { Principal } from "@effect-mcp/core/Principal"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Exchange, Handle, Reply } from "../../Exchange.ts"
import { isJson } from "./accepts.ts"
import * as replies from "./replies.ts"
import type { Settings } from "./settings.ts"
import type { RunExit } from "./runExit.ts"

/** What an entrance works with. */
export interface Tools {
  readonly settings: Settings
  readonly run: RunExit
  readonly onDefect: (what: string, cause: Cause.Cause<unknown>) => void
}

/** Serves a request of who may call. */
export type Serve = (exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void) => void

const close = { connection: "close" }
const shuttingDown = replies.unavailable("the server is shutting down")

/** See the module. */
export class Entrance {
  private readonly tools: Tools
  /** Set when the server goes away: nothing new is begun. */
  isClosing = false
  /** How many bodies are on their way, and how many bytes they may have. */
  private reading = 0
  private buffered = 0

  constructor(tools: Tools) {
    this.tools = tools
  }

  /** Lets those in who may call. */
  guard(serve: Serve): Handle {
    return (exchange, reply) => {
      const { cors, gate, maxUrlLength } = this.tools.settings
      if (this.isClosing) return reply(shuttingDown)
      if (exchange.target.length > maxUrlLength)
        return reply(replies.text(414, `the URL is longer than ${maxUrlLength} characters`))
      const refused = gate(exchange)
      if (refused !== undefined) return reply(replies.text(403, refused))
      if (cors === undefined || exchange.header("origin") === undefined) return this.admit(serve, exchange, reply)
      if (exchange.method === "OPTIONS") return reply(cors.preflight(exchange))
      this.admit(serve, exchange, (answer) => reply(cors.open(answer, exchange)))
    }
  }

  /** Reads a body of JSON, or refuses it. */
  readJson(exchange: Exchange, reply: (reply: Reply) => void, use: (text: string) => void): void {
    const { bodyTimeout, maxBodyBytes: limit, maxBufferedBytes, maxRequests } = this.tools.settings
    const encoding = exchange.header("content-encoding")
    if (!isJson(exchange.header("content-type"))) {
      return reply(replies.text(415, "Unsupported media type: Content-Type must be application/json, in UTF-8"))
    }
    if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
      return reply(replies.text(415, "Unsupported encoding: bodies are not compressed", { "accept-encoding": "identity" }))
    }
    const tooLarge = () => reply(replies.text(413, `the body is longer than ${limit} bytes, which is the option maxBodyBytes`))
    // Who does not say how long it is may send all that is allowed.
    const length = Number(exchange.header("content-length") ?? limit)
    if (length > limit) return tooLarge()
    if (this.reading >= maxRequests) return reply(replies.unavailable(`more than ${maxRequests} requests at once`))
    if (this.buffered + length > maxBufferedBytes) {
      return reply(replies.unavailable(`more than ${maxBufferedBytes} bytes of bodies at once`))
    }
    this.reading++
    this.buffered += length
    exchange.readText(limit, bodyTimeout, (text, problem) => {
      this.reading--
      this.buffered -= length
      if (text !== undefined) return this.isClosing ? reply(shuttingDown) : this.attempt(reply, () => use(text))
      if (problem === "too-large") return tooLarge()
      if (problem === "too-slow") return reply(replies.text(408, "Request timeout: the body did not arrive in time", close))
      if (problem === "unreadable") return reply(replies.text(400, "Bad request: the body is not UTF-8"))
    })
  }

  // A mistake of ours ends this request, and no process.
  private attempt(reply: (reply: Reply) => void, use: () => void): void {
    try {
      use()
    } catch (error) {
      this.tools.onDefect("a request", Cause.die(error))
      reply(replies.text(500, "Internal error"))
    }
  }

  private admit(serve: Serve, exchange: Exchange, reply: (reply: Reply) => void): void {
    const { onDefect, run, settings } = this.tools
    const { authenticate } = settings
    if (authenticate === undefined) return serve(exchange, undefined, reply)
    run(begun(authenticate, exchange), (exit) => {
      if (Exit.isSuccess(exit)) return serve(exchange, exit.value, reply)
      const refusal = exit.cause.reasons.find(Cause.isFailReason)
      if (refusal !== undefined) return reply(refusal.error)
      onDefect("authentication", exit.cause)
      reply(replies.text(500, "Internal error"))
    })
  }
}

// It is somebody else's code: it may throw before it returns an effect.
const begun = (authenticate: NonNullable<Settings["authenticate"]>, exchange: Exchange): Effect.Effect<Principal, Reply> => {
  try {
    return authenticate(exchange)
  } catch (error) {
    return Effect.die(error)
  }
}
