import { resourceNotFound } from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Resource from "@effect-mcp/core/Resource"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, info, refusal, type Since, versions } from "./support/fixture.ts"
import { type Json, serve } from "./support/peer.ts"

class Closed extends Schema.TaggedError<Closed>()("Closed", { until: Schema.String }) {}

class Library extends McpGroup.make(
  "library",
  Resource.make("motd", "library://motd", {
    title: "Message",
    description: "Message of the day",
    icons: [{ src: "https://example.com/m.png" }],
    annotations: { audience: ["user"], lastModified: "2025-01-12T15:00:58Z" },
    size: 5,
    version: "3"
  }),
  Resource.make("logo", "library://logo", { success: Schema.Uint8Array, mimeType: "image/png" }),
  Resource.make("stats", "library://stats", { success: Schema.Struct({ books: Schema.Int, at: Schema.Date }) }),
  Resource.make("shelf", "library://shelf", { success: Resource.Contents }),
  Resource.make("closed", "library://closed", { failure: Closed }),
  Resource.make("broken", "library://broken"),
  Resource.make("wrong", "library://wrong", { success: Schema.Struct({ books: Schema.Int }) }),
  Resource.template("book", "library://books/{isbn}{?page,lang}", {
    description: "A book",
    mimeType: "text/markdown",
    parameters: { page: Schema.Int }
  }),
  Resource.template("file", "library://files/{path*}"),
  Resource.make("special", "library://books/special")
) {}

const LibraryLive = Library.toLayer({
  resources: {
    motd: () => Effect.succeed("hello"),
    logo: () => Effect.succeed(new Uint8Array([1, 2, 3])),
    stats: () => Effect.succeed({ books: 3, at: new Date(0) }),
    shelf: () =>
      Effect.succeed([
        { uri: "library://shelf/1", text: "one" },
        { uri: "library://shelf/2", mimeType: "image/png", blob: "AQID", _meta: { "example.com/note": 1 } }
      ]),
    closed: () => Effect.fail(new Closed({ until: "noon" })),
    broken: () => Effect.die(new Error("secret")),
    wrong: () => Effect.succeed({ books: 1.5 }),
    book: ({ isbn, lang, page }) =>
      isbn === "0" ? Effect.fail(resourceNotFound("library://books/0")) : Effect.succeed(`${isbn} ${page ?? 1} ${lang ?? "-"}`),
    file: ({ path }) => Effect.succeed(`file ${path}`),
    special: () => Effect.succeed("special")
  }
})

const Server = McpServer.layer(info, Library).pipe(Layer.provide(LibraryLive))
const quiet = Effect.provide(Logger.layer([]))

const motd: Since<Json> = {
  "2024-11-05": {
    uri: "library://motd",
    name: "motd",
    description: "Message of the day",
    mimeType: "text/plain",
    annotations: { audience: ["user"] },
    size: 5
  },
  "2025-06-18": {
    uri: "library://motd",
    name: "motd",
    title: "Message",
    description: "Message of the day",
    mimeType: "text/plain",
    annotations: { audience: ["user"], lastModified: "2025-01-12T15:00:58Z" },
    size: 5,
    _meta: { "effect-mcp/version": "3" }
  },
  "2025-11-25": {
    uri: "library://motd",
    name: "motd",
    title: "Message",
    description: "Message of the day",
    mimeType: "text/plain",
    annotations: { audience: ["user"], lastModified: "2025-01-12T15:00:58Z" },
    icons: [{ src: "https://example.com/m.png" }],
    size: 5,
    _meta: { "effect-mcp/version": "3" }
  }
}

const hints = { ttlMs: 0, cacheScope: "private" }

