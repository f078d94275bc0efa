/**
 * The way out through a transport of the SDK: `send` gives a promise, and what is not settled yet counts as unsent.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SdkTransport, SendOptions } from "../SdkTransport.ts"
import { singles, toSdk } from "./messages.ts"

/** What became of a message that was not sent. */
export class Unsent {
  /** What `send` threw; nothing when the way was closed before. */
  readonly cause: unknown
  readonly isClosed: boolean
  constructor(cause: unknown, isClosed = false) {
    this.cause = cause
    this.isClosed = isClosed
  }
}

type Part = ReturnType<typeof toSdk>
type Result = Exit.Exit<void, Unsent>

const closed: Result = Exit.fail(new Unsent(undefined, true))

/** See the module. Messages are handed to the transport in order, without waiting for each other. */
export class Outgoing {
  private unsettled = 0
  private isClosed = false
  private readonly transport: SdkTransport
  private readonly highWaterMark: number
  /** Who waits for room, in order. */
  private readonly waiting = new Set<() => void>()
  /** Who waits for the transport. */
  private readonly sending = new Set<(result: Result) => void>()

  /** @param highWaterMark what may be unsettled before the way is full, in UTF-16 units. */
  constructor(transport: SdkTransport, highWaterMark: number) {
    this.transport = transport
    this.highWaterMark = Math.max(1, highWaterMark) // with 0 nothing could ever be sent
  }

  /** Whether whoever can wait should. A closed way is never full. */
  get isFull(): boolean {
    return !this.isClosed && this.unsettled >= this.highWaterMark
  }

  /** Hands a message to the transport, however full the way is. `done` is called once. Throws when the message is no JSON. */
  write(message: Jsonrpc.Outbound, options: SendOptions | undefined, done: (result: Result) => void): void {
    this.handOver(singles(message).map(toSdk), options, done)
  }

  /**
   * Waits for room, and then until the transport has taken the message. `onWritten` is called when it is handed over. Dies when the
   * message is no JSON.
   */
  send(message: Jsonrpc.Outbound, options?: SendOptions, onWritten?: () => void): Effect.Effect<void, Unsent> {
    return Effect.suspend(() => {
      const parts = singles(message).map(toSdk)
      return Effect.callback<void, Unsent>((resume) => {
        const go = () => {
          if (!this.isClosed) onWritten?.()
          this.handOver(parts, options, resume)
        }
        if (!this.isFull) return go() // then nobody waits
        this.waiting.add(go)
        return Effect.sync(() => this.waiting.delete(go))
      })
    })
  }

  /** Calls back when there is room, after whoever waits already, or at once. */
  onRoom(go: () => void): void {
    this.waiting.add(go)
    this.letGo()
  }

  /** Ends all waiting: nothing more is sent. */
  close(): void {
    this.isClosed = true
    for (const finish of this.sending) finish(closed)
    this.letGo()
  }

  private handOver(parts: ReadonlyArray<Part>, options: SendOptions | undefined, done: (result: Result) => void): void {
    if (this.isClosed) return done(closed)
    let left = parts.length
    const finish = (result: Result) => {
      if (this.sending.delete(finish)) done(result)
    }
    this.sending.add(finish)
    for (const { json, length } of parts) {
      this.unsettled += length
      const settled = (result: Result) => {
        this.unsettled -= length
        if (--left === 0 || Exit.isFailure(result)) finish(result)
        this.letGo()
      }
      this.hand(json, options).then(
        () => settled(Exit.void),
        (error: unknown) => settled(Exit.fail(new Unsent(error)))
      )
    }
  }

  // A function that should give a promise may also throw, or give nothing.
  private async hand(json: Jsonrpc.JsonObject, options: SendOptions | undefined): Promise<void> {
    await this.transport.send(json, options)
  }

  // Each one that goes fills the way again.
  private letGo(): void {
    for (const go of this.waiting) {
      if (this.isFull) return
      this.waiting.delete(go)
      go()
    }
  }
}
