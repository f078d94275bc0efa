/**
 * Finds a document by completion, reads it, and hears when it is changed. The same in both eras, except for how one subscribes.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type { ResourceContents } from "@effect-mcp/core/protocol/Content"
import * as ResourceUri from "@effect-mcp/core/ResourceUri"
import type * as Revision from "@effect-mcp/core/Revision"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Fiber, FileSystem, Layer, Path, Stream } from "effect"
import * as assert from "node:assert/strict"
import { join } from "node:path"
import { Document, Documents } from "./contract.ts"

const client = (version: Revision.Version, root: string) =>
  McpClient.layer({ name: "reader", version: "1.0.0", versions: [version] }).pipe(
    Layer.provide(
      StdioClientTransport.layer({
        command: process.execPath,
        args: [...process.execArgv, join(import.meta.dirname, "server.ts"), root]
      })
    )
  )

/** Puts a file in its place in one step, so that nobody reads a half of it. */
const replace = Effect.fn("replace")(function* (path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString(`${path}.new`, text)
  yield* fs.rename(`${path}.new`, path)
})

/** A directory that is gone when the scope closes. */
const documents = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const root = yield* fs.makeTempDirectoryScoped()
  yield* fs.makeDirectory(join(root, "guides"))
  yield* fs.writeFileString(join(root, "readme.md"), "# Read me\n")
  yield* fs.writeFileString(join(root, "guides", "start.md"), "# First steps\n")
  yield* fs.writeFileString(join(root, "guides", "issue #1.md"), "# Issue 1\n")
  return root
})

const textOf = (contents: ReadonlyArray<ResourceContents>) =>
  contents.map((part) => ("text" in part ? part.text : part.mimeType)).join("\n")

/** The updates of a resource. What happens after this is heard. */
const updatesOf = Effect.fn("updatesOf")(function* (uri: string) {
  const client = yield* McpClient.McpClient
  if (client.revision.listSubscriptions === "listen") {
    const { honoured, notifications } = yield* client.listen({ resourceSubscriptions: [uri] })
    assert.deepEqual(honoured.resourceSubscriptions, [uri])
    return Stream.fromQueue(notifications)
  }
  yield* client.subscribeResource(uri)
  return client.notifications(["notifications/resources/updated"])
})

const browse = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const { prompts, resources } = yield* McpClient.of(Documents)
  const { entries } = yield* resources.index()
  assert.deepEqual(
    entries.map(({ path }) => path),
    ["guides", "guides/issue #1.md", "guides/start.md", "readme.md"]
  )
  assert.match(yield* resources.about(), /^# Documents/)

  // Both a template and a prompt suggest paths.
  const template = { type: "ref/resource", uri: Document.uri } as const
  const { values } = yield* client.complete(template, { name: "path", value: "guides/" })
  assert.deepEqual(values, ["guides/issue #1.md", "guides/start.md"])
  const found = yield* client.complete({ type: "ref/prompt", name: "proofread" }, { name: "path", value: "re" })
  assert.deepEqual(found.values, ["readme.md"])

  for (const path of values) {
    const contents = yield* resources.document({ path })
    console.log(`${path}: ${textOf(contents).trim()}`)
    assert.deepEqual([contents[0]?.mimeType, contents[0]?.uri], ["text/markdown", ResourceUri.of(Document, { path })])
  }
  const { messages } = yield* prompts.proofread({ path: "guides/issue #1.md" })
  assert.ok(messages.some(({ content }) => "uri" in content && content.uri === "documents://files/guides/issue%20%231.md"))

  // Nothing outside of the directory exists.
  for (const path of ["../secret.md", "nothing.md"]) {
    const { reason } = yield* Effect.flip(resources.document({ path }))
    assert.equal(reason._tag, "RequestFailed")
  }
})

const follow = Effect.fn("follow")(function* (root: string) {
  const { resources } = yield* McpClient.of(Documents)
  const { join } = yield* Path.Path
  const path = "guides/start.md"
  const uri = ResourceUri.of(Document, { path })
  const updates = yield* updatesOf(uri)

  // An update says that there is something new, not what: read again, until it is what we wait for.
  const changed = yield* updates.pipe(
    Stream.tap(({ params }) => Effect.sync(() => assert.equal(params?.["uri"], uri))),
    Stream.mapEffect(() => Effect.map(resources.document({ path }), textOf)),
    Stream.filter((text) => text === "# Second steps\n"),
    Stream.runHead,
    Effect.forkChild({ startImmediately: true })
  )
  yield* replace(join(root, "guides", "start.md"), "# Second steps\n")
  const text = yield* Effect.flatMap(Fiber.join(changed), Effect.fromOption)
  console.log(`${path} has changed: ${text.trim()}`)
}, Effect.scoped)

const tell = Effect.fn("tell")(function* (version: Revision.Version) {
  const root = yield* documents
  console.log(version)
  yield* Effect.andThen(browse, follow(root)).pipe(Effect.provide(client(version, root)))
}, Effect.scoped)

Effect.forEach(["2025-11-25", "2026-07-28"] as const, tell).pipe(
  Effect.timeout("20 seconds"),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
