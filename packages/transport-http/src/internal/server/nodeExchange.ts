/**
 * A request and a response of `node:http` as one exchange.
 */
import { isUtf8 } from "node:buffer"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { BodyProblem, Exchange, Reply, Sink, StreamBody } from "../../Exchange.ts"

/** See the module. */
export class NodeExchange implements Exchange {
  private readonly request: IncomingMessage
  private readonly response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
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
      if (isUtf8(bytes)) end(bytes.toString(), undefined)
      else end(undefined, "unreadable")
    }
    const gone = (): void => end(undefined, "gone")
    // Almost all bodies are there by now.
    let timer: NodeJS.Timeout | undefined = undefined
    request.on("data", take).on("end", finish).on("close", gone)
    timer = setTimeout(() => end(undefined, "too-slow"), timeout)
  }

  onGone(listener: () => void): void {
    this.response.once("close", () => {
      if (!this.response.writableFinished) listener()
    })
  }

  readonly reply = ({ body, headers, status }: Reply): void => {
    const { response } = this
    if (response.destroyed) return
    response.writeHead(status, headers)
    if (typeof body === "object") this.stream(body)
    else response.end(body)
  }

  private stream(body: StreamBody): void {
    const { response } = this
    response.flushHeaders()
    response.on("drain", () => body.drained())
    const sink: Sink = {
      write: (text) => void response.write(text),
      waiting: () => response.writableLength,
      end: () => void response.end(),
      abort: () => void response.destroy()
    }
    body.open(sink)
  }
}
