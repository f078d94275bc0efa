import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import type { Options } from "../src/Settings.ts"
import { answer, info, sessionVersions } from "./support/fixture.ts"
import { type Json, serve } from "./support/peer.ts"

class Docs extends McpGroup.make(
  "docs",
  Resource.make("news", "docs://news"),
  Resource.make("logo", "docs://logo", { cache: { ttlMs: 86_400_000, scope: "public" } }),
  Resource.make("inbox", "docs://inbox", { cache: { ttlMs: 0, scope: "private" } }),
  Resource.template("page", "docs://pages/{name}", { cache: { ttlMs: 500 } }),
  Prompt.make("ask")
) {}

const read = () => Effect.succeed("text")

const DocsLive = Docs.toLayer({
  resources: { news: read, logo: read, inbox: read, page: read },
  prompts: { ask: () => Effect.succeed("?") }
})

const serverWith = (cacheHint: Options["cacheHint"]) =>
  McpServer.layer({ ...info, ...(cacheHint === undefined ? {} : { cacheHint }) }, Docs).pipe(Layer.provide(DocsLive))

const requests = {
  discover: ["server/discover", {}],
  tools: ["tools/list", {}],
  prompts: ["prompts/list", {}],
  resources: ["resources/list", {}],
  templates: ["resources/templates/list", {}],
  news: ["resources/read", { uri: "docs://news" }],
  logo: ["resources/read", { uri: "docs://logo" }],
  inbox: ["resources/read", { uri: "docs://inbox" }],
  page: ["resources/read", { uri: "docs://pages/1" }]
} as const

type Hints = { readonly [R in keyof typeof requests]: readonly [ttlMs: number, scope: "public" | "private"] }

const own = { logo: [86_400_000, "public"], inbox: [0, "private"] } as const

const cases: ReadonlyArray<readonly [name: string, hint: Options["cacheHint"], expected: Hints]> = [
  [
    "nothing is kept by default but what a resource says of itself",
    undefined,
    {
      discover: [0, "private"],
      tools: [0, "private"],
      prompts: [0, "private"],
      resources: [0, "private"],
      templates: [0, "private"],
      news: [0, "private"],
      ...own,
      page: [500, "private"]
    }
  ],
  [
    "one hint holds for all",
    { ttlMs: 60_000, scope: "public" },
    {
      discover: [60_000, "public"],
      tools: [60_000, "public"],
      prompts: [60_000, "public"],
      resources: [60_000, "public"],
      templates: [60_000, "public"],
      news: [60_000, "public"],
      ...own,
      page: [500, "public"]
    }
  ],
  [
    "that of a method comes before it, and that of a resource before both",
    {
      ttlMs: 60_000,
      methods: {
        "server/discover": { ttlMs: 1 },
        "tools/list": { scope: "public" },
        "prompts/list": { ttlMs: 2, scope: "public" },
        "resources/list": { ttlMs: 0 },
        "resources/templates/list": {},
        "resources/read": { ttlMs: 3, scope: "public" }
      }
    },
    {
      discover: [1, "private"],
      tools: [60_000, "public"],
      prompts: [2, "public"],
      resources: [0, "private"],
      templates: [60_000, "private"],
      news: [3, "public"],
      ...own,
      page: [500, "public"]
    }
  ]
]

const names = Object.keys(requests) as ReadonlyArray<keyof typeof requests>

