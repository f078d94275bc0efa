/**
 * The real transports of the SDK, v1 and v2, are what our adapters take, and what those give is a transport for both. Without a cast:
 * compiling this is the test.
 */
import * as v1Client from "@modelcontextprotocol/sdk/client/index.js"
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import * as v1Server from "@modelcontextprotocol/sdk/server/mcp.js"
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import * as client from "@modelcontextprotocol/client"
import * as clientStdio from "@modelcontextprotocol/client/stdio"
import * as server from "@modelcontextprotocol/server"
import * as serverStdio from "@modelcontextprotocol/server/stdio"
import { SdkDispatcher, type SdkTransport } from "../ours.ts"

/** What v1 has under our clients and servers. */
export const taken1: ReadonlyArray<() => SdkTransport.SdkTransport> = [
  () => new StdioClientTransport({ command: "server" }),
  () => new StreamableHTTPClientTransport(new URL("http://localhost/mcp")),
  () => new SSEClientTransport(new URL("http://localhost/sse")),
  () => InMemoryTransport.createLinkedPair()[0],
  () => new StdioServerTransport(),
  () => new StreamableHTTPServerTransport({ sessionIdGenerator: () => "1" }),
  () => new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => "1" })
]

/** What v2 has. */
export const taken2: ReadonlyArray<() => SdkTransport.SdkTransport> = [
  () => new clientStdio.StdioClientTransport({ command: "server" }),
  () => new client.StreamableHTTPClientTransport(new URL("http://localhost/mcp")),
  () => new client.SSEClientTransport(new URL("http://localhost/sse")),
  () => client.InMemoryTransport.createLinkedPair()[0],
  () => new serverStdio.StdioServerTransport(),
  () => new server.WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => "1" })
]

/** What people write against the interfaces themselves. */
export const abstract = (
  v1: Transport,
  v2: client.Transport,
  v2Server: server.Transport
): ReadonlyArray<SdkTransport.SdkTransport> => [v1, v2, v2Server]

/** What our adapters give, in the hands of each SDK. */
export const given = (transport: SdkTransport.SdkTransport): ReadonlyArray<Promise<void>> => [
  new v1Client.Client({ name: "v1", version: "1" }).connect(transport),
  new v1Server.McpServer({ name: "v1", version: "1" }).connect(transport),
  new client.Client({ name: "v2", version: "1" }).connect(transport),
  new server.McpServer({ name: "v2", version: "1" }).connect(transport)
]

/** Servers as dispatchers. */
export const dispatchers = [
  SdkDispatcher.layer((transport) => new v1Server.McpServer({ name: "v1", version: "1" }).connect(transport)),
  SdkDispatcher.layer((transport) =>
    serverStdio.serveStdio(() => new server.McpServer({ name: "v2", version: "1" }), { transport })
  )
]
