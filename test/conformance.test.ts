/** What runs the conformance suite is stricter than the suite, and its proxy offers another revision and nothing else. */
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../conformance/proxy.ts"
import type { Check } from "../conformance/suite.ts"
import { problemsOf } from "../conformance/verdict.ts"

const check = (status: Check["status"], more: Partial<Check> = {}): Check => ({
  id: "an-id",
  name: "Name",
  description: "what it is about",
  status,
  ...more
})

describe("a scenario", () => {
  it("passes when all of its checks succeeded", () => {
    assert.deepStrictEqual(problemsOf("s", [check("SUCCESS"), check("SUCCESS")]), [])
  })

  it.each(["FAILURE", "WARNING", "SKIPPED"] as const)("fails with a %s, and says which and why", (status) => {
    const problems = problemsOf("s", [check("SUCCESS"), check(status, { errorMessage: "why", details: { a: 1 } })])
    assert.deepStrictEqual(problems, [`${status} an-id (Name): why\n{\n  "a": 1\n}`])
  })

  it("fails when it found nothing to look at, and passes with records of what went over the wire", () => {
    const told = check("INFO", { specReferences: [{ id: "SEP-1699" }] })
    assert.lengthOf(problemsOf("s", [check("SUCCESS"), told]), 1)
    assert.deepStrictEqual(problemsOf("s", [check("SUCCESS"), check("INFO")]), [])
  })

  it("fails when no check was made, or when it was not run", () => {
    assert.deepStrictEqual(problemsOf("s", []), ["no check was made"])
    assert.deepStrictEqual(problemsOf("s", [check("INFO")]), ["no check was made"])
    assert.deepStrictEqual(problemsOf("s", undefined), ["it was not run"])
  })

  it("may leave out what a revision does not have, by its name and in no other scenario", () => {
    const initialize = check("SKIPPED", { name: "ClientMcpMethodHeader_initialize" })
    assert.deepStrictEqual(problemsOf("http-standard-headers", [check("SUCCESS"), initialize]), [])
    assert.lengthOf(problemsOf("http-standard-headers", [initialize]), 1)
    assert.lengthOf(problemsOf("http-custom-headers", [check("SUCCESS"), initialize]), 1)
    assert.lengthOf(problemsOf("http-standard-headers", [check("SUCCESS"), check("SKIPPED")]), 1)
  })
})

const textOf = async (message: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const chunk of message.setEncoding("utf8")) text += chunk
  return text
}

/** Runs a test with a proxy in front of a server that tells what came. */
const withProxy = async (test: (url: string, spoken: ReadonlySet<string>) => Promise<void>): Promise<void> => {
  const target = createServer(async (request, response) => {
    const { headers, method, url } = request
    response.writeHead(method === "DELETE" ? 405 : 200, { "mcp-session-id": "s" })
    response.end(JSON.stringify({ method, url, accept: headers.accept, body: await textOf(request) }))
  })
  await new Promise<void>((done) => void target.listen(0, "localhost", done))
  const { port } = target.address() as AddressInfo // it listens on a port
  const proxy = await start(`http://localhost:${port}/mcp`, "2025-06-18")
  try {
    await test(proxy.url, proxy.spoken)
  } finally {
    proxy.stop()
    target.close()
  }
}

describe("the proxy", () => {
  it("offers its revision in initialize, and keeps the rest as it is", () =>
    withProxy(async (url) => {
      const said = async (body: string) => {
        const response = await fetch(url, { method: "POST", body, headers: { accept: "text/event-stream" } })
        const { accept, body: came } = (await response.json()) as { readonly accept: string; readonly body: string }
        assert.deepStrictEqual([response.headers.get("mcp-session-id"), accept], ["s", "text/event-stream"])
        return came
      }
      const params = { protocolVersion: "2025-11-25", clientInfo: { name: "ü" } }
      const initialize = { jsonrpc: "2.0", id: 1, method: "initialize", params }
      assert.deepStrictEqual(JSON.parse(await said(JSON.stringify(initialize))), {
        ...initialize,
        params: { ...params, protocolVersion: "2025-06-18" }
      })
      const other = '{"jsonrpc":"2.0", "id":2, "method":"tools/call", "params":{"name":"initialize"}}'
      assert.strictEqual(await said(other), other)
    }))

  it("passes on methods and statuses, and knows what is spoken", () =>
    withProxy(async (url, spoken) => {
      const response = await fetch(url, { method: "DELETE", headers: { "mcp-protocol-version": "2025-06-18" } })
      assert.strictEqual(response.status, 405)
      assert.containSubset(await response.json(), { method: "DELETE", url: "/mcp", body: "" })
      assert.deepStrictEqual([...spoken], ["2025-06-18"])
    }))
})
