/**
 * HTTP/1.1 by hand over a socket: what a well-behaved library would refuse to send, and every byte of what comes back.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"

/** One answer, as it stood on the wire. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Parsed extends Response {
  readonly end: number
}

const chunks = (bytes: Buffer, from: number): { readonly body: string; readonly end: number; readonly isWhole: boolean } => {
  const parts: Array<Buffer> = []
  for (let at = from; ;) {
    const line = bytes.indexOf("\r\n", at)
    const size = line === -1 ? Number.NaN : Number.parseInt(bytes.toString("latin1", at, line), 16)
    const end = line + 2 + size
    if (Number.isNaN(size) || bytes.length < end + 2) return { body: Buffer.concat(parts).toString(), end: at, isWhole: false }
    if (size === 0) return { body: Buffer.concat(parts).toString(), end: end + 2, isWhole: true }
    parts.push(bytes.subarray(line + 2, end))
    at = end + 2
  }
}

/** The answer that begins at a place; `undefined` while it is not whole. Of a stream that goes on there is what came so far. */
const parse = (bytes: Buffer, from: number, partial: boolean): Parsed | undefined => {
  const blank = bytes.indexOf("\r\n\r\n", from)
  if (blank === -1) return undefined
  const [first = "", ...lines] = bytes.toString("latin1", from, blank).split("\r\n")
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1])
  if (Number.isNaN(status)) throw new Error(`no status line: ${first}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const start = blank + 4
  if (headers["transfer-encoding"] === "chunked") {
    const { body, end, isWhole } = chunks(bytes, start)
    return isWhole || partial ? { status, headers, body, end } : undefined
  }
  const end = start + Number(headers["content-length"] ?? 0)
  if (bytes.length < end && !partial) return undefined
  return { status, headers, body: bytes.toString("utf8", start, end), end }
}

const sockets = new Set<RawSocket>()

/** Cuts what a test has left. For `afterEach`. */
export const cutAll = (): void => {
  for (const socket of sockets) socket.cut()
}

/** A connection. */
export class RawSocket {
  readonly socket: Socket
  /** What came and was not taken yet, and what came after it. */
  private whole: Buffer = Buffer.alloc(0)
  private parts: Array<Buffer> = []
  private looks: Array<() => void> = []
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on("data", (chunk) => {
      this.parts.push(chunk)
      this.look()
    })
    socket.on("error", () => {}) // being cut off is one of the results
    socket.on("end", () => this.look())
    socket.on("close", () => {
      this.isClosed = true
      sockets.delete(this)
      this.look()
    })
    sockets.add(this)
  }

  static async open(port: number): Promise<RawSocket> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true })
    const raw = new RawSocket(socket)
    await once(socket, "connect")
    return raw
  }

  private get bytes(): Buffer {
    if (this.parts.length > 0) this.whole = Buffer.concat([this.whole, ...this.parts.splice(0)])
    return this.whole
  }

  private look(): void {
    for (const look of this.looks.splice(0)) look()
  }

  write(text: string | Buffer): this {
    this.socket.write(text)
    return this
  }

  /** Reads no more: what the server sends stays where it is. */
  pause(): this {
    this.socket.pause()
    return this
  }

  /** Sends the end, and goes on listening. */
  half(): this {
    this.socket.end()
    return this
  }

  cut(): void {
    sockets.delete(this)
    this.socket.destroy()
  }

  /** Cuts without the usual farewell. */
  reset(): void {
    sockets.delete(this)
    this.socket.resetAndDestroy()
  }

  /** Waits until something holds. Fails after some seconds. */
  private async until<A>(what: string, find: () => A | undefined, within: number): Promise<A> {
    const deadline = performance.now() + within
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`${what} does not come; there is: ${this.bytes.toString("latin1", 0, 500)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.looks.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** The next answer, whole. */
  async response(within = 10_000): Promise<Response> {
    const found = await this.until(
      "an answer",
      () => parse(this.bytes, 0, false) ?? (this.isClosed ? "closed" : undefined),
      within
    )
    if (found === "closed") throw new Error(`closed without an answer; there is: ${this.bytes.toString("latin1", 0, 500)}`)
    this.whole = this.bytes.subarray(found.end)
    const { end: _, ...response } = found
    return response
  }

  /** Waits until what came of the next answer has a text in it. It is not taken. */
  async saw(text: string, within = 10_000): Promise<Response> {
    const look = () => {
      const found = parse(this.bytes, 0, true)
      if (found?.body.includes(text) === true) return found
      return this.isClosed ? null : undefined
    }
    const found = await this.until(JSON.stringify(text), look, within)
    if (found === null)
      throw new Error(`closed before ${JSON.stringify(text)}; there is: ${this.bytes.toString("latin1", 0, 500)}`)
    const { end: _, ...response } = found
    return response
  }

  /** Waits until the server has closed the connection, and gives what came before. */
  async closed(within = 10_000): Promise<string> {
    await this.until("the end", () => (this.isClosed || this.socket.readableEnded ? true : undefined), within)
    return this.bytes.toString("latin1")
  }
}

/** The members of an object. */
export type Members = Readonly<Record<string, unknown>>

/** The text of a request. Headers without a value are left out; the length of the body is right unless it is given. */
export const head = (method: string, target: string, headers: Readonly<Record<string, string | undefined>>): string =>
  [
    `${method} ${target} HTTP/1.1`,
    ...Object.entries({ host: "127.0.0.1", ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`]
    ),
    "\r\n"
  ].join("\r\n")

/** A `POST` of a text. */
export const post = (body: string, headers: Readonly<Record<string, string | undefined>> = {}): string =>
  head("POST", "/mcp", {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": String(Buffer.byteLength(body)),
    ...headers
  }) + body

export const modernVersion = "2026-07-28"

const meta = {
  "io.modelcontextprotocol/protocolVersion": modernVersion,
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } }
}

/** The body of a request of the request era. */
export const modernBody = (id: string | number, method: string, params: Members = {}): string => {
  const { _meta, ...rest } = params
  return JSON.stringify({
    jsonrpc: "2.0",
    id,
    method,
    params: { ...rest, _meta: { ...meta, ...(_meta as Members | undefined) } }
  })
}

/** The headers of a request of the request era. */
export const modernHeaders = (method: string, name?: string): Record<string, string> => ({
  "mcp-protocol-version": modernVersion,
  "mcp-method": method,
  ...(name === undefined ? {} : { "mcp-name": name })
})

/** A call of the request era. */
export const modernCall = (
  id: string | number,
  name: string,
  args: Members = {},
  headers: Readonly<Record<string, string | undefined>> = {},
  more: Members = {}
): string =>
  post(modernBody(id, "tools/call", { name, arguments: args, ...more }), { ...modernHeaders("tools/call", name), ...headers })

/** The headers of a session. */
export const sessionHeaders = (session: string): Record<string, string> => ({
  "mcp-session-id": session,
  "mcp-protocol-version": "2025-11-25"
})

/** The body of a message without an envelope. */
export const bodyOf = (message: Members): string => JSON.stringify({ jsonrpc: "2.0", ...message })

/** A message of a session. */
export const say = (session: string, message: Members, headers: Readonly<Record<string, string | undefined>> = {}): string =>
  post(bodyOf(message), { ...sessionHeaders(session), ...headers })

/** A call in a session. */
export const sessionCall = (session: string, id: string | number, name: string, args: Members = {}, more: Members = {}): string =>
  say(session, { id, method: "tools/call", params: { name, arguments: args, ...more } })

/** The stream of a session. */
export const listen = (session: string, headers: Readonly<Record<string, string | undefined>> = {}): string =>
  head("GET", "/mcp", { accept: "text/event-stream", ...sessionHeaders(session), ...headers })

/** The greeting of a client of the session era. */
export const greeting = (version = "2025-11-25", headers: Readonly<Record<string, string | undefined>> = {}): string =>
  post(
    bodyOf({
      id: 0,
      method: "initialize",
      params: { protocolVersion: version, capabilities: { elicitation: {} }, clientInfo: { name: "raw", version: "1" } }
    }),
    headers
  )

/** Sends a request on a connection of its own, and reads the answer. */
export const single = async (port: number, text: string | Buffer): Promise<Response> => {
  const socket = await RawSocket.open(port)
  try {
    return await socket.write(text).response()
  } finally {
    socket.cut()
  }
}

/** Opens a session on a connection. */
export const openSession = async (socket: RawSocket, version = "2025-11-25", headers = {}): Promise<string> => {
  const { body, headers: got, status } = await socket.write(greeting(version, headers)).response()
  const session = got["mcp-session-id"]
  if (status !== 200 || session === undefined) throw new Error(`no session: ${status} ${body}`)
  const ready = say(session, { method: "notifications/initialized" }, { "mcp-protocol-version": version, ...headers })
  await socket.write(ready).response()
  return session
}

/** The messages of an event stream, with their ids. */
export const events = (body: string): ReadonlyArray<{ readonly id: string | undefined; readonly data: string }> =>
  body.split("\n\n").flatMap((text) => {
    const data = /^data: ?(.*)$/m.exec(text)?.[1]
    return data === undefined ? [] : [{ id: /^id: (.*)$/m.exec(text)?.[1], data }]
  })

/** The message in an answer: its body, or the last event. */
export const messageOf = ({ body, headers }: Response): any =>
  JSON.parse(headers["content-type"] === "text/event-stream" ? events(body).at(-1)!.data : body)

/** Status and code of an answer, and the id in it. */
export const verdict = (response: Response): string => {
  const isJson = response.headers["content-type"] === "application/json"
  if (!isJson) return String(response.status)
  const { error, id } = messageOf(response)
  return `${response.status} ${error === undefined ? "result" : error.code}${id === undefined ? "" : ` ${JSON.stringify(id)}`}`
}
