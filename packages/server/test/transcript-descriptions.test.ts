/** What each revision shows of the server and its components, when they have all that the newest one knows. */
import * as Content from "@effect-mcp/core/Content"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { at, sessionVersions, type Since, versions } from "./support/fixture.ts"
import { clientInfo, type Json, key, serve } from "./support/peer.ts"

const icons = [
  { src: "https://example.com/light.svg", mimeType: "image/svg+xml", sizes: ["any"], theme: "light" },
  { src: "https://example.com/dark.png", mimeType: "image/png", sizes: ["48x48", "96x96"], theme: "dark" },
  { src: "data:image/png;base64,AQID" }
] as const

const info = {
  name: "all",
  title: "Everything",
  version: "2.0.0",
  description: "Has everything",
  websiteUrl: "https://example.com",
  icons
}

const metadata = { title: "A title", description: "A description", icons, meta: { "example.com/team": "sky" } }
const annotations = { audience: ["user", "assistant"], priority: 0.25, lastModified: "2025-01-12T15:00:58Z" } as const
const hints = {
  title: "Shown",
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false
}

class Everything extends McpGroup.make(
  "everything",
  Tool.make("tool", {
    ...metadata,
    annotations: hints,
    parameters: { city: Schema.String },
    success: Schema.Struct({ n: Schema.Finite })
  }),
  Tool.make("count", { success: Schema.Int }),
  Resource.make("page", "all://page", { ...metadata, annotations, mimeType: "text/html", size: 7 }),
  Resource.template("part", "all://parts/{name}", { ...metadata, annotations }),
  Prompt.make("prompt", { ...metadata, parameters: { city: Schema.String.annotate({ title: "City", description: "Which" }) } }),
  Prompt.make("sounds")
) {}

const EverythingLive = Everything.toLayer({
  tools: { tool: () => Effect.succeed({ n: 1 }), count: () => Effect.succeed(3) },
  resources: {
    page: () => Effect.succeed("page"),
    part: ({ name }) => Effect.succeed(name)
  },
  prompts: {
    prompt: ({ city }) => Effect.succeed(city),
    sounds: () =>
      Effect.succeed([
        PromptMessage.user(Content.audio(new Uint8Array([1, 2, 3]), "audio/wav", { annotations: { ...annotations } })),
        PromptMessage.assistant(
          Content.resourceLink({ uri: "all://page", name: "page", title: "A title", icons, annotations, _meta: { "a.b/c": 1 } })
        ),
        PromptMessage.user(Content.resource({ uri: "all://page", text: "page", _meta: { "a.b/c": 2 } }, { annotations }))
      ])
  }
})

const Server = McpServer.layer(info, Everything).pipe(Layer.provide(EverythingLive))

const described: Since<Json> = {
  "2024-11-05": { description: "A description" },
  "2025-06-18": { title: "A title", description: "A description", _meta: metadata.meta },
  "2025-11-25": { title: "A title", description: "A description", icons, _meta: metadata.meta }
}

const annotated: Since<Json> = {
  "2024-11-05": { annotations: { audience: ["user", "assistant"], priority: 0.25 } },
  "2025-06-18": { annotations }
}

const inputSchema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false
}
const outputSchema = { type: "object", properties: { n: { type: "number" } }, required: ["n"], additionalProperties: false }
const nothing = { type: "object", properties: {}, required: [], additionalProperties: false }

const tool: Since<Json> = {
  "2024-11-05": { inputSchema },
  "2025-03-26": { inputSchema, annotations: hints },
  "2025-06-18": { inputSchema, outputSchema, annotations: hints }
}

const count: Since<Json> = {
  "2024-11-05": { name: "count", inputSchema: nothing },
  "2025-06-18": {
    name: "count",
    inputSchema: nothing,
    outputSchema: {
      type: "object",
      properties: { result: { type: "integer" } },
      required: ["result"],
      "x-effect-mcp-wrapped": true
    }
  },
  "2026-07-28": { name: "count", inputSchema: nothing, outputSchema: { type: "integer" } }
}

const city: Since<Json> = {
  "2024-11-05": { name: "city", description: "Which", required: true },
  "2025-06-18": { name: "city", title: "City", description: "Which", required: true }
}

/** The messages of `sounds`: the blocks of the first two, what the embedded resource holds, and what is shown beside it. */
const messages = (audio: Json, link: Json, resource: Json, shown: Json): ReadonlyArray<Json> => [
  { role: "user", content: audio },
  { role: "assistant", content: link },
  { role: "user", content: { type: "resource", resource: { uri: "all://page", text: "page", ...resource }, ...shown } }
]

const audioInWords = { type: "text", text: "[audio, audio/wav, 3 bytes: not part of this protocol revision]" }
const audio = { type: "audio", data: "AQID", mimeType: "audio/wav" }
const linkInWords = { type: "text", text: "[A title](all://page)" }
const link = {
  type: "resource_link",
  uri: "all://page",
  name: "page",
  title: "A title",
  annotations,
  _meta: { "a.b/c": 1 }
}
const old = at(annotated, "2024-11-05")

