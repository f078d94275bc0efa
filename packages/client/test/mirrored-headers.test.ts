import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import { Dispatcher, type Emit, fork } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import type { Guard } from "../src/Guard.ts"
import * as ListedTool from "../src/ListedTool.ts"
import * as McpClient from "../src/McpClient.ts"
import { logs } from "./support/links.ts"
import { agreeing, clientInfo, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const done = { resultType: "complete", content: [{ type: "text", text: "done" }] }

const withHeader = (name: string, header: unknown, type = "string"): Json => ({
  name,
  inputSchema: { type: "object", properties: { region: { type, "x-mcp-header": header } } }
})

interface Sent {
  readonly method: string
  readonly headers: Jsonrpc.Headers | undefined
}

/** A transport that has headers, and what was sent over it. */
const noting = (layer: Layer.Layer<ClientTransport>, hasHeaders = true) => {
  const sent: Array<Sent> = []
  const note = (message: Jsonrpc.Outbound) => {
    if (!Array.isArray(message) && "method" in message) {
      sent.push({ method: message.method, headers: "headers" in message ? message.headers : undefined })
    }
  }
  const noted = Layer.effect(
    ClientTransport,
    Effect.map(ClientTransport, (transport) =>
      ClientTransport.of({
        ...transport,
        ...(hasHeaders ? { kind: "http", headers: true } : {}),
        connect: (receive) =>
          Effect.map(transport.connect(receive), (connection) => ({
            ...connection,
            sendUnsafe: (message) => {
              note(message)
              return connection.sendUnsafe(message)
            }
          }))
      })
    )
  ).pipe(Layer.provide(layer))
  return { layer: noted, sent }
}

interface Behaviour {
  readonly version?: string
  readonly hasHeaders?: boolean
  readonly options?: Partial<McpClient.Options>
}

/** A client of a scripted server over a transport that has headers, and the headers of its calls. */
const connected = Effect.fnUntraced(function* (
  script: Script,
  { hasHeaders = true, options, version = "2026-07-28" }: Behaviour = {}
) {
  const server = scripted(agreeing(version, script))
  const { layer, sent } = noting(server.layer, hasHeaders)
  const logged = logs()
  const client = yield* Effect.provide(connect({ ...server, layer }, options), logged.layer)
  const calls = () => sent.filter(({ method }) => method === "tools/call").map(({ headers }) => headers)
  const listings = () => sent.filter(({ method }) => method === "tools/list").length
  return { client, calls, listings, connection: server.connections[0]!, warnings: logged.logged, log: logged.layer }
})

/** Lists these tools; the headers of each call must be as `accepts` says. */
const listing =
  (tools: () => ReadonlyArray<Json>, refuses: () => boolean = () => false): Script =>
  (message, connection) => {
    if (message["method"] === "tools/list") return connection.answer(message, { resultType: "complete", tools: tools() })
    if (message["method"] !== "tools/call") return
    if (refuses()) return connection.refuse(message, -32020, "Header mismatch")
    connection.answer(message, done)
  }

const mirrored = [{ path: ["region"], header: "Mcp-Param-Region", key: "mcp-param-region" }]
const region = { "Mcp-Param-Region": "eu" }

describe("a call over a transport that has headers", () => {
  it.effect("repeats the arguments that the listed tool says, and only those", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* connected(
        listing(() => [
          withHeader("query", "Region"),
          { ...withHeader("x", "X"), name: "plain", inputSchema: { type: "object" } }
        ])
      )
      yield* client.callTool("query", { region: "eu" })
      yield* client.listTools
      yield* client.callTool("query", { region: "eu", other: "x" })
      yield* client.callTool("query", { region: "世" })
      yield* client.callTool("query", { region: null })
      yield* client.callTool("query")
      yield* client.callTool("plain", { region: "eu" })
      yield* client.request("tools/call", { name: "query", arguments: { region: "eu" } })
      assert.deepStrictEqual(calls(), [
        undefined,
        region,
        { "Mcp-Param-Region": "=?base64?5LiW?=" },
        undefined,
        undefined,
        undefined,
        region
      ])
    })
  )

  it.effect("knows them from the catalogue and from the stream of tools, too, and forgets what is no more", () =>
    Effect.gen(function* () {
      let header = "Region"
      const { calls, client } = yield* connected(
        listing(() => [header === "" ? { name: "query", inputSchema: { type: "object" } } : withHeader("query", header)])
      )
      yield* client.catalogue
      yield* client.callTool("query", { region: "eu" })
      header = "Zone"
      yield* Stream.runDrain(client.streamTools)
      yield* client.callTool("query", { region: "eu" })
      header = ""
      yield* client.listTools
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual(calls(), [region, { "Mcp-Param-Zone": "eu" }, undefined])
    })
  )

  it.effect("knows them from a contract, and from a tool that was listed elsewhere", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* connected(listing(() => []))
      const Query = Tool.make("query", {
        parameters: { region: Schema.String.pipe(Tool.header("Region")) },
        success: Tool.Contents
      })
      const Read = Tool.make("read", {
        parameters: Query.parameters,
        success: Tool.Contents,
        annotations: { readOnlyHint: true }
      })
      const provided = Effect.provideService(McpClient.McpClient, client)
      yield* (yield* provided(McpClient.of(Query))).tools.query({ region: "eu" })
      yield* (yield* provided(McpClient.of(Query))).tools.query({ region: "eu" }, { timeout: "1 second" })
      yield* (yield* provided(McpClient.of(Read))).tools.read({ region: "eu" })
      yield* (yield* provided(ListedTool.make(withHeader("query", "Region") as never)))({ region: "eu" })
      yield* (yield* provided(ListedTool.make(withHeader("query", "not a token") as never)))({ region: "eu" })
      assert.deepStrictEqual(calls(), [region, region, region, region, undefined])
    })
  )

  it.effect("believes the server more than a contract", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* connected(listing(() => [withHeader("query", "Zone")]))
      const Query = Tool.make("query", {
        parameters: { region: Schema.String.pipe(Tool.header("Region")) },
        success: Tool.Contents
      })
      yield* client.listTools
      yield* (yield* Effect.provideService(McpClient.of(Query), McpClient.McpClient, client)).tools.query({ region: "eu" })
      assert.deepStrictEqual(calls(), [{ "Mcp-Param-Zone": "eu" }])
    })
  )

  it.effect("is not sent with an integer that a number does not hold", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* connected(listing(() => [withHeader("query", "Region", "integer")]))
      yield* client.listTools
      const { reason } = yield* Effect.flip(client.callTool("query", { region: 2 ** 53 }))
      assert.strictEqual(reason._tag, "InvalidArguments")
      assert.match(reason.message, /region: 9007199254740992 is beyond ±9007199254740991/)
      assert.deepStrictEqual(calls(), [])
    })
  )

  it.effect("has them in every round", () =>
    Effect.gen(function* () {
      let rounds = 0
      const { calls, client } = yield* connected((message, connection) => {
        if (message["method"] === "tools/call" && rounds++ === 0) {
          return connection.answer(message, { resultType: "input_required", requestState: "s" })
        }
        listing(() => [withHeader("query", "Region")])(message, connection)
      })
      yield* client.listTools
      const fiber = yield* Effect.forkChild(client.callTool("query", { region: "eu" }))
      yield* settle
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(calls(), [region, region])
    })
  )

  for (const [name, behaviour] of [
    ["the transport has none", { hasHeaders: false }],
    ["the revision has none", { version: "2025-11-25" }]
  ] as const) {
    it.effect(`has no headers where ${name}, and no tool is left out`, () =>
      Effect.gen(function* () {
        const tools = [withHeader("query", "Region"), withHeader("bad", "a b")]
        const { calls, client, listings } = yield* connected(
          listing(
            () => tools,
            () => true
          ),
          behaviour
        )
        assert.deepStrictEqual(
          (yield* client.listTools).map((tool) => tool.name),
          ["query", "bad"]
        )
        for (const region of ["eu", 2 ** 53]) {
          const { reason } = yield* Effect.flip(client.callTool("query", { region }, { mirrored }))
          assert.strictEqual(reason._tag, "RequestFailed")
        }
        assert.deepStrictEqual(calls(), [undefined, undefined])
        assert.strictEqual(listings(), 1)
      })
    )
  }
})