describe("cache hints in 2026-07-28", () => {
  for (const [name, hint, expected] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(serverWith(hint))).speak("2026-07-28")
        for (const what of names) {
          for (let i = 0; i < 2; i++) {
            const { result } = yield* peer.request(requests[what][0], requests[what][1])
            assert.deepStrictEqual([result.ttlMs, result.cacheScope], expected[what], what)
          }
        }
      })
    )
  }

  it.effect("the whole result of a read, exactly", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(serverWith(undefined))).speak("2026-07-28")
      const answered = yield* peer.request("resources/read", { uri: "docs://logo" }, 1)
      const contents = [{ uri: "docs://logo", mimeType: "text/plain", text: "text" }]
      assert.deepStrictEqual(answered, answer("2026-07-28", 1, { contents, ttlMs: 86_400_000, cacheScope: "public" }))
    })
  )

  it.effect("are on no other result, and on no error", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(serverWith({ ttlMs: 5 }))).speak("2026-07-28")
      const prompt = yield* peer.request("prompts/get", { name: "ask" })
      assert.notProperty(prompt["result"], "ttlMs")
      assert.notProperty(prompt["result"], "cacheScope")
      const missing = yield* peer.request("resources/read", { uri: "docs://nothing" }, 1)
      assert.deepStrictEqual(missing["error"], {
        code: -32602,
        message: "Resource not found: docs://nothing",
        data: { uri: "docs://nothing" }
      })
    })
  )

  it.effect("a mounted server's resources keep their own", () =>
    Effect.gen(function* () {
      const Parent = McpServer.layer({ ...info, cacheHint: { ttlMs: 9 } }, McpServer.mount("d", serverWith({ ttlMs: 5 })))
      const peer = yield* (yield* serve(Parent)).speak("2026-07-28")
      const hintOf = (uri: string) =>
        Effect.map(peer.request("resources/read", { uri }), ({ result }) => [result.ttlMs, result.cacheScope])
      assert.deepStrictEqual(yield* hintOf("docs://d/logo"), [86_400_000, "public"])
      assert.deepStrictEqual(yield* hintOf("docs://d/pages/1"), [500, "private"])
      assert.deepStrictEqual(yield* hintOf("docs://d/news"), [9, "private"])
    })
  )
})

describe("cache hints and middleware", () => {
  class Redirect extends Middleware.make<Redirect>()("Redirect") {}
  const serverThrough = (live: Layer.Layer<Redirect>) =>
    McpServer.layer({ ...info, cacheHint: { ttlMs: 60_000, scope: "public" } }, McpServer.use(Redirect), Docs).pipe(
      Layer.provide([DocsLive, live])
    )
  const hintOf = (live: Layer.Layer<Redirect>, uri: string) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(serverThrough(live))).speak("2026-07-28")
      const { result }: Json = yield* peer.request("resources/read", { uri })
      return [result.ttlMs, result.cacheScope]
    })

  it.effect("that reads another resource gives the hint of that one", () =>
    Effect.gen(function* () {
      const live = Redirect.layer({ "resources/read": (request, next) => next({ ...request, uri: "docs://inbox" }) })
      assert.deepStrictEqual(yield* hintOf(live, "docs://logo"), [0, "private"])
    })
  )

  it.effect("that reads several gives the strictest of both", () =>
    Effect.gen(function* () {
      const live = Redirect.layer({
        "resources/read": (request, next) => Effect.andThen(next({ ...request, uri: "docs://pages/1" }), next(request))
      })
      assert.deepStrictEqual(yield* hintOf(live, "docs://logo"), [500, "public"])
    })
  )

  it.effect("that answers by itself gives the one of the method", () =>
    Effect.gen(function* () {
      const live = Redirect.layer({ "resources/read": () => Effect.succeed({ contents: [] }) })
      assert.deepStrictEqual(yield* hintOf(live, "docs://logo"), [60_000, "public"])
    })
  )
})

describe.each(sessionVersions)("cache hints in %s", (version) => {
  it.effect("do not exist", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(serverWith({ ttlMs: 60_000, scope: "public" }))).speak(version)
      for (const what of names.filter((name) => name !== "discover")) {
        const { result } = yield* peer.request(requests[what][0], requests[what][1])
        assert.notProperty(result, "ttlMs", what)
        assert.notProperty(result, "cacheScope", what)
      }
    })
  )
})

describe("cacheHint", () => {
  it.effect("that makes no sense stops the server, with the place named", () =>
    Effect.gen(function* () {
      const bad: ReadonlyArray<readonly [hint: unknown, said: string]> = [
        [{ ttlMs: -1 }, "McpServer: cacheHint: ttlMs must be an integer from 0 on, not -1"],
        [{ scope: "all" }, 'McpServer: cacheHint: scope must be "public" or "private", not "all"'],
        [
          { methods: { "tools/list": { ttlMs: 0.5 } } },
          "McpServer: cacheHint: tools/list: ttlMs must be an integer from 0 on, not 0.5"
        ],
        [{ methods: { "tool/list": {} } }, 'McpServer: cacheHint: results of "tool/list" are never kept']
      ]
      for (const [hint, said] of bad) {
        const exit = yield* Effect.exit(serve(serverWith(hint as Options["cacheHint"]))) // what the compiler would refuse
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", said)
      }
    })
  )
})
