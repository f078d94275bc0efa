/**
 * HTTP as it is on the wire: requests of `node:http`, and streams of events as they arrive.
 */
import * as Effect from "effect/Effect"
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http"

/** A request. */
export interface Asked {
  readonly port: number
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer that has come as a whole. */
export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An answer that is still coming. */
export interface Open {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly message: IncomingMessage
  /** Waits until what has come so far contains the text, and returns all of it. */
  readonly until: (text: string) => Effect.Effect<string>
  /** Waits for the end, and returns all that came. */
  readonly end: Effect.Effect<string>
  /** Cuts the connection. */
  readonly cut: Effect.Effect<void>
}

const both = "application/json, text/event-stream"

/** What a client of the session era sends, besides what is given. */
export const headersOf = (headers: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  accept: both,
  "content-type": "application/json",
  ...headers
})

const start = ({ body, headers, method = "POST", path = "/mcp", port }: Asked) => {
  const request = httpRequest({ host: "127.0.0.1", port, method, path, headers: headersOf(headers), agent: new Agent() })
  request.end(body)
  return request
}

const follow = (message: IncomingMessage, cut: () => void): Open => {
  let text = ""
  let isOver = false
  let news: Array<() => void> = []
  const tell = () => {
    const all = news
    news = []
    for (const go of all) go()
  }
  message.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk
    tell()
  })
  message
    .on("error", () => {})
    .on("close", () => {
      isOver = true
      tell()
    })
  const waitFor = (test: () => boolean): Effect.Effect<string> =>
    Effect.callback((resume) => {
      const look = () => (test() ? resume(Effect.succeed(text)) : void news.push(look))
      look()
    })
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    message,
    until: (part) => waitFor(() => isOver || text.includes(part)),
    end: waitFor(() => isOver),
    cut: Effect.sync(cut)
  }
}

/** Sends a request and waits for the head of its answer. */
export const open = (asked: Asked): Effect.Effect<Open> =>
  Effect.callback((resume) => {
    const request = start(asked)
    request.on("error", (error) => resume(Effect.die(error)))
    request.on("response", (message) => resume(Effect.succeed(follow(message, () => request.destroy()))))
  })

/** Sends a request and waits for its answer. */
export const send = (asked: Asked): Effect.Effect<Answered> =>
  Effect.flatMap(open(asked), ({ end, headers, status }) => Effect.map(end, (body) => ({ status, headers, body })))

/** Sends a request and goes away once `when` is over. */
export const abandon = (asked: Asked, when: Effect.Effect<unknown>): Effect.Effect<void> =>
  Effect.suspend(() => {
    const request = start(asked).on("error", () => {})
    return Effect.andThen(
      when,
      Effect.sync(() => void request.destroy())
    )
  })
