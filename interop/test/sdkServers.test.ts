/**
 * Our client and servers of the SDK, with an adapter between them: its transports under our client, and its servers on our transports.
 *
 * What it means that something works is the same as over stdio, in `cells/`.
 */
import * as v2 from "@modelcontextprotocol/client"
import * as v2Stdio from "@modelcontextprotocol/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { createMcpHandler } from "@modelcontextprotocol/server"
import { assert, describe, it } from "vitest"
import * as sdk1 from "../fixtures/sdk1Server.ts"
import * as sdk2 from "../fixtures/sdk2Server.ts"
import {
  type ClientTransport,
  Effect,
  Layer,
  type McpClientError,
  MemoryTransport,
  type Revision,
  SdkClientTransport,
  SdkDispatcher,
  type SdkTransport
} from "../ours.ts"
import * as answering from "./cells/answering.ts"
import { noLevels, noTools, noUpdates } from "./cells/overHttp.ts"
import * as servers from "./cells/servers.ts"
import { onOurs, theirs } from "./support/programs.ts"
import { connect, type Reach } from "./support/Session.ts"

type Connect = (transport: SdkTransport.SdkTransport) => unknown

const connect1: Connect = (transport) => sdk1.make().connect(transport)
const connect2: Connect = (transport) => serveStdio(sdk2.make, { transport })
const connect2Legacy: Connect = (transport) => sdk2.make().connect(transport)

/** Through a pair of transports of the SDK, one of which is under our client. */
const paired = (pair: () => readonly [SdkTransport.SdkTransport, SdkTransport.SdkTransport], connect: Connect) => () =>
  SdkClientTransport.layer(() => {
    const [ours, theirs] = pair()
    void connect(theirs)
    return ours
  })
const memory1 = () => InMemoryTransport.createLinkedPair()
const memory2 = () => v2.InMemoryTransport.createLinkedPair()

/** Through our transport within the process, which serves the server of the SDK. */
const served = (connect: Connect) => (): Layer.Layer<ClientTransport.ClientTransport> =>
  MemoryTransport.layer().pipe(Layer.provide(SdkDispatcher.layer(connect)))

const url = new URL("http://localhost/mcp")

/** Over HTTP, without a port: the transport of v1 hands its requests to the one of the server. */
const http1 = () =>
  SdkClientTransport.layer(() => {
    const server = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => "1" })
    const connected = connect1(server)
    const fetch = async (input: string | URL, init?: RequestInit) => {
      await connected
      return server.handleRequest(new Request(input, init))
    }
    return new StreamableHTTPClientTransport(url, { fetch })
  })

/** The same for v2, in the request era: each request stands alone. */
const http2 = () =>
  SdkClientTransport.layer(() => {
    const { fetch: handle } = createMcpHandler(sdk2.make)
    const fetch = (input: string | URL, init?: RequestInit) => handle(new Request(input, init))
    return new v2.StreamableHTTPClientTransport(url, { fetch })
  })

const stdio1 = () => SdkClientTransport.layer(() => new StdioClientTransport({ ...stdioOf("sdk1"), stderr: "ignore" }))
const stdio2 = () => SdkClientTransport.layer(() => new v2Stdio.StdioClientTransport({ ...stdioOf("sdk2"), stderr: "ignore" }))
const stdioOf = (name: string) => {
  const { args, command } = theirs(name)
  return { command, args: [...args] }
}

interface Way {
  readonly name: string
  readonly reach: Reach
  readonly revision: Revision.Version
}

