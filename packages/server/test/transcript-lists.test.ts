import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, Fixture, FixtureLive, info, refusal, Server, type Since, versions } from "./support/fixture.ts"
import { type Json, serve } from "./support/peer.ts"

const nothing = { type: "object", properties: {}, required: [], additionalProperties: false }

const forecastInput = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city"],
  additionalProperties: false
}

const forecastOutput = {
  type: "object",
  properties: { city: { type: "string" }, celsius: { type: "number" } },
  required: ["city", "celsius"],
  additionalProperties: false
}

const addInput = {
  type: "object",
  properties: { a: { type: "number" }, b: { type: "number" } },
  required: ["a", "b"],
  additionalProperties: false
}

const annotations = { title: "The forecast", readOnlyHint: true }
const icons = [{ src: "https://example.com/sun.png", mimeType: "image/png", sizes: ["48x48"] }]
const meta = { "example.com/team": "sky", "effect-mcp/tags": ["weather"], "effect-mcp/version": "1.2.0" }

const forecast: Since<Json> = {
  "2024-11-05": { name: "forecast", description: "Forecast for a city", inputSchema: forecastInput },
  "2025-03-26": { name: "forecast", description: "Forecast for a city", inputSchema: forecastInput, annotations },
  "2025-06-18": {
    name: "forecast",
    title: "Forecast",
    description: "Forecast for a city",
    inputSchema: forecastInput,
    outputSchema: forecastOutput,
    annotations,
    _meta: meta
  },
  "2025-11-25": {
    name: "forecast",
    title: "Forecast",
    description: "Forecast for a city",
    icons,
    inputSchema: forecastInput,
    outputSchema: forecastOutput,
    annotations,
    _meta: meta
  }
}

const wrapped = (schema: Json): Json => ({
  type: "object",
  properties: { result: schema },
  required: ["result"],
  "x-effect-mcp-wrapped": true
})

/** A tool whose result is no object: no schema, then one wrapped in an object, then the schema as it is. */
const primitive = (name: string, inputSchema: Json, outputSchema: Json): Since<Json> => ({
  "2024-11-05": { name, inputSchema },
  "2025-06-18": { name, inputSchema, outputSchema: wrapped(outputSchema) },
  "2026-07-28": { name, inputSchema, outputSchema }
})

const textOnly = (name: string): Since<Json> => ({ "2024-11-05": { name, inputSchema: nothing } })

const tools: ReadonlyArray<Since<Json>> = [
  forecast,
  primitive("add", addInput, { type: "number" }),
  primitive("names", nothing, { type: "array", items: { type: "string" } }),
  primitive("maybe", nothing, { anyOf: [{ type: "number" }, { type: "null" }] }),
  textOnly("hello"),
  textOnly("nothing"),
  textOnly("gallery"),
  {
    "2024-11-05": { name: "rendered", inputSchema: nothing },
    "2025-06-18": { name: "rendered", inputSchema: nothing, outputSchema: forecastOutput }
  },
  textOnly("plain"),
  textOnly("steps"),
  textOnly("speak"),
  textOnly("wait")
]

const cache = (version: string, hint = { ttlMs: 0, cacheScope: "private" }) => (version === "2026-07-28" ? hint : {})

describe("transcript: tools/list", () => {
  it.effect.each(versions)("%s shows what the revision has of each tool", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const expected = { tools: tools.map((tool) => at(tool, version)), ...cache(version) }
      assert.deepStrictEqual(yield* peer.request("tools/list", undefined, 1), answer(version, 1, expected))
      assert.deepStrictEqual(yield* peer.request("tools/list", {}, 2), answer(version, 2, expected))
    })
  )

  it.effect.each(versions)("%s: a cursor that the server did not make is refused", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const nearly = ["before after 1", "after 1 2", "after 1.5", "after -1", "after 1234567890123456"].map((text) => btoa(text))
      for (const cursor of ["", "x", "MQ", "LTEgeA", "1 add", ...nearly]) {
        assert.deepStrictEqual(yield* peer.request("tools/list", { cursor }, cursor), refusal(cursor, -32602, "Invalid cursor"))
      }
      for (const cursor of [1, {}, null, ["x"]]) {
        const message = "Invalid params: `cursor` must be a string"
        assert.deepStrictEqual(yield* peer.request("tools/list", { cursor }, 9), refusal(9, -32602, message))
        peer.clear()
      }
    })
  )

  it.effect.each(versions)("%s: a long list comes in pages that can be followed to the end", (version) =>
    Effect.gen(function* () {
      const Paged = McpServer.layer({ ...info, pageSize: 5, cacheHint: { ttlMs: 60_000, scope: "public" } }, Fixture)
      const peer = yield* (yield* serve(Paged.pipe(Layer.provide(FixtureLive)))).speak(version)
      const hint = cache(version, { ttlMs: 60_000, cacheScope: "public" })
      let cursor: string | undefined
      for (const [from, to] of [
        [0, 5],
        [5, 10]
      ] as const) {
        const page: Json = yield* peer.request("tools/list", cursor === undefined ? {} : { cursor }, `p${from}`)
        const { nextCursor } = page["result"]
        assert.isString(nextCursor)
        cursor = nextCursor
        const expected = { tools: tools.slice(from, to).map((tool) => at(tool, version)), nextCursor, ...hint }
        assert.deepStrictEqual(page, answer(version, `p${from}`, expected))
      }
      const expected = { tools: tools.slice(10).map((tool) => at(tool, version)), ...hint }
      assert.deepStrictEqual(yield* peer.request("tools/list", { cursor }, "end"), answer(version, "end", expected))
    })
  )

  it.effect.each(versions)("%s: a server without tools lists none", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(McpServer.layer(info))).speak(version)
      assert.deepStrictEqual(
        yield* peer.request("tools/list", undefined, 1),
        answer(version, 1, { tools: [], ...cache(version) })
      )
    })
  )

  it.effect.each(["prompts/list", "prompts/get", "resources/list", "resources/read", "completion/complete", "tasks/list"])(
    "what the server does not offer does not exist: %s",
    (method) =>
      Effect.gen(function* () {
        const served = yield* serve(Server)
        for (const version of versions) {
          const peer = yield* served.speak(version)
          const expected = refusal(1, -32601, `Method not found: ${method}`)
          assert.deepStrictEqual(yield* peer.request(method, { name: "x", uri: "file:///x" }, 1), expected)
        }
      })
  )
})
