import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { refusal, Server } from "./support/fixture.ts"
import { clientInfo, type Json, key, serve } from "./support/peer.ts"

const version = key("protocolVersion")
const capabilities = key("clientCapabilities")
const info = key("clientInfo")
const logLevel = key("logLevel")

const levels = "debug, info, notice, warning, error, critical, alert, emergency"

const good: Json = { [version]: "2026-07-28", [capabilities]: {} }

const malformed: ReadonlyArray<readonly [name: string, meta: Json, key: string, problem: string]> = [
  ["a version that is no string", { ...good, [version]: 20260728 }, version, "must be a string"],
  ["a version that is null", { ...good, [version]: null }, version, "must be a string"],
  ["capabilities that are no object", { ...good, [capabilities]: [] }, capabilities, "must be an object of objects"],
  ["capabilities that are null", { ...good, [capabilities]: null }, capabilities, "must be an object of objects"],
  ["a capability that is true", { ...good, [capabilities]: { sampling: true } }, capabilities, "must be an object of objects"],
  ["a client without a version", { ...good, [info]: { name: "x" } }, info, "must have a name and a version"],
  ["a client that is a string", { ...good, [info]: "x 1.0" }, info, "must have a name and a version"],
  ["a level that does not exist", { ...good, [logLevel]: "warn" }, logLevel, `must be one of ${levels}`],
  ["a level that is a number", { ...good, [logLevel]: 3 }, logLevel, `must be one of ${levels}`]
]

describe("transcript: the envelope of 2026-07-28", () => {
  for (const method of ["tools/list", "tools/call", "server/discover", "subscriptions/listen", "no/such/method"]) {
    it.effect(`${method}: what is malformed is named`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        for (const [name, meta, key, problem] of malformed) {
          peer.clear()
          peer.send({ jsonrpc: "2.0", id: 1, method, params: { name: "hello", notifications: {}, _meta: meta } })
          const expected = refusal(1, -32602, `Invalid _meta: ${key} ${problem}`, { envelope: { key, problem } })
          assert.deepStrictEqual(peer.messages, [expected], name)
        }
      })
    )

    it.effect(`${method}: a version without capabilities lacks them`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        peer.send({ jsonrpc: "2.0", id: 1, method, params: { _meta: { [version]: "2026-07-28" } } })
        const expected = refusal(1, -32602, `Invalid _meta: missing ${capabilities}`, { envelope: { missing: [capabilities] } })
        assert.deepStrictEqual(peer.messages, [expected])
      })
    )

    it.effect(`${method}: a version that is not served is answered with those that are`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        for (const requested of ["2099-01-01", "2025-11-25", "", "draft"]) {
          peer.clear()
          peer.send({ jsonrpc: "2.0", id: requested, method, params: { _meta: { ...good, [version]: requested } } })
          const message = `Unsupported protocol version ${requested}; supported: 2026-07-28`
          const expected = refusal(requested, -32022, message, { supported: ["2026-07-28"], requested })
          assert.deepStrictEqual(peer.messages, [expected])
        }
      })
    )
  }

  it.effect("is judged before the version, and the version before the method", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const codeOf = (method: string, meta: Json) => {
        peer.clear()
        peer.send({ jsonrpc: "2.0", id: 1, method, params: { _meta: meta } })
        return peer.messages[0]?.["error"].code
      }
      assert.strictEqual(codeOf("no/such/method", { [version]: "2099-01-01" }), -32602)
      assert.strictEqual(codeOf("no/such/method", { ...good, [version]: "2099-01-01" }), -32022)
      assert.strictEqual(codeOf("no/such/method", good), -32601)
    })
  )

  it.effect("needs no clientInfo", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "hello", _meta: good } })
      assert.deepStrictEqual(peer.messages[0]?.["result"].content, [{ type: "text", text: "hello" }])
    })
  )

  it.effect("is malformed rather than legacy, also in a session", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: { [version]: 1 } } })
      assert.strictEqual(peer.messages[0]?.["error"].code, -32602)
    })
  )

  it.effect("other keys of it make no request of the request era", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      const meta = { [capabilities]: {}, [info]: clientInfo, [logLevel]: "debug" }
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "speak", _meta: meta } })
      assert.deepStrictEqual(peer.messages, [{ jsonrpc: "2.0", id: 1, result: { content: [] } }])
    })
  )

  it.effect("every result is stamped with its type and with the server, also empty ones", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      for (const [method, params] of [
        ["server/discover", {}],
        ["tools/list", {}],
        ["tools/call", { name: "nothing" }],
        ["tools/call", { name: "add", arguments: {} }]
      ] as const) {
        const { result } = yield* peer.request(method, params)
        assert.strictEqual(result.resultType, "complete")
        assert.strictEqual(result._meta[key("serverInfo")].name, "fixture")
      }
    })
  )
})
