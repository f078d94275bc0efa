/**
 * What a server says beside the protocol: its stderr, and lines of its stdout that are no messages.
 */
import type { Scrubber } from "./clientEnv.ts"
import { makeLineSplitter, type LineSplitter } from "./lines.ts"

/** 32 KiB, in bytes. How much of it is kept. */
export const tailSize = 32 * 1024

/** 64 KiB, in bytes. Listeners do not see longer lines. */
const lineLimit = 64 * 1024

/** Whoever listens to the lines. Called synchronously; must not throw. */
export type Listener = (line: string) => void

/** The last bytes of an endless text, in constant memory. */
export class Ring {
  private readonly size: number
  /** Made with the first byte: most servers are silent. */
  private buffer: Buffer | undefined
  private written = 0

  /** `size` is in bytes. */
  constructor(size: number) {
    this.size = size
  }

  push(chunk: Buffer): void {
    const buffer = (this.buffer ??= Buffer.alloc(this.size))
    const rest = chunk.length > this.size ? chunk.subarray(chunk.length - this.size) : chunk
    const at = (this.written + chunk.length - rest.length) % this.size
    const first = rest.copy(buffer, at)
    if (first < rest.length) rest.copy(buffer, 0, first)
    this.written += chunk.length
  }

  /** Whether anything was lost. */
  get isCut(): boolean {
    return this.written > this.size
  }

  bytes(): Buffer {
    if (this.buffer === undefined) return Buffer.alloc(0)
    if (this.written <= this.size) return this.buffer.subarray(0, this.written)
    const at = this.written % this.size
    return Buffer.concat([this.buffer.subarray(at), this.buffer.subarray(0, at)])
  }
}

/** The same without the rest of a character whose beginning was cut off. */
const wholeCharacters = (bytes: Buffer): Buffer => {
  let from = 0
  while (from < 3 && (bytes[from] ?? 0) >> 6 === 0b10) from++
  return bytes.subarray(from)
}

/** The stderr of one process: its last 32 KiB, and its lines for those who listen. */
export class Stderr {
  private readonly scrubber: Scrubber
  private readonly listeners: ReadonlySet<Listener>
  private readonly ring: Ring
  private splitter: LineSplitter | undefined

  constructor(scrubber: Scrubber, listeners: ReadonlySet<Listener>) {
    this.scrubber = scrubber
    this.listeners = listeners
    // Room for a secret that is cut at the beginning.
    this.ring = new Ring(tailSize + scrubber.longest)
  }

  readonly push = (chunk: Buffer): void => {
    this.ring.push(chunk)
    if (this.listeners.size === 0 && this.splitter === undefined) return
    this.splitter ??= makeLineSplitter({
      limit: lineLimit,
      onLine: this.emit,
      onTooLong: () => this.emit(`(a line of more than ${lineLimit} bytes was left out)`)
    })
    this.splitter.push(chunk)
  }

  /** Takes a line that came on stdout, by mistake. */
  readonly stray = (line: string): void => {
    const marked = `[stdout] ${line}`
    this.ring.push(Buffer.from(`${marked}\n`))
    this.emit(marked)
  }

  /** Takes the end: the last line may lack its line feed. */
  readonly end = (): void => this.splitter?.end()

  /** The last 32 KiB, without secrets. */
  tail(): string {
    const { longest, scrub } = this.scrubber
    const bytes = this.ring.isCut ? wholeCharacters(this.ring.bytes()) : this.ring.bytes()
    if (longest === 0) return bytes.toString("utf8")
    const scrubbed = Buffer.from(scrub(bytes.toString("utf8")))
    const rest = scrubbed.subarray(this.ring.isCut ? longest : 0) // a secret whose beginning is lost was not recognised
    return wholeCharacters(rest.subarray(Math.max(0, rest.length - tailSize))).toString("utf8")
  }

  private readonly emit = (line: string): void => {
    if (this.listeners.size === 0) return
    const text = this.scrubber.scrub(Buffer.from(line).toString()) // a copy: a line may be a view into its whole chunk
    for (const listener of this.listeners) listener(text)
  }
}
