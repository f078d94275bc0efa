/**
 * Clients of the SDK and our server, with an adapter between them: our transports under its clients, and its transports under our server.
 *
 * What it means that something works is the same as over stdio, in `cells/`.
 */
import * as v2 from "@modelcontextprotocol/client"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { describe } from "vitest"
import { WholeServer } from "../fixtures/everything.ts"
import {
  Layer,
  Logger,
  ManagedRuntime,
  MemoryTransport,
  SdkServerTransport,
  type SdkTransport,
  StdioClientTransport,
  TransportForSdk
} from "../ours.ts"
import * as asking from "./cells/asking.ts"
import * as clients from "./cells/clients.ts"
import { type Row, rows } from "./peers/clients.ts"
import type { Reach } from "./peers/Driver.ts"
import { ours } from "./support/programs.ts"

// What it logs by itself is of no interest here.
const Quiet = WholeServer.pipe(Layer.provide(Logger.layer([])))

/** Our transport within the process. */
const ourMemory = () => TransportForSdk.fromLayer(MemoryTransport.layer().pipe(Layer.provide(Quiet)))

/** Our stdio, which starts our server. */
const ourStdio = () => TransportForSdk.fromLayer(StdioClientTransport.layer({ ...ours, args: [...ours.args] }))

/** Our server under a transport of the SDK, until that is closed. Gives when it is ready. */
const serve = (transport: SdkTransport.SdkTransport): Promise<unknown> => {
  const runtime = ManagedRuntime.make(SdkServerTransport.layer(() => transport).pipe(Layer.provide(Quiet)))
  transport.onclose = () => void runtime.dispose()
  return runtime.context()
}

/** A pair of its own: what the client sends before the server is ready waits there. */
const paired = (pair: () => readonly [SdkTransport.SdkTransport, SdkTransport.SdkTransport]) => () => {
  const [client, server] = pair()
  void serve(server)
  return client
}

/** Over HTTP, without a port: the transport of the client hands its requests to the one of the server. */
const http = (Client: typeof StreamableHTTPClientTransport | typeof v2.StreamableHTTPClientTransport) => () => {
  const server = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => "1" })
  const ready = serve(server)
  const fetch = async (input: string | URL, init?: RequestInit) => {
    await ready
    return server.handleRequest(new Request(input, init))
  }
  const client = new Client(new URL("http://localhost/mcp"), { fetch })
  client.onclose = () => void server.close() // which a server over HTTP does not see
  return client
}

const row = (name: string, revision: string): Row => rows.find((row) => row.name === name && row.revision === revision)!

interface Way {
  readonly name: string
  readonly reach: Reach
  readonly rows: ReadonlyArray<Row>
}

const v1 = row("sdk v1", "2025-11-25")
const all = rows.filter(({ name }) => name !== "effect/ai")
const each = [v1, row("sdk v2", "2026-07-28"), row("sdk v2", "2025-11-25")]
const sessions = [row("sdk v2", "2025-11-25")]

// prettier-ignore
const ways: ReadonlyArray<Way> = [
  { name: "over our memory",                          rows: all,      reach: ourMemory },
  { name: "over our stdio",                           rows: each,     reach: ourStdio },
  { name: "over the memory of v1",                    rows: [v1],     reach: paired(() => InMemoryTransport.createLinkedPair()) },
  { name: "over the memory of v2",                    rows: all,      reach: paired(() => v2.InMemoryTransport.createLinkedPair()) },
  { name: "of v1 over http",                          rows: [v1],     reach: http(StreamableHTTPClientTransport) },
  { name: "of v2 over http",                          rows: sessions, reach: http(v2.StreamableHTTPClientTransport) }
]

for (const { name, reach, rows } of ways) {
  describe(`${name}`, () => {
    for (const row of rows) {
      clients.testRow(row, reach)
      asking.testRow(row, reach)
    }
  })
}
