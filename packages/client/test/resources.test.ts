import { resourceNotFound } from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Resource from "@effect-mcp/core/Resource"
import * as Revision from "@effect-mcp/core/Revision"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpClient from "../src/McpClient.ts"

class Closed extends Schema.TaggedError<Closed>()("Closed", { until: Schema.Date }) {}

const Stats = Schema.Struct({ books: Schema.Int, at: Schema.Date })

class Library extends McpGroup.make(
  "library",
  Resource.make("motd", "library://motd"),
  Resource.make("logo", "library://logo", { success: Schema.Uint8Array }),
  Resource.make("stats", "library://stats", { success: Stats }),
  Resource.make("shelf", "library://shelf", { success: Resource.Contents }),
  Resource.make("closed", "library://closed", { failure: Closed }),
  Resource.template("book", "library://books/{isbn}{?page,on}", { parameters: { page: Schema.Int, on: Schema.Date } }),
  Resource.template("file", "library://files/{path*}")
) {}

const day = new Date("2026-02-03T00:00:00.000Z")
const parts = [
  { uri: "library://shelf/1", text: "one" },
  { uri: "library://shelf/2", mimeType: "image/png", blob: "AQID" }
]

const LibraryLive = Library.toLayer({
  resources: {
    motd: () => Effect.succeed("hello"),
    logo: () => Effect.succeed(new Uint8Array([0, 255])),
    stats: () => Effect.succeed({ books: 3, at: day }),
    shelf: () => Effect.succeed(parts),
    closed: () => Effect.fail(new Closed({ until: day })),
    book: ({ isbn, on, page }) => Effect.succeed(`${isbn}|${page ?? 1}|${on?.getTime() ?? "never"}`),
    file: ({ path }) => (path === "none" ? Effect.fail(resourceNotFound("library://files/none")) : Effect.succeed(path))
  }
})

const Client = (version: Revision.Version) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(McpServer.layer({ name: "library", version: "1" }, Library).pipe(Layer.provide(LibraryLive))),
    Layer.provide(Logger.layer([]))
  )

describe.each(Revision.versions)("resources of a typed client in %s", (version) => {
  it.effect("are what the contract says", () =>
    Effect.gen(function* () {
      const { resources } = yield* McpClient.of(Library)
      assert.strictEqual(yield* resources.motd(), "hello")
      assert.deepStrictEqual(yield* resources.logo(), new Uint8Array([0, 255]))
      assert.deepStrictEqual(yield* resources.stats(), { books: 3, at: day })
      assert.deepStrictEqual(yield* resources.shelf(), parts)
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("of a template are functions of its variables, of their types", () =>
    Effect.gen(function* () {
      const { resources } = yield* McpClient.of(Library)
      assert.strictEqual(yield* resources.book({ isbn: "a b+c&d" }), "a b+c&d|1|never")
      assert.strictEqual(yield* resources.book({ isbn: "1", page: 12, on: day }), `1|12|${day.getTime()}`)
      assert.strictEqual(yield* resources.file({ path: "a/b c/ü.txt" }), "a/b c/ü.txt")
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("fail with what the contract declares, and with the code of what does not exist", () =>
    Effect.gen(function* () {
      const { resources } = yield* McpClient.of(Library)
      const closed = yield* Effect.flip(resources.closed())
      assert.isTrue(closed._tag === "Closed" && closed.until.getTime() === day.getTime())
      const missing = yield* Effect.flip(resources.file({ path: "none" }))
      const code = version === "2026-07-28" ? -32602 : -32002
      assert.isTrue(missing.reason._tag === "RequestFailed" && missing.reason.code === code)
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("without a contract they are listed and read by their URI", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const [listed, templates] = [yield* client.listResources, yield* client.listResourceTemplates]
      assert.deepStrictEqual(
        listed.map(({ uri }) => uri),
        ["library://motd", "library://logo", "library://stats", "library://shelf", "library://closed"]
      )
      assert.deepStrictEqual(
        templates.map(({ uriTemplate }) => uriTemplate),
        ["library://books/{isbn}{?page,on}", "library://files/{path*}"]
      )
      assert.deepStrictEqual(yield* client.readResource("library://motd"), {
        contents: [{ uri: "library://motd", mimeType: "text/plain", text: "hello" }]
      })
    }).pipe(Effect.provide(Client(version)))
  )
})
