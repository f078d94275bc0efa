import { assert, describe, it } from "@effect/vitest"
import * as Capabilities from "@effect-mcp/core/protocol/Capabilities"
import * as Common from "@effect-mcp/core/protocol/Common"
import { ContentBlock, ResourceContents } from "@effect-mcp/core/protocol/Content"
import * as Elicitation from "@effect-mcp/core/protocol/Elicitation"
import * as InputRequired from "@effect-mcp/core/protocol/InputRequired"
import * as Methods from "@effect-mcp/core/protocol/Methods"
import { Envelope, Key, RequestMeta } from "@effect-mcp/core/protocol/RequestMeta"
import * as Sampling from "@effect-mcp/core/protocol/Sampling"
import * as Tasks from "@effect-mcp/core/protocol/Tasks"
import * as Tools from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"

const decode = <A>(schema: Schema.Codec<A, unknown>, json: unknown): A => Schema.decodeUnknownSync(schema)(json)

const refuses = (schema: Schema.Codec<unknown, unknown>, json: unknown): void =>
  assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(schema)(json)), JSON.stringify(json))

/** What arrives when a value was written and read as JSON. */
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("every value survives the wire", () => {
  const survives = <A>(name: string, schema: Schema.Codec<A, unknown>, runs = 50, from: Schema.Codec<A, unknown> = schema) =>
    it.effect.prop(
      name,
      { value: from },
      ({ value }) =>
        Effect.gen(function* () {
          const encoded = json(yield* Schema.encodeEffect(schema)(value))
          const decoded = yield* Schema.decodeUnknownEffect(schema)(encoded)
          assert.deepStrictEqual(json(yield* Schema.encodeEffect(schema)(decoded)), encoded)
          assert.deepStrictEqual(json(decoded), json(value))
        }),
      { arbitrary: { runs } }
    )

  survives("ContentBlock", ContentBlock, 200)
  survives("ResourceContents", ResourceContents)
  survives("Tool", Tools.Tool)
  survives("CallToolParams", Tools.CallToolParams)
  survives("ClientCapabilities", Capabilities.ClientCapabilities)
  survives("ServerCapabilities", Capabilities.ServerCapabilities)
  survives("CreateMessageParams", Sampling.CreateMessageParams)
  survives("ElicitParams", Elicitation.ElicitParams)
  survives("FormField", Elicitation.FormField, 200)
  // The smallest values have no optional members, which this one refuses: they are made with a state.
  const withState = Schema.Struct({
    inputRequests: Schema.optionalKey(InputRequired.InputRequests),
    requestState: Schema.String,
    ...Common.metaField
  })
  survives("InputRequired", InputRequired.InputRequired, 50, withState)
  survives("DetailedTask with the wire names of 2025-11-25", Tasks.CoreDetailedTask)
  survives("CreateTaskResult with the wire names of 2025-11-25", Tasks.CoreCreateTaskResult)
  survives("CreateTaskResult of the extension", Tasks.FlatCreateTaskResult)

  for (const row of Object.values(Methods.requests)) {
    survives(`params of ${row.method}`, row.params as Schema.Codec<unknown, unknown>, 10)
    survives(`result of ${row.method}`, row.result as Schema.Codec<unknown, unknown>, 10)
  }
  for (const row of Object.values(Methods.notifications)) {
    survives(`params of ${row.method}`, row.params as Schema.Codec<unknown, unknown>, 10)
  }
})

describe("open objects", () => {
  const inputSchema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { address: { $anchor: "addressDef", type: "object" } },
    properties: { a: { $ref: "#addressDef" }, constructor: { type: "string" } },
    allOf: [{ anyOf: [{ required: ["a"] }] }],
    if: { required: ["a"] },
    else: {},
    additionalProperties: false
  }

  it("keep JSON Schemas word for word, order included", () => {
    const tool = decode(Tools.Tool, { name: "t", inputSchema, outputSchema: { anyOf: [{ type: "string" }] } })
    assert.strictEqual(JSON.stringify(tool.inputSchema), JSON.stringify(inputSchema))
    assert.deepStrictEqual<unknown>(tool.outputSchema, { anyOf: [{ type: "string" }] })
    assert.strictEqual(JSON.stringify(Schema.encodeSync(Tools.Tool)(tool).inputSchema), JSON.stringify(inputSchema))
  })

  it("want an object at the root of an input schema", () => {
    for (const bad of [null, true, [], {}, { type: "string" }, { type: ["object"] }, { type: "object", $schema: 1 }]) {
      refuses(Tools.Tool, { name: "t", inputSchema: bad })
    }
    refuses(Tools.Tool, { name: "t", inputSchema: { type: "object" }, outputSchema: true })
  })

  it("keep `_meta`, `__proto__` included, without touching prototypes", () => {
    const received = JSON.parse(`{"name":"t","arguments":{"__proto__":{"x":1}},"_meta":{"__proto__":{"y":2},"a/b":[null]}}`)
    const params = decode(Tools.CallToolParams, received)
    assert.strictEqual(JSON.stringify(params._meta), `{"__proto__":{"y":2},"a/b":[null]}`)
    assert.strictEqual(JSON.stringify(params.arguments), `{"__proto__":{"x":1}}`)
    assert.isUndefined((params as { readonly x?: unknown }).x)
    assert.isUndefined((params._meta as { readonly y?: unknown }).y)
  })

  it("keep what vendors add to capabilities, and refuse capabilities that are no objects", () => {
    const declared = { tools: { listChanged: true, "com.example/x": 1 }, experimental: { "com.example/y": { z: 1 } } }
    assert.deepStrictEqual<unknown>(decode(Capabilities.ServerCapabilities, declared), declared)
    refuses(Capabilities.ServerCapabilities, { tools: true })
    refuses(Capabilities.ServerCapabilities, { tools: { listChanged: "yes" } })
    refuses(Capabilities.ClientCapabilities, { extensions: { "a/b": true } })
    refuses(Capabilities.ClientCapabilities, { elicitation: { form: true } })
  })

  it("ignore unknown members elsewhere", () => {
    assert.deepStrictEqual<unknown>(decode(ContentBlock, { type: "text", text: "x", new: 1 }), { type: "text", text: "x" })
  })
})

