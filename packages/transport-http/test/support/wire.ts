/**
 * Raw HTTP: requests as they are written, and what comes back, with every event of a stream as soon as it is there.
 */
import * as Effect from "effect/Effect"
import { type ClientRequest, type IncomingMessage, request } from "node:http"

/** A message as it was read back. */
export type Json = { readonly [key: string]: any }

/** One event of a stream, as it was written; a comment has only its text. */
export interface Event {
  readonly id?: string
  readonly event?: string
  readonly data?: string
  readonly retry?: string
  readonly comment?: string
}

const parseEvent = (text: string): Event => {
  if (text.startsWith(":")) return { comment: text.slice(1).trim() }
  const entries = text.split("\n").map((line): [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
  })
  return Object.fromEntries(entries)
}

/** What is sent. Headers may come several times. */
export interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>
  readonly body?: unknown
  /** Keeps the request open: `write` and `finish` of the response send the rest. */
  readonly isOpen?: boolean
}

/** A response while it comes. */
export class Response {
  status = 0
  headers: Readonly<Record<string, string | undefined>> = {}
  text = ""
  /** How it is over: by its end, or because the connection was cut. */
  over: "ended" | "cut" | undefined = undefined
  private readonly request: ClientRequest
  private message: IncomingMessage | undefined = undefined
  private readonly waiting = new Set<() => void>()

  constructor(port: number, { body, headers = [], isOpen = false, method = "POST", path = "/mcp" }: Sent) {
    const bytes = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const flat = headers.flatMap(([name, value]) => [name, value])
    const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name)
    // A flat array of headers is written as it is, and nothing is added.
    const own = [
      ...(has("host") ? [] : ["Host", `127.0.0.1:${port}`]),
      ...(bytes === undefined || has("content-length") || isOpen ? [] : ["Content-Length", String(Buffer.byteLength(bytes))]),
      ...(isOpen && !has("content-length") ? ["Transfer-Encoding", "chunked"] : [])
    ]
    this.request = request({ host: "127.0.0.1", port, method, path, agent: false, headers: [...flat, ...own] as never })
    this.request.on("error", () => this.end("cut"))
    this.request.on("response", (message) => this.take(message))
    if (bytes !== undefined) this.request.write(bytes)
    if (isOpen) this.request.flushHeaders()
    else this.request.end()
  }

  write(chunk: string | Buffer): void {
    this.request.write(chunk)
  }

  finish(): void {
    this.request.end()
  }

  /** Goes away. */
  cut(): void {
    this.request.destroy()
  }

  /** Reads nothing more, until `resume`. */
  pause(): void {
    this.message?.pause()
  }

  resume(): void {
    this.message?.resume()
  }

  get isStream(): boolean {
    return this.headers["content-type"] === "text/event-stream"
  }

  /** All blocks of the stream so far, comments included. */
  get blocks(): ReadonlyArray<Event> {
    return this.text.split("\n\n").slice(0, -1).map(parseEvent)
  }

  /** The events so far. */
  get events(): ReadonlyArray<Event> {
    return this.blocks.filter(({ comment }) => comment === undefined)
  }

  /** The messages so far: those of the events, or the body. */
  get messages(): ReadonlyArray<Json> {
    if (!this.isStream) return this.text === "" ? [] : [this.json]
    return this.events.flatMap(({ data, event }) => (event === "message" ? [JSON.parse(data ?? "") as Json] : []))
  }

  get json(): Json {
    return JSON.parse(this.text) as Json
  }

  /** The id of the last event that has one. */
  get lastId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? ""
  }

  /** Waits until something is so. */
  until(isSo: (response: Response) => boolean): Effect.Effect<Response> {
    return Effect.callback((resume) => {
      const look = () => {
        if (!isSo(this)) return
        this.waiting.delete(look)
        resume(Effect.succeed(this))
      }
      this.waiting.add(look)
      look()
      return Effect.sync(() => this.waiting.delete(look))
    })
  }

  get begun(): Effect.Effect<Response> {
    return this.until(({ over, status }) => status > 0 || over !== undefined)
  }

  get done(): Effect.Effect<Response> {
    return this.until(({ over }) => over !== undefined)
  }

  /** Waits for so many messages. */
  count(n: number): Effect.Effect<ReadonlyArray<Json>> {
    return Effect.map(
      this.until(({ messages, over }) => messages.length >= n || over !== undefined),
      () => this.messages
    )
  }

  private take(message: IncomingMessage): void {
    this.message = message
    this.status = message.statusCode ?? 0
    this.headers = message.headers as Record<string, string | undefined>
    message.setEncoding("utf8")
    message.on("data", (text: string) => {
      this.text += text
      this.wake()
    })
    message.on("end", () => this.end("ended"))
    message.on("error", () => this.end("cut"))
    message.on("close", () => this.end("cut"))
    this.wake()
  }

  private end(how: "ended" | "cut"): void {
    this.over ??= how
    this.wake()
  }

  private wake(): void {
    for (const look of this.waiting) look()
  }
}
