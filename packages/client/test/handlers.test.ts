/**
 * What each kind of handler declares, is asked, and may answer.
 */
import { assert, describe, it } from "@effect/vitest"
import type { CreateMessageParams, CreateMessageResult, SamplingMessage } from "@effect-mcp/core/protocol/Sampling"
import type { Root } from "@effect-mcp/core/protocol/Roots"
import type { Version } from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as RootsHandler from "../src/RootsHandler.ts"
import * as SamplingHandler from "../src/SamplingHandler.ts"
import { connected } from "./support/connected.ts"
import { type Json, settle } from "./support/server.ts"

const decline = () => Effect.succeed(ElicitationHandler.decline)
const said = () => Effect.succeed(SamplingHandler.text("hello", { model: "m" }))

/** Asks one question and gives the answer, and what was logged. */
const ask = (version: Version, layer: Layer.Layer<never>, method: string, params: Json) =>
  Effect.gen(function* () {
    const { connection, logged } = yield* connected(version, layer)
    connection.send({ id: 1, method, params })
    yield* settle
    const [{ error, result }] = connection.sent as [Json]
    return { error, result, logged }
  })

describe("the declared capabilities", () => {
  const live = Layer.unwrap(Effect.map(SubscriptionRef.make<RootsHandler.Roots>([]), RootsHandler.layerLive))
  const both = ElicitationHandler.layer({ form: decline, url: decline })
  const onlyUrl = ElicitationHandler.layer({ url: decline })
  const everything = Layer.mergeAll(both, SamplingHandler.layer(said, { tools: true, context: true }), live)
  const table: ReadonlyArray<readonly [what: string, layer: Layer.Layer<never>, version: Version, declared: Json]> = [
    ["nothing", Layer.empty, "2025-11-25", {}],
    ["everything", everything, "2024-11-05", { roots: { listChanged: true }, sampling: {} }],
    ["everything", everything, "2025-03-26", { roots: { listChanged: true }, sampling: {} }],
    ["everything", everything, "2025-06-18", { roots: { listChanged: true }, sampling: {}, elicitation: {} }],
    [
      "everything",
      everything,
      "2025-11-25",
      { roots: { listChanged: true }, sampling: { tools: {}, context: {} }, elicitation: { form: {}, url: {} } }
    ],
    [
      "everything",
      everything,
      "2026-07-28",
      { roots: {}, sampling: { tools: {}, context: {} }, elicitation: { form: {}, url: {} } }
    ],
    ["forms", ElicitationHandler.layer({ form: decline }), "2025-11-25", { elicitation: { form: {} } }],
    ["URLs", onlyUrl, "2025-06-18", {}],
    ["URLs", onlyUrl, "2026-07-28", { elicitation: { url: {} } }],
    ["an elicitation handler without functions", ElicitationHandler.layer({}), "2025-11-25", {}],
    ["plain sampling", SamplingHandler.layer(said), "2025-11-25", { sampling: {} }],
    [
      "sampling with tools",
      SamplingHandler.layer(said, { tools: true, context: false }),
      "2026-07-28",
      { sampling: { tools: {} } }
    ],
    ["fixed roots", RootsHandler.layer([]), "2025-11-25", { roots: {} }]
  ]
  for (const [what, layer, version, declared] of table) {
    it.effect(`${version}, ${what}: ${JSON.stringify(declared)}`, () =>
      Effect.gen(function* () {
        const { negotiated } = yield* connected(version, layer, () => {}, { versions: [version] })
        const [{ params }] = negotiated as [Json]
        assert.deepStrictEqual(params.capabilities ?? params._meta["io.modelcontextprotocol/clientCapabilities"], declared)
      })
    )
  }

  it.effect("stay with every request of the request era, also after the log level was changed", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2026-07-28", RootsHandler.layer([]), (m, c) =>
        c.answer(m, { content: [] })
      )
      yield* client.callTool("a")
      yield* client.setLogLevel("info")
      yield* client.callTool("b")
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => params._meta["io.modelcontextprotocol/clientCapabilities"]),
        [{ roots: {} }, { roots: {} }]
      )
    })
  )
})

