import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Jsonrpc from "../src/Jsonrpc.ts"

const Json = Schema.Json
const Id = Schema.Union([Schema.String, Schema.Int])
const JsonObject = Schema.Record(Schema.String, Json)

/** Through text and back. */
const through = (message: Jsonrpc.Outbound): Jsonrpc.Inbound => Jsonrpc.parse(Jsonrpc.stringify(message))

/** JSON has no `-0`. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("parse", () => {
  const messages: ReadonlyArray<readonly [text: string, message: Jsonrpc.Inbound]> = [
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', { _tag: "Request", id: 1, method: "ping", params: undefined }],
    ['{"jsonrpc":"2.0","id":"","method":"","params":{}}', { _tag: "Request", id: "", method: "", params: {} }],
    ['{"jsonrpc":"2.0","method":"a/b","params":{"x":[1]}}', { _tag: "Notification", method: "a/b", params: { x: [1] } }],
    ['{"jsonrpc":"2.0","method":"a/b","params":[1]}', { _tag: "Notification", method: "a/b", params: undefined }],
    ['{"jsonrpc":"2.0","id":0,"result":{}}', { _tag: "Success", id: 0, result: {} }],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":"no"}}', malformed(1)],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1e20,"message":"no"}}', malformed(1)],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":null}', { ...malformed(1), error: { ...malformed(1).error } }],
    [
      '{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no","data":[1]}}',
      { _tag: "Failure", id: "x", error: { code: -1, message: "no", data: [1] } }
    ],
    [
      '{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no"}}',
      { _tag: "Failure", id: undefined, error: { code: -1, message: "no" } }
    ],
    [
      ' [{"jsonrpc":"2.0","method":"a"},7]\n',
      {
        _tag: "Batch",
        items: [
          { _tag: "Notification", method: "a", params: undefined },
          {
            _tag: "Invalid",
            id: undefined,
            answers: undefined,
            error: { code: -32600, message: "Invalid Request: a message is a JSON object" }
          }
        ]
      }
    ]
  ]

  function malformed(answers: Jsonrpc.RequestId): Jsonrpc.Invalid {
    const error = { code: -32600, message: "Invalid Request: a malformed error response" }
    return { _tag: "Invalid", id: undefined, answers, error }
  }

  for (const [text, message] of messages) {
    it(`reads ${text.trim()}`, () => assert.deepStrictEqual(Jsonrpc.parse(text), message))
  }

  it("refuses params that are no object, and says what the request is without them when they are null", () => {
    const parse = (params: string) => Jsonrpc.parse(`{"jsonrpc":"2.0","id":1,"method":"a","params":${params}}`)
    const error = { code: -32602, message: "Invalid params: `params` must be an object" }
    const refused = { _tag: "Invalid", id: 1, answers: undefined, error }
    assert.deepStrictEqual<unknown>(parse("[]"), refused)
    const bare = { _tag: "Request", id: 1, method: "a", params: undefined }
    assert.deepStrictEqual<unknown>(parse("null"), { ...refused, bare })
  })

  it("is total: any text is a message, or says what is wrong with it", () => {
    for (const text of [
      "",
      "{",
      "[",
      "nul",
      "\u0000",
      '"',
      "[[]]",
      "[null]",
      '{"jsonrpc":"2.0","id":1e400,"method":"x"}',
      "9".repeat(400)
    ]) {
      const parsed = Jsonrpc.parse(text)
      const [first] = parsed._tag === "Batch" ? parsed.items : [parsed]
      assert.strictEqual(first?._tag, "Invalid", text)
    }
  })

  it.effect.prop("any JSON is a message, or says what is wrong with it", { json: Json }, ({ json }) =>
    Effect.sync(() => {
      const parsed = Jsonrpc.parse(JSON.stringify(json))
      assert.include(["Batch", "Invalid"], parsed._tag)
    })
  )

  it("the id of what is no request belongs to nobody, the one that it answers is told apart", () => {
    const read = (text: string) => {
      const message = Jsonrpc.parse(text)
      return message._tag === "Invalid" ? [message.id, message.answers] : message._tag
    }
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":7,"result":1}'), [undefined, 7])
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":7,"error":1}'), [undefined, 7])
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":7,"method":1}'), [7, undefined])
    assert.deepStrictEqual(read('{"jsonrpc":"2.0","id":7}'), [7, 7])
    assert.deepStrictEqual(read('{"id":7}'), [7, 7])
  })

  it("keys of prototypes are keys like any others", () => {
    const parsed = Jsonrpc.parse('{"jsonrpc":"2.0","id":1,"method":"a","params":{"__proto__":{"x":1},"constructor":2}}')
    assert.isTrue(parsed._tag === "Request" && Object.hasOwn(parsed.params ?? {}, "__proto__"))
    assert.isUndefined(({} as { x?: number }).x)
    const inherited = Jsonrpc.parse('{"__proto__":{"jsonrpc":"2.0","id":1,"method":"a"}}')
    assert.strictEqual(inherited._tag, "Invalid")
  })
})

describe("stringify", () => {
  it.effect.prop(
    "what is written can be read again: requests, notifications, answers",
    { id: Id, method: Schema.String, params: JsonObject },
    ({ id, method, params }) =>
      Effect.sync(() => {
        const tag = { id: plain(id) as Jsonrpc.RequestId, method, params: plain(params) as Jsonrpc.JsonObject }
        assert.deepStrictEqual(through(Jsonrpc.request(id, method, params)), { _tag: "Request", ...tag })
        const notification = { _tag: "Notification" as const, method, params: tag.params }
        assert.deepStrictEqual(through(Jsonrpc.notification(method, params)), notification)
        const success = { _tag: "Success" as const, id: tag.id, result: tag.params }
        assert.deepStrictEqual(through(Jsonrpc.reply(id, JSON.stringify(params))), success)
        const failure = Jsonrpc.failure(tag.id, { code: -7, message: method, data: tag.params })
        assert.deepStrictEqual(through(failure), failure)
      })
  )

  it.effect.prop("there is never a line break in it", { text: Schema.String, id: Id }, ({ id, text }) =>
    Effect.sync(() => {
      const messages: ReadonlyArray<Jsonrpc.Outbound> = [
        Jsonrpc.request(id, `${text}\n`, { [`${text}\r\n`]: "\n" }),
        Jsonrpc.failure(`${text}\n`, { code: 1, message: "\r" }),
        [Jsonrpc.reply(id, "{}"), Jsonrpc.reply("\n", "{}")]
      ]
      for (const message of messages) assert.notMatch(Jsonrpc.stringify(message), /[\r\n]/)
    })
  )

  it("writes exactly what the protocol says", () => {
    const table: ReadonlyArray<readonly [Jsonrpc.Outbound, string]> = [
      [Jsonrpc.request(0, "ping"), '{"jsonrpc":"2.0","id":0,"method":"ping"}'],
      [Jsonrpc.request("", "a", {}), '{"jsonrpc":"2.0","id":"","method":"a","params":{}}'],
      [Jsonrpc.notification("n"), '{"jsonrpc":"2.0","method":"n"}'],
      [Jsonrpc.reply("1", '{"a":1}'), '{"jsonrpc":"2.0","id":"1","result":{"a":1}}'],
      [Jsonrpc.failure(undefined, { code: -32700, message: "no" }), '{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}'],
      [
        Jsonrpc.failure(1, { code: 1, message: "no", data: null }),
        '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no","data":null}}'
      ],
      [
        [Jsonrpc.reply(1, "{}"), Jsonrpc.reply(2, "{}")],
        '[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}]'
      ]
    ]
    for (const [message, text] of table) assert.strictEqual(Jsonrpc.stringify(message), text)
  })
})

describe("isRequestId", () => {
  it("is true for strings and for integers that survive a JavaScript number", () => {
    for (const id of ["", "a", 0, -1, Number.MAX_SAFE_INTEGER]) assert.isTrue(Jsonrpc.isRequestId(id))
    for (const id of [null, undefined, 1.5, Number.NaN, 2 ** 53, {}, [], true]) assert.isFalse(Jsonrpc.isRequestId(id))
  })
})
