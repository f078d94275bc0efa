import * as DirectoryResource from "@effect-mcp/core/DirectoryResource"
import * as FileResource from "@effect-mcp/core/FileResource"
import * as FixedResource from "@effect-mcp/core/FixedResource"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Resource from "@effect-mcp/core/Resource"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, info, refusal, versions } from "./support/fixture.ts"
import { type Json, serve } from "./support/peer.ts"

const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

class Docs extends McpGroup.make(
  "docs",
  Resource.make("readme", "docs://readme", { success: Resource.Contents, mimeType: "text/markdown" }),
  Resource.make("motd", "docs://motd"),
  Resource.make("logo", "docs://logo", { success: Schema.Uint8Array, mimeType: "image/png" }),
  Resource.make("listing", "docs://listing", { success: DirectoryResource.Listing }),
  Resource.template("listings", "docs://listings/{+path}", { success: DirectoryResource.Listing }),
  Resource.template("files", "docs://files/{+path}", { success: Resource.Contents }),
  Resource.template("unsafe", "docs://unsafe/{+path}", { success: Resource.Contents, unsafe: true }),
  Resource.make("lost", "docs://lost", { success: Resource.Contents })
) {}

const serving = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const base = yield* fs.makeTempDirectoryScoped()
  const root = `${base}/docs`
  yield* fs.makeDirectory(`${root}/sub`, { recursive: true })
  for (const path of ["a.md", "sub/b c.md"]) yield* fs.writeFileString(`${root}/${path}`, `# ${path}`)
  yield* fs.writeFile(`${root}/logo.png`, new Uint8Array([1, 2, 3]))
  yield* fs.writeFileString(`${base}/secret.md`, "secret")
  yield* fs.symlink(`${base}/secret.md`, `${root}/link.md`)
  const DocsLive = Docs.toLayer({
    resources: {
      readme: FileResource.file(`${root}/a.md`),
      motd: FixedResource.of("Silence, please."),
      logo: FixedResource.of(new Uint8Array([1])),
      listing: DirectoryResource.list({ root }),
      listings: DirectoryResource.list({ root }),
      files: DirectoryResource.browse({ root }),
      unsafe: DirectoryResource.read({ root, maxBytes: 5 }),
      lost: (_, uri) => DirectoryResource.read({ root: `${base}/lost` })({ path: "a.md" }, uri)
    }
  })
  return { base, server: yield* serve(McpServer.layer(info, Docs).pipe(Layer.provide(DocsLive), Layer.provide(files))) }
}).pipe(Effect.provide(files))

describe.each(versions)("ready-made resources in %s", (version) => {
  const hints = version === "2026-07-28" ? { ttlMs: 0, cacheScope: "private" } : {}
  const missing = version === "2026-07-28" ? -32602 : -32002

  it.effect("are read", () =>
    Effect.gen(function* () {
      const { server } = yield* serving
      const peer = yield* server.speak(version)
      const png = { mimeType: "image/png", blob: "AQID" }
      const entry = { path: "sub/b c.md", type: "file", size: 12, mimeType: "text/markdown" }
      const cases: ReadonlyArray<readonly [uri: string, content: Json]> = [
        ["docs://readme", { mimeType: "text/markdown", text: "# a.md" }],
        ["docs://motd", { mimeType: "text/plain", text: "Silence, please." }],
        ["docs://logo", { mimeType: "image/png", blob: "AQ==" }],
        ["docs://files/sub/b%20c.md", { mimeType: "text/markdown", text: "# sub/b c.md" }],
        ["docs://files/logo.png", png],
        ["docs://listings/sub", { mimeType: "application/json", text: JSON.stringify({ entries: [entry], truncated: false }) }]
      ]
      for (const [i, [uri, content]] of cases.entries()) {
        const expected = answer(version, i, { contents: [{ uri, ...content }], ...hints })
        assert.deepStrictEqual(yield* peer.request("resources/read", { uri }, i), expected)
      }
    })
  )

  it.effect("that are not there are not found, under the URI that was asked for; links outside lead nowhere", () =>
    Effect.gen(function* () {
      const { server } = yield* serving
      const peer = yield* server.speak(version)
      const uris = [
        "docs://files/none.md",
        "docs://files/sub",
        "docs://files/link.md",
        "docs://unsafe/../secret.md",
        "docs://unsafe/sub/%2e%2e/%2e%2e/secret.md",
        "docs://unsafe//etc/passwd",
        "docs://listings/a.md"
      ]
      for (const [i, uri] of uris.entries()) {
        const refused = refusal(i, missing, `Resource not found: ${uri}`, { uri })
        assert.deepStrictEqual(yield* peer.request("resources/read", { uri }, i), refused)
      }
      const { error } = yield* peer.request("resources/read", { uri: "docs://files/../secret.md" })
      assert.strictEqual((error as Json)["code"], -32602)
    })
  )

  it.effect("that are too large say so, and nothing tells where they are on the server", () =>
    Effect.gen(function* () {
      const { base, server } = yield* serving
      const peer = yield* server.speak(version)
      const tooLarge = yield* peer.request("resources/read", { uri: "docs://unsafe/a.md" }, 1)
      const message = "The resource is larger than the 5 bytes that are read here; ask for a smaller one"
      assert.deepStrictEqual(tooLarge, refusal(1, 1, message))
      const lost = yield* peer.request("resources/read", { uri: "docs://lost" })
      assert.match((lost["error"] as { readonly message: string }).message, /^Internal error \([0-9a-f-]{36}\)$/)
      for (const line of peer.lines) assert.notInclude(line, base)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("are suggested", () =>
    Effect.gen(function* () {
      const { server } = yield* serving
      const peer = yield* server.speak(version)
      const ref = { type: "ref/resource", uri: "docs://files/{+path}" }
      const { result } = yield* peer.request("completion/complete", { ref, argument: { name: "path", value: "s" } })
      assert.deepStrictEqual(result.completion, { values: ["sub/b c.md"], total: 1, hasMore: false })
    })
  )
})
