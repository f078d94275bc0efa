import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import type { Options, Progress } from "../src/McpClient.ts"
import { agreeing, type Connection, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const key = (name: string) => `io.modelcontextprotocol/${name}`

const connected = (script: Script = () => {}, options: Partial<Options> = {}, version = "2025-11-25") =>
  Effect.gen(function* () {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, options)
    const connection: Connection = server.connections[0]!
    connection.sent.length = 0
    return { client, connection }
  })

const done = { content: [] }

describe("what a request carries", () => {
  it.effect("in the session era: its token for progress, and what the caller adds", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, done))
      yield* client.callTool("tool", { a: 1 })
      yield* client.callTool("tool", undefined, { meta: { "a/b": 1, progressToken: "mine" } })
      const [first, second] = connection.sent
      assert.deepStrictEqual(first?.["params"], { name: "tool", arguments: { a: 1 }, _meta: { progressToken: first?.["id"] } })
      assert.deepStrictEqual(second?.["params"], {
        name: "tool",
        arguments: {},
        _meta: { "a/b": 1, progressToken: second?.["id"] }
      })
      assert.notStrictEqual(first?.["id"], second?.["id"])
    })
  )

  it.effect("in the request era: the envelope too, which the caller cannot change", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, done), {}, "2026-07-28")
      yield* client.callTool("tool", {}, { meta: { "a/b": 1, [key("protocolVersion")]: "1", [key("logLevel")]: "debug" } })
      const [sent] = connection.sent
      assert.deepStrictEqual(sent?.["params"]._meta, {
        "a/b": 1,
        progressToken: sent?.["id"],
        [key("protocolVersion")]: "2026-07-28",
        [key("clientCapabilities")]: {},
        [key("clientInfo")]: { name: "tester", version: "0.0.1" },
        [key("logLevel")]: "debug"
      })
    })
  )

  it.effect("any request can be sent; its result comes as it was received", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) =>
        connection.answer(message, { x: [1], _meta: { a: 1 } })
      )
      assert.deepStrictEqual(yield* client.request("some/method", { a: 1 }), { x: [1], _meta: { a: 1 } })
      const [sent] = connection.sent
      assert.deepStrictEqual(sent, {
        jsonrpc: "2.0",
        id: sent?.["id"],
        method: "some/method",
        params: { a: 1, _meta: { progressToken: sent?.["id"] } }
      })
    })
  )

  it.effect("ping and setLogLevel", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, {}))
      yield* client.ping
      yield* client.setLogLevel("warning")
      assert.deepStrictEqual(connection.methods, ["ping", "logging/setLevel"])
      assert.strictEqual(connection.sent[1]?.["params"].level, "warning")
    })
  )

  for (const version of ["2024-11-05", "2025-11-25"]) {
    it.effect(`${version}: the level of the log is asked for once, as soon as the session is open`, () =>
      Effect.gen(function* () {
        const server = scripted(agreeing(version, (message, connection) => connection.answer(message, done)))
        const client = yield* connect(server, { logLevel: "error" })
        yield* client.callTool("tool")
        const [connection] = server.connections
        const after = connection!.methods.indexOf("notifications/initialized")
        assert.deepStrictEqual(connection!.methods.slice(after + 1), ["logging/setLevel", "tools/call"])
        assert.deepStrictEqual(connection!.last("logging/setLevel")["params"].level, "error")
        const silent = scripted(agreeing(version))
        yield* connect(silent)
        assert.strictEqual(silent.connections[0]!.methods.at(-1), "notifications/initialized")
      })
    )
  }

  it.effect("in the request era: the level of the log goes with each request, and is changed without asking", () =>
    Effect.gen(function* () {
      const answering: Script = (message, connection) => connection.answer(message, done)
      const { client, connection } = yield* connected(answering, { logLevel: "error" }, "2026-07-28")
      yield* client.callTool("tool")
      yield* client.setLogLevel("debug")
      yield* client.callTool("tool")
      assert.deepStrictEqual(connection.methods, ["tools/call", "tools/call"])
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => params._meta[key("logLevel")]),
        ["error", "debug"]
      )
    })
  )
})

