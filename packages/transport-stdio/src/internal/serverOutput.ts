/**
 * The way out: messages are collected and leave in few writes, and somebody who does not read is noticed.
 */
import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import type { Writable } from "node:stream"

/** Writes a string as UTF-8; the callback tells that the operating system has taken it. */
export type Write = (text: string, done?: (error?: Error | null) => void) => unknown

/** Collected text of this length (UTF-16 units) is written without waiting for the end of the batch. */
const flushAt = 64 * 1024
/** From this length on, a result is written as a string of its own: joining it with its envelope would copy it once more. */
const largeResult = 128 * 1024

/** In milliseconds: after a turn of the event loop most clients still read both at once, after this time hardly any. */
const heldFor = 2

interface Held {
  readonly due: number
  readonly text: string
}

interface Waiter {
  readonly ready: () => boolean
  readonly resume: () => void
}

/** Messages on their way to one stream. */
export class Output {
  private pending = ""
  private scheduled: NodeJS.Immediate | undefined
  private batching = false
  /** Whether a notification is among what was collected. */
  private told = false
  /** When the last notification was written, while that is less than {@link heldFor} ago. */
  private toldAt: number | undefined
  /** Answers that leave some time after notifications, the first one first. */
  private held: Array<Held> = []
  private heldLength = 0
  private closed = false
  private waiters: Array<Waiter> = []
  private onBroken: (() => void) | undefined
  private readonly stream: Writable
  private readonly send: Write
  private readonly highWaterMark: number

  /**
   * @param send how to write to `stream`, which is another function than `stream.write` where that one is guarded.
   * @param highWaterMark unflushed text, in UTF-16 units, from which on the output is full.
   */
  constructor(stream: Writable, send: Write, highWaterMark: number) {
    this.stream = stream
    this.send = send
    this.highWaterMark = Math.max(1, highWaterMark)
    stream.on("error", this.broke)
    stream.on("close", this.broke)
  }

  /** Whether so much is unflushed that nothing more should be produced. A closed output is never full. */
  isFull(): boolean {
    return this.pending.length + this.heldLength + this.stream.writableLength >= this.highWaterMark && !this.closed
  }

  /** Writes a message, at the end of the current batch or of the current turn of the event loop. Never waits, never drops. */
  write(message: Jsonrpc.Outbound): void {
    if (this.closed) return
    if (!("_tag" in message) || message._tag === "Reply" || message._tag === "Failure") {
      const due = this.dueOfAnswer()
      if (due !== undefined) return this.hold(Jsonrpc.stringify(message) + "\n", due)
    } else if (message._tag === "Notification") this.told = true
    if ("_tag" in message && message._tag === "Reply" && message.json.length >= largeResult) return this.writeLarge(message)
    this.pending += Jsonrpc.stringify(message) + "\n"
    if (this.pending.length >= flushAt) this.flush()
    else if (!this.batching) this.schedule()
  }

  // The official SDKs look at notifications later than at an answer that arrives with them, and then drop the progress of a request
  // that is over. So an answer that follows notifications leaves a moment later than they do.
  private dueOfAnswer(): number | undefined {
    if (this.told) this.flush()
    if (this.toldAt === undefined) return undefined
    const due = this.toldAt + heldFor
    if (due > performance.now()) return due
    this.toldAt = undefined
    return undefined
  }

  private hold(text: string, due: number): void {
    this.heldLength += text.length
    if (this.held.push({ due, text }) === 1) setTimeout(this.letGo, heldFor)
  }

  private readonly letGo = (): void => {
    const now = performance.now()
    const waiting = this.held.findIndex(({ due }) => due > now)
    this.collect(waiting < 0 ? this.held.length : waiting)
    this.flush()
    const [next] = this.held
    if (next !== undefined) setTimeout(this.letGo, Math.ceil(next.due - now))
  }

  private collect(count: number): void {
    const text = this.held
      .splice(0, count)
      .map((held) => held.text)
      .join("")
    this.heldLength -= text.length
    this.pending += text
  }

  private schedule(): void {
    // Not a microtask: timers that expire together are separated by microtasks, and each would pay for a write.
    this.scheduled ??= setImmediate(this.flush)
  }

  /** Runs `produce`; what it writes leaves in one write. */
  batch(produce: () => void): void {
    this.batching = true
    try {
      produce()
    } finally {
      this.batching = false
    }
    this.flush()
  }

  /** Hands over what was collected. */
  readonly flush = (): void => {
    clearImmediate(this.scheduled)
    this.scheduled = undefined
    if (this.pending === "") return
    const { pending, told } = this
    this.pending = ""
    this.told = false
    this.send(pending, this.settle)
    if (told) this.toldAt = performance.now()
  }

  /** Calls back as soon as the output is not full any more, or closed; later, never now. */
  onRoom(resume: () => void): void {
    if (this.isFull()) this.waiters.push({ ready: this.hasRoom, resume })
    else setImmediate(resume)
  }

  /** Waits while the output is full. */
  readonly room: Effect.Effect<void> = this.when(() => this.hasRoom())

  /** Waits until everything has been taken by the operating system, beginning with the end of this turn of the event loop. */
  readonly flushed: Effect.Effect<void> = Effect.andThen(
    Effect.callback<void>((resume) => {
      setImmediate(() => resume(Effect.void))
    }),
    Effect.suspend(() => {
      this.flush()
      return this.when(() => this.pending === "" && this.heldLength === 0 && this.stream.writableLength === 0)
    })
  )

  /** Waits until the other side cannot be reached any more. */
  readonly broken: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.closed) return resume(Effect.void)
    this.onBroken = () => resume(Effect.void)
  })

  /** Hands over what is left and lets go of the stream. What is written from now on is dropped. */
  close(): void {
    if (!this.closed) {
      this.collect(this.held.length)
      this.flush()
    }
    this.closed = true
    this.release()
    this.stream.off("close", this.broke)
    // The listener for errors stays: one that comes later is nobody's, and would end the process.
  }

  /** The way back for everything that is no answer. */
  readonly emit: Emit = {
    canAsk: true,
    send: (message) =>
      Effect.suspend(() => {
        if (this.isFull()) return Effect.andThen(this.room, this.emit.send(message))
        this.write(message)
        return Effect.void
      }),
    sendUnsafe: (message) => {
      if (this.closed || this.isFull()) return false
      this.write(message)
      return true
    }
  }

  private readonly hasRoom = (): boolean => !this.isFull()

  private readonly settle = (): void => {
    if (this.waiters.length > 0) this.release()
  }

  private readonly broke = (): void => {
    this.closed = true
    this.pending = ""
    this.held = []
    this.heldLength = 0
    this.release()
    this.onBroken?.()
  }

  private writeLarge({ id, json }: Jsonrpc.Reply): void {
    const envelope = Jsonrpc.stringify(Jsonrpc.reply(id, "")) // ends with the brace that follows the result
    const head = this.pending + envelope.slice(0, -1) // without notifications: the answer would have been held
    this.pending = ""
    this.stream.cork()
    this.send(head)
    this.send(json)
    this.send("}\n", this.settle)
    this.stream.uncork()
  }

  private release(): void {
    const waiters = this.waiters
    this.waiters = []
    for (const waiter of waiters) {
      if (this.closed || waiter.ready()) waiter.resume()
      else this.waiters.push(waiter)
    }
  }

  private when(ready: () => boolean): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.closed || ready()) return resume(Effect.void)
      const waiter: Waiter = { ready, resume: () => resume(Effect.void) }
      this.waiters.push(waiter)
      return Effect.sync(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter)
      })
    })
  }
}