describe.each(versions)("resources in %s", (version) => {
  const connected = Effect.flatMap(serve(Server), ({ speak }) => speak(version))
  const hinted = (result: Json): Json => (version === "2026-07-28" ? { ...result, ...hints } : result)
  const missing = version === "2026-07-28" ? -32602 : -32002

  it.effect("are listed, and templates apart from them, with what the revision knows of them", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const { result } = yield* peer.request("resources/list")
      const listed = (result as { readonly resources: ReadonlyArray<Json> }).resources
      assert.deepStrictEqual(listed[0], at(motd, version))
      assert.deepStrictEqual(
        listed.map(({ mimeType, name }) => [name, mimeType]),
        [
          ["motd", "text/plain"],
          ["logo", "image/png"],
          ["stats", "application/json"],
          ["shelf", undefined],
          ["closed", "text/plain"],
          ["broken", "text/plain"],
          ["wrong", "application/json"],
          ["special", "text/plain"]
        ]
      )
      const templates = yield* peer.request("resources/templates/list", {}, 2)
      assert.deepStrictEqual(
        templates,
        answer(
          version,
          2,
          hinted({
            resourceTemplates: [
              {
                name: "book",
                description: "A book",
                mimeType: "text/markdown",
                uriTemplate: "library://books/{isbn}{?page,lang}"
              },
              { name: "file", mimeType: "text/plain", uriTemplate: "library://files/{path*}" }
            ]
          })
        )
      )
    })
  )

  it.effect("are read as texts, blobs, JSON, or several contents", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const cases: ReadonlyArray<readonly [uri: string, ...contents: ReadonlyArray<Json>]> = [
        ["library://motd", { uri: "library://motd", mimeType: "text/plain", text: "hello" }],
        ["library://logo", { uri: "library://logo", mimeType: "image/png", blob: "AQID" }],
        [
          "library://stats",
          { uri: "library://stats", mimeType: "application/json", text: '{"books":3,"at":"1970-01-01T00:00:00.000Z"}' }
        ],
        [
          "library://shelf",
          { uri: "library://shelf/1", text: "one" },
          {
            uri: "library://shelf/2",
            mimeType: "image/png",
            blob: "AQID",
            ...(version < "2025-06-18" ? {} : { _meta: { "example.com/note": 1 } })
          }
        ],
        ["library://books/12", { uri: "library://books/12", mimeType: "text/markdown", text: "12 1 -" }],
        [
          "library://books/1%2B2?lang=no&page=7&other=1",
          { uri: "library://books/1%2B2?lang=no&page=7&other=1", mimeType: "text/markdown", text: "1+2 7 no" }
        ],
        ["library://files/a/b%20c.txt", { uri: "library://files/a/b%20c.txt", mimeType: "text/plain", text: "file a/b c.txt" }],
        // The text of a template is a URI like any other.
        ["library://books/{isbn}", { uri: "library://books/{isbn}", mimeType: "text/markdown", text: "{isbn} 1 -" }],
        // What stands under a URI by itself comes before a template that it follows.
        ["library://books/special", { uri: "library://books/special", mimeType: "text/plain", text: "special" }]
      ]
      for (const [i, [uri, ...contents]] of cases.entries()) {
        assert.deepStrictEqual(
          yield* peer.request("resources/read", { uri }, i + 1),
          answer(version, i + 1, hinted({ contents }))
        )
      }
    })
  )

  it.effect("that do not exist are refused with the revision's code, and with nothing else", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const uris = ["library://nothing", "library://books/0", "library://books/", "library://books/a/b", "file:///etc/passwd", ""]
      for (const [i, uri] of uris.entries()) {
        const said = yield* peer.request("resources/read", { uri }, i + 1)
        assert.deepStrictEqual(said, refusal(i + 1, missing, `Resource not found: ${uri}`, { uri }))
      }
    })
  )

  it.effect("are protected from URIs that leave their place, and from variables of the wrong type", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const bad = [
        "library://files/../secret",
        "library://files/a/%2e%2e/secret",
        "library://files/%2Fetc/passwd",
        "library://files/a%00b",
        "library://books/1?page=many"
      ]
      for (const uri of bad) {
        const { error } = yield* peer.request("resources/read", { uri })
        assert.strictEqual((error as Json)["code"], -32602, uri)
        assert.match((error as { readonly message: string }).message, /path|page/)
      }
      const { error } = yield* peer.request("resources/read", {})
      assert.deepStrictEqual(error, { code: -32602, message: "Invalid params: `uri` must be a string" })
    })
  )

  it.effect("tell a declared failure with its data, and of a defect nothing but an id", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const declared = yield* peer.request("resources/read", { uri: "library://closed" })
      assert.deepStrictEqual(declared["error"], {
        code: 1,
        message: '{"_tag":"Closed","until":"noon"}',
        data: { "effect-mcp/structuredContent": { _tag: "Closed", until: "noon" } }
      })
      for (const uri of ["library://broken", "library://wrong"]) {
        const { error } = yield* peer.request("resources/read", { uri })
        assert.strictEqual((error as Json)["code"], -32603)
        assert.match((error as { readonly message: string }).message, /^Internal error \([0-9a-f-]{36}\)$/)
      }
    }).pipe(quiet)
  )
})

