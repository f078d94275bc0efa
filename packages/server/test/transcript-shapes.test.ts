import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answer, refusal, Server, versions } from "./support/fixture.ts"
import { envelope, serve, settle } from "./support/peer.ts"

const malformed = ["", "{", "nonsense", "[{]", '{"jsonrpc":"2.0","id":1,"method":"ping"', "\u0000", '{"a":1}}']

/** What is JSON but no message, with the id that can be read and the words. */
const shapes: ReadonlyArray<readonly [line: string, id: unknown, message: string]> = [
  ["1", undefined, "Invalid Request: a message is a JSON object"],
  ["null", undefined, "Invalid Request: a message is a JSON object"],
  ['"ping"', undefined, "Invalid Request: a message is a JSON object"],
  ["{}", undefined, 'Invalid Request: `jsonrpc` must be "2.0"'],
  ['{"id":1,"method":"ping"}', 1, 'Invalid Request: `jsonrpc` must be "2.0"'],
  ['{"jsonrpc":"1.0","id":"a","method":"ping"}', "a", 'Invalid Request: `jsonrpc` must be "2.0"'],
  ['{"jsonrpc":2,"id":null,"method":"ping"}', undefined, 'Invalid Request: `jsonrpc` must be "2.0"'],
  ['{"jsonrpc":"2.0","id":1}', 1, "Invalid Request: `method` is missing"],
  ['{"jsonrpc":"2.0"}', undefined, "Invalid Request: `method` is missing"],
  ['{"jsonrpc":"2.0","id":1,"method":2}', 1, "Invalid Request: `method` must be a string"],
  ['{"jsonrpc":"2.0","id":0,"method":null}', 0, "Invalid Request: `method` must be a string"],
  ['{"jsonrpc":"2.0","id":null,"method":"ping"}', undefined, "Invalid Request: `id` must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', undefined, "Invalid Request: `id` must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', undefined, "Invalid Request: `id` must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":{},"method":"ping"}', undefined, "Invalid Request: `id` must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":true,"method":"ping"}', undefined, "Invalid Request: `id` must be a string or an integer"],
  ['{"jsonrpc":"2.0","id":1,"result":1}', undefined, "Invalid Request: a malformed response"],
  ['{"jsonrpc":"2.0","result":{}}', undefined, "Invalid Request: a malformed response"],
  ['{"jsonrpc":"2.0","id":1,"error":"no"}', undefined, "Invalid Request: a malformed error response"],
  [
    '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}',
    undefined,
    "Invalid Request: a malformed error response"
  ]
]

describe.each(versions)("transcript: what is no message, in %s", (version) => {
  it.effect("malformed text gets -32700 without an id, and what follows is served", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const line of malformed) {
        peer.clear()
        peer.line(line)
        assert.deepStrictEqual(peer.messages, [refusal(undefined, -32700, "Parse error: not valid JSON")], line)
        assert.deepStrictEqual(peer.outcomes, ["Rejected"])
      }
      assert.property(yield* peer.call("hello"), "result")
    })
  )

  it.effect("a wrong shape gets -32600, with the id when that can be read", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const [line, id, message] of shapes) {
        peer.clear()
        peer.line(line)
        assert.deepStrictEqual(peer.messages, [refusal(id, -32600, message)], line)
        assert.deepStrictEqual(peer.outcomes, ["Rejected"])
      }
    })
  )

  it.effect("params that are no object get -32602", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const params of ["[]", "null", "1", '"x"']) {
        peer.clear()
        peer.line(`{"jsonrpc":"2.0","id":"p","method":"tools/call","params":${params}}`)
        assert.deepStrictEqual(peer.messages, [refusal("p", -32602, "Invalid params: `params` must be an object")])
      }
    })
  )

  it.effect("notifications are never answered, whatever they hold", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.line('{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}')
      peer.line('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}')
      peer.line('{"jsonrpc":"2.0","method":"notifications/cancelled"}')
      peer.line('{"jsonrpc":"2.0","method":"tools/call","params":{"name":"hello"}}')
      peer.line('{"jsonrpc":"2.0","method":"","params":null}')
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(new Set(peer.outcomes), new Set(["Accepted"]))
    })
  )

  it.effect("answers to questions that nobody asked are taken and change nothing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.line('{"jsonrpc":"2.0","id":1,"result":{}}')
      peer.line('{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no"}}')
      peer.line('{"jsonrpc":"2.0","error":{"code":-32700,"message":"cannot read"}}')
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes, ["Accepted", "Accepted", "Accepted"])
    })
  )

  it.effect("members that the protocol does not know are ignored", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const params = { name: "hello", task: 1, _meta: version === "2026-07-28" ? envelope({ "a/b": 1 }) : { "a/b": 1 }, x: {} }
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params, extra: true })
      const expected = answer(version, 1, { content: [{ type: "text", text: "hello" }] })
      assert.deepStrictEqual(peer.messages, [expected])
    })
  )

  it.effect("a method that is not there gets -32601", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const method of ["no/such/method", "", "Tools/list", "__proto__", "constructor", "notifications/cancelled"]) {
        const expected = refusal(method, -32601, `Method not found: ${method}`)
        assert.deepStrictEqual(yield* peer.request(method, {}, method), expected)
      }
    })
  )
})

