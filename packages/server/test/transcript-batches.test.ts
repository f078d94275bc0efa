import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answer, refusal, Server, versions } from "./support/fixture.ts"
import { clientInfo, envelope, type Json, serve, settle } from "./support/peer.ts"

const ping = (id: unknown): Json => ({ jsonrpc: "2.0", id, method: "ping" })
const call = (id: unknown, name: string): Json => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } })
const cancel = (requestId: unknown): Json => ({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } })
const hello = (id: unknown) => answer("2025-03-26", id, { content: [{ type: "text", text: "hello" }] })
const done = (id: unknown) => answer("2025-03-26", id, {})

const speaks = Effect.flatMap(serve(Server), (served) => served.speak("2025-03-26"))

describe("transcript: batches", () => {
  for (const version of versions.filter((version) => version !== "2025-03-26")) {
    it.effect(`${version} has none: -32600 without an id`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        const expected = refusal(undefined, -32600, "Invalid Request: batches are part of revision 2025-03-26 only")
        const modern = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: envelope() } }
        for (const batch of [[ping(1)], [ping(1), ping(2)], [modern], [cancel(1)], [1]]) {
          peer.clear()
          peer.send(batch)
          assert.deepStrictEqual(peer.messages, [expected])
          assert.deepStrictEqual(peer.outcomes, ["Rejected"])
        }
      })
    )
  }

  it.effect("before a session there are none", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const params = { protocolVersion: "2025-03-26", capabilities: {}, clientInfo }
      peer.send([{ jsonrpc: "2.0", id: 1, method: "initialize", params }])
      const expected = refusal(undefined, -32600, "Invalid Request: batches are part of revision 2025-03-26 only")
      assert.deepStrictEqual(peer.messages, [expected])
    })
  )

  it.effect("an empty one is refused in every revision", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      for (const version of versions) {
        const peer = yield* served.speak(version)
        peer.line("[]")
        assert.deepStrictEqual(peer.messages, [refusal(undefined, -32600, "Invalid Request: an empty batch")])
      }
    })
  )

  it.effect("one of requests is answered with one array, in one line", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([ping(1), call("two", "hello"), ping(0)])
      assert.deepStrictEqual(peer.messages, [[done(1), hello("two"), done(0)]] as any)
    })
  )

  it.effect("one of notifications and answers is not answered", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([cancel(1), { jsonrpc: "2.0", id: 4, result: {} }])
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes, ["Accepted"])
    })
  )

  it.effect("notifications, faults and requests stand side by side", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([cancel(9), 1, ping(1), { jsonrpc: "2.0", id: 2 }, { jsonrpc: "2.0", id: 3, method: "no/such/method" }])
      assert.deepStrictEqual(peer.messages, [
        [
          refusal(undefined, -32600, "Invalid Request: a message is a JSON object"),
          done(1),
          refusal(2, -32600, "Invalid Request: `method` is missing"),
          refusal(3, -32601, "Method not found: no/such/method")
        ]
      ] as any)
    })
  )

  it.effect("an initialize in one is refused, the others are served", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo }
      peer.send([{ jsonrpc: "2.0", id: 1, method: "initialize", params }, ping(2)])
      assert.deepStrictEqual(peer.messages, [[refusal(1, -32600, "The session is initialized already"), done(2)]] as any)
    })
  )

  it.effect("its calls run at once; the array comes when the last one is done", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([call(1, "wait"), call(2, "wait"), call(3, "hello")])
      yield* settle
      assert.strictEqual(peer.inFlight, 2)
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("one of its calls can be cancelled: the others are answered", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([call(1, "wait"), call(2, "hello"), call(3, "wait")])
      peer.send(cancel(1))
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
      assert.deepStrictEqual(peer.lines, [])
      peer.send(cancel(3))
      yield* settle
      assert.deepStrictEqual(peer.messages, [[hello(2)]] as any)
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("a call can be cancelled in the batch that it came in", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([call(1, "wait"), cancel(1), call(2, "hello")])
      yield* settle
      assert.deepStrictEqual(peer.messages, [[hello(2)]] as any)
    })
  )

  it.effect("when all of its calls were cancelled nothing is answered", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([call(1, "wait"), call(2, "wait")])
      peer.send([cancel(1), cancel(2)])
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("one id twice in a batch is one call and one refusal", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send([call(1, "wait"), call(1, "hello")])
      peer.send(cancel(1))
      yield* settle
      assert.deepStrictEqual(peer.messages, [
        [refusal(undefined, -32600, "Invalid Request: the id 1 is in flight already")]
      ] as any)
    })
  )

  it.effect("more than 1,000 messages are refused as a whole", () =>
    Effect.gen(function* () {
      const peer = yield* speaks
      peer.send(Array.from({ length: 1001 }, (_, id) => ping(id)))
      const expected = refusal(undefined, -32600, "Invalid Request: a batch of more than 1000 messages")
      assert.deepStrictEqual(peer.messages, [expected])
      peer.clear()
      peer.send(Array.from({ length: 1000 }, (_, id) => ping(id)))
      assert.deepStrictEqual(peer.messages, [Array.from({ length: 1000 }, (_, id) => done(id))] as any)
    })
  )
})
