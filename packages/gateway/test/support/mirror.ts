/**
 * What the fixture `mirror` tells of how it was started.
 */
import { fileURLToPath } from "node:url"
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Connect from "../../src/Connect.ts"

/** Who connects. */
export const me = { name: "test", version: "1.0.0" }

/** The path of a fixture. */
export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** How a process was started. */
export interface Seen {
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly cwd: string
  readonly pid: number
}

/** Asks the server how it was started. */
export const seenBy = (client: McpClient["Service"]) =>
  Effect.map(client.callTool("mirror"), ({ content }): Seen => {
    const [block] = content
    if (block?.type !== "text") throw new Error("no text")
    return JSON.parse(block.text)
  })

/** The same over a transport. */
export const seenOver = (transport: Layer.Layer<ClientTransport, ClientTransportError>) =>
  Effect.scoped(Effect.flatMap(Connect.connect(transport, me), seenBy))
