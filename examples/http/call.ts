/**
 * One call of 2026-07-28 as it looks on the wire: what the examples of servers need of a client.
 */
import { Effect } from "effect"

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Sends a request with `fetch`. */
export const send = (url: string, init: RequestInit = {}): Effect.Effect<Answer> =>
  Effect.promise(async () => {
    const answer = await fetch(url, init)
    return { status: answer.status, body: await answer.text() }
  })

/** Calls a tool. */
export const call = (url: string, name: string, args: object = {}, headers: Record<string, string> = {}): Effect.Effect<Answer> =>
  send(url, {
    method: "POST",
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": name,
      ...headers
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name,
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "example", version: "1.0.0" },
          "io.modelcontextprotocol/clientCapabilities": {}
        }
      }
    })
  })
