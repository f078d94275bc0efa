/**
 * Reads an event stream as its bytes come, in whatever pieces.
 *
 * Source: "Server-sent events" in the HTML standard, "Parsing an event stream".
 */

/** What a reader tells. None of these may throw. */
export interface SseListener {
  /** An event with data. Its type is `message` unless the stream says otherwise. */
  readonly onEvent: (type: string, data: string) => void
  /** A line or an event is longer than the limit. Nothing more is read. */
  readonly onTooLong: () => void
}

const LF = 10
const CR = 13

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

// Where the last line that is complete ends; 0 where none does.
const endOfLines = (bytes: Uint8Array): number => {
  const lf = bytes.lastIndexOf(LF)
  return Math.max(lf, bytes.indexOf(CR, lf + 1) < 0 ? -1 : bytes.lastIndexOf(CR)) + 1
}

const concat = (pieces: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** See the module. */
export class SseReader {
  /** The last id that the stream gave, of events without data too. */
  lastEventId: string | undefined
  /** After how many milliseconds the server wants to be asked again, where it says so. */
  retry: number | undefined
  private readonly listener: SseListener
  /** In bytes. */
  private readonly limit: number
  /** Bytes of a line that is not complete. */
  private readonly pieces: Array<Uint8Array> = []
  private pending = 0
  /** The last line ended in CR: an LF that follows belongs to it. */
  private skipsLf = false
  private isFirst = true
  private isOver = false
  private type = ""
  private data: string | undefined
  private id: string | undefined

  constructor(limit: number, listener: SseListener) {
    this.limit = limit
    this.listener = listener
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    if (this.isOver || bytes.length === 0) return
    const end = endOfLines(bytes)
    if (end === 0) return this.keep(bytes)
    let lines = bytes.subarray(0, end)
    if (this.pending > 0) {
      this.pieces.push(lines)
      lines = concat(this.pieces, this.pending + end)
      this.pieces.length = this.pending = 0
    }
    this.readLines(utf8.decode(lines))
    if (end < bytes.length) this.keep(bytes.subarray(end))
  }

  /** Stops: nothing more is told. */
  stop(): void {
    this.isOver = true
    this.pieces.length = 0
    this.data = undefined
  }

  private keep(bytes: Uint8Array): void {
    this.pending += bytes.length
    if (this.pending > this.limit) return this.tooLong()
    // A copy: a few bytes would keep all of what they came in. (`slice` of a buffer is none.)
    this.pieces.push(new Uint8Array(bytes))
  }

  private tooLong(): void {
    if (this.isOver) return
    this.stop()
    this.listener.onTooLong()
  }

  // The text ends with the end of a line.
  private readLines(text: string): void {
    let at = 0
    if (this.isFirst) {
      this.isFirst = false
      if (text.charCodeAt(0) === 0xfeff) at = 1
    }
    if (this.skipsLf && text.charCodeAt(at) === LF) at++
    this.skipsLf = text.charCodeAt(text.length - 1) === CR
    let cr = text.indexOf("\r", at)
    while (at < text.length && !this.isOver) {
      let end = text.indexOf("\n", at)
      if (cr >= 0 && (end < 0 || cr < end)) end = cr
      this.readLine(text, at, end)
      at = end === cr && text.charCodeAt(end + 1) === LF ? end + 2 : end + 1
      if (cr >= 0 && cr < at) cr = text.indexOf("\r", at)
    }
  }

  private readLine(text: string, start: number, end: number): void {
    if (start === end) return this.dispatch()
    const colon = text.indexOf(":", start)
    if (colon === start) return // a comment
    const isBare = colon < 0 || colon > end
    const name = text.slice(start, isBare ? end : colon)
    const value = isBare ? "" : text.slice(text.charCodeAt(colon + 1) === 32 && colon + 1 < end ? colon + 2 : colon + 1, end)
    switch (name) {
      case "data":
        this.data = this.data === undefined ? value : `${this.data}\n${value}`
        if (this.data.length > this.limit) this.tooLong()
        return
      case "event":
        this.type = value
        return
      case "id":
        if (!value.includes("\0")) this.id = value
        return
      case "retry":
        if (/^[0-9]{1,15}$/.test(value)) this.retry = Number(value)
    }
  }

  private dispatch(): void {
    const { data, type } = this
    this.type = ""
    this.data = undefined
    if (this.id !== undefined) this.lastEventId = this.id
    // An event without data is none; it may have given an id.
    if (data !== undefined && data !== "") this.listener.onEvent(type === "" ? "message" : type, data)
  }
}