describe.each(versions)("transcript: ids, in %s", (version) => {
  it.effect("come back with their type, exactly as they were", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const id of [0, 1, -1, "", "0", "1", 'é\n"\u2028', 9007199254740991, -9007199254740991]) {
        peer.clear()
        peer.start("tools/call", { name: "hello" }, id)
        assert.isTrue(peer.lines[0]?.startsWith(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`), peer.lines[0])
        peer.clear()
        peer.start("no/such/method", {}, id)
        assert.isTrue(peer.lines[0]?.startsWith(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":`), peer.lines[0])
        assert.isFalse(peer.lines[0]?.includes("\n"))
      }
    })
  )

  it.effect('"1" and 1 are two requests', () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const id of [1, "1", 0, "0", ""]) peer.start("tools/call", { name: "wait" }, id)
      assert.deepStrictEqual(peer.lines, [])
      assert.strictEqual(peer.inFlight, 5)
      peer.notify("notifications/cancelled", { requestId: "1" })
      yield* settle
      assert.strictEqual(peer.inFlight, 4)
      const message = "Invalid Request: the id 1 is in flight already"
      peer.start("tools/call", { name: "hello" }, 1)
      assert.deepStrictEqual(peer.messages, [refusal(undefined, -32600, message)])
      assert.property(yield* peer.request("tools/call", { name: "hello" }, "1"), "result")
    })
  )

  it.effect("that of a request in flight is not on the answer to what could not be read", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.start("tools/call", { name: "wait" }, 1)
      peer.line('{"jsonrpc":"2.0","id":1,"method":2}')
      peer.line('{"jsonrpc":"2.0","id":2,"method":2}')
      assert.deepStrictEqual(
        peer.messages.map(({ id }) => id),
        [undefined, 2]
      )
      assert.strictEqual(peer.inFlight, 1)
    })
  )

  it.effect("one that is in flight cannot be used again until it is answered, which it is", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.start("tools/call", { name: "wait" }, "w")
      peer.start("tools/call", { name: "hello" }, "w")
      const expected = refusal(undefined, -32600, 'Invalid Request: the id "w" is in flight already')
      assert.deepStrictEqual(peer.messages, [expected])
      assert.deepStrictEqual(peer.outcomes, ["Rejected"])
      assert.strictEqual(peer.inFlight, 1)
      peer.notify("notifications/cancelled", { requestId: "w" })
      yield* settle
      assert.property(yield* peer.request("tools/call", { name: "hello" }, "w"), "result")
      assert.property(yield* peer.request("tools/call", { name: "hello" }, "w"), "result")
    })
  )
})
