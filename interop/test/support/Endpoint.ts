/**
 * Our server over HTTP in a process of its own, and a proxy before it, through which the clients of tests go. The proxy sees what is
 * asked, and cuts connections.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { createInterface } from "node:readline"
import { Inbox } from "./Inbox.ts"
import { overHttp, type Program } from "./programs.ts"

/** A request that was answered, at least its head. */
export interface Seen {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly status: number
  readonly answer: IncomingHttpHeaders
  /** Whether the answer has come to its end, or was cut. */
  isOver: boolean
  /** Cuts the connection, without a word to anybody. */
  readonly cut: () => void
}

const spawned = async (child: ChildProcess): Promise<URL> => {
  const { promise, reject, resolve } = Promise.withResolvers<URL>()
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (URL.canParse(line)) resolve(new URL(line))
  })
  child.on("close", (code) => reject(new Error(`the server ended with ${code}`)))
  return promise
}

/** See the module. */
export class Endpoint {
  /** What was answered. */
  readonly seen = new Inbox<Seen>()
  /** What has no answer yet: each cuts its connection. */
  readonly pending = new Set<() => void>()
  private readonly program: Program
  private readonly proxy = createServer({ keepAliveTimeout: 60_000 })
  private child: ChildProcess | undefined
  private target: URL | undefined
  /** What waits until `release`. */
  private held: Array<() => void> | undefined

  /** Of a server with these options of its endpoint. */
  constructor(options: object) {
    this.program = overHttp({ retry: "1 millis", drainTimeout: "100 millis", ...options })
    this.proxy.on("request", (asked, answer) => {
      if (asked.method === "GET" && this.held !== undefined) this.held.push(() => this.pass(asked, answer))
      else this.pass(asked, answer)
    })
  }

  async start(): Promise<void> {
    const { args, command } = this.program
    this.child = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] })
    this.target = await spawned(this.child)
    await new Promise<void>((resolve) => this.proxy.listen(0, "127.0.0.1", resolve))
  }

  /** Where clients find it, once it is started. */
  get url(): string {
    return `http://127.0.0.1:${(this.proxy.address() as AddressInfo).port}${this.target!.pathname}` // it listens on a port
  }

  /** The open stream of a session for messages that belong to no request, as soon as there is one. */
  async stream(session: string | undefined): Promise<Seen> {
    return this.seen.find(
      ({ headers, isOver, method, status }) =>
        method === "GET" && status === 200 && !isOver && headers["mcp-session-id"] === session
    )
  }

  /** Keeps requests with GET until `release`. */
  hold(): void {
    this.held = []
  }

  release(): void {
    const { held } = this
    this.held = undefined
    for (const go of held ?? []) go()
  }

  /** Tells the server to end, and waits until it has. Gives its exit code. */
  async end(): Promise<number | null> {
    const child = this.child!
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
    child.kill("SIGTERM")
    return ended
  }

  /** Ends all of it at once. */
  kill(): void {
    this.child?.kill("SIGKILL")
    this.proxy.closeAllConnections()
    this.proxy.close()
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { hostname, port, pathname } = this.target!
    const { headers, method = "" } = asked
    const onward = request({ hostname, port, path: pathname, method, headers, agent: false })
    const sockets: Array<Socket> = [asked.socket]
    onward.on("socket", (socket) => void sockets.push(socket))
    const cut = () => {
      for (const socket of sockets) socket.destroy()
    }
    this.pending.add(cut)
    onward.on("response", (response) => {
      this.pending.delete(cut)
      const seen: Seen = { method, headers, status: response.statusCode!, answer: response.headers, isOver: false, cut }
      response.on("close", () => void (seen.isOver = true))
      answer.writeHead(seen.status, response.headers)
      answer.flushHeaders()
      response.pipe(answer)
      response.on("error", cut)
      this.seen.push(seen)
    })
    onward.on("error", cut)
    // Who goes away is gone for the server, too.
    answer.on("close", () => {
      this.pending.delete(cut)
      onward.destroy()
    })
    asked.pipe(onward)
  }
}
