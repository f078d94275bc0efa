/**
 * What the client needs of whoever speaks HTTP: undici on Node, `fetch` elsewhere.
 */
import type * as Effect from "effect/Effect"

/** Names and values in turns: `[name, value, name, value]`. Never changed once they are used. */
export type HeaderList = ReadonlyArray<string>

/** One request. */
export interface HttpRequest {
  readonly method: "POST" | "GET" | "DELETE"
  readonly url: URL
  readonly headers: HeaderList
  readonly body: string | undefined
}

/** What became of a request that has no response, or the rest of a response. */
export interface HttpProblem {
  /** `connect`: nobody was reached, and nothing was sent. `lost`: the server may have the request. */
  readonly kind: "connect" | "lost"
  /** Without what may be secret. */
  readonly detail: string
  readonly cause: unknown
}

/** Takes a response as it comes. `onProblem` or `onEnd` is the last thing that it hears. Must not throw. */
export interface HttpListener {
  readonly onHead: (status: number, header: (name: string) => string | undefined) => void
  readonly onBytes: (bytes: Uint8Array) => void
  readonly onEnd: () => void
  readonly onProblem: (problem: HttpProblem) => void
}

/** Who speaks HTTP. */
export interface Http {
  /** Sends a request. What it gives gives it up: the listener then hears nothing more. */
  readonly send: (request: HttpRequest, listener: HttpListener) => () => void
  /** The text of bytes in UTF-8. */
  readonly decode: (bytes: Uint8Array) => string
  /** Closes all connections, at once. A request that comes later makes a new one. */
  readonly close: Effect.Effect<void>
}

/** How HTTP is spoken, in milliseconds and bytes. */
export interface HttpLimits {
  readonly connectTimeout: number
  readonly responseTimeout: number
  readonly maxHeaderBytes: number
}