describe("a call that is refused for its headers", () => {
  /** Refuses calls until the tools were listed. */
  const strict = (tools: ReadonlyArray<Json>, isEver = true) => {
    let isListed = false
    return listing(
      () => {
        isListed = isEver
        return tools
      },
      () => !isListed
    )
  }

  it.effect("is made again once, after the tools were listed", () =>
    Effect.gen(function* () {
      const { calls, client, listings } = yield* connected(strict([withHeader("query", "Region")]))
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual(calls(), [undefined, region])
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual([calls().length, listings()], [3, 1])
    })
  )

  it.effect("fails with the refusal when it is refused again", () =>
    Effect.gen(function* () {
      const { calls, client, listings } = yield* connected(strict([withHeader("query", "Region")], false))
      for (const options of [undefined, { timeout: "1 second" }] as const) {
        const { reason } = yield* Effect.flip(client.callTool("query", { region: "eu" }, options))
        assert.strictEqual(reason._tag === "RequestFailed" && reason.code, -32020)
      }
      assert.deepStrictEqual([calls().length, listings()], [4, 2])
    })
  )

  it.effect("fails at once when the tool is listed without headers, or not at all", () =>
    Effect.gen(function* () {
      const { calls, client, listings } = yield* connected(strict([{ name: "query", inputSchema: { type: "object" } }], false))
      for (const name of ["query", "nobody"]) {
        const { reason } = yield* Effect.flip(client.callTool(name, { region: "eu" }))
        assert.strictEqual(reason._tag === "RequestFailed" && reason.code, -32020)
      }
      assert.deepStrictEqual([calls().length, listings()], [2, 2])
    })
  )

  it.effect("fails with the refusal when the tools cannot be listed", () =>
    Effect.gen(function* () {
      const { client } = yield* connected((message, connection) =>
        connection.refuse(message, message["method"] === "tools/call" ? -32020 : -32603)
      )
      const { reason } = yield* Effect.flip(client.callTool("query", { region: "eu" }))
      assert.strictEqual(reason._tag === "RequestFailed" && reason.code, -32020)
    })
  )

  it.effect("with others at the same time has the tools listed once", () =>
    Effect.gen(function* () {
      const { calls, client, listings } = yield* connected(strict([withHeader("query", "Region")]))
      const all = Array.from({ length: 20 }, () => client.callTool("query", { region: "eu" }))
      yield* Effect.all(all, { concurrency: "unbounded" })
      assert.strictEqual(listings(), 1)
      assert.deepStrictEqual(calls().slice(-1), [region])
    })
  )

  it.effect("with others, while the list is on its way, waits for that one", () =>
    Effect.gen(function* () {
      let isListed = false
      let answer = () => {}
      const { client, listings } = yield* connected((message, connection) => {
        if (message["method"] === "tools/list") {
          answer = () => {
            isListed = true
            connection.answer(message, { resultType: "complete", tools: [withHeader("query", "Region")] })
          }
        } else if (isListed) connection.answer(message, done)
        else connection.refuse(message, -32020)
      })
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(client.callTool("query", { region: "eu" })))
      yield* settle
      assert.strictEqual(listings(), 1)
      answer()
      yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(listings(), 1)
    })
  )

  it.effect("makes kept lists and the catalogue old", () =>
    Effect.gen(function* () {
      let header = "Old"
      const { client, calls, listings } = yield* connected((message, connection) => {
        const { method } = message
        if (method === "tools/list") {
          const tools = [withHeader("query", header)]
          return connection.answer(message, { resultType: "complete", tools, ttlMs: 60_000, cacheScope: "private" })
        }
        if (method === "tools/call" && calls().at(-1)?.["Mcp-Param-New"] === undefined) return connection.refuse(message, -32020)
        connection.answer(message, done)
      })
      const catalogue = yield* client.catalogue
      yield* client.listTools
      assert.strictEqual(listings(), 1)
      header = "New"
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual(calls(), [{ "Mcp-Param-Old": "eu" }, { "Mcp-Param-New": "eu" }])
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.deepStrictEqual((yield* SubscriptionRef.get(catalogue)).tools, [withHeader("query", "New")] as never)
    })
  )

  it.effect("goes through the guards once, and the list does not", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const guard: Guard = Effect.succeed(({ method }, effect) => {
        seen.push(method)
        return effect
      })
      const { client } = yield* connected(strict([withHeader("query", "Region")]), { options: { guards: [guard] } })
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual(seen, ["tools/call"])
    })
  )

  it.effect("ends in time although the list does not come", () =>
    Effect.gen(function* () {
      const { client } = yield* connected((message, connection) => {
        if (message["method"] === "tools/call") connection.refuse(message, -32020)
      })
      const call = client.callTool("query", { region: "eu" }, { totalTimeout: "5 seconds" })
      const fiber = yield* Effect.forkChild(Effect.result(call))
      yield* settle
      yield* TestClock.adjust("5 seconds")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(Result.isFailure(result) && result.failure.reason._tag, "TimedOut")
    })
  )
})

