import * as Extension from "@effect-mcp/core/Extension"
import * as ExtensionCodec from "@effect-mcp/core/ExtensionCodec"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import * as Revision from "@effect-mcp/core/Revision"
import { declaredSettings, placed } from "@effect-mcp/core/wire/extensions"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

class Point extends Schema.Class<Point>("Point")({ x: Schema.Finite }) {}
interface Tree {
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({ children: Schema.Array(Schema.suspend(() => Tree)) })

describe("Extension.make", () => {
  it("takes ids of the form prefix/name", () => {
    for (const id of [
      "com.example/clipboard",
      "example/a",
      "io.modelcontextprotocol/ui",
      "com.my-firm/a.b_c-1",
      "a/1"
    ] as const) {
      assert.strictEqual(Extension.make(id).id, id)
    }
    for (const id of [
      "/a",
      "a/",
      "com..example/a",
      ".com/a",
      "1com/a",
      "com-/a",
      "com.example/a/b",
      "com example/a",
      "a/-b",
      "a/b-"
    ]) {
      const message = `extension "${id}": its id must have the form prefix/name, such as com.example/clipboard`
      assert.throws(() => Extension.make(id as "a/b"), message)
    }
  })

  it("refuses methods of the protocol, of JSON-RPC, and what is there twice", () => {
    const refused = (options: Parameters<typeof Extension.make>[1], message: string) =>
      assert.throws(() => Extension.make("com.example/a", options), `extension "com.example/a": ${message}`)
    for (const method of ["tools/call", "initialize", "tasks/get", "elicitation/create", "notifications/progress"]) {
      refused({ requests: { [method]: {} } }, `"${method}": it is a method of the protocol`)
      refused({ notifications: { [method]: {} } }, `"${method}": it is a method of the protocol`)
      refused({ events: { [method]: {} } }, `"${method}": it is a method of the protocol`)
    }
    refused({ requests: { "rpc.a": {} } }, '"rpc.a": methods that begin with `rpc.` belong to JSON-RPC')
    refused({ requests: { "": {} } }, '"": a method must not be empty')
    refused({ requests: { "a/b": {} }, events: { "a/b": {} } }, '"a/b" is declared twice')
    refused({ requests: { "a/b": {} }, notifications: { "a/b": {} } }, '"a/b" is declared twice')
  })

  it("refuses messages that are no objects, and members of the protocol", () => {
    const noObject = [Schema.String, Schema.Finite, Schema.Array(Schema.String), Schema.Null, Schema.NullOr(Schema.Struct({}))]
    for (const schema of noObject) {
      assert.throws(
        () => Extension.make("a/b", { requests: { "a/b": { params: schema } } }),
        /"a\/b", params: its JSON form must be an object/
      )
      assert.throws(
        () => Extension.make("a/b", { requests: { "a/b": { success: schema } } }),
        /"a\/b", success: its JSON form must be an object/
      )
      assert.throws(() => Extension.make("a/b", { events: { "a/b": { params: schema } } }), /its JSON form must be an object/)
      assert.throws(() => Extension.make("a/b", { settings: schema }), /settings: its JSON form must be an object/)
      assert.throws(() => Extension.make("a/b", { clientSettings: schema }), /clientSettings: its JSON form must be an object/)
    }
    const objects = [
      Schema.Void,
      Point,
      Tree,
      Schema.Record(Schema.String, Schema.Finite),
      Schema.Union([Point, Schema.Struct({})])
    ]
    for (const schema of objects) {
      Extension.make("a/b", { settings: schema, requests: { "a/b": { params: schema, success: schema } } })
    }
    assert.throws(
      () => Extension.make("a/b", { notifications: { "a/b": { params: { _meta: Schema.Unknown } } } }),
      /params: the member `_meta` belongs to the protocol/
    )
    assert.throws(
      () => Extension.make("a/b", { requests: { "a/b": { success: { resultType: Schema.String } } } }),
      /success: the member `resultType` belongs to the protocol/
    )
  })

  it("a layer without a handler, whose types were lost, says which one", () => {
    const One = Extension.make("com.example/one", { requests: { "one/a": {} }, notifications: { "one/b": {} } })
    const layer = One.toLayer({ requests: { "one/a": () => Effect.void } } as never)
    const exit = Effect.runSyncExit(Effect.scoped(Layer.build(layer as Layer.Layer<never>)))
    assert.include(String(exit), 'extension "com.example/one": notifications, "one/b" has no handler')
  })
})

describe("messages of an extension", () => {
  it("are read and written with the codec of the wire", () => {
    const schema = Schema.Struct({ at: Schema.Date, note: Schema.optional(Schema.String) })
    const written = ExtensionCodec.writer(schema)({ at: new Date(0), note: undefined })
    assert.deepStrictEqual(written, { _tag: "Success", value: { at: "1970-01-01T00:00:00.000Z" } })
    const read = ExtensionCodec.reader(schema)({ at: "1970-01-01T00:00:00.000Z", more: 1 })
    assert.deepStrictEqual<unknown>(read._tag === "Success" && read.value, { at: new Date(0) })
    const failed = ExtensionCodec.reader(schema, { excess: "error" })({ at: 1, more: 1 })
    assert.match(failed._tag === "Failure" ? failed.text : "", /^more.*\nat/)
  })

  it("that turn out to be no object cannot be written", () => {
    assert.deepStrictEqual(ExtensionCodec.writer(Schema.Unknown)([1]), { _tag: "Failure", text: "it is no object" })
    assert.deepStrictEqual(ExtensionCodec.writer(Schema.Void)(undefined), { _tag: "Success", value: {} })
  })
})

describe("where extensions are declared", () => {
  const id = "com.example/a"
  const said = { n: 1 }

  it("is the place that the revision has for them", () => {
    const capabilities: ServerCapabilities = { tools: {}, experimental: { x: {} }, extensions: { [id]: said } }
    assert.deepStrictEqual(placed(capabilities, Revision.latest), capabilities)
    for (const revision of Revision.sessionEra) {
      assert.deepStrictEqual<unknown>(placed(capabilities, revision), { tools: {}, experimental: { x: {}, [id]: said } })
      const without: ServerCapabilities = { tools: {} }
      assert.strictEqual(placed(without, revision), without)
    }
  })

  it("is looked at in both places where the revision has none, and names of no settings are none", () => {
    assert.deepStrictEqual(declaredSettings({ extensions: { [id]: said } }, id, Revision.latest), said)
    assert.isUndefined(declaredSettings({ experimental: { [id]: said } }, id, Revision.latest))
    for (const revision of Revision.sessionEra) {
      assert.deepStrictEqual(declaredSettings({ extensions: { [id]: said } }, id, revision), said)
      assert.deepStrictEqual(declaredSettings({ experimental: { [id]: said } }, id, revision), said)
    }
    for (const wrong of [true, [], null, "yes"]) {
      assert.isUndefined(declaredSettings({ extensions: { [id]: wrong as never } }, id, Revision.latest))
    }
    assert.isUndefined(declaredSettings({ extensions: {} }, "constructor", Revision.latest))
    assert.isUndefined(declaredSettings({ extensions: [] as never }, "length", Revision.latest))
  })
})
