import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as McpClient from "../src/McpClient.ts"
import { agreeing, type Connection, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const connected = Effect.fnUntraced(function* (version: string, script: Script = () => {}) {
  const server = scripted(agreeing(version, script))
  const client = yield* connect(server)
  const connection: Connection = server.connections[0]!
  connection.sent.length = 0
  return { client, connection }
})

const done = { content: [] }

describe("a client of 2026-07-28", () => {
  it.effect("never writes answers: a server of that revision has no requests", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2026-07-28", (message, connection) => connection.answer(message, done))
      for (const id of ["a", 0, 1, ""]) {
        connection.send({ id, method: "ping" })
        connection.send({ id, method: "roots/list" })
        connection.send({ id, method: "elicitation/create", params: {} })
        connection.send({ id, method: "made/up" })
      }
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
      assert.deepStrictEqual(yield* client.callTool("tool"), done)
      assert.deepStrictEqual(connection.methods, ["tools/call"])
    })
  )

  it.effect("nor while a request of its own is pending under the same id", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2026-07-28")
      const fiber = yield* Effect.forkChild(client.callTool("tool"), { startImmediately: true })
      const request = connection.last("tools/call")
      connection.send({ id: request["id"], method: "sampling/createMessage", params: {} })
      assert.deepStrictEqual(connection.sent, [request])
      connection.answer(request, done)
      assert.deepStrictEqual(yield* Fiber.join(fiber), done)
    })
  )
})

class Kinds extends McpGroup.make("kinds", Tool.make("tool"), Tool.make("contents", { success: Tool.Contents })) {}

describe.each(Revision.versions)("a result that is none, in %s", (version) => {
  const results: ReadonlyArray<readonly [what: string, result: Json]> = [
    ["whose content holds null", { content: [null] }],
    ["whose content holds null among blocks", { content: [{ type: "text", text: "a" }, null] }],
    ["that is an error whose content holds null", { content: [null], isError: true }],
    ["whose content holds a text that is no block", { content: ["a"] }],
    ["whose content holds a list", { content: [[]] }],
    ["whose content is null", { content: null }],
    ["without content", {}]
  ]

  for (const [what, result] of results) {
    it.effect(`${what} is an invalid answer, for clients with a contract and without`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected(version, (message, connection) => connection.answer(message, result))
        const { tools } = McpClient.typed(Kinds, client)
        for (const call of [client.callTool("tool"), tools.tool(), tools.contents()]) {
          const error = yield* Effect.flip(Effect.asVoid(call))
          assert.strictEqual(error.reason._tag, "InvalidAnswer")
        }
      })
    )
  }
})

describe("a list with tools that cannot be read", () => {
  it.effect("they are left out and the log says so; the rest of every page is given", () =>
    Effect.gen(function* () {
      const tool = (name: unknown) => ({ name, inputSchema: { type: "object" } })
      const pages: { readonly [cursor: string]: Json } = {
        start: { tools: [tool("a"), tool(1), tool("b")], nextCursor: "2" },
        "2": { tools: [null, "c", { name: "d" }, { name: "e", inputSchema: [] }], nextCursor: "3" },
        "3": { tools: [tool("f")] }
      }
      const { client } = yield* connected("2025-11-25", (message, connection) =>
        connection.answer(message, pages[message["params"].cursor ?? "start"])
      )
      const warned: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => void warned.push(`${logLevel} ${String(message)}`))
      const tools = yield* Effect.provide(client.listTools, Logger.layer([logger]))
      assert.deepStrictEqual(
        tools.map(({ name }) => name),
        ["a", "b", "f"]
      )
      assert.deepStrictEqual(warned, Array(5).fill("Warn a tool of the server cannot be read and is left out"))
    })
  )
})