describe("a listed tool whose schema breaks the rules", () => {
  it.effect("is left out of every list, and the log says so once, with the reason", () =>
    Effect.gen(function* () {
      const tools = [withHeader("good", "Region"), withHeader("bad", "a b"), withHeader("worse", "A", "number")]
      const { client, log, warnings } = yield* connected(listing(() => tools))
      yield* Effect.gen(function* () {
        for (const list of [client.listTools, Stream.runCollect(client.streamTools)]) {
          assert.deepStrictEqual(
            (yield* list).map(({ name }) => name),
            ["good"]
          )
        }
        const { tools } = yield* SubscriptionRef.get(yield* client.catalogue)
        assert.deepStrictEqual(
          tools.map(({ name }) => name),
          ["good"]
        )
      }).pipe(Effect.provide(log))
      const left = "of the server is left out, because of the headers that its schema asks for: region: `x-mcp-header`"
      assert.strictEqual(warnings.length, 2)
      assert.include(warnings[0], `the tool "bad" ${left} must be a token`)
      assert.include(warnings[1], `the tool "worse" ${left} needs the type`)
    })
  )

  it.effect("is told of a thousand times, and then once more for all others", () =>
    Effect.gen(function* () {
      const tools = Array.from({ length: 1500 }, (_, i) => withHeader(`bad${i}`, ""))
      const { client, log, warnings } = yield* connected(listing(() => tools))
      for (let i = 0; i < 2; i++) assert.deepStrictEqual(yield* Effect.provide(client.listTools, log), [])
      assert.strictEqual(warnings.length, 1001)
      assert.match(warnings[1000] ?? "", /^more tools of the server are left out/)
    })
  )
})

