/**
 * Makes the suite's own client speak an older revision. It is always offered 2025-11-25 by that client, whatever `--spec-version` says; a
 * proxy on the way offers another one.
 */
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"

/** A proxy that runs. */
export interface Proxy {
  readonly url: string
  /** The revisions that clients have named since: what was agreed upon. */
  readonly spoken: ReadonlySet<string>
  readonly stop: () => void
}

const offering = (version: string, body: Buffer): Buffer => {
  const text = body.toString("utf8")
  if (!text.includes('"initialize"')) return body
  const message = JSON.parse(text) as { readonly method?: unknown; readonly params?: object }
  if (message.method !== "initialize") return body
  return Buffer.from(JSON.stringify({ ...message, params: { ...message.params, protocolVersion: version } }))
}

/** Starts a proxy in front of `target` that offers `version` in every `initialize`. */
export const start = async (target: string, version: string): Promise<Proxy> => {
  const spoken = new Set<string>()
  const server = createServer(async (incoming, outgoing) => {
    const named = incoming.headers["mcp-protocol-version"]
    if (typeof named === "string") spoken.add(named)
    const chunks: Array<Buffer> = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = offering(version, Buffer.concat(chunks))
    const { "content-length": _, ...headers } = incoming.headers
    const length = body.length === 0 ? {} : { "content-length": body.length }
    const through = request(new URL(incoming.url ?? "/", target), { method: incoming.method, headers: { ...headers, ...length } })
    through.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders)
      outgoing.flushHeaders()
      response.pipe(outgoing)
    })
    // Whichever side goes away, the other one hears of it.
    through.on("error", () => outgoing.destroy())
    outgoing.on("close", () => through.destroy())
    through.end(body)
  })
  await new Promise<void>((done) => void server.listen(0, "localhost", done))
  const { port } = server.address() as AddressInfo // it listens on a port
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://localhost:${port}${new URL(target).pathname}`, spoken, stop }
}