describe("what JSON cannot carry", () => {
  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic

  const calls: ReadonlyArray<
    readonly [what: string, call: (client: McpClient.McpClient["Service"]) => Effect.Effect<unknown, any>]
  > = [
    ["a BigInt among the arguments", (client) => client.callTool("tool", { n: 1n })],
    ["a BigInt deep inside of them", (client) => client.callTool("tool", { list: [{ n: 1n }] })],
    ["something that holds itself", (client) => client.callTool("tool", cyclic)],
    ["something that throws", (client) => client.callTool("tool", { toJSON: () => assert.fail("no") })],
    ["a BigInt in `_meta`", (client) => client.callTool("tool", {}, { meta: { "a/b": 1n } })],
    ["a BigInt in the params of any request", (client) => client.request("some/method", { n: 1n })]
  ]

  for (const version of ["2025-11-25", "2026-07-28"]) {
    for (const [what, call] of calls) {
      it.effect(`${version}: ${what} fails at once, and leaves nothing pending`, () =>
        Effect.gen(function* () {
          const { client, connection } = yield* connected(version, (message, connection) => connection.answer(message, done))
          const fiber = yield* Effect.forkChild(Effect.flip(call(client)), { startImmediately: true })
          const error = yield* Fiber.join(fiber)
          assert.strictEqual(error.reason._tag, "InvalidArguments")
          yield* TestClock.adjust("2 minutes") // nothing is there that could time out
          assert.deepStrictEqual(connection.sent, [])
          assert.deepStrictEqual(yield* client.callTool("tool"), done)
        })
      )
    }
  }

  /** A server whose transport writes a message as text as soon as it gets it, with room or without, as the one of stdio does. */
  const eager = (server: ReturnType<typeof scripted>) => ({
    ...server,
    layer: Layer.effect(
      ClientTransport,
      Effect.map(ClientTransport, (transport) =>
        ClientTransport.of({
          ...transport,
          connect: (receive) =>
            Effect.map(transport.connect(receive), (client) => ({
              ...client,
              send: (message) =>
                Effect.andThen(
                  Effect.sync(() => Jsonrpc.stringify(message)),
                  client.send(message)
                )
            }))
        })
      )
    ).pipe(Layer.provide(server.layer))
  })

  it.effect("while the way to the server is full, it fails as soon as it would leave", () =>
    Effect.gen(function* () {
      const server = scripted(agreeing("2025-11-25", (message, connection) => connection.answer(message, done)))
      const client = yield* connect(eager(server))
      const connection: Connection = server.connections[0]!
      connection.sent.length = 0
      connection.isFull = true
      const fiber = yield* Effect.forkChild(Effect.flip(client.callTool("tool", { n: 1n })), { startImmediately: true })
      yield* settle
      connection.makeRoom()
      yield* settle
      assert.isDefined(fiber.pollUnsafe(), "it is still pending")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "InvalidArguments")
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(connection.sent, [])
    })
  )
})

describe.each(["2025-11-25", "2026-07-28"])("a connection that ends while it is written to, in %s", (version) => {
  const dying = Effect.fnUntraced(function* (script: Script = () => {}) {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, { reconnect: Schedule.spaced("1 second") })
    yield* settle
    return { client, connection: server.connections[0]! }
  })

  it.effect("lets a call fail with the end of the connection: the server may have heard of it", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* dying()
      connection.isDying = true
      assert.strictEqual((yield* Effect.flip(client.callTool("tool"))).reason._tag, "TransportFailed")
    })
  )

  it.effect("makes a request again where that does no harm", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* dying((message, connection) => connection.answer(message, { tools: [] }))
      connection.isDying = true
      const fiber = yield* Effect.forkChild(client.listTools, { startImmediately: true })
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.isDefined(fiber.pollUnsafe(), "it is still pending")
      assert.deepStrictEqual(yield* Fiber.join(fiber), [])
    })
  )

  it.effect("drops the cancellation of a call", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* dying()
      const fiber = yield* Effect.forkChild(client.callTool("tool"), { startImmediately: true })
      connection.isDying = true
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )
})

describe("a connection that ends while a question is answered", () => {
  it.effect("drops the answer", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25")
      yield* settle
      connection.isDying = true
      // Throws what `receive` throws.
      connection.send({ id: 1, method: "ping" })
      assert.deepStrictEqual(connection.sent, [])
    })
  )
})