describe("forms", () => {
  const requestedSchema = {
    type: "object",
    properties: {
      name: { type: "string", title: "Name" },
      age: { type: "integer", minimum: 0, default: 7 },
      size: { type: "string", enum: ["s", "m"], default: "m" },
      tags: { type: "array", items: { type: "string", enum: ["a", "b"] }, default: ["a"] }
    },
    required: ["name"]
  }
  const fill = (given: unknown) =>
    ask(
      "2025-11-25",
      ElicitationHandler.layer({ form: () => Effect.succeed(given as ElicitationHandler.Answer) }),
      "elicitation/create",
      {
        message: "Who?",
        requestedSchema
      }
    )

  it.effect("get the defaults of what the user left out", () =>
    Effect.gen(function* () {
      const { result } = yield* fill(ElicitationHandler.accept({ name: "Ada", age: 36, size: undefined as never }))
      assert.deepStrictEqual(result, { action: "accept", content: { name: "Ada", age: 36, size: "m", tags: ["a"] } })
    })
  )

  for (const answer of [ElicitationHandler.decline, ElicitationHandler.cancel]) {
    it.effect(`${answer.action}: has no content`, () =>
      Effect.gen(function* () {
        const { result } = yield* fill({ ...answer, content: { name: "Ada" } })
        assert.deepStrictEqual(result, { action: answer.action })
      })
    )
  }

  for (const [what, given] of [
    ["without what is required", ElicitationHandler.accept()],
    ["with a value of another type", ElicitationHandler.accept({ name: "hunter2", age: "hunter2" })],
    ["with a field that the form does not have", ElicitationHandler.accept({ name: "hunter2", hunter2: "hunter2" })],
    ["with something nested", { action: "accept", content: { name: { hunter2: "hunter2" } } }],
    ["without an action", { content: { name: "hunter2" } }],
    ["with another action", { action: "hunter2" }],
    ["that is nothing", undefined]
  ] as const) {
    it.effect(`an answer ${what}: -32603; the log says so, not what the user put in`, () =>
      Effect.gen(function* () {
        const { error, logged } = yield* fill(given)
        assert.deepStrictEqual(error, { code: -32603, message: "the answer does not fit the form" })
        assert.strictEqual(logged.length, 1)
        assert.match(logged[0]!, /^the handler of elicitation\/create gave an answer that does not fit: /)
        assert.notInclude(logged[0]!, "hunter2")
      })
    )
  }

  it.effect("are given to the handler as they were sent, message and all", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const layer = ElicitationHandler.layer({
        form: (params) => {
          seen.push(params)
          return Effect.succeed(ElicitationHandler.cancel)
        }
      })
      const params = { mode: "form", message: "Who?", requestedSchema, _meta: { progressToken: 1 } }
      yield* ask("2025-11-25", layer, "elicitation/create", params)
      assert.deepStrictEqual(seen, [params])
    })
  )
})

describe("URLs", () => {
  const visit = (url: string, version: Version = "2025-11-25") =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const layer = ElicitationHandler.layer({
        form: decline,
        url: ({ url }) => {
          seen.push(url)
          return Effect.succeed(ElicitationHandler.accept({ secret: "not sent" }))
        }
      })
      const params = { mode: "url", message: "Log in", url, elicitationId: "e1" }
      return { ...(yield* ask(version, layer, "elicitation/create", params)), seen }
    })

  it.effect("are given to the handler as they are; consent has no content", () =>
    Effect.gen(function* () {
      const url = "https://example.com/%7Euser/?a=b#c"
      const { result, seen } = yield* visit(url)
      assert.deepStrictEqual([result, seen], [{ action: "accept" }, [url]])
    })
  )

  for (const url of ["javascript:alert(1)", "file:///etc/passwd", "https://", "not a url", "", " https://example.com"]) {
    it.effect(`"${url}" is refused: nobody is asked to open it`, () =>
      Effect.gen(function* () {
        const { error, seen } = yield* visit(url)
        assert.deepStrictEqual(
          [error.code, error.message, seen],
          [-32602, "Invalid params: url: expected an http or https URL", []]
        )
      })
    )
  }

  it.effect("do not exist in 2025-06-18", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* visit("https://example.com", "2025-06-18")
      assert.deepStrictEqual([error.code, seen], [-32602, []])
    })
  )

  it.effect("alone leave no forms: -32602", () =>
    Effect.gen(function* () {
      const params = { message: "Who?", requestedSchema: { type: "object", properties: {} } }
      const { error } = yield* ask("2025-11-25", ElicitationHandler.layer({ url: decline }), "elicitation/create", params)
      assert.deepStrictEqual(error, { code: -32602, message: "Invalid params: mode: form was not declared" })
    })
  )
})

