/**
 * One conversation over several processes: what one of them asked, another one goes on with.
 */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { argumentsOf, Child, killAll } from "./support/child.ts"

afterEach(killAll)

type Members = Readonly<Record<string, unknown>>

const keyOf = (n: number): string => Buffer.alloc(32, n).toString("base64")

const start = (keys: string | undefined): Child => {
  process.env["MCP_KEYS"] = keys
  if (keys === undefined) delete process.env["MCP_KEYS"]
  const child = new Child(argumentsOf("askingServer.ts"))
  delete process.env["MCP_KEYS"]
  return child
}

let nextId = 1

/** One round of the booking, at this process. */
const round = async (child: Child, brought: Members = {}) => {
  const id = nextId++
  const _meta = { [Key.protocolVersion]: "2026-07-28", [Key.clientCapabilities]: { elicitation: {} } }
  const params = { name: "booking", arguments: {}, ...brought, _meta }
  child.write(`${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params })}\n`)
  const { error, result } = await child.answer(id)
  return { error, result, state: result?.["requestState"] as string, asked: Object.keys(result?.["inputRequests"] ?? {}) }
}

const accept = (content: Members) => ({ action: "accept", content })
const choices = { seat: accept({ seat: "aisle" }), nights: accept({ value: 2 }) }

describe("a request that is asked about", () => {
  it("goes on in another process with the same keys, in whatever order they stand", async () => {
    const [one, two] = [start(`${keyOf(1)},${keyOf(2)}`), start(`${keyOf(2)},${keyOf(1)}`)]
    const first = await round(one)
    assert.deepStrictEqual(first.asked, ["seat", "nights"])
    const second = await round(two, { requestState: first.state, inputResponses: choices })
    assert.deepStrictEqual(second.asked, ["sure"])
    const last = await round(one, { requestState: second.state, inputResponses: { sure: accept({}) } })
    // The second process booked, once; the first one has never booked anything.
    assert.deepStrictEqual(last.result?.["content"], [{ type: "text", text: "aisle 2 -1" }])
  })

  it("goes nowhere else", async () => {
    const [one, other, alone] = [start(keyOf(1)), start(keyOf(3)), start(undefined)]
    const { state } = await round(one)
    for (const child of [other, alone]) {
      const { error } = await round(child, { requestState: state, inputResponses: choices })
      assert.deepStrictEqual([error?.code, error?.message], [-32602, "Invalid or expired requestState"])
    }
  })
})
