/**
 * A web `Request` and the `Response` to it as one exchange.
 */
import type { BodyProblem, Exchange, Reply, StreamBody } from "../../Exchange.ts"
import { decodeUtf8, joined } from "../bytes.ts"
import { Outflow } from "./outflow.ts"

/** The client went away before it was answered. Nobody sees this; it ends the wait of who called. */
const unseen = 499

// Where the path of an absolute URL begins.
const pathAt = (url: string): number => {
  const at = url.indexOf("/", url.indexOf("//") + 2)
  return at === -1 ? url.length : at
}

/** A body that is being read. */
interface Reading {
  readonly bytes: Promise<Uint8Array | ArrayBuffer | "too-large">
  readonly cancel: () => void
}

// As runtimes do it best. They give no more than what was declared.
const whole = (request: Request): Reading => ({ bytes: request.arrayBuffer(), cancel: () => {} })

// Bit by bit, so that no more is kept than may be.
const counted = (request: Request, limit: number): Reading => {
  const { body } = request
  if (body === null) return { bytes: Promise.resolve(new Uint8Array()), cancel: () => {} }
  if (body.locked) return { bytes: Promise.reject(new Error("somebody else reads the body")), cancel: () => {} }
  const reader = body.getReader()
  const cancel = (): void => void reader.cancel().catch(() => {})
  return { bytes: collect(reader, limit), cancel }
}

const collect = async (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array | "too-large"> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return joined(chunks, size)
    size += value.length
    if (size > limit) return "too-large"
    chunks.push(value)
  }
}

/** See the module. */
export class WebExchange implements Exchange {
  private readonly request: Request
  private readonly resolve: (response: Response) => void
  private listener: (() => void) | undefined = undefined
  private isGone = false

  constructor(request: Request, resolve: (response: Response) => void) {
    this.request = request
    this.resolve = resolve
  }

  get method(): string {
    return this.request.method
  }

  get target(): string {
    const { url } = this.request
    const target = url.slice(pathAt(url))
    return target.startsWith("/") ? target : `/${target}`
  }

  header(name: string): string | undefined {
    const value = this.request.headers.get(name)
    if (value !== null) return value
    // A request that was not received has no such header, but a URL.
    return name === "host" ? new URL(this.request.url).host : undefined
  }

  readText(limit: number, timeout: number, done: (body: string | undefined, problem: BodyProblem | undefined) => void): void {
    const { request } = this
    const reading = this.isDeclared(limit) ? whole(request) : counted(request, limit)
    let isOver = false
    const end = (text: string | undefined, problem: BodyProblem | undefined): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      // What still comes is dropped. Nobody waits for that.
      if (text === undefined) reading.cancel()
      done(text, problem)
    }
    const timer = setTimeout(() => end(undefined, "too-slow"), timeout)
    reading.bytes.then(
      (bytes) => {
        if (bytes === "too-large" || bytes.byteLength > limit) return end(undefined, "too-large")
        const text = decodeUtf8(bytes)
        end(text, text === undefined ? "unreadable" : undefined)
      },
      () => {
        const isGone = request.signal.aborted
        end(undefined, isGone ? "gone" : "unreadable")
        if (isGone) this.gone()
      }
    )
  }

  onGone(listener: () => void): void {
    const { signal } = this.request
    this.listener = listener
    if (signal.aborted) this.gone()
    else signal.addEventListener("abort", this.gone, { once: true })
  }

  readonly reply = ({ body, headers, status }: Reply): void => {
    if (this.isGone) return
    if (typeof body === "object" && !(body instanceof Uint8Array))
      return this.resolve(new Response(this.stream(body), { status, headers }))
    this.forget()
    this.resolve(new Response(body, { status, headers }))
  }

  private readonly gone = (): void => {
    const { listener } = this
    this.isGone = true
    this.forget()
    listener?.()
    this.resolve(new Response(null, { status: unseen }))
  }

  // A length says nothing about a body that somebody unpacked.
  private isDeclared(limit: number): boolean {
    const { headers } = this.request
    const length = headers.get("content-length")
    return length !== null && /^\d{1,15}$/.test(length) && Number(length) <= limit && headers.get("content-encoding") === null
  }

  private forget(): void {
    if (this.listener !== undefined) this.request.signal.removeEventListener("abort", this.gone)
    this.listener = undefined
  }

  // Nothing is enqueued before it is asked for, so what the client does not read is counted.
  private stream(body: StreamBody): ReadableStream<Uint8Array> {
    let cut = (): void => {}
    const outflow = new Outflow(body, () => {
      this.forget()
      cut()
    })
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      cut = () => controller.error(new Error("the client took nothing for too long"))
      outflow.open()
    }
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> =>
      new Promise((pulled) => {
        const take = (): void => {
          const taken = outflow.take(take)
          if (taken === "wait") return
          if (taken !== "end") controller.enqueue(taken)
          else {
            this.forget()
            controller.close()
          }
          pulled()
        }
        take()
      })
    const cancel = (): void => {
      outflow.drop()
      this.gone()
    }
    return new ReadableStream({ start, pull, cancel }, { highWaterMark: 0 })
  }
}