describe("sampling", () => {
  const user = (text: string): Json => ({ role: "user", content: { type: "text", text } })
  const use = (...ids: ReadonlyArray<string>): Json => ({
    role: "assistant",
    content: ids.map((id) => ({ type: "tool_use", id, name: "t", input: {} }))
  })
  const results = (...ids: ReadonlyArray<string>): Json => ({
    role: "user",
    content: ids.map((toolUseId) => ({ type: "tool_result", toolUseId, content: [] }))
  })
  const tools = [{ name: "t", inputSchema: { type: "object" } }]
  const sample = (
    params: Json,
    answer: unknown = SamplingHandler.text("hello", { model: "m" }),
    options: SamplingHandler.Options & { readonly version?: Version } = {}
  ) =>
    ask(
      options.version ?? "2025-11-25",
      SamplingHandler.layer(() => Effect.succeed(answer as CreateMessageResult), options),
      "sampling/createMessage",
      { messages: [user("hi")], maxTokens: 10, ...params }
    )

  it.effect("answers with a message of the model", () =>
    Effect.gen(function* () {
      const { result } = yield* sample({})
      assert.deepStrictEqual(result, {
        role: "assistant",
        content: { type: "text", text: "hello" },
        model: "m",
        stopReason: "endTurn"
      })
    })
  )

  it.effect("gives the handler the whole question", () =>
    Effect.gen(function* () {
      const seen: Array<CreateMessageParams> = []
      const layer = SamplingHandler.layer((params) => {
        seen.push(params)
        return SamplingHandler.reject()
      })
      const params = {
        messages: [user("hi")],
        maxTokens: 10,
        systemPrompt: "be brief",
        modelPreferences: { hints: [{ name: "m" }], costPriority: 0.5 },
        temperature: 0.1,
        stopSequences: ["."],
        includeContext: "none",
        metadata: { a: 1 }
      }
      const { error } = yield* ask("2025-11-25", layer, "sampling/createMessage", params)
      assert.deepStrictEqual(seen, [params as unknown as CreateMessageParams])
      assert.deepStrictEqual(error, { code: -1, message: "User rejected sampling request" })
    })
  )

  it.effect("with tools needs the capability: -32602 without", () =>
    Effect.gen(function* () {
      const refused = { code: -32602, message: "Invalid params: tools: sampling.tools was not declared" }
      assert.deepStrictEqual((yield* sample({ tools })).error, refused)
      assert.deepStrictEqual((yield* sample({ toolChoice: { mode: "none" } })).error, refused)
      assert.deepStrictEqual((yield* sample({ tools }, undefined, { tools: true, version: "2025-06-18" })).error, refused)
      assert.isDefined((yield* sample({ tools }, undefined, { tools: true })).result)
    })
  )

  for (const [what, messages, problem] of [
    ["uses without results", [user("a"), use("1")], /^messages: the last message uses tools/],
    ["uses that a text follows", [use("1"), user("a")], /^messages\.1: expected a result for each/],
    ["one of two results", [use("1", "2"), results("1")], /^messages\.1: expected a result for each/],
    ["a result twice", [use("1", "2"), results("1", "1")], /^messages\.1: expected a result for each/],
    ["one use, and two results of it", [use("1"), results("1", "1")], /^messages\.1: expected a result for each/],
    ["the result of another use", [use("1"), results("2")], /^messages\.1: expected a result for each/],
    ["a result of nothing", [user("a"), results("1")], /^messages\.1: expected a result for each/],
    ["results of the assistant", [use("1"), { ...results("1"), role: "assistant" }], /^messages\.1: results of tools belong/],
    [
      "results beside a text",
      [use("1"), { role: "user", content: [...results("1")["content"], { type: "text", text: "a" }] }],
      /^messages\.1: results of tools belong/
    ],
    ["no messages that can be read", [{ role: "system", content: { type: "text", text: "a" } }], /^messages\.0\.role: /]
  ] as const) {
    it.effect(`a conversation with ${what}: -32602`, () =>
      Effect.gen(function* () {
        const { error } = yield* sample({ messages }, undefined, { tools: true })
        assert.strictEqual(error?.code, -32602)
        assert.match(error.message.replace("Invalid params: ", ""), problem)
      })
    )
  }

  it.effect("goes on after all results of tools are there, in any order", () =>
    Effect.gen(function* () {
      const messages = [user("a"), use("1", "2"), results("2", "1"), use("3"), results("3"), user("b")]
      assert.isDefined((yield* sample({ messages }, undefined, { tools: true })).result)
    })
  )

  const wants = { role: "assistant", model: "m", stopReason: "toolUse", ...use("1") }
  const audio = { role: "assistant", model: "m", content: { type: "audio", data: "AA==", mimeType: "audio/wav" } }
  const texts = {
    role: "assistant",
    model: "m",
    content: [
      { type: "text", text: "hunter2" },
      { type: "text", text: "b" }
    ]
  }
  const misfits: ReadonlyArray<readonly [what: string, params: Json, answer: unknown, version?: Version]> = [
    ["without a model", {}, { role: "assistant", content: { type: "text", text: "hunter2" } }],
    ["that uses tools which were not given", {}, wants],
    ["that uses tools although it must not", { tools, toolChoice: { mode: "none" } }, wants],
    [
      "that uses no tools although it must",
      { tools, toolChoice: { mode: "required" } },
      SamplingHandler.text("a", { model: "m" })
    ],
    ["with results of tools", { tools }, { model: "m", ...results("1"), role: "assistant" }],
    ["with several blocks in 2025-06-18", {}, texts, "2025-06-18"],
    ["with no block at all in 2025-06-18", {}, { ...texts, content: [] }, "2025-06-18"],
    ["with audio in 2024-11-05", {}, audio, "2024-11-05"],
    ["that is no JSON", {}, { ...SamplingHandler.text("a", { model: "m" }), _meta: { a: 1n } }]
  ]
  for (const [what, params, answer, version] of misfits) {
    it.effect(`an answer ${what}: -32603, and the log says so without it`, () =>
      Effect.gen(function* () {
        const { error, logged } = yield* sample(params, answer, { tools: true, ...(version === undefined ? {} : { version }) })
        assert.strictEqual(error?.code, -32603)
        assert.strictEqual(logged.length, 1)
        assert.notInclude(logged[0]!, "hunter2")
      })
    )
  }

  it.effect("answers with several blocks, tools or audio where there are such", () =>
    Effect.gen(function* () {
      for (const [params, answer] of [
        [{}, texts],
        [{}, audio],
        [{ tools }, wants],
        [{ tools, toolChoice: { mode: "required" } }, wants]
      ] as const) {
        assert.deepStrictEqual((yield* sample(params, answer, { tools: true })).result, answer)
      }
      const single: SamplingMessage & { readonly model: string } = {
        role: "assistant",
        model: "m",
        content: [{ type: "text", text: "a" }]
      }
      const { result } = yield* sample({}, single, { version: "2025-06-18" })
      assert.deepStrictEqual(result, { ...single, content: { type: "text", text: "a" } })
    })
  )
})

