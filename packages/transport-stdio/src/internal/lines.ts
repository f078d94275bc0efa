/**
 * Framing of stdio: byte chunks in, lines of text out. Both sides of the transport use it.
 *
 * Source: "stdio" under "Transports" of every MCP revision: one message per line, UTF-8, ended by a line feed.
 */

/** 16 MiB, in bytes. What a line may hold unless told otherwise. */
export const defaultLineLimit = 16 * 1024 * 1024

/** What a splitter reports, and to whom. The callbacks are called synchronously and must not throw. */
export interface LineSplitterOptions {
  /** The longest line in bytes, without its line feed but with a carriage return before it. */
  readonly limit: number
  /**
   * Called for each line that holds more than spaces and tabs, without its line ending. Bytes that are no UTF-8 arrive as
   * U+FFFD. The text may be a view into its whole chunk: parse it, but do not keep it for long.
   */
  readonly onLine: (text: string) => void
  /** Called once for each line over the limit, as soon as that is known. The line is skipped to its end, without buffering. */
  readonly onTooLong: () => void
}

/** Splits bytes into lines. */
export interface LineSplitter {
  /** Takes the next chunk, of any size. Keeps a reference to a line's unfinished part, so the chunk must not be reused. */
  readonly push: (chunk: Buffer) => void
  /** Takes the end of the input: a last line may lack its line feed. */
  readonly end: () => void
}

const LineFeed = 10
const CarriageReturn = 13
const Space = 32
const visible = /[^ \t\r]/
/** So many parts of an unfinished line are joined into one: a line that comes in tiny chunks must not cost an object for each. */
const maxParts = 1024

/** The parts of a line that is not complete. Each byte is copied once, at most twice when the parts are tiny. */
class Unfinished {
  length = 0
  private blocks: Array<Buffer> = []
  private parts: Array<Buffer> = []

  add(part: Buffer): void {
    this.length += part.length
    if (this.parts.push(part) < maxParts) return
    this.blocks.push(Buffer.concat(this.parts))
    this.parts = []
  }

  take(): string {
    const text = Buffer.concat([...this.blocks, ...this.parts], this.length).toString("utf8")
    this.clear()
    return text
  }

  clear(): void {
    this.length = 0
    this.blocks = []
    this.parts = []
  }
}

/** Makes a splitter. See {@link LineSplitterOptions}. */
export const makeLineSplitter = ({ limit, onLine, onTooLong }: LineSplitterOptions): LineSplitter => {
  const unfinished = new Unfinished()
  let skipping = false

  /** One line, or nothing when it is blank. */
  const line = (text: string): void => {
    const end = text.length - 1
    const trimmed = text.charCodeAt(end) === CarriageReturn ? text.slice(0, end) : text
    if (trimmed.charCodeAt(0) > Space || visible.test(trimmed)) onLine(trimmed)
  }

  /** A part of a line whose end is not in sight. */
  const hold = (part: Buffer): void => {
    if (skipping || part.length === 0) return
    if (unfinished.length + part.length <= limit) return unfinished.add(part)
    unfinished.clear()
    skipping = true
    onTooLong()
  }

  /** The rest of an unfinished line. */
  const finish = (part: Buffer): void => {
    hold(part)
    if (skipping) skipping = false
    else line(unfinished.take())
  }

  /** Complete lines of which none can be too long. Decoding them at once and slicing the text is cheaper than the reverse. */
  const lines = (chunk: Buffer, start: number, end: number): void => {
    const text = chunk.toString("utf8", start, end)
    let from = 0
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      line(text.slice(from, to))
      from = to + 1
    }
    line(from === 0 ? text : text.slice(from))
  }

  /** Complete lines that are each checked against the limit. */
  const checkedLines = (chunk: Buffer, start: number, end: number): void => {
    for (let from = start; from <= end;) {
      const to = chunk.indexOf(LineFeed, from)
      if (to - from > limit) onTooLong()
      else line(chunk.toString("utf8", from, to))
      from = to + 1
    }
  }

  return {
    push: (chunk) => {
      let start = 0
      if (skipping || unfinished.length > 0) {
        const end = chunk.indexOf(LineFeed)
        if (end < 0) return hold(chunk)
        finish(chunk.subarray(0, end))
        start = end + 1
      }
      const last = chunk.length - 1
      const end = chunk[last] === LineFeed ? last : chunk.lastIndexOf(LineFeed)
      if (end < start) return hold(start === 0 ? chunk : chunk.subarray(start))
      if (chunk.length <= limit) lines(chunk, start, end)
      else checkedLines(chunk, start, end)
      if (end < last) hold(chunk.subarray(end + 1))
    },
    end: () => {
      if (unfinished.length > 0) line(unfinished.take())
    }
  }
}
