import { assert, describe, it } from "@effect/vitest"
import * as Jsonrpc from "../src/Jsonrpc.ts"
import * as McpError from "../src/McpError.ts"
import type { CallToolResult, Tool } from "../src/protocol/Tools.ts"
import * as Revision from "../src/Revision.ts"
import * as project from "../src/wire/project.ts"
import * as RequestEra from "../src/wire/RequestEra.ts"
import * as SessionEra from "../src/wire/SessionEra.ts"
import type { ServerWire } from "../src/wire/Wire.ts"

const info = { name: "s", title: "S", version: "1", description: "d", websiteUrl: "https://example.com", icons: [] }

const serverOf = (revision: Revision.Revision): ServerWire =>
  revision.era === "request" ? RequestEra.server(revision, info) : SessionEra.server(revision)

const clientOf = (revision: Revision.Revision) =>
  revision.era === "request"
    ? RequestEra.client(revision, { info, capabilities: { roots: {} }, logLevel: "info" })
    : SessionEra.client(revision)

const key = (name: string) => `io.modelcontextprotocol/${name}`

describe("results", () => {
  const results: ReadonlyArray<CallToolResult> = [
    { content: [] },
    { content: [{ type: "text", text: "a" }], isError: true },
    { content: [{ type: "text", text: "{}" }], structuredContent: { a: [1] } },
    { content: [], structuredContent: {}, _meta: { "a/b": 1 } }
  ]

  for (const revision of Revision.all) {
    it(`${revision.version}: what a server writes, a client reads as it was`, () => {
      for (const result of results) {
        const received = JSON.parse(serverOf(revision).toolResult(result)) as { readonly [key: string]: unknown }
        const { _meta, ...neutral } = clientOf(revision).toolResult(received)
        const { _meta: meta, ...expected } = result
        assert.deepStrictEqual(neutral, expected)
        for (const [name, value] of Object.entries(meta ?? {})) assert.deepStrictEqual(_meta?.[name], value)
      }
    })

    it(`${revision.version}: values that are no objects arrive, wrapped where that has to be`, () => {
      for (const value of [null, 0, "", false, [1], "text"]) {
        const received = JSON.parse(serverOf(revision).toolResult({ content: [], structuredContent: value }))
        const neutral = clientOf(revision).toolResult(received)
        const expected = revision.structuredContent === "object" ? { result: value } : value
        assert.deepStrictEqual(neutral.structuredContent, expected)
      }
    })

    it(`${revision.version}: is stringified without touching what was given`, () => {
      const result: CallToolResult = Object.freeze({
        content: Object.freeze([
          Object.freeze({ type: "audio" as const, data: "AQ==", mimeType: "audio/wav", _meta: Object.freeze({ a: 1 }) }),
          Object.freeze({ type: "resource_link" as const, uri: "file:///a", name: "a", icons: Object.freeze([]) })
        ]),
        structuredContent: Object.freeze([1])
      })
      assert.doesNotThrow(() => serverOf(revision).toolResult(result))
    })
  }

  it("sizes in words are those of the bytes, not of the base64", () => {
    const said = (data: string) =>
      project.content([{ type: "audio", data, mimeType: "audio/wav" }], Revision.byVersion["2024-11-05"])[0]
    for (const [data, bytes] of [
      ["", 0],
      ["AQ==", 1],
      ["AQI=", 2],
      ["AQID", 3],
      ["AQIDBA==", 4]
    ] as const) {
      assert.deepStrictEqual(said(data), {
        type: "text",
        text: `[audio, audio/wav, ${bytes} bytes: not part of this protocol revision]`
      })
    }
  })
})

describe("descriptions", () => {
  it("definitions of an output schema stay at its root when it is wrapped", () => {
    const outputSchema = { anyOf: [{ $ref: "#/$defs/Node" }, { type: "null" }], $defs: { Node: { type: "object" } } }
    const tool: Tool = { name: "a", inputSchema: { type: "object" }, outputSchema }
    assert.deepStrictEqual(project.tool(tool, Revision.byVersion["2025-11-25"])["outputSchema"], {
      type: "object",
      properties: { result: { anyOf: outputSchema.anyOf } },
      required: ["result"],
      "x-effect-mcp-wrapped": true,
      $defs: outputSchema.$defs
    })
    assert.strictEqual(project.tool(tool, Revision.latest)["outputSchema"], outputSchema)
  })

  it("`execution` is shown in 2025-11-25 alone", () => {
    const tool: Tool = { name: "a", inputSchema: { type: "object" }, execution: { taskSupport: "optional" } }
    const shown = Revision.all.filter((revision) => "execution" in project.tool(tool, revision))
    assert.deepStrictEqual(
      shown.map(({ version }) => version),
      ["2025-11-25"]
    )
  })

  it("a greeting declares completions since 2025-03-26, and extensions where the revision has a place for them", () => {
    const facts = { info, capabilities: { completions: {}, extensions: { "a/b": {} }, tools: {} }, instructions: undefined }
    const declared = Revision.all.map((revision) => {
      const greeting = JSON.parse(serverOf(revision).greeting(facts, { ttlMs: 0, scope: "private" }))
      assert.deepStrictEqual(greeting.capabilities[revision.extensionsCapability ? "extensions" : "experimental"], { "a/b": {} })
      return [revision.version, Object.keys(greeting.capabilities).toSorted().join(" "), "instructions" in greeting]
    })
    assert.deepStrictEqual(declared, [
      ["2026-07-28", "completions extensions tools", false],
      ["2025-11-25", "completions experimental tools", false],
      ["2025-06-18", "completions experimental tools", false],
      ["2025-03-26", "completions experimental tools", false],
      ["2024-11-05", "experimental tools", false]
    ])
  })
})