describe("capabilities", () => {
  const server = decode(Capabilities.ServerCapabilities, { resources: { subscribe: false, listChanged: true }, tools: {} })

  it.each([
    [["resources"], true],
    [["resources", "subscribe"], false],
    [["resources", "listChanged"], true],
    [["tools"], true],
    [["tools", "listChanged"], false],
    [["prompts"], false],
    [["constructor"], false],
    [["__proto__"], false],
    [["tools", "constructor"], false]
  ] as ReadonlyArray<[Capabilities.CapabilityPath, boolean]>)("at %s: %s", (path, declared) => {
    assert.strictEqual(Capabilities.declares(server, path), declared)
  })

  it("an elicitation without modes means forms", () => {
    const modes = (elicitation?: Capabilities.ElicitationCapability) => {
      const client = elicitation === undefined ? {} : { elicitation }
      return [Capabilities.elicitsForms(client), Capabilities.elicitsUrls(client)]
    }
    assert.deepStrictEqual(modes(), [false, false])
    assert.deepStrictEqual(modes({}), [true, false])
    assert.deepStrictEqual(modes({ form: {} }), [true, false])
    assert.deepStrictEqual(modes({ url: {} }), [false, true])
    assert.deepStrictEqual(modes({ form: {}, url: {} }), [true, true])
  })
})