describe("resources beside other parts", () => {
  it.effect("of a mounted server are served under its namespace, templates too", () =>
    Effect.gen(function* () {
      const { speak } = yield* serve(McpServer.layer(info, McpServer.mount("city", Server)))
      const peer = yield* speak("2025-11-25")
      const { result } = yield* peer.request("resources/read", { uri: "library://city/books/1?page=2" })
      assert.deepStrictEqual(result, {
        contents: [{ uri: "library://city/books/1?page=2", mimeType: "text/markdown", text: "1 2 -" }]
      })
      const listed = yield* peer.request("resources/list")
      assert.deepInclude((listed["result"] as { readonly resources: ReadonlyArray<Json> }).resources[0], {
        uri: "library://city/motd",
        name: "city_motd"
      })
      const left = yield* peer.request("resources/read", { uri: "library://city/files/a/%2e%2e/%2e%2e/secret" })
      assert.strictEqual(left["error"].code, -32602)
    })
  )

  it.effect("two under one URI do not start, two of one name do", () =>
    Effect.gen(function* () {
      const Same = Resource.make("other", "library://motd")
      const Named = Resource.make("motd", "other://motd")
      const text = () => Effect.succeed("x")
      const start = (part: typeof Same | typeof Named) =>
        Effect.exit(
          Effect.scoped(
            serve(
              McpServer.layer(info, Library, part).pipe(
                Layer.provide([LibraryLive, Same.toLayer(text), Named.toLayer(text)])
              ) as typeof Server // whichever it is, its handlers are there
            )
          )
        )
      const refused = yield* start(Same)
      assert.isTrue(
        Exit.isFailure(refused) && Cause.pretty(refused.cause).includes('the resource "library://motd" is served twice')
      )
      assert.isTrue(Exit.isSuccess(yield* start(Named)))
    })
  )

  it.effect("middleware of a group may ask for another URI of the resource, and for no other", () =>
    Effect.gen(function* () {
      class Other extends Middleware.make<Other>()("test/Other") {}
      class Files extends McpGroup.make("files", Resource.template("file", "files:///{path*}")).middleware(Other) {}
      const OtherLive = Other.layer({
        "resources/read": (request, next) =>
          next({ ...request, uri: request.uri.replace("a.txt", "b.txt").replace("c.txt", "../x") })
      })
      const FilesLive = Files.toLayer({ resources: { file: ({ path }) => Effect.succeed(path) } })
      const { speak } = yield* serve(McpServer.layer(info, Files).pipe(Layer.provide([FilesLive, OtherLive])))
      const peer = yield* speak("2025-11-25")
      const { result } = yield* peer.request("resources/read", { uri: "files:///a.txt" })
      assert.deepStrictEqual(result, { contents: [{ uri: "files:///b.txt", mimeType: "text/plain", text: "b.txt" }] })
      const { error } = yield* peer.request("resources/read", { uri: "files:///c.txt" })
      assert.strictEqual(error.code, -32602)
      assert.match(error.message, /Invalid URI: path/)
    })
  )

  it.effect("middleware may send a read to another URI, and sees its contents", () =>
    Effect.gen(function* () {
      class Moved extends Middleware.make<Moved>()("test/Moved") {}
      const MovedLive = Moved.layer({
        "resources/read": (request, next) =>
          Effect.map(next({ ...request, uri: request.uri.replace("old:", "library:") }), (result) => ({
            ...result,
            _meta: { "example.com/from": request.uri }
          }))
      })
      const { speak } = yield* serve(
        McpServer.layer(info, McpServer.use(Moved), Library).pipe(Layer.provide([LibraryLive, MovedLive]))
      )
      const peer = yield* speak("2025-11-25")
      const { result } = yield* peer.request("resources/read", { uri: "old://files/a" })
      assert.deepStrictEqual(result, {
        contents: [{ uri: "library://files/a", mimeType: "text/plain", text: "file a" }],
        _meta: { "example.com/from": "old://files/a" }
      })
    })
  )
})