describe("errors", () => {
  const reasons: ReadonlyArray<readonly [McpError.Reason, legacy: number, modern: number]> = [
    [new McpError.InvalidParams({ detail: "no" }), -32602, -32602],
    [new McpError.MethodNotFound({ method: "a" }), -32601, -32601],
    [new McpError.InvalidRequest({ detail: "no" }), -32600, -32600],
    [new McpError.ResourceNotFound({ uri: "a:b" }), -32002, -32602],
    [new McpError.Overloaded({ detail: "no" }), -32603, -32603],
    [new McpError.Internal({ id: "7" }), -32603, -32603],
    [new McpError.UnsupportedVersion({ requested: "1", supported: ["2"] }), -32602, -32022],
    [new McpError.MissingCapability({ required: { roots: {} } }), -32600, -32021],
    [new McpError.Custom({ code: 7, detail: "no" }), 7, 7]
  ]

  for (const [reason, legacy, modern] of reasons) {
    it(`${reason._tag} gets the code of the era, and never one that is not of it`, () => {
      for (const revision of Revision.all) {
        const { code, message } = serverOf(revision).error(reason)
        assert.strictEqual(code, revision.era === "request" ? modern : legacy)
        assert.strictEqual(message, reason.message)
      }
    })
  }

  it("data that is no JSON is left out: the answer counts for more", () => {
    const cyclic: Record<string, unknown> = {}
    cyclic["self"] = cyclic
    for (const data of [cyclic, 1n, () => 1, Symbol("a")]) {
      const error = serverOf(Revision.latest).error(new McpError.Custom({ code: 7, detail: "no", data }))
      assert.deepStrictEqual(error, { code: 7, message: "no" })
    }
  })
})

