import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { connect } from "../src/Connect.ts"
import * as Servers from "../src/Servers.ts"
import * as ServersConfig from "../src/ServersConfig.ts"
import { event, type Exchange, fakeHttp, modern } from "../../transport-http/test/support/fakeHttp.ts"

const me = { name: "test", version: "1" }

const answers = modern((exchange) => {
  const kept = { resultType: "complete", ttlMs: 0, cacheScope: "private" }
  if (exchange.message.method === "tools/list") {
    return exchange.result({ ...kept, tools: [{ name: "add", inputSchema: { type: "object" } }] })
  }
  if (exchange.message.method === "tools/call") return exchange.result({ resultType: "complete", content: [] })
  const { id } = exchange.message
  const _meta = { "io.modelcontextprotocol/subscriptionId": id }
  exchange.events(
    event({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: { _meta, notifications: {} } })
  )
})

/** A server of 2024-11-05 that has no other way in than its stream. */
const old = () => {
  let stream: Exchange | undefined
  return (exchange: Exchange): void => {
    if (exchange.method === "GET") {
      stream = exchange
      return exchange.events("event: endpoint\ndata: /post\n\n")
    }
    if (exchange.path !== "/post") return exchange.status(503)
    exchange.status(202)
    const { id, method } = exchange.message
    const result = { protocolVersion: "2024-11-05", capabilities: {}, serverInfo: { name: "old", version: "1" } }
    const answer = method === "initialize" ? { result } : { error: { code: -32601, message: "?" } }
    if (id !== undefined) stream?.response.write(event({ jsonrpc: "2.0", id, ...answer }))
  }
}

describe("a server with a URL", () => {
  it.live("is connected to, as a target and in a configuration, with its headers", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(answers)
      const config = { files: { url: server.url, headers: { Authorization: "Bearer ${TOKEN}" } } }
      for (const target of [server.url, new URL(server.url), config]) {
        const client = yield* connect(target, me, { env: { TOKEN: "hunter2" } })
        yield* client.callTool("add", {})
      }
      const tokens = server.of("tools/call").map(({ headers }) => headers.authorization)
      assert.deepStrictEqual(tokens, [undefined, undefined, "Bearer hunter2"])
    }).pipe(Effect.scoped)
  )

  it.live("is spoken to by HTTP+SSE where its path or its type says so", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(old())
      const url = `${server.origin}/sse`
      for (const target of [url, { old: { type: "sse", url: `${server.origin}/mcp` } }]) {
        assert.strictEqual((yield* connect(target, me)).revision.version, "2024-11-05")
      }
      const error = yield* Effect.flip(connect({ old: { type: "http", url } }, me))
      assert.include(error.message, "503")
    }).pipe(Effect.scoped)
  )

  it.live("is one of many", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* fakeHttp(answers), yield* fakeHttp(answers)]
      const { servers } = yield* ServersConfig.parse({ one: { url: one.url }, two: { url: two.url } })
      const many = Context.get(yield* Layer.build(Servers.layer(servers, me)), Servers.Servers)
      yield* many.callTool("two_add", {})
      assert.deepStrictEqual([one.of("tools/call").length, two.of("tools/call").length], [0, 1])
    }).pipe(Effect.scoped)
  )
})
