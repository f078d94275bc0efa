/**
 * A request and a response of `node:http` as one exchange.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { BodyProblem, Exchange, Reply, Sink, StreamBody } from "../../Exchange.ts"

// Five times as fast as a Buffer, which takes anything for UTF-8. A byte order mark is no JSON.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** See the module. */
export class NodeExchange implements Exchange {
  private readonly request: IncomingMessage
  private readonly response: ServerResponse
  private readonly stallTimeout: number

  /** `stallTimeout` is for what is unsent when the answer is complete, and for a body that nobody reads, in milliseconds. */
  constructor(request: IncomingMessage, response: ServerResponse, stallTimeout: number) {
    this.request = request
    this.response = response
    this.stallTimeout = stallTimeout
  }

  get method(): string {
    return this.request.method ?? ""
  }

  get target(): string {
    return this.request.url ?? ""
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value.join(", ") : value
  }

  readText(limit: number, timeout: number, done: (body: string | undefined, problem: BodyProblem | undefined) => void): void {
    const { request } = this
    // Somebody else, such as a parser of bodies, was before us.
    if (request.readableEnded) return done(undefined, "unreadable")
    if (request.destroyed) return done(undefined, "gone")
    const chunks: Array<Buffer> = []
    let size = 0
    const end = (body: string | undefined, problem: BodyProblem | undefined): void => {
      clearTimeout(timer)
      request.off("data", take).off("end", finish).off("close", gone)
      // What still comes is dropped, and the connection with it.
      if (body === undefined) request.resume()
      done(body, problem)
    }
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) end(undefined, "too-large")
      else chunks.push(chunk)
    }
    const finish = (): void => {
      const [first] = chunks
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size)
      const text = decoded(bytes)
      end(text, text === undefined ? "unreadable" : undefined)
    }
    const gone = (): void => end(undefined, "gone")
    // Almost all bodies are there by now.
    let timer: NodeJS.Timeout | undefined = undefined
    request.on("data", take).on("end", finish).on("close", gone)
    timer = setTimeout(() => end(undefined, "too-slow"), timeout)
  }

  onGone(listener: () => void): void {
    const closed = () => {
      if (!this.response.writableFinished) listener()
    }
    // It may have happened while something was looked up.
    if (this.response.destroyed) closed()
    else this.response.once("close", closed)
  }

  readonly reply = ({ body, headers, status }: Reply): void => {
    const { response } = this
    if (response.destroyed || response.headersSent) return
    if (typeof body === "object" && !(body instanceof Uint8Array)) return this.stream(status, headers, body)
    const length = body === undefined ? 0 : Buffer.byteLength(body)
    response.writeHead(status, status === 204 ? headers : { ...headers, "content-length": length }).end(body)
    this.guard()
    if (!this.request.complete) this.dropRest()
  }

  // A client that is refused may send all of its body before it looks at the answer.
  private dropRest(): void {
    const { request } = this
    const timer = setTimeout(() => request.destroy(), this.stallTimeout).unref()
    request.once("close", () => clearTimeout(timer)).resume()
  }

  // Nobody watches an answer any more once it is complete. The server cuts a socket on which nothing moves for so long, and has its own
  // time-out for the next request.
  private guard(): void {
    const { response } = this
    if (response.writableLength > 0) response.socket?.setTimeout(this.stallTimeout)
  }

  private stream(status: number, headers: Reply["headers"], body: StreamBody): void {
    const { response } = this
    response.writeHead(status, headers).flushHeaders()
    // The event "drain" comes only after so much was written as Node finds too much.
    const written = () => {
      if (response.writableLength === 0) body.drained()
    }
    const sink: Sink = {
      write: (text) => void response.write(text, written),
      waiting: () => response.writableLength,
      end: () => {
        response.end()
        this.guard()
      },
      abort: () => void response.destroy()
    }
    body.open(sink)
  }
}
