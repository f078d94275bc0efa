/**
 * HTTP by `fetch`, for browsers, Bun, Deno and Workers.
 */
import * as Effect from "effect/Effect"
import type { Http, HttpLimits, HttpListener, HttpProblem, HttpRequest } from "./clientHttp.ts"

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const detailOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "no reason given"
  const { cause } = error
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message
}

// A request that failed before its response came may have been heard: `fetch` does not tell.
const lost = (cause: unknown): HttpProblem => ({ kind: "lost", detail: detailOf(cause), cause })

const pairsOf = (list: ReadonlyArray<string>): Array<[string, string]> => {
  const pairs: Array<[string, string]> = []
  for (let at = 0; at + 1 < list.length; at += 2) pairs.push([list[at] ?? "", list[at + 1] ?? ""])
  return pairs
}

const readBody = async (response: Response, listener: HttpListener, isOver: () => boolean): Promise<void> => {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done || isOver()) return
    listener.onBytes(value)
  }
}

const run = async (
  fetch: Fetch,
  { body, headers, method, url }: HttpRequest,
  listener: HttpListener,
  giveUp: AbortController,
  timeout: number
): Promise<void> => {
  const { signal } = giveUp
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    giveUp.abort()
  }, timeout)
  try {
    const init: RequestInit = { method, headers: pairsOf(headers), signal, redirect: "manual" }
    const response = await fetch(url.href, body === undefined ? init : { ...init, body })
    clearTimeout(timer)
    if (signal.aborted) return
    // Browsers do not show where a redirect leads.
    listener.onHead(response.type === "opaqueredirect" ? 302 : response.status, (name) => response.headers.get(name) ?? undefined)
    await readBody(response, listener, () => signal.aborted)
    if (!signal.aborted) listener.onEnd()
  } catch (error) {
    clearTimeout(timer)
    if (isLate) listener.onProblem({ kind: "lost", detail: `no response within ${timeout} ms`, cause: error })
    else if (!signal.aborted) listener.onProblem(lost(error))
  }
}

/** Speaks HTTP by a function like `fetch`. Connections and sizes of headers are its own affair. */
export const make = (fetch: Fetch, { responseTimeout }: HttpLimits): Http => {
  const open = new Set<AbortController>()
  let isClosed = false
  const timeout = Math.min(responseTimeout, 2 ** 31 - 1)
  return {
    send: (request, listener) => {
      if (isClosed) {
        listener.onProblem({ kind: "connect", detail: "the transport is closed", cause: undefined })
        return () => {}
      }
      const giveUp = new AbortController()
      open.add(giveUp)
      void run(fetch, request, listener, giveUp, timeout).finally(() => open.delete(giveUp))
      return () => giveUp.abort()
    },
    decode: (bytes) => utf8.decode(bytes),
    close: Effect.sync(() => {
      isClosed = true
      open.forEach((request) => request.abort())
    })
  }
}
