/**
 * A request and a response of `node:http` as one exchange.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Exchange, Reply, Sink, StreamBody } from "../../Exchange.ts"
import { type OnBody, readNodeBody } from "./nodeBody.ts"

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

  readText(limit: number, timeout: number, done: OnBody): void {
    readNodeBody(this.request, limit, timeout, done)
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
