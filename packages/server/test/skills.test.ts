import { createHash } from "node:crypto"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import * as Skills from "../src/Skills.ts"
import { info, versions } from "./support/fixture.ts"
import { type Json, type RawPeer, serve } from "./support/peer.ts"

const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

const skillsId = "io.modelcontextprotocol/skills"

const main = (name: string) => `---\nname: ${name}\ndescription: About ${name}\nmetadata: { version: 2 }\n---\n\n# ${name}\n`

const resource = (uri: string, text: string) => ({
  uri,
  digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
  size: Buffer.byteLength(text)
})

const pdf = {
  uri: "skill://pdf/SKILL.md",
  frontmatter: { name: "pdf", description: "About pdf", metadata: { version: 2 } },
  resources: [resource("skill://pdf/SKILL.md", main("pdf")), resource("skill://pdf/references/a b.md", "forms")].map((one) => ({
    ...one,
    uri: one.uri.replace(" ", "%20")
  }))
}

const write = Effect.fnUntraced(function* (root: string, path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(`${root}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
  yield* fs.writeFileString(`${root}/${path}`, text)
})

const made = Effect.gen(function* () {
  const root = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
  yield* write(root, "pdf/SKILL.md", main("pdf"))
  yield* write(root, "pdf/references/a b.md", "forms")
  yield* write(root, "acme/refunds/SKILL.md", main("refunds"))
  return root
})

const serving = Effect.fnUntraced(function* (
  options?: Skills.Options,
  ...parts: ReadonlyArray<ReturnType<typeof Skills.directory>>
) {
  const root = yield* made
  const server = yield* serve(McpServer.layer(info, Skills.directory(root, options), ...parts).pipe(Layer.provide(files)))
  return { root, server }
})

const resultOf = (message: Json): Json => message["result"] as Json
const codeOf = (message: Json): unknown => (message["error"] as Json | undefined)?.["code"]

/** What a result has beside what the request era puts on each. */
const bare = (message: Json): Json => {
  const { _meta, resultType, ...rest } = resultOf(message)
  return rest
}

const changesOf = (peer: RawPeer) => peer.notifications.filter(({ method }) => method === "notifications/resources/list_changed")

describe.each(versions)("skills in %s", (version) => {
  const isRequestEra = version === "2026-07-28"

  it.effect("are declared with their directories, and with resources", () =>
    Effect.gen(function* () {
      const { server } = yield* serving()
      const agreed = isRequestEra
        ? yield* (yield* server.speak(version)).request("server/discover")
        : yield* (yield* server.open()).request("initialize", {
            protocolVersion: version,
            capabilities: {},
            clientInfo: { name: "c", version: "1" }
          })
      const capabilities = resultOf(agreed)["capabilities"] as Json
      const place = version === "2026-07-28" ? "extensions" : "experimental"
      assert.deepStrictEqual(capabilities[place], { [skillsId]: { directoryRead: true } })
      assert.isDefined(capabilities["resources"])
    }).pipe(Effect.provide(files))
  )

  it.effect("are listed, in pages, and got", () =>
    Effect.gen(function* () {
      const { server } = yield* serving({ pageSize: 1, cache: { ttlMs: 60_000, scope: "public" } })
      const peer = yield* server.speak(version)
      const hints = isRequestEra ? { ttlMs: 60_000, cacheScope: "public" } : {}
      const first = resultOf(yield* peer.request("skills/list"))
      assert.deepStrictEqual(
        (first["skills"] as ReadonlyArray<Json>).map(({ uri }) => uri),
        ["skill://acme/refunds/SKILL.md"]
      )
      const { nextCursor: cursor } = first
      assert.deepStrictEqual(bare(yield* peer.request("skills/list", { cursor })), { skills: [pdf], ...hints })
      assert.deepStrictEqual(bare(yield* peer.request("skills/get", { uri: pdf.uri })), { skill: pdf, ...hints })
      assert.strictEqual(codeOf(yield* peer.request("skills/list", { cursor: "x" })), -32602)
      assert.strictEqual(codeOf(yield* peer.request("skills/get", { uri: "skill://none/SKILL.md" })), -32602)
      assert.strictEqual(codeOf(yield* peer.request("skills/get")), -32602)
    }).pipe(Effect.provide(files))
  )

  it.effect("have hints that nothing is kept, by default, where the revision has any", () =>
    Effect.gen(function* () {
      const { server } = yield* serving()
      const peer = yield* server.speak(version)
      const { nextCursor, skills: _, ...hints } = bare(yield* peer.request("skills/list"))
      assert.isUndefined(nextCursor)
      assert.deepStrictEqual(hints, isRequestEra ? { ttlMs: 0, cacheScope: "private" } : {})
    }).pipe(Effect.provide(files))
  )

  it.effect("have directories that can be read", () =>
    Effect.gen(function* () {
      const { server } = yield* serving()
      const peer = yield* server.speak(version)
      const directory = "resources/directory/read"
      const file = { uri: "skill://pdf/references/a%20b.md", name: "a b.md", mimeType: "text/markdown", size: 5 }
      assert.deepStrictEqual(bare(yield* peer.request(directory, { uri: "skill://pdf/references" })), { resources: [file] })
      const { resources } = bare(yield* peer.request(directory, { uri: "skill://pdf" }))
      assert.deepStrictEqual((resources as ReadonlyArray<Json>)[1], {
        uri: "skill://pdf/references",
        name: "references",
        mimeType: "inode/directory"
      })
      for (const uri of ["skill://pdf/SKILL.md", "skill://none"]) {
        assert.strictEqual(codeOf(yield* peer.request(directory, { uri })), -32602, uri)
      }
    }).pipe(Effect.provide(files))
  )

  it.effect("have files that are resources, of which each SKILL.md is listed", () =>
    Effect.gen(function* () {
      const { server } = yield* serving({ cache: { ttlMs: 5 } })
      const peer = yield* server.speak(version)
      const hints = isRequestEra ? { ttlMs: 5, cacheScope: "private" } : {}
      const read = (uri: string) => peer.request("resources/read", { uri })
      const uri = "skill://pdf/references/a%20b.md"
      assert.deepStrictEqual(bare(yield* read(uri)), { contents: [{ uri, mimeType: "text/markdown", text: "forms" }], ...hints })
      assert.deepStrictEqual(bare(yield* read(pdf.uri)), {
        contents: [{ uri: pdf.uri, mimeType: "text/markdown", text: main("pdf") }],
        ...hints
      })
      for (const uri of ["skill://pdf/none.md", "skill://pdf", "skill://none/SKILL.md"]) {
        assert.strictEqual(codeOf(yield* read(uri)), isRequestEra ? -32602 : -32002, uri)
      }
      const { resources } = bare(yield* peer.request("resources/list"))
      assert.deepStrictEqual(resources, [
        { uri: "skill://acme/refunds/SKILL.md", name: "refunds", description: "About refunds", mimeType: "text/markdown" },
        { uri: "skill://pdf/SKILL.md", name: "pdf", description: "About pdf", mimeType: "text/markdown" }
      ])
      const { resourceTemplates } = bare(yield* peer.request("resources/templates/list"))
      assert.deepInclude((resourceTemplates as ReadonlyArray<Json>)[0], { uriTemplate: "skill://{path*}" })
    }).pipe(Effect.provide(files))
  )

  it.effect("change without a restart, and clients that know lists are told", () =>
    Effect.gen(function* () {
      const { root, server } = yield* serving()
      const peer = yield* server.speak(version)
      if (isRequestEra)
        yield* Effect.forkChild(peer.request("subscriptions/listen", { notifications: { resourcesListChanged: true } }))
      yield* peer.request("skills/list")
      assert.deepStrictEqual(changesOf(peer), [])
      yield* write(root, "new/SKILL.md", main("new"))
      yield* TestClock.adjust("1 second")
      const { skills } = bare(yield* peer.request("skills/list"))
      assert.deepStrictEqual(
        (skills as ReadonlyArray<Json>).map(({ uri }) => uri),
        ["skill://acme/refunds/SKILL.md", "skill://new/SKILL.md", "skill://pdf/SKILL.md"]
      )
      assert.strictEqual(changesOf(peer).length, 1)
      const { resources } = bare(yield* peer.request("resources/list"))
      assert.strictEqual((resources as ReadonlyArray<Json>).length, 3)
    }).pipe(Effect.provide(files))
  )
})

describe("Skills.directory", () => {
  it.effect("of a server that is mounted gives its resources to that one", () =>
    Effect.gen(function* () {
      const root = yield* made
      const inner = McpServer.layer({ ...info, name: "inner" }, Skills.directory(root)).pipe(Layer.provide(files))
      const server = yield* serve(McpServer.layer(info, McpServer.mount("office", inner)))
      const peer = yield* server.speak("2025-11-25")
      const { resources } = resultOf(yield* peer.request("resources/list"))
      const uris = (resources as ReadonlyArray<Json>).map(({ uri }) => uri)
      const { contents } = resultOf(yield* peer.request("resources/read", { uri: uris[1] }))
      assert.deepStrictEqual(contents, [{ uri: uris[1], mimeType: "text/markdown", text: main("pdf") }])
      assert.strictEqual(codeOf(yield* peer.request("skills/list")), -32601)
    }).pipe(Effect.provide(files))
  )

  it.effect("wants a directory that is there, limits and hints that make sense, and is there once", () =>
    Effect.gen(function* () {
      const root = yield* made
      const dies = Effect.fnUntraced(function* (fault: RegExp, ...parts: ReadonlyArray<ReturnType<typeof Skills.directory>>) {
        const exit = yield* Effect.exit(serve(McpServer.layer(info, ...parts).pipe(Layer.provide(files))))
        assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "it was built", fault)
      })
      yield* dies(/was not read: there is no such file/, Skills.directory(`${root}/none`))
      yield* dies(/pageSize must be at least 1/, Skills.directory(root, { pageSize: 0 }))
      yield* dies(
        /the extension "io.modelcontextprotocol\/skills" is there twice/,
        Skills.directory(root),
        Skills.directory(root)
      )
      assert.throws(() => Skills.directory(root, { cache: { ttlMs: -1 } }), /Skills.directory: cache: ttlMs must be/)
    }).pipe(Effect.provide(files))
  )
})