describe("progress", () => {
  const progressing =
    (...reports: ReadonlyArray<Json>): Script =>
    (message, connection) => {
      for (const report of reports) {
        connection.notify("notifications/progress", { progressToken: message["params"]._meta.progressToken, ...report })
      }
      connection.answer(message, done)
    }

  it.effect("is told to its call, in order, all of it before the answer", () =>
    Effect.gen(function* () {
      const { client } = yield* connected(
        progressing({ progress: 1 }, { progress: 2, total: 4, message: "half" }, { progress: 4 })
      )
      const told: Array<Progress | string> = []
      yield* client.callTool(
        "tool",
        {},
        {
          onProgress: (progress) =>
            Effect.andThen(
              Effect.yieldNow,
              Effect.sync(() => told.push(progress))
            )
        }
      )
      told.push("answered")
      assert.deepStrictEqual(told, [
        { progress: 1, total: undefined, message: undefined },
        { progress: 2, total: 4, message: "half" },
        { progress: 4, total: undefined, message: undefined },
        "answered"
      ])
    })
  )

  it.effect("of which only the number is readable is told without the rest", () =>
    Effect.gen(function* () {
      const { client } = yield* connected(progressing({ progress: 1, total: "four", message: 4 }))
      const told: Array<Progress> = []
      yield* client.callTool("tool", {}, { onProgress: (progress) => Effect.sync(() => void told.push(progress)) })
      assert.deepStrictEqual(told, [{ progress: 1, total: undefined, message: undefined }])
    })
  )

  it.effect("goes to the call that it is of", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected()
      const told: Array<string> = []
      const call = (name: string) =>
        Effect.forkChild(
          client.callTool(name, {}, { onProgress: ({ progress }) => Effect.sync(() => told.push(`${name} ${progress}`)) }),
          { startImmediately: true }
        )
      const fibers = [yield* call("a"), yield* call("b")]
      const [a, b] = connection.sent
      connection.notify("notifications/progress", { progressToken: b?.["id"], progress: 1 })
      connection.notify("notifications/progress", { progressToken: a?.["id"], progress: 2 })
      for (const request of [a, b]) connection.answer(request ?? {}, done)
      yield* Effect.forEach(fibers, Fiber.join)
      connection.notify("notifications/progress", { progressToken: a?.["id"], progress: 3 })
      yield* settle
      assert.deepStrictEqual(told, ["b 1", "a 2"])
    })
  )

  for (const [how, first] of [
    ["dies", () => Effect.die("no")],
    [
      "throws",
      (): Effect.Effect<void> => {
        throw new Error("no")
      }
    ]
  ] as const) {
    it.effect(`a listener that ${how} does not harm the call, nor the reports after it`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected(progressing({ progress: 1 }, { progress: 2 }))
        const told: Array<number> = []
        const onProgress = ({ progress }: Progress) => (progress === 1 ? first() : Effect.sync(() => void told.push(progress)))
        assert.deepStrictEqual(yield* client.callTool("tool", {}, { onProgress }), done)
        assert.deepStrictEqual(told, [2])
      })
    )
  }
})

describe("what a server sends by itself", () => {
  it.effect("notifications are told in order, one after the other; progress is not among them", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const { connection } = yield* connected(() => {}, {
        onNotification: ({ method, params }) =>
          Effect.andThen(
            method === "first" ? Deferred.await(gate) : Effect.void,
            Effect.sync(() => told.push(`${method} ${JSON.stringify(params)}`))
          )
      })
      connection.notify("first", { a: 1 })
      connection.notify("notifications/progress", { progressToken: 1, progress: 1 })
      connection.notify("second")
      yield* settle
      assert.deepStrictEqual(told, [])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(told, ['first {"a":1}', "second undefined"])
    })
  )

  for (const [how, onNotification] of [
    ["dies", () => Effect.die("no")],
    [
      "throws",
      () => {
        throw new Error("no")
      }
    ]
  ] as const) {
    it.effect(`a listener that ${how} does not harm the connection`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected((message, connection) => connection.answer(message, done), {
          onNotification
        })
        connection.notify("first")
        connection.notify("second")
        yield* settle
        assert.deepStrictEqual(yield* client.callTool("tool"), done)
      })
    )
  }

  it.effect("ping is answered; other requests are refused, with their id", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected()
      connection.send({ id: "p", method: "ping" })
      connection.send({ id: 0, method: "roots/list" })
      connection.send({ id: "", method: "sampling/createMessage", params: {} })
      const refused = (id: unknown, detail: string) => ({
        jsonrpc: "2.0",
        id,
        error: { code: -32601, message: `Method not found: ${detail}` }
      })
      assert.deepStrictEqual(connection.sent, [
        { jsonrpc: "2.0", id: "p", result: {} },
        refused(0, "roots/list: no RootsHandler was provided to the layer of this client"),
        refused("", "sampling/createMessage: no SamplingHandler was provided to the layer of this client")
      ])
    })
  )

  it.effect("in the request era servers send no requests: nothing is answered", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((m, c) => "method" in m && c.answer(m, done), {}, "2026-07-28")
      connection.send({ id: "p", method: "ping" })
      connection.send({ id: 1, method: "roots/list" })
      assert.deepStrictEqual(connection.sent, [])
      assert.deepStrictEqual(yield* client.callTool("tool"), done)
    })
  )

  it.effect("a listener that is too slow is told of the latest 1,024 alone, and the log says so", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const warnings: Array<unknown> = []
      const gate = yield* Deferred.make<void>()
      const logger = Logger.make(({ message }) => void warnings.push(message))
      const { connection } = yield* Effect.provide(
        connected(() => {}, {
          onNotification: ({ method }) =>
            Effect.andThen(
              Deferred.await(gate),
              Effect.sync(() => void told.push(method))
            )
        }),
        Logger.layer([logger])
      )
      for (let i = 0; i < 2000; i++) connection.notify(`n${i}`)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual([told.length, told[0], told[1], told.at(-1)], [1025, "n0", "n976", "n1999"])
      const dropped = [["a handler of the client is too slow: 975 events were dropped"]]
      assert.deepStrictEqual(warnings, dropped)
      connection.notify("in time")
      yield* settle
      assert.deepStrictEqual([told.at(-1), warnings], ["in time", dropped])
    })
  )

  it.effect("a line that is no message is passed over", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => connection.answer(message, done))
      for (const line of [
        "",
        "starting up...",
        "{}",
        "[]",
        "null",
        '{"jsonrpc":"2.0"}',
        '{"jsonrpc":"2.0","id":{},"method":1}'
      ]) {
        connection.line(line)
      }
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
      assert.deepStrictEqual(yield* client.callTool("tool"), done)
    })
  )
})

