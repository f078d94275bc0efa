/**
 * Bun, Deno and workerd serve what `examples/runtimes` has for them, in both eras: a list, a call and a stream.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { programOf, type Running, runtimes, start } from "./support/Runtimes.ts"
import type { Json } from "./support/Wire.ts"

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly sessionId: string | null
  readonly text: string
}

const post = async (url: string, headers: Record<string, string>, body: Json): Promise<Answer> => {
  const answer = await fetch(url, {
    method: "POST",
    headers: { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", ...body })
  })
  const { headers: head, status } = answer
  return { status, type: head.get("content-type"), sessionId: head.get("mcp-session-id"), text: await answer.text() }
}

/** Asks, and gives the answer. */
type Ask = (method: string, params: Json) => Promise<Answer>

const session = async (url: string): Promise<Ask> => {
  const clientInfo = { name: "raw", version: "1.0.0" }
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo }
  const { sessionId } = await post(url, {}, { id: 0, method: "initialize", params })
  assert.isString(sessionId)
  const headers = { "mcp-session-id": sessionId ?? "", "mcp-protocol-version": "2025-11-25" }
  const noted = await post(url, headers, { method: "notifications/initialized" })
  assert.strictEqual(noted.status, 202)
  return (method, params) => post(url, headers, { id: 1, method, params })
}

const alone =
  (url: string): Ask =>
  (method, params) => {
    const named = params.name === undefined ? {} : { "mcp-name": params.name }
    const _meta = {
      ...params._meta,
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1.0.0" },
      "io.modelcontextprotocol/clientCapabilities": {}
    }
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...named }
    return post(url, headers, { id: 1, method, params: { ...params, _meta } })
  }

const eras = { "2025-11-25": session, "2026-07-28": async (url: string) => alone(url) }

for (const name of ["bun", "deno", "workerd"] as const) {
  const found = programOf(runtimes[name])
  const reason = "reason" in found ? `, left out: ${found.reason}` : ""

  describe.skipIf("reason" in found)(`${name}${reason}`, { timeout: 60_000 }, () => {
    let server: Running

    beforeAll(async () => {
      server = await start(name, "program" in found ? found.program : "")
    }, 60_000)

    afterAll(() => server.stop())

    it("has a bundle that imports nothing", () => {
      assert.deepStrictEqual(server.imports, [])
    })

    for (const [version, speak] of Object.entries(eras)) {
      it(`lists, calls and streams in ${version}`, async () => {
        const ask = await speak(server.url)
        const list = await ask("tools/list", {})
        assert.deepStrictEqual([list.status, list.type], [200, "application/json"])
        const { tools } = JSON.parse(list.text).result
        assert.deepStrictEqual(
          tools.map((tool: Json) => tool.name),
          ["add", "count"]
        )
        const sum = await ask("tools/call", { name: "add", arguments: { a: 19, b: 23 } })
        assert.strictEqual(JSON.parse(sum.text).result.content[0].text, "42")
        const stream = await ask("tools/call", { name: "count", arguments: { to: 3 }, _meta: { progressToken: "p" } })
        assert.deepStrictEqual([stream.status, stream.type], [200, "text/event-stream"])
        assert.include(stream.text, '"progress":3')
        assert.include(stream.text, "counted to 3")
      })
    }
  })
}
