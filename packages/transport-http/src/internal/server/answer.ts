/**
 * The answer to one posted message: JSON, unless something has to be sent before it; then it is the last event of a stream.
 */
import type { Emit, Outcome, Peer } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Revision } from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import type { Reply } from "../../Exchange.ts"
import { framed } from "../bytes.ts"
import { event, EventStream } from "./eventStream.ts"
import * as replies from "./replies.ts"
import type { LiveSession } from "./liveSession.ts"
import type { Track } from "./track.ts"

/** From how many characters on an answer goes out as bytes. */
const longJson = 16_384

const framedReply = ({ id, json }: Jsonrpc.Reply) => framed(`{"jsonrpc":"2.0","id":${Jsonrpc.idJson(id)},"result":`, json, "}")

/** What an endpoint lends its answers. */
export interface Lent {
  readonly highWaterMark: number
  /** Called once, when an answer is over: sent, or of no use to anybody any more. */
  readonly onOver: (answer: Answer) => void
}

/** What is known of a message when it is handed over. */
export interface Asked {
  /** What it speaks. */
  readonly revision: Revision
  /** The session that it belongs to. */
  readonly session: LiveSession | undefined
  /** Whether the client takes an event stream, and may be given one. */
  readonly streams: boolean
  /** Whether the client takes JSON. */
  readonly json: boolean
  /** The session that it opens. */
  readonly opens: string | undefined
}

/** See the module. */
export class Answer implements Emit {
  readonly asked: Asked
  private readonly lent: Lent
  private readonly reply: (reply: Reply) => void
  private stream: EventStream | undefined = undefined
  private track: Track | undefined = undefined
  private isOver = false
  /** Whether nobody can read anything of it any more. */
  private isLost = false
  /** Whether the head of the reply is on its way. */
  private isBegun = false
  /** For how many ticks it has waited. */
  private ticks = 0
  /** On whose conversation it is waited for. */
  peer: Peer | undefined = undefined
  /** Ends what is done for it; set where a client that goes away cancels. */
  cancel: (() => void) | undefined = undefined

  constructor(lent: Lent, asked: Asked, reply: (reply: Reply) => void) {
    this.lent = lent
    this.asked = asked
    this.reply = reply
  }

  get canAsk(): boolean {
    return this.asked.streams && this.asked.session !== undefined
  }

  get isDone(): boolean {
    return this.isOver
  }

  send(message: Jsonrpc.Request | Jsonrpc.Notification): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.begin()) return Effect.void
      const room = this.track?.room ?? this.stream?.room ?? Effect.void
      return Effect.andThen(
        room,
        Effect.sync(() => this.write(Jsonrpc.stringify(message)))
      )
    })
  }

  sendUnsafe(message: Jsonrpc.Request | Jsonrpc.Notification): boolean {
    if (!this.begin()) return false
    if (this.track === undefined ? this.stream?.isOpen !== true || this.stream.isFull : this.track.isFull) return false
    this.write(Jsonrpc.stringify(message))
    return true
  }

  get detach(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.asked.revision.polling && this.begin()) this.track?.detach()
    })
  }

  /** The message has its outcome. */
  done(outcome: Outcome): void {
    if (this.isOver) return
    this.isOver = true
    if (outcome._tag === "Reply") this.answer(outcome.message)
    else if (outcome._tag === "Rejected") this.refuse(outcome.message)
    else this.finish(replies.accepted)
    this.lent.onOver(this)
  }

  /** It is not waited for any more, because the server ends. */
  giveUp(): void {
    if (this.isOver) return
    this.isOver = true
    this.finish(replies.unavailable("the server is shutting down"))
    this.lent.onOver(this)
  }

  /** Turns what has waited for long into a stream, and keeps streams alive. */
  tick(now: number, stallTimeout: number): void {
    if (this.isBegun) this.stream?.tick(now, stallTimeout)
    // It came just before the first tick.
    else if (++this.ticks > 1) this.begin()
  }

  /** The client is gone. */
  readonly gone = (): void => {
    this.isLost = this.stream === undefined
    if (this.stream !== undefined) this.stream.gone()
    else this.lost()
  }

  // In the session era, going away is not cancelling: what runs goes on, and what can be resumed waits.
  private lost(): void {
    if (this.stream !== undefined) this.track?.lose(this.stream)
    if (this.isOver || this.cancel === undefined) return
    this.isOver = true
    this.cancel()
    this.lent.onOver(this)
  }

  private write(json: string): void {
    if (this.isOver) return
    if (this.track === undefined) this.stream?.write(event(json))
    else this.track.push(json)
  }

  /** Makes it a stream. False when it cannot be one, or is over. */
  private begin(): boolean {
    if (this.isOver || this.isLost) return false
    if (this.isBegun) return true
    const { opens, revision, session, streams } = this.asked
    if (!streams) return false
    this.isBegun = true
    const stream = (this.stream = new EventStream(this.lent.highWaterMark, () => this.lost()))
    this.reply({ status: 200, headers: replies.streaming(opens), body: stream })
    if (session !== undefined && revision.resumable) this.track = session.track(stream)
    if (revision.polling) this.track?.prime()
    return true
  }

  private answer(message: Jsonrpc.Response | ReadonlyArray<Jsonrpc.Response>): void {
    if (this.isBegun || !this.asked.json) return this.lastEvent(Jsonrpc.stringify(message))
    const single = Array.isArray(message) ? undefined : (message as Jsonrpc.Response) // `isArray` does not narrow readonly arrays
    const status = single === undefined || this.asked.revision.era === "session" ? 200 : replies.statusOf(single)
    const json = single?._tag === "Reply" && single.json.length > longJson ? framedReply(single) : Jsonrpc.stringify(message)
    this.reply(replies.json(status, json, this.asked.opens === undefined ? undefined : replies.opening(this.asked.opens)))
  }

  private refuse(message: Jsonrpc.Failure): void {
    const json = Jsonrpc.stringify(message)
    if (this.isBegun) this.lastEvent(json)
    else this.reply(replies.json(400, json))
  }

  private lastEvent(json: string): void {
    this.isOver = false
    const begun = this.begin()
    this.isOver = true
    if (!begun && this.isLost) return
    if (!begun) return this.reply(replies.text(406, "Not acceptable: the answer is JSON"))
    if (this.track === undefined) {
      this.stream?.write(event(json))
      this.stream?.end()
    } else {
      this.track.push(json)
      this.track.end()
    }
  }

  private finish(reply: Reply): void {
    if (!this.isBegun) this.reply(reply)
    else if (this.track === undefined) this.stream?.end()
    else this.track.end()
  }
}