describe("what a client knows of headers", () => {
  it.effect("is for the last 10,000 tools", () =>
    Effect.gen(function* () {
      let from = 0
      const page = () => Array.from({ length: 5001 }, (_, i) => withHeader(`t${from + i}`, "Region"))
      const { calls, client } = yield* connected(listing(page))
      for (from = 0; from < 10_000; from += 5001) yield* client.listTools
      for (const name of ["t0", "t1", "t2", "t10001"]) yield* client.callTool(name, { region: "eu" })
      assert.deepStrictEqual(calls(), [undefined, undefined, region, region])
    })
  )

  it.effect("is forgotten with the connection: the next one may be to another server", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* connected(listing(() => [withHeader("query", "Region")]))
      yield* client.listTools
      yield* client.reconnect
      yield* client.callTool("query", { region: "eu" })
      assert.deepStrictEqual(calls(), [undefined])
    })
  )
})

describe("our client and our server", () => {
  const Query = Tool.make("query", {
    parameters: { region: Schema.String.pipe(Tool.header("Region")), n: Schema.Int.pipe(Tool.header("N")) },
    success: Schema.String
  })
  const server = McpServer.layer({ name: "s", version: "1" }, Query).pipe(
    Layer.provide(Query.toLayer(({ n, region }) => Effect.succeed(`${region} ${n}`)))
  )

  /** A transport in memory that hands the headers over. */
  const transport = Layer.effect(
    ClientTransport,
    Effect.gen(function* () {
      const dispatcher = yield* Dispatcher
      const run = fork(dispatcher, yield* Effect.context<never>())
      return ClientTransport.of({
        kind: "http",
        headers: true,
        connect: Effect.fnUntraced(function* (receive) {
          const write = (message: Jsonrpc.Outbound) => {
            receive(Jsonrpc.parse(Jsonrpc.stringify(message)))
            return true
          }
          const emit: Emit = { canAsk: false, send: (message) => Effect.sync(() => void write(message)), sendUnsafe: write }
          const peer = yield* dispatcher.open({ transport: "http", push: emit })
          const sendUnsafe = (message: Jsonrpc.Outbound) => {
            const sent = Object.entries("headers" in message ? (message.headers ?? {}) : {})
            const headers = new Map(sent.map(([name, value]) => [name.toLowerCase(), value]))
            const respond = (outcome: object) => "message" in outcome && void write(outcome.message as Jsonrpc.Outbound)
            run(peer, Jsonrpc.parse(Jsonrpc.stringify(message)), emit, respond, { header: (name) => headers.get(name) })
            return true
          }
          return { send: (message) => Effect.sync(() => void sendUnsafe(message)), sendUnsafe, closed: Effect.never }
        })
      })
    })
  ).pipe(Layer.provide(server))

  it.effect("agree about every string and every integer, with a contract, a list, or neither", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const typed = yield* McpClient.of(Query)
      const all = [
        ["eu-west", 1],
        ["", -1],
        [" 世\t\n", 2 ** 53 - 1],
        ["=?base64?eA==?=", 0],
        ["\ufeff", 1 - 2 ** 53]
      ] as const
      for (const [region, n] of all) {
        const args = { region, n }
        assert.strictEqual(yield* typed.tools.query(args), `${region} ${n}`)
        assert.deepStrictEqual((yield* client.callTool("query", args)).content, [{ type: "text", text: `${region} ${n}` }])
      }
    }).pipe(
      Effect.provide(Layer.fresh(McpClient.layer({ ...clientInfo, versions: ["2026-07-28"] })).pipe(Layer.provide(transport)))
    )
  )
})
