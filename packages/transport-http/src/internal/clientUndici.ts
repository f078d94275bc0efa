/**
 * HTTP by undici's `dispatch`: callbacks on kept-alive connections, no stream and no promise per request.
 */
import * as Effect from "effect/Effect"
import { Agent, type Dispatcher } from "undici"
import type { Http, HttpLimits, HttpListener, HttpProblem, HttpRequest } from "./clientHttp.ts"

const textOf = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  value === undefined || typeof value === "string" ? value : value.join(", ")

const problemOf = (error: Error, isSent: boolean): HttpProblem => {
  const code = "code" in error ? String(error.code) : error.name
  const detail = error.message === "" ? code : error.message
  return { kind: isSent ? "lost" : "connect", detail, cause: error }
}

const givenUp = new Error("given up")

/** One request on its way. */
class Handler implements Dispatcher.DispatchHandler {
  private readonly listener: HttpListener
  private controller: Dispatcher.DispatchController | undefined
  private isOver = false

  constructor(listener: HttpListener) {
    this.listener = listener
  }

  readonly abort = (): void => {
    if (this.isOver) return
    this.isOver = true
    this.controller?.abort(givenUp)
  }

  // From here on it is written.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.isOver) controller.abort(givenUp)
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: { readonly [name: string]: string | Array<string> | undefined }
  ): void {
    if (this.isOver || status < 200) return
    const encoding = textOf(headers["content-encoding"])
    if (encoding === undefined || encoding.toLowerCase() === "identity") {
      return this.listener.onHead(status, (name) => textOf(headers[name]))
    }
    // None was asked for.
    this.abort()
    this.listener.onProblem({ kind: "lost", detail: `the response is encoded with ${encoding.slice(0, 40)}`, cause: undefined })
  }

  onResponseData(_: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (!this.isOver) this.listener.onBytes(bytes)
  }

  onResponseEnd(): void {
    if (this.isOver) return
    this.isOver = true
    this.listener.onEnd()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.isOver) return
    this.isOver = true
    this.listener.onProblem(problemOf(error, this.controller !== undefined))
  }
}

/** Connections of its own. They are kept alive for four seconds, or as long as the server says. */
export const make = ({ connectTimeout, maxHeaderBytes, responseTimeout }: HttpLimits): Http => {
  const open = () =>
    new Agent({
      connect: { timeout: connectTimeout },
      headersTimeout: responseTimeout,
      // An answer may take as long as its request may; streams are silent for hours.
      bodyTimeout: 0,
      maxHeaderSize: maxHeaderBytes,
      pipelining: 1
    })
  let agent: Agent | undefined
  const send = ({ body, headers, method, url }: HttpRequest, listener: HttpListener) => {
    const handler = new Handler(listener)
    const path = `${url.pathname}${url.search}`
    // undici does not change the headers.
    agent ??= open()
    agent.dispatch({ origin: url.origin, path, method, headers: headers as Array<string>, body: body ?? null }, handler)
    return handler.abort
  }
  return {
    send,
    // Bytes of undici are buffers.
    decode: (bytes) => (Buffer.isBuffer(bytes) ? bytes.toString("utf8") : Buffer.from(bytes).toString("utf8")),
    close: Effect.promise(async () => {
      const old = agent
      agent = undefined
      await old?.destroy()
    })
  }
}
