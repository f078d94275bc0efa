/**
 * One connection on which events are written: bounded, whoever reads it.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import * as Effect from "effect/Effect"
import type { Sink, StreamBody } from "../../Exchange.ts"

/** One event with a message, which is JSON without line breaks. */
export const event = (message: string, id?: string): string =>
  id === undefined ? `event: message\ndata: ${message}\n\n` : `id: ${id}\nevent: message\ndata: ${message}\n\n`

/** An event that is no message: something to come back with, and when. */
export const priming = (id: string, retry: number): string => `id: ${id}\nretry: ${retry}\ndata: \n\n`

/** Says when to come back. */
export const retryAfter = (retry: number): string => `retry: ${retry}\n\n`

/** Where a client of 2024-11-05 posts its messages. */
export const endpoint = (uri: string): string => `event: endpoint\ndata: ${uri}\n\n`

/** What nobody has to read. */
export const comment = ": keep-alive\n\n"

/** See the module. */
export class EventStream implements StreamBody {
  private readonly highWaterMark: number
  private readonly onClose: () => void
  private sink: Sink | undefined = undefined
  /** What was written before the head of the response was on its way. */
  private early = ""
  private isEnding = false
  private waiters: Array<() => void> | undefined = undefined
  /** Since when the client has taken nothing, in milliseconds of the clock of `tick`. */
  private stalledSince: number | undefined = undefined
  /** How much was unsent at the last tick. */
  private unsent = 0
  isOpen = true

  /** `onClose` is called once, when nothing can be written any more. */
  constructor(highWaterMark: number, onClose: () => void) {
    this.highWaterMark = highWaterMark
    this.onClose = onClose
  }

  open(sink: Sink): void {
    this.sink = sink
    if (!this.isOpen) return sink.abort()
    if (this.early !== "") sink.write(this.early)
    this.early = ""
    if (this.isEnding) this.finish(sink)
  }

  drained(): void {
    this.stalledSince = undefined
    if (!this.isFull) this.wake()
  }

  /** Whether so much is unsent that nothing more should be written. */
  get isFull(): boolean {
    return (this.sink === undefined ? this.early.length : this.sink.waiting()) >= this.highWaterMark
  }

  /** Waits until there is room, or until the stream is closed. */
  readonly room: Effect.Effect<void> = Effect.suspend(() => {
    if (!this.isOpen || !this.isFull) return Effect.void
    return Effect.callback((resume) => {
      const go = () => resume(Effect.void)
      const waiters = (this.waiters ??= [])
      waiters.push(go)
      return Effect.sync(() => {
        const at = waiters.indexOf(go)
        if (at !== -1) waiters.splice(at, 1)
      })
    })
  })

  /** Writes what cannot wait, however full it is. */
  write(text: string): void {
    if (!this.isOpen || this.isEnding) return
    if (this.sink === undefined) this.early += text
    else this.sink.write(text)
  }

  /** Ends the response after what was written. */
  end(): void {
    if (!this.isOpen || this.isEnding) return
    this.isEnding = true
    if (this.sink !== undefined) this.finish(this.sink)
  }

  /** The client is gone. */
  readonly gone = (): void => {
    if (!this.isOpen) return
    this.isOpen = false
    this.wake()
    this.onClose()
  }

  /** Keeps the connection alive; cuts it when the client has taken nothing for too long. */
  tick(now: number, stallTimeout: number): void {
    const { sink } = this
    if (sink === undefined || !this.isOpen) return
    const waiting = sink.waiting()
    const takes = waiting < this.unsent
    this.unsent = waiting
    if (waiting === 0) {
      this.stalledSince = undefined
      return sink.write(comment)
    }
    if (takes || this.stalledSince === undefined) this.stalledSince = now
    if (now - this.stalledSince < stallTimeout) return
    sink.abort()
    this.gone()
  }

  private finish(sink: Sink): void {
    sink.end()
    this.gone()
  }

  private wake(): void {
    const { waiters } = this
    this.waiters = undefined
    for (const go of waiters ?? []) go()
  }
}