describe("listTools", () => {
  const tool = (name: string) => ({ name, inputSchema: { type: "object" } })

  it.effect("reads every page, and an empty cursor is one", () =>
    Effect.gen(function* () {
      const pages: { readonly [cursor: string]: Json } = {
        start: { tools: [tool("a")], nextCursor: "" },
        "": { tools: [], nextCursor: "2" },
        "2": { tools: [tool("b"), tool("c")] }
      }
      const { client, connection } = yield* connected((message, connection) =>
        connection.answer(message, pages[message["params"].cursor ?? "start"])
      )
      assert.deepStrictEqual(
        (yield* client.listTools).map(({ name }) => name),
        ["a", "b", "c"]
      )
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => params.cursor),
        [undefined, "", "2"]
      )
    })
  )

  it.effect("keeps what it does not know of a schema", () =>
    Effect.gen(function* () {
      const inputSchema = { type: "object", $defs: { a: { const: 1 } }, anyOf: [{ not: {} }, true], "x-own": [1] } as const
      const outputSchema = { $ref: "#/$defs/b", $defs: { b: {} } }
      const { client } = yield* connected((message, connection) =>
        connection.answer(message, { tools: [{ name: "a", inputSchema, outputSchema }] })
      )
      assert.deepStrictEqual(yield* client.listTools, [{ name: "a", inputSchema, outputSchema }])
    })
  )

  it.effect("a list that is none is invalid", () =>
    Effect.gen(function* () {
      for (const result of [{}, { tools: {} }, { tools: null }, { tools: "none" }]) {
        const { client } = yield* connected((message, connection) => connection.answer(message, result))
        const error = yield* Effect.flip(client.listTools)
        assert.strictEqual(error.reason._tag, "InvalidAnswer", JSON.stringify(result))
      }
    })
  )

  it.effect("a tool that cannot be read is left out, the others are not", () =>
    Effect.gen(function* () {
      const listed = [{ name: 1, inputSchema: {} }, tool("a"), null, { name: "b" }, { ...tool("c"), title: 1 }, tool("d")]
      const { client } = yield* connected((message, connection) => connection.answer(message, { tools: listed }))
      const tools = yield* Effect.provide(client.listTools, Logger.layer([]))
      assert.deepStrictEqual(
        tools.map(({ name }) => name),
        ["a", "d"]
      )
    })
  )

  it.effect("a list that never ends is given up after 1,000 pages", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) =>
        connection.answer(message, { tools: [], nextCursor: `${message["id"]}` })
      )
      const error = yield* Effect.flip(client.listTools)
      assert.strictEqual(error.message, "the answer to tools/list cannot be used: it has more than 1000 pages")
      assert.strictEqual(connection.sent.length, 1000)
    })
  )

  it.effect("a list whose pages lead round in a circle is given up", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) =>
        connection.answer(message, { tools: [], nextCursor: message["params"].cursor === "a" ? "b" : "a" })
      )
      const error = yield* Effect.flip(client.listTools)
      assert.include(error.message, "its pages lead round in a circle")
      assert.strictEqual(connection.sent.length, 3)
    })
  )

  it.effect("as a stream, a page is asked for when the one before it was taken", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected((message, connection) => {
        const page = Number(message["params"].cursor ?? 0)
        const tools = [0, 1].map((index) => ({ name: `t${2 * page + index}`, inputSchema: { type: "object" } }))
        connection.answer(message, { tools, ...(page < 9 ? { nextCursor: `${page + 1}` } : {}) })
      })
      const names = Stream.map(client.streamTools, ({ name }) => name)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(names, 3)), ["t0", "t1", "t2"])
      assert.strictEqual(connection.sent.length, 2)
      assert.strictEqual((yield* Stream.runCollect(names)).length, 20)
    })
  )
})
