import * as Content from "@effect-mcp/core/Content"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, Fixture, FixtureLive, info, refusal, Server, type Since, versions } from "./support/fixture.ts"
import { envelope, type Json, serve } from "./support/peer.ts"

const text = (value: string) => ({ type: "text", text: value })

/** A result with a structured part, as the revisions carry it: in `_meta`, wrapped in an object, as it is. */
const structured = (content: string, value: unknown, more: Json = {}): Since<Json> => {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value)
  return {
    "2024-11-05": { content: [text(content)], ...more, _meta: { "effect-mcp/structuredContent": value } },
    "2025-06-18": { content: [text(content)], ...more, structuredContent: isObject ? value : { result: value } },
    "2026-07-28": { content: [text(content)], ...more, structuredContent: value }
  }
}

const everywhere = (result: Json): Since<Json> => ({ "2024-11-05": result })

interface Case {
  readonly behaviour: string
  readonly tool: string
  readonly arguments?: Json
  readonly result: Since<Json>
}

const cases: ReadonlyArray<Case> = [
  {
    behaviour: "a struct is structured, with its JSON as the text",
    tool: "forecast",
    arguments: { city: "Oslo" },
    result: structured('{"city":"Oslo","celsius":21.5}', { city: "Oslo", celsius: 21.5 })
  },
  {
    behaviour: "a number is the text, and the member `result` where only objects are allowed",
    tool: "add",
    arguments: { a: 1, b: -3 },
    result: structured("-2", -2)
  },
  { behaviour: "an array too", tool: "names", result: structured('["Ada","Grace"]', ["Ada", "Grace"]) },
  { behaviour: "null too", tool: "maybe", result: structured("null", null) },
  { behaviour: "a string is the text and nothing else", tool: "hello", result: everywhere({ content: [text("hello")] }) },
  { behaviour: "nothing has no content", tool: "nothing", result: everywhere({ content: [] }) },
  {
    behaviour: "what `render` says stands in place of the JSON",
    tool: "rendered",
    result: structured("1 degrees", { city: "Oslo", celsius: 1 })
  },
  {
    behaviour: "with `structured: false` there is the JSON as text alone",
    tool: "plain",
    result: everywhere({ content: [text('{"city":"Oslo","celsius":2}')] })
  },
  {
    behaviour: "a declared failure is an error result; in `_meta`, because `structuredContent` is what `outputSchema` says",
    tool: "forecast",
    arguments: { city: "Atlantis" },
    result: everywhere({
      content: [text('{"_tag":"CityNotFound","city":"Atlantis"}')],
      isError: true,
      _meta: { "effect-mcp/structuredContent": { _tag: "CityNotFound", city: "Atlantis" } }
    })
  }
]

const note = { "example.com/note": 1 }
const image = { type: "image", data: "AQID", mimeType: "image/png" }
const audio = { type: "audio", data: "AQIDBA==", mimeType: "audio/wav" }
const embedded = { type: "resource", resource: { uri: "file:///b.txt", mimeType: "text/plain", text: "b" } }
const oldText = { ...text("a text"), annotations: { audience: ["user"], priority: 0.5 } }
const newText = {
  ...text("a text"),
  annotations: { audience: ["user"], priority: 0.5, lastModified: "2025-01-12T15:00:58Z" },
  _meta: note
}
const linkInWords = text("[The first letter](file:///a.txt)")
const link = {
  type: "resource_link",
  uri: "file:///a.txt",
  name: "a",
  title: "The first letter",
  _meta: { "example.com/note": 2 }
}

const gallery: Since<ReadonlyArray<Json>> = {
  "2024-11-05": [oldText, image, text("[audio, audio/wav, 4 bytes: not part of this protocol revision]"), linkInWords, embedded],
  "2025-03-26": [oldText, image, audio, linkInWords, embedded],
  "2025-06-18": [newText, image, audio, link, embedded],
  "2025-11-25": [newText, image, audio, { ...link, icons: [{ src: "https://example.com/a.png" }] }, embedded]
}

