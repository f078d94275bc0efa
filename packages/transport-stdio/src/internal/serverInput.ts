/**
 * The way in: lines from a stream, held back while the output is full.
 */
import * as Effect from "effect/Effect"
import type { Readable } from "node:stream"
import { makeLineSplitter } from "./lines.ts"
import type { Output } from "./serverOutput.ts"

/** What to read, and who gets it. */
export interface InputOptions {
  readonly stream: Readable
  readonly output: Output
  /** The longest line in bytes. */
  readonly limit: number
  /** Called for each line, within a batch of `output`. */
  readonly onLine: (text: string) => void
  /** Called for each line over the limit, within a batch of `output`. */
  readonly onTooLong: () => void
}

/**
 * Reads a stream line by line to its end; an error ends it too. While the output is full the stream is paused, and lines that
 * have been read already wait: no more than one chunk holds. Stops at once when it is interrupted, and lets go of the stream.
 */
export const readLines = (options: InputOptions): Effect.Effect<void> =>
  Effect.suspend(() => {
    const input = new Input(options)
    return Effect.ensuring(input.read, Effect.sync(input.stop))
  })

class Input {
  private backlog: Array<string> = []
  private ended = false
  private stopped = false
  private holding = false
  private done: () => void = () => {}
  private readonly options: InputOptions
  private readonly splitter

  constructor(options: InputOptions) {
    const { limit, onLine, onTooLong, output } = options
    this.options = options
    this.splitter = makeLineSplitter({
      limit,
      onLine: (text) => {
        if (this.backlog.length > 0 || output.isFull()) this.backlog.push(text)
        else onLine(text)
      },
      onTooLong
    })
  }

  readonly read: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const { stream } = this.options
    this.done = () => resume(Effect.void)
    stream.on("end", this.onEnd)
    stream.on("error", this.onEnd)
    stream.on("close", this.onEnd)
    stream.on("data", this.onData)
    if (stream.readableEnded || stream.destroyed) this.onEnd()
  })

  /** Also lets the process end: a paused stdin does not keep it alive. */
  readonly stop = (): void => {
    const { stream } = this.options
    this.stopped = true
    stream.off("end", this.onEnd)
    stream.off("close", this.onEnd)
    stream.off("data", this.onData)
    stream.pause()
    // The listener for errors stays: an error that comes later is nobody's, and would end the process.
  }

  private readonly onData = (chunk: Buffer): void => {
    this.options.output.batch(() => this.splitter.push(chunk))
    this.proceed()
  }

  private readonly onEnd = (): void => {
    if (this.ended || this.stopped) return
    this.ended = true
    this.options.output.batch(() => this.splitter.end())
    this.proceed()
  }

  /** After each batch: goes on, waits for room or ends. */
  private proceed(): void {
    if (this.holding || this.stopped) return
    if (this.backlog.length > 0 || this.options.output.isFull()) {
      this.holding = true
      this.options.stream.pause()
      this.options.output.onRoom(this.catchUp)
    } else if (this.ended) this.done()
  }

  private readonly catchUp = (): void => {
    if (this.stopped) return
    const { onLine, output, stream } = this.options
    const lines = this.backlog
    let taken = 0
    output.batch(() => {
      while (taken < lines.length && !output.isFull()) onLine(lines[taken++]!)
    })
    this.backlog = lines.slice(taken)
    this.holding = false
    this.proceed()
    if (!this.holding && !this.ended) stream.resume()
  }
}