const sounds: Since<ReadonlyArray<Json>> = {
  "2024-11-05": messages({ ...audioInWords, ...old }, { ...linkInWords, ...old }, {}, old),
  "2025-03-26": messages({ ...audio, ...old }, { ...linkInWords, ...old }, {}, old),
  "2025-06-18": messages({ ...audio, annotations }, link, { _meta: { "a.b/c": 2 } }, { annotations }),
  "2025-11-25": messages({ ...audio, annotations }, { ...link, icons }, { _meta: { "a.b/c": 2 } }, { annotations })
}

const serverInfo: Since<Json> = {
  "2024-11-05": { name: "all", version: "2.0.0" },
  "2025-06-18": { name: "all", title: "Everything", version: "2.0.0" },
  "2025-11-25": info
}

describe.each(versions)("transcript: what %s shows", (version) => {
  const connected = Effect.flatMap(serve(Server), ({ speak }) => speak(version))
  /** A result without what 2026-07-28 puts on every one. */
  const own = ({ result }: Json): Json => {
    const { _meta, cacheScope: _scope, resultType: _type, ttlMs: _ttl, ...rest } = result
    return rest
  }

  it.effect("of tools: titles, icons, annotations, schemas of results, `_meta`; never `execution`", () =>
    Effect.gen(function* () {
      const listed = own(yield* (yield* connected).request("tools/list"))
      const expected = { name: "tool", ...at(described, version), ...at(tool, version) }
      assert.deepStrictEqual(listed, { tools: [expected, at(count, version)] })
    })
  )

  it.effect("of resources and templates: titles, icons, annotations with `lastModified`, `_meta`", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const shown = { ...at(described, version), ...at(annotated, version) }
      const page = { uri: "all://page", name: "page", mimeType: "text/html", size: 7, ...shown }
      assert.deepStrictEqual(own(yield* peer.request("resources/list")), { resources: [page] })
      const part = { uriTemplate: "all://parts/{name}", name: "part", mimeType: "text/plain", ...shown }
      assert.deepStrictEqual(own(yield* peer.request("resources/templates/list")), { resourceTemplates: [part] })
    })
  )

  it.effect("of prompts and their arguments: titles, icons, `_meta`", () =>
    Effect.gen(function* () {
      const listed = own(yield* (yield* connected).request("prompts/list"))
      const prompt = { name: "prompt", ...at(described, version), arguments: [at(city, version)] }
      const [first, second] = listed["prompts"]
      assert.deepStrictEqual(first, prompt)
      assert.strictEqual(second.name, "sounds")
    })
  )

  it.effect("of messages: audio, links, annotations and `_meta`, in words where there is no block", () =>
    Effect.gen(function* () {
      const got = own(yield* (yield* connected).request("prompts/get", { name: "sounds" }))
      assert.deepStrictEqual(got["messages"], at(sounds, version))
    })
  )

  it.effect("of structured results: not at all, as an object, or as they are", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const content = [{ type: "text", text: "3" }]
      const expected: Since<Json> = {
        "2024-11-05": { content },
        "2025-06-18": { content, structuredContent: { result: 3 } },
        "2026-07-28": { content, structuredContent: 3 }
      }
      assert.deepStrictEqual(own(yield* peer.call("count")), at(expected, version))
    })
  )
})

describe("transcript: what a revision shows of the server itself", () => {
  it.effect.each(sessionVersions)("%s, in `serverInfo`", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const { result } = yield* peer.request("initialize", { protocolVersion: version, capabilities: {}, clientInfo })
      assert.deepStrictEqual(result.serverInfo, at(serverInfo, version))
    })
  )

  it.effect("2026-07-28, in `_meta` of every result", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      for (const method of ["server/discover", "tools/list", "prompts/list"]) {
        const { result } = yield* peer.request(method)
        assert.deepStrictEqual(result._meta, { [key("serverInfo")]: info })
        assert.notProperty(result, "serverInfo")
      }
    })
  )
})

describe("transcript: `execution` of a tool", () => {
  it.effect.each(versions)("%s: what a middleware says of it is shown in 2025-11-25 alone", (version) =>
    Effect.gen(function* () {
      class Say extends Middleware.make<Say>()("Say") {}
      const live = Say.layer({
        "tools/list": (request, next) =>
          Effect.map(next(request), (result) => ({
            ...result,
            tools: result.tools.map((listed) => ({ ...listed, execution: { taskSupport: "forbidden" as const } }))
          }))
      })
      const One = Tool.make("one")
      const layer = McpServer.layer(info, McpServer.use(Say), One).pipe(Layer.provide([live, One.toLayer(() => Effect.void)]))
      const peer = yield* (yield* serve(layer)).speak(version)
      const { result } = yield* peer.request("tools/list")
      const shown = { name: "one", inputSchema: nothing }
      assert.deepStrictEqual(result.tools, [
        version === "2025-11-25" ? { ...shown, execution: { taskSupport: "forbidden" } } : shown
      ])
    })
  )
})
