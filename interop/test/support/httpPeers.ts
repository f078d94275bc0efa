/** The servers of others over HTTP, on ports of the loopback interface. */
import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { type AddressInfo, createServer as createTcp } from "node:net"
import { resolve } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream } from "node:stream/web"
import * as sdk1Http from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { createMcpHandler, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server"
import * as sdk1 from "../../fixtures/sdk1Server.ts"
import * as sdk2 from "../../fixtures/sdk2Server.ts"

/** A server that listens. */
export interface Peer {
  readonly url: string
  readonly stop: () => Promise<void>
}

type Handle = (request: Request) => Promise<Response>

const requestOf = (incoming: IncomingMessage, gone: AbortSignal): Request => {
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)])
  const { method = "GET" } = incoming
  const body = method === "POST" ? { body: Readable.toWeb(incoming), duplex: "half" } : {}
  return new Request(`http://${incoming.headers.host}${incoming.url}`, { method, headers, signal: gone, ...body } as RequestInit)
}

const answer = async (handle: Handle, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  outgoing.on("close", () => gone.abort())
  const response = await handle(requestOf(incoming, gone.signal))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.flushHeaders()
  if (response.body === null) return void outgoing.end()
  await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing)
}

/** Serves what has web objects. */
const serve = (handle: Handle): Promise<Peer> =>
  new Promise((started) => {
    const server = createServer((incoming, outgoing) => void answer(handle, incoming, outgoing).catch(() => outgoing.destroy()))
    server.listen(0, "127.0.0.1", () =>
      started({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
        stop: () =>
          new Promise((stopped) => {
            server.close(() => stopped())
            server.closeAllConnections()
          })
      })
    )
  })

interface Transport {
  readonly sessionId?: string | undefined
  readonly handleRequest: Handle
}

/** As the documentation of the SDKs says: a server and a transport for each session. */
const withSessions = (begin: (onBegin: (id: string, transport: Transport) => void) => Promise<Transport>): Handle => {
  const sessions = new Map<string, Transport>()
  return async (request) => {
    const id = request.headers.get("mcp-session-id")
    if (id !== null) return sessions.get(id)?.handleRequest(request) ?? new Response("Session not found", { status: 404 })
    const transport = await begin((begun, own) => void sessions.set(begun, own))
    return transport.handleRequest(request)
  }
}

/** SDK v1, with sessions. */
export const ofSdk1 = () =>
  serve(
    withSessions(async (onBegin) => {
      const transport = new sdk1Http.WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => onBegin(id, transport)
      })
      await sdk1.make().connect(transport)
      return transport
    })
  )

/** SDK v2 in the session era, with sessions. */
export const ofSdk2 = () =>
  serve(
    withSessions(async (onBegin) => {
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => onBegin(id, transport)
      })
      await sdk2.make().connect(transport)
      return transport
    })
  )

/** SDK v2 in both eras; without sessions in the earlier one. */
export const ofSdk2InBothEras = () => {
  const { fetch } = createMcpHandler(sdk2.make)
  return serve((request) => fetch(request))
}

const freePort = (): Promise<number> =>
  new Promise((found) => {
    const server = createTcp().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => found(port))
    })
  })

const answers = (url: string): Promise<boolean> =>
  fetch(url, { method: "OPTIONS", signal: AbortSignal.timeout(1000) }).then(
    () => true,
    () => false
  )

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

const stopping = (child: ChildProcess) => (): Promise<void> =>
  new Promise((stopped) => {
    if (isOver(child)) return stopped()
    child.once("exit", () => stopped())
    child.kill("SIGKILL")
  })

/** Starts a program that listens on `PORT`, and waits until it does. */
const run = async (path: string, args: ReadonlyArray<string>, file: string, tries = 3): Promise<Peer> => {
  const port = await freePort()
  const program = resolve(import.meta.dirname, "../..", file)
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, PORT: String(port) }, stdio: "ignore" })
  const url = `http://127.0.0.1:${port}${path}`
  while (!(await answers(url)) && !isOver(child)) await new Promise((later) => setTimeout(later, 50))
  // Somebody else may have had the port first.
  if (isOver(child) && tries > 1) return run(path, args, file, tries - 1)
  if (isOver(child)) throw new Error(`${file} ended before it listened on ${url}`)
  return { url, stop: stopping(child) }
}

/** effect/ai. */
export const ofEffectAi = () => run("/mcp", [], "fixtures/effectAi.ts")

/** The published `server-everything`, by the transport that its command is told. */
export const ofEverything = (transport: "streamableHttp" | "sse") =>
  run(transport === "sse" ? "/sse" : "/mcp", [transport], "node_modules/@modelcontextprotocol/server-everything/dist/index.js")