describe("the details", () => {
  it("log levels go up", () => {
    assert.isTrue(Common.reaches("error", "error"))
    assert.isTrue(Common.reaches("emergency", "debug"))
    assert.isFalse(Common.reaches("info", "notice"))
    refuses(Common.LoggingLevel, "fatal")
  })

  it("progress tokens and ids are strings or integers", () => {
    for (const token of ["", "a", 0, 7]) assert.strictEqual(decode(RequestMeta, { progressToken: token }).progressToken, token)
    for (const bad of [null, 1.5, {}, true]) refuses(RequestMeta, { progressToken: bad })
    refuses(Common.RequestId, null)
    refuses(Common.RequestId, 0.5)
  })

  it("the envelope is read out of `_meta`", () => {
    const meta = {
      progressToken: 1,
      traceparent: "00-",
      [Key.protocolVersion]: "2026-07-28",
      [Key.clientCapabilities]: {},
      [Key.logLevel]: "info"
    }
    assert.deepStrictEqual<unknown>(decode(Envelope, meta), {
      [Key.protocolVersion]: "2026-07-28",
      [Key.clientCapabilities]: {},
      [Key.logLevel]: "info"
    })
    refuses(Envelope, { ...meta, [Key.logLevel]: "loud" })
    refuses(Envelope, { [Key.protocolVersion]: "2026-07-28" })
    refuses(Envelope, { [Key.clientCapabilities]: {} })
  })

  it("forms know choices from plain strings", () => {
    const fields = [
      { type: "string", enum: ["a"], default: "a" },
      { type: "string", enum: ["a"], enumNames: ["A"] },
      { type: "string", oneOf: [{ const: "a", title: "A" }] },
      { type: "string", format: "email", minLength: 1 },
      { type: "integer", minimum: 0, default: 30 },
      { type: "boolean", default: true },
      { type: "array", items: { type: "string", enum: ["a"] }, minItems: 1 },
      { type: "array", items: { anyOf: [{ const: "a", title: "A" }] }, default: ["a"] }
    ]
    for (const field of fields) assert.deepStrictEqual<unknown>(decode(Elicitation.FormField, field), field)
    assert.deepStrictEqual<unknown>(decode(Elicitation.FormField, { type: "string", pattern: "x" }), { type: "string" })
    refuses(Elicitation.FormField, { type: "object", properties: {} })
    refuses(Elicitation.FormField, { type: "string", format: "ipv4" })
  })

  it("an elicitation without a mode is a form", () => {
    const form = decode(Elicitation.ElicitParams, { message: "?", requestedSchema: { type: "object", properties: {} } })
    const url = decode(Elicitation.ElicitParams, { mode: "url", message: "?", url: "https://example.com", elicitationId: "1" })
    assert.isFalse(Elicitation.isUrl(form))
    assert.isTrue(Elicitation.isUrl(url))
    refuses(Elicitation.ElicitParams, { mode: "voice", message: "?" })
    refuses(Elicitation.ElicitParams, { mode: "url", message: "?" })
  })

  it("an answer with questions has questions or a state", () => {
    assert.deepStrictEqual<unknown>(decode(InputRequired.InputRequired, { requestState: "" }), { requestState: "" })
    assert.deepStrictEqual<unknown>(decode(InputRequired.InputRequired, { inputRequests: {} }), { inputRequests: {} })
    const roots = { inputRequests: { r: { method: "roots/list" } } }
    assert.deepStrictEqual<unknown>(decode(InputRequired.InputRequired, roots), roots)
    refuses(InputRequired.InputRequired, {})
    refuses(InputRequired.InputRequired, { inputRequests: { t: { method: "tools/call", params: { name: "t" } } } })
  })

  it("answers to questions are not looked at before the question is known", () => {
    const inputResponses = { known: { action: "accept" }, unknown: 7 }
    const params = decode(Tools.CallToolParams, { name: "t", inputResponses, requestState: "s" })
    assert.deepStrictEqual<unknown>(params.inputResponses, inputResponses)
    refuses(Tools.CallToolParams, { name: "t", inputResponses: null })
    refuses(Tools.CallToolParams, { name: "t", requestState: 1 })
  })

  it("structured content may be anything, null too", () => {
    for (const structuredContent of [null, 0, "", [], { a: 1 }]) {
      const result = decode(Tools.CallToolResult, { content: [], structuredContent })
      assert.deepStrictEqual(result.structuredContent, structuredContent)
    }
    assert.isFalse("structuredContent" in decode(Tools.CallToolResult, { content: [] }))
  })

  it("messages of a model have one block or several", () => {
    const use = { type: "tool_use", id: "1", name: "t", input: { a: 1 } } as const
    const result = { type: "tool_result", toolUseId: "1", content: [{ type: "text", text: "x" }], isError: false } as const
    const one = decode(Sampling.SamplingMessage, { role: "assistant", content: use })
    const many = decode(Sampling.SamplingMessage, { role: "user", content: [result, result] })
    assert.deepStrictEqual<unknown>(Sampling.blocksOf(one), [use])
    assert.deepStrictEqual<unknown>(Sampling.blocksOf(many), [result, result])
    refuses(ContentBlock, use)
  })
})

describe("tasks", () => {
  const times = { createdAt: "2025-11-25T10:30:00Z", lastUpdatedAt: "2025-11-25T10:40:00Z" }
  const task: Tasks.Task = { taskId: "1", status: "working", ...times, ttlMs: 60_000, pollIntervalMs: 5000 }
  const core = { taskId: "1", status: "working", ...times, ttl: 60_000, pollInterval: 5000 }
  const meta = { "io.modelcontextprotocol/model-immediate-response": "soon" }

  it("have other names in 2025-11-25", () => {
    assert.deepStrictEqual(decode(Tasks.CoreTask, core), task)
    assert.deepStrictEqual<unknown>(Schema.encodeSync(Tasks.CoreTask)(task), core)
    const endless = { taskId: "1", status: "working", ...times, ttl: null } as const
    assert.deepStrictEqual(decode(Tasks.CoreTask, endless), { taskId: "1", status: "working", ...times, ttlMs: null })
  })

  it("are wrapped in 2025-11-25 and flat in the extension when they are made", () => {
    const made: Tasks.CreateTaskResult = { task, _meta: meta }
    assert.deepStrictEqual(decode(Tasks.CoreCreateTaskResult, { task: core, _meta: meta }), made)
    assert.deepStrictEqual(decode(Tasks.FlatCreateTaskResult, { ...task, _meta: meta }), made)
    assert.deepStrictEqual<unknown>(Schema.encodeSync(Tasks.FlatCreateTaskResult)(made), { ...task, _meta: meta })
    assert.deepStrictEqual<unknown>(Schema.encodeSync(Tasks.FlatCreateTaskResult)({ task }), task)
  })

  it("are cancelled with or without an answer", () => {
    const { result } = Methods.requests["tasks/cancel"]
    assert.deepStrictEqual<unknown>(decode(result, {}), {})
    assert.deepStrictEqual<unknown>(decode(result, { ...task, status: "cancelled" }), { ...task, status: "cancelled" })
    assert.isTrue(Tasks.isFinal("cancelled"))
    assert.isFalse(Tasks.isFinal("input_required"))
  })
})
