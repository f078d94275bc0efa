/**
 * The requests of a connection that are under way, and those responses that go on after their answers.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Turnover } from "@effect-mcp/core/Turnover"
import type { Exchange } from "./clientExchange.ts"
import { Lingering } from "./clientLingering.ts"
import type { Room } from "./clientRoom.ts"

/** See the module. */
export class Exchanges {
  private readonly open = new Turnover<Jsonrpc.RequestId, Exchange>()
  private readonly lingering = new Lingering()
  private readonly room: Room

  /** `room` is where those that count have places. */
  constructor(room: Room) {
    this.room = room
  }

  /** Takes one that begins, and a place for it. */
  begin(exchange: Exchange): void {
    this.open.set(exchange.id, exchange)
    if (exchange.counts) this.room.enter()
  }

  /** The one that waits for its answer under this id. */
  get(id: Jsonrpc.RequestId): Exchange | undefined {
    return this.open.get(id)
  }

  /** Nobody waits for its answer any more. */
  settle(exchange: Exchange): void {
    if (exchange.isSettled) return
    exchange.isSettled = true
    this.open.delete(exchange.id)
    if (exchange.isStreaming) this.lingering.add(exchange)
    if (exchange.counts) this.room.leave()
  }

  /** Settles those that a message answers, which came on another stream than theirs. */
  settleOthers(message: Jsonrpc.Inbound): void {
    if (message._tag === "Batch") return message.items.forEach((item) => this.settleOthers(item))
    const id =
      message._tag === "Invalid"
        ? message.answers
        : message._tag === "Success" || message._tag === "Failure"
          ? message.id
          : undefined
    const other = id === undefined ? undefined : this.open.get(id)
    if (other !== undefined) this.settle(other)
  }

  /** What the server still says on its response is heard. */
  linger(exchange: Exchange): void {
    this.lingering.add(exchange)
  }

  /** Its response is over. */
  finished(exchange: Exchange): void {
    this.lingering.delete(exchange)
  }

  /** Whether there is none of which nothing is known yet. */
  get areKnown(): boolean {
    for (const exchange of this.open.values()) if (!exchange.isStreaming) return false
    return true
  }

  /** Gives them all up. */
  abort(): void {
    for (const exchange of this.open.values()) exchange.abort()
    this.lingering.abort()
  }
}
