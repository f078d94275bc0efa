/**
 * One HTTP request and its answer, whoever speaks HTTP: `node:http`, Effect's `HttpRouter`, web `Request` and `Response`. What serves
 * MCP knows this record alone; a listener turns its own objects into it and back.
 */

/** What is wrong with a body that could not be read. */
export type BodyProblem =
  /** It is longer than the limit. The rest of it was not read. */
  | "too-large"
  /** The client went away. There is nobody to answer. */
  | "gone"
  /** It did not arrive in time. */
  | "too-slow"
  /** It is not UTF-8. */
  | "unreadable"

/** Takes what is written for a stream. */
export interface Sink {
  /** Writes a text. It is buffered where the client does not read; see `waiting`. Does nothing once the client is gone. */
  readonly write: (text: string) => void
  /** How many bytes are written and not yet on their way. */
  readonly waiting: () => number
  /** Ends the response after what was written. */
  readonly end: () => void
  /** Cuts the connection: what is waiting is lost. */
  readonly abort: () => void
}

/** A body that is written bit by bit. */
export interface StreamBody {
  /** Called once, when the head of the response is on its way. */
  readonly open: (sink: Sink) => void
  /** Called whenever everything that was written is on its way. */
  readonly drained: () => void
}

/** The answer to a request. */
export interface Reply {
  readonly status: number
  /** By lower-case names. */
  readonly headers: { readonly [name: string]: string }
  /** A text is UTF-8. The length of what is no stream goes into `content-length`. */
  readonly body: string | Uint8Array<ArrayBuffer> | StreamBody | undefined
}

/** One HTTP request. */
export interface Exchange {
  readonly method: string
  /** The path, and the query with its question mark, as they were sent. */
  readonly target: string
  /** A header by its lower-case name; the values of one that was sent several times are joined with a comma. */
  readonly header: (name: string) => string | undefined
  /**
   * Reads the body, once: at most `limit` bytes, within `timeout` milliseconds. `done` is called once, perhaps before this returns, with
   * the body or with what is wrong with it.
   */
  readonly readText: (
    limit: number,
    timeout: number,
    done: (body: string | undefined, problem: BodyProblem | undefined) => void
  ) => void
  /** Calls the listener once the client is gone, unless the reply was written before. For one listener. */
  readonly onGone: (listener: () => void) => void
}

/** Serves one request. `reply` must be called exactly once; it is not, where the client is gone. Must not throw. */
export type Handle = (exchange: Exchange, reply: (reply: Reply) => void) => void