// prettier-ignore
const ways: ReadonlyArray<Way> = [
  { name: "sdk v1 over its memory",                         revision: "2025-11-25", reach: paired(memory1, connect1) },
  { name: "sdk v1 over its memory",                         revision: "2025-06-18", reach: paired(memory1, connect1) },
  { name: "sdk v1 over its stdio",                          revision: "2025-11-25", reach: stdio1 },
  { name: "sdk v1 over its http",                           revision: "2025-11-25", reach: http1 },
  { name: "sdk v1 on our memory",                           revision: "2025-11-25", reach: served(connect1) },
  { name: "sdk v1 on our memory",                           revision: "2025-06-18", reach: served(connect1) },
  { name: "sdk v1 on our stdio",                            revision: "2025-11-25", reach: onOurs("sdk1") },
  { name: "sdk v2 over its memory",                         revision: "2026-07-28", reach: paired(memory2, connect2) },
  { name: "sdk v2 over its memory",                         revision: "2025-11-25", reach: paired(memory2, connect2) },
  { name: "sdk v2 over its memory, without the later era",  revision: "2025-11-25", reach: paired(memory2, connect2Legacy) },
  { name: "sdk v2 over its stdio",                          revision: "2026-07-28", reach: stdio2 },
  { name: "sdk v2 over its http",                           revision: "2026-07-28", reach: http2 },
  { name: "sdk v2 on our memory",                           revision: "2026-07-28", reach: served(connect2) },
  { name: "sdk v2 on our memory",                           revision: "2025-11-25", reach: served(connect2) },
  { name: "sdk v2 on our memory, without the later era",    revision: "2025-11-25", reach: served(connect2Legacy) },
  { name: "sdk v2 on our stdio",                            revision: "2026-07-28", reach: onOurs("sdk2") }
]

const noPing: servers.Not = {
  because: `${servers.noPing.because}, and the SDK throws what is not found over HTTP`,
  proof: async ({ client, run }) => {
    const { reason } = (await run(Effect.flip(client.ping))) as McpClientError.McpClientError
    assert.strictEqual(reason._tag === "TransportFailed" && reason.error.reason._tag, "SendFailed")
    assert.include(reason.message, "-32601")
  }
}
const overHttp1 = { "log messages": noLevels }
const overHttp2 = { "changes of the list": noTools, updates: noUpdates, ping: noPing }

const notServed = ({ name, reach, revision }: Way): NonNullable<servers.Row["not"]> => ({
  ...(name.startsWith("sdk v1") ? { "array as a result": servers.noArrays } : {}),
  ...(revision === "2026-07-28" ? { ping: servers.noPing } : {}),
  ...(reach === http1 ? overHttp1 : reach === http2 ? overHttp2 : {})
})

const notAsked = ({ name, revision }: Way): answering.Row["not"] => ({
  ...(name.startsWith("sdk v1") ? answering.v1 : {}),
  ...(revision === "2026-07-28" ? answering.in2026 : {}),
  ...(revision === "2025-06-18" ? answering.in2025_06 : {})
})

for (const way of ways) {
  servers.testRow({ ...way, versions: [way.revision], not: notServed(way) })
  answering.testRow({ ...way, not: notAsked(way) })
}

describe("a client that offers all revisions", () => {
  // Some of them answer the first question in a way that only a new connection can follow.
  const reaches: ReadonlyArray<readonly [name: string, reach: Reach, revision: Revision.Version]> = [
    ["v1 over its memory", paired(memory1, connect1), "2025-11-25"],
    ["v1 over its http", http1, "2025-11-25"],
    ["v1 on our memory", served(connect1), "2025-11-25"],
    ["v2 over its memory, without the later era", paired(memory2, connect2Legacy), "2025-11-25"],
    ["v2 over its http", http2, "2026-07-28"],
    ["v2 on our memory", served(connect2), "2026-07-28"],
    ["v2 on our memory, without the later era", served(connect2Legacy), "2025-11-25"]
  ]
  for (const [name, reach, revision] of reaches) {
    it(`${name}: agrees on ${revision}`, async () => {
      const { client, close, run } = await connect(reach)
      assert.strictEqual(client.revision.version, revision)
      assert.isNotEmpty(await run(client.listTools))
      await close()
    })
  }
})