describe("the request era", () => {
  it("a client's envelope cannot be changed by what the caller adds, which is kept beside it", () => {
    const { request } = clientOf(Revision.latest)
    const envelope = {
      [key("protocolVersion")]: "2026-07-28",
      [key("clientCapabilities")]: { roots: {} },
      [key("clientInfo")]: info,
      [key("logLevel")]: "info"
    }
    const sent = (params?: Jsonrpc.JsonObject, meta?: Jsonrpc.JsonObject) => {
      const message = request(7, "some/method", params, meta)
      const onTheWire = JSON.parse(Jsonrpc.stringify(message))
      // What a transport sees of a message is what it sends.
      assert.deepStrictEqual(onTheWire, { jsonrpc: "2.0", id: 7, method: "some/method", params: message.params })
      return message.params
    }
    const _meta = { progressToken: 7, ...envelope }
    assert.deepStrictEqual(sent(), { _meta })
    assert.deepStrictEqual(sent({}), { _meta })
    assert.deepStrictEqual(sent({ a: 1 }), { a: 1, _meta })
    assert.deepStrictEqual(sent({ a: 1, _meta: { b: 1 } }), { a: 1, _meta })
    assert.deepStrictEqual(sent({ a: 1 }, { "x/y": 1, progressToken: 2, [key("protocolVersion")]: "2" }), {
      a: 1,
      _meta: { "x/y": 1, ..._meta }
    })
  })

  it("the envelope that a client writes, a server reads", () => {
    const written = clientOf(Revision.latest).request(1, "ping").params?.["_meta"]
    assert.deepStrictEqual(RequestEra.readEnvelope(written as { readonly [key: string]: unknown }), {
      version: "2026-07-28",
      capabilities: { roots: {} },
      info,
      logLevel: "info"
    })
  })

  it("a client that says the same of itself again is known, and only then", () => {
    const first = {
      [key("protocolVersion")]: "2026-07-28",
      [key("clientCapabilities")]: { roots: {}, extensions: { "a/b": { list: [1, { c: null }] } } },
      [key("clientInfo")]: info,
      [key("logLevel")]: "info"
    }
    const last = RequestEra.readEnvelope(structuredClone(first))
    if ("_tag" in last) return assert.fail(last.detail)
    const again: { readonly [key: string]: unknown } = structuredClone({ ...first, progressToken: 1 })
    assert.strictEqual(RequestEra.readEnvelope(again, last), last)
    assert.deepStrictEqual(again, { ...first, progressToken: 1 })
    assert.strictEqual(again[key("clientCapabilities")], last.capabilities, "there is one copy of them")
    assert.strictEqual(again[key("clientInfo")], last.info, "there is one copy of it")
    const others = [
      { [key("clientCapabilities")]: { roots: {} } },
      { [key("clientCapabilities")]: { roots: {}, extensions: { "a/b": { list: [1, { c: 0 }] } } } },
      { [key("clientCapabilities")]: { ...(first[key("clientCapabilities")] as object), sampling: {} } },
      { [key("clientInfo")]: { ...info, title: "T" } },
      { [key("clientInfo")]: { ...info, version: "other" } },
      { [key("protocolVersion")]: "2026-07-29" },
      { [key("logLevel")]: "debug" }
    ]
    for (const other of others) {
      const said = { ...first, ...other }
      assert.deepStrictEqual(RequestEra.readEnvelope(structuredClone(said), last), RequestEra.readEnvelope(structuredClone(said)))
    }
    for (const missing of Object.keys(first)) {
      const said = Object.fromEntries(Object.entries(first).filter(([name]) => name !== missing))
      assert.deepStrictEqual(RequestEra.readEnvelope({ ...said }, last), RequestEra.readEnvelope({ ...said }))
    }
    const wrong = { ...first, [key("clientCapabilities")]: { roots: 1 } }
    assert.strictEqual((RequestEra.readEnvelope(wrong, last) as McpError.InvalidParams)._tag, "InvalidParams")
  })

  it("the envelope stands alone in what is sent, whatever the params are", () => {
    class Listed {
      readonly [key: string]: unknown
      readonly a = 1
      toJSON() {
        return [1]
      }
    }
    const { request } = clientOf(Revision.latest)
    for (const params of [undefined, {}, { a: 1 }, { a: 1, _meta: { b: 1 } }, new Listed()]) {
      const json = Jsonrpc.stringify(request(1, "some/method", params))
      const sent = JSON.parse(json).params
      assert.strictEqual(json.split('"_meta"').length, 2, json)
      assert.strictEqual(sent.a, params?.["a"])
      assert.strictEqual(sent._meta[key("protocolVersion")], "2026-07-28")
    }
  })

  it("a result that has nothing but the stamp in its _meta comes back without one", () => {
    const { toolResult } = clientOf(Revision.latest)
    const _meta = { [key("serverInfo")]: info }
    const plain = (result: CallToolResult) => ({ ...result })
    assert.deepStrictEqual(plain(toolResult({ resultType: "complete", content: [], _meta })), { content: [] })
    assert.deepStrictEqual(plain(toolResult({ content: [], _meta: { ..._meta, a: 1 } })), { content: [], _meta: { a: 1 } })
  })

  it("a client that nests what it says without end is read every time, and breaks nothing", () => {
    const nested = (open: string, close: string) => JSON.parse(open.repeat(100_000) + "1" + close.repeat(100_000))
    for (const deep of [nested('{"a":', "}"), { list: nested("[", "]") }]) {
      const said = { [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: { deep } }
      const last = RequestEra.readEnvelope({ ...said })
      if ("_tag" in last) return assert.fail(last.detail)
      const again = { ...said, [key("clientCapabilities")]: { deep: { ...deep } } }
      const read = RequestEra.readEnvelope(again, last)
      assert.isFalse("_tag" in read)
    }
    const twice = () => nested('{"a":', "}")
    const first = RequestEra.readEnvelope({ [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: twice() })
    if ("_tag" in first) return assert.fail(first.detail)
    const second = RequestEra.readEnvelope(
      { [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: twice() },
      first
    )
    assert.isFalse("_tag" in second || second === first)
  })

  it("results keep their own _meta beside the stamp", () => {
    const { subscriptionEnd, toolResult } = serverOf(Revision.latest)
    const stamp = { [key("serverInfo")]: info }
    assert.deepStrictEqual(JSON.parse(toolResult({ content: [], _meta: { a: 1 } })), {
      content: [],
      resultType: "complete",
      _meta: { a: 1, ...stamp }
    })
    for (const id of [0, "", "0"]) {
      assert.deepStrictEqual(JSON.parse(subscriptionEnd(id))._meta, { [key("subscriptionId")]: id, ...stamp })
    }
  })
})
