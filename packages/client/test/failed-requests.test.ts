import { assert, describe, it } from "@effect/vitest"
import { AnswerLost, ClientTransport, ClientTransportError, type Failed, Refused } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as McpClient from "../src/McpClient.ts"

const lost = new ClientTransportError({ reason: new AnswerLost({ detail: "cut" }) })
const refused = new ClientTransportError({ reason: new Refused({ status: 400, detail: "no" }) })

/** A transport on which each request can fail alone. `outcome` says what becomes of the one that was sent so many times before. */
const flaky = (outcome: (sent: number) => readonly [ClientTransportError, boolean] | undefined) => {
  const sent: Array<Jsonrpc.Request> = []
  const connect = (receive: (message: Jsonrpc.Inbound) => void, failed?: Failed) => {
    const answer = (id: Jsonrpc.RequestId, result: Jsonrpc.JsonObject) => receive({ _tag: "Success", id, result })
    const sendUnsafe = (message: Jsonrpc.Outbound): boolean => {
      if (!("method" in message) || message._tag !== "Request") return true
      if (message.method === "initialize") {
        answer(message.id, { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "flaky", version: "1" } })
        return true
      }
      sent.push(message)
      const problem = outcome(sent.length)
      if (problem === undefined) answer(message.id, { tools: [], content: [] })
      else failed?.(message.id, ...problem)
      return true
    }
    return Effect.succeed({
      sendUnsafe,
      send: (message: Jsonrpc.Outbound) => Effect.sync(() => void sendUnsafe(message)),
      closed: Effect.never
    })
  }
  const client = McpClient.make({ name: "test", version: "1", versions: ["2025-11-25"] }).pipe(
    Effect.provide(Layer.succeed(ClientTransport, { kind: "flaky", connect }))
  )
  return { sent, client }
}

describe("a request that fails alone", () => {
  it.effect("is sent again in a moment, under the same id, where that does no harm", () =>
    Effect.gen(function* () {
      const { client, sent } = flaky((count) => (count < 4 ? [lost, false] : undefined))
      const { listTools } = yield* client
      const listing = yield* Effect.forkChild(listTools, { startImmediately: true })
      for (const pause of [100, 200, 400]) {
        const before = sent.length
        yield* TestClock.adjust(pause - 1)
        assert.strictEqual(sent.length, before)
        yield* TestClock.adjust(1)
        assert.strictEqual(sent.length, before + 1)
      }
      yield* Fiber.join(listing)
      assert.strictEqual(new Set(sent.map(({ id }) => id)).size, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("is given up after three repetitions", () =>
    Effect.gen(function* () {
      for (const isUnheard of [true, false]) {
        const { client, sent } = flaky(() => [lost, isUnheard])
        const { listTools } = yield* client
        const listing = yield* Effect.forkChild(Effect.flip(listTools), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(listing)).reason._tag, "TransportFailed")
        assert.strictEqual(sent.length, 4)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is not sent again where it may do harm, unless the server has not heard of it", () =>
    Effect.gen(function* () {
      for (const isUnheard of [true, false]) {
        const { client, sent } = flaky((count) => (count === 1 ? [lost, isUnheard] : undefined))
        const { callTool } = yield* client
        const calling = yield* Effect.forkChild(Effect.exit(callTool("a", {})), { startImmediately: true })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(calling))._tag, isUnheard ? "Success" : "Failure")
        assert.strictEqual(sent.length, isUnheard ? 2 : 1)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is not sent again where that is hopeless, or nobody waits for it", () =>
    Effect.gen(function* () {
      const hopeless = flaky(() => [refused, false])
      assert.isFalse((yield* Effect.flip((yield* hopeless.client).listTools)).isRetryable)
      assert.strictEqual(hopeless.sent.length, 1)
      const left = flaky(() => [lost, false])
      const listing = yield* Effect.forkChild((yield* left.client).listTools, { startImmediately: true })
      yield* Fiber.interrupt(listing)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(left.sent.length, 1)
    }).pipe(Effect.scoped)
  )
})