describe.each(versions)("transcript: tools/call in %s", (version) => {
  for (const { arguments: args, behaviour, result, tool } of cases) {
    it.effect(behaviour, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        const params = { name: tool, ...(args === undefined ? {} : { arguments: args }) }
        assert.deepStrictEqual(yield* peer.request("tools/call", params, 1), answer(version, 1, at(result, version)))
      })
    )
  }

  it.effect("blocks of content are sent as the revision can say them", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const expected = answer(version, 1, { content: at(gallery, version) })
      assert.deepStrictEqual(yield* peer.request("tools/call", { name: "gallery" }, 1), expected)
    })
  )

  it.effect("an embedded resource shows no `_meta` and no `lastModified` where the revision has none", () =>
    Effect.gen(function* () {
      const annotations = { priority: 1, lastModified: "2025-01-12T15:00:58Z" }
      const Embed = Tool.make("embed", { success: Tool.Contents })
      const live = Embed.toLayer(() =>
        Effect.succeed([Content.resource({ uri: "file:///b.txt", text: "b", _meta: note }, { annotations, _meta: note })])
      )
      const peer = yield* (yield* serve(McpServer.layer(info, Embed).pipe(Layer.provide(live)))).speak(version)
      const resource = { uri: "file:///b.txt", text: "b" }
      const expected: Since<Json> = {
        "2024-11-05": { type: "resource", resource, annotations: { priority: 1 } },
        "2025-06-18": { type: "resource", resource: { ...resource, _meta: note }, annotations, _meta: note }
      }
      const called = yield* peer.request("tools/call", { name: "embed" }, 1)
      assert.deepStrictEqual(called, answer(version, 1, { content: [at(expected, version)] }))
    })
  )

  /** Bad arguments as the revision answers them. */
  const refused = (id: unknown, tool: string, problems: string, isResult = version >= "2025-11-25") =>
    isResult
      ? answer(version, id, { content: [text(`Invalid arguments:\n${problems}`)], isError: true })
      : refusal(id, -32602, `Invalid arguments for tool "${tool}":\n${problems}`)

  it.effect("bad arguments are told to the model since 2025-11-25, and are an error before", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const problems = 'a: expected a number, received "one"\nb: missing, expected a number'
      const called = yield* peer.request("tools/call", { name: "add", arguments: { a: "one" } }, 1)
      assert.deepStrictEqual(called, refused(1, "add", problems))
    })
  )

  it.effect("arguments that the tool does not have are refused, as its JSON Schema says", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const meta = version === "2026-07-28" ? `,"_meta":${JSON.stringify(envelope())}` : ""
      const params = `{"name":"add","arguments":{"a":1,"b":2,"c":3,"__proto__":{"d":4}}${meta}}`
      peer.line(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`)
      const problems = "c: unexpected key, the known keys are a, b\n__proto__: unexpected key, the known keys are a, b"
      assert.deepStrictEqual(peer.messages, [refused(1, "add", problems)])
    })
  )

  it.effect('with `excessArguments: "ignore"` they are dropped', () =>
    Effect.gen(function* () {
      const layer = McpServer.layer({ ...info, excessArguments: "ignore" }, Fixture).pipe(Layer.provide(FixtureLive))
      const peer = yield* (yield* serve(layer)).speak(version)
      const called = yield* peer.request("tools/call", { name: "add", arguments: { a: 1, b: 2, c: 3 } }, 1)
      assert.deepStrictEqual(called, answer(version, 1, at(structured("3", 3), version)))
    })
  )

  it.effect('with `badArguments: "result"` they are told to the model everywhere', () =>
    Effect.gen(function* () {
      const layer = McpServer.layer({ ...info, badArguments: "result" }, Fixture).pipe(Layer.provide(FixtureLive))
      const peer = yield* (yield* serve(layer)).speak(version)
      const expected = refused(1, "forecast", "city: missing, expected a string", true)
      assert.deepStrictEqual(yield* peer.request("tools/call", { name: "forecast" }, 1), expected)
    })
  )

  it.effect("a tool that is not there is an error of the params", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const name of ["nope", "", "Hello", "__proto__", "constructor", "toString"]) {
        const expected = refusal(name, -32602, `Unknown tool: ${name}`, { name })
        assert.deepStrictEqual(yield* peer.request("tools/call", { name, arguments: {} }, name), expected)
      }
    })
  )

  it.effect("params of the wrong shape are an error of the params", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const noName = "Invalid params: `name` must be a string"
      const noArguments = "Invalid params: `arguments` must be an object"
      const table: ReadonlyArray<readonly [Json, string]> = [
        [{}, noName],
        [{ name: 1 }, noName],
        [{ name: null }, noName],
        [{ name: "hello", arguments: [] }, noArguments],
        [{ name: "hello", arguments: "{}" }, noArguments],
        [{ name: "hello", arguments: null }, noArguments]
      ]
      for (const [params, message] of table) {
        assert.deepStrictEqual(yield* peer.request("tools/call", params, 1), refusal(1, -32602, message))
        peer.clear()
      }
    })
  )
})

describe("transcript: tools/call", () => {
  it.effect("without an `outputSchema` the failure is structured content, in an object where only those are allowed", () =>
    Effect.gen(function* () {
      const Refuse = Tool.make("refuse", { failure: Schema.Literals(["busy", "closed"]) })
      const layer = McpServer.layer(info, Refuse).pipe(Layer.provide(Refuse.toLayer(() => Effect.fail("busy" as const))))
      const served = yield* serve(layer)
      for (const version of versions) {
        const peer = yield* served.speak(version)
        const expected = answer(version, 1, at(structured("busy", "busy", { isError: true }), version))
        assert.deepStrictEqual(yield* peer.request("tools/call", { name: "refuse" }, 1), expected)
      }
    })
  )
})