describe("roots", () => {
  const root: Root = { uri: "file:///a", name: "a" }
  const list = (layer: Layer.Layer<never>, version: Version = "2025-11-25") => ask(version, layer, "roots/list", {})

  it.effect("are those that were given, or those that there are now", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* list(RootsHandler.layer([root]))).result, { roots: [root] })
      assert.deepStrictEqual((yield* list(RootsHandler.layer(Effect.succeed([root])))).result, { roots: [root] })
    })
  )

  it.effect("are listed without params, too", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25", RootsHandler.layer([root]))
      connection.send({ id: 1, method: "roots/list" })
      yield* settle
      assert.deepStrictEqual(connection.sent, [{ jsonrpc: "2.0", id: 1, result: { roots: [root] } }])
    })
  )

  it.effect("that are no files: -32603, and the log says which", () =>
    Effect.gen(function* () {
      const { error, logged } = yield* list(RootsHandler.layer([root, { uri: "https://example.com" }]))
      assert.deepStrictEqual(error, { code: -32603, message: "the client's roots cannot be used" })
      assert.deepStrictEqual(logged, [
        "the handler of roots/list gave an answer that does not fit: roots.1.uri: expected a file:// URI"
      ])
    })
  )

  it.effect("have metadata since 2025-06-18", () =>
    Effect.gen(function* () {
      const layer = RootsHandler.layer([{ ...root, _meta: { a: 1 } }])
      assert.deepStrictEqual((yield* list(layer, "2025-03-26")).result, { roots: [root] })
      assert.deepStrictEqual((yield* list(layer, "2025-06-18")).result, { roots: [{ ...root, _meta: { a: 1 } }] })
    })
  )

  const changing = (version: Version) =>
    Effect.gen(function* () {
      const ref = yield* SubscriptionRef.make<RootsHandler.Roots>([])
      return { ref, ...(yield* connected(version, RootsHandler.layerLive(ref))) }
    })

  for (const version of ["2024-11-05", "2025-11-25"] as const) {
    it.effect(`${version}: that change are told, and are the new ones from then on`, () =>
      Effect.gen(function* () {
        const { connection, ref } = yield* changing(version)
        yield* settle
        assert.deepStrictEqual(connection.sent, [])
        yield* SubscriptionRef.set(ref, [root])
        yield* settle
        assert.deepStrictEqual(connection.sent, [{ jsonrpc: "2.0", method: "notifications/roots/list_changed" }])
        connection.send({ id: 1, method: "roots/list" })
        yield* settle
        assert.deepStrictEqual(connection.sent[1]?.["result"], { roots: [root] })
        yield* SubscriptionRef.set(ref, [])
        yield* settle
        assert.strictEqual(connection.sent.length, 3)
      })
    )
  }

  it.effect("that change are not told in the request era", () =>
    Effect.gen(function* () {
      const { connection, ref } = yield* changing("2026-07-28")
      yield* SubscriptionRef.set(ref, [root])
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
    })
  )

  it.effect("that change while the server does not read are told once or twice, not each time", () =>
    Effect.gen(function* () {
      const { connection, ref } = yield* changing("2025-11-25")
      connection.isFull = true
      for (let i = 0; i < 100; i++) {
        yield* SubscriptionRef.set(ref, [{ uri: `file:///${i}` }])
        yield* settle
      }
      connection.makeRoom()
      yield* settle
      assert.isAtLeast(connection.sent.length, 1)
      assert.isAtMost(connection.sent.length, 3)
    })
  )

  it.effect("that change after the connection ended harm nobody", () =>
    Effect.gen(function* () {
      const { connection, logged, ref } = yield* changing("2025-11-25")
      connection.end()
      yield* settle
      yield* SubscriptionRef.set(ref, [root])
      yield* settle
      assert.deepStrictEqual([connection.sent, logged], [[], []])
    })
  )
})
