/**
 * Reads an event stream as its bytes come, in whatever pieces.
 *
 * Source: "Server-sent events" in the HTML standard, "Parsing an event stream".
 */

import { Body } from "./clientBody.ts"

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

// Ids come back as headers. Those that cannot are passed over: what the server sends again after an earlier one is heard twice at worst.
// eslint-disable-next-line no-control-regex
const isId = (value: string): boolean => /^[^\x00-\x1f\x7f]{0,2048}$/.test(value)

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
  private readonly pending: Body
  /** The last line ended in CR: an LF that follows belongs to it. */
  private skipsLf = false
  private isFirst = true
  private isOver = false
  private type = ""
  private data: string | undefined
  private id: string | undefined

  constructor(limit: number, listener: SseListener) {
    this.limit = limit
    this.pending = new Body(limit)
    this.listener = listener
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    if (this.isOver || bytes.length === 0) return
    const end = endOfLines(bytes)
    if (end === 0) return this.keep(bytes)
    let lines = bytes.subarray(0, end)
    if (this.pending.length > 0) {
      if (!this.pending.push(lines)) return this.tooLong()
      lines = this.pending.all()
      this.pending.clear()
    }
    this.readLines(utf8.decode(lines))
    if (end < bytes.length) this.keep(bytes.subarray(end))
  }

  /** Stops: nothing more is told. */
  stop(): void {
    this.isOver = true
    this.pending.clear()
    this.data = undefined
  }

  private keep(bytes: Uint8Array): void {
    // A copy: a few bytes would keep all of what they came in. (`slice` of a buffer is none.)
    if (!this.pending.push(new Uint8Array(bytes))) this.tooLong()
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
        if (isId(value)) this.id = value
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
