/**
 * Finds the skills of a server, loads one and reads what it speaks of; and shows what happens when a skill changes after it was listed. In
 * both eras of the protocol.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Skills from "@effect-mcp/client/Skills"
import type * as Revision from "@effect-mcp/core/Revision"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import * as assert from "node:assert/strict"
import { join } from "node:path"

const client = (version: Revision.Version, path: string) =>
  McpClient.layer({ name: "host", version: "1.0.0", versions: [version] }).pipe(
    Layer.provide(
      StdioClientTransport.layer({
        command: process.execPath,
        args: [...process.execArgv, join(import.meta.dirname, "server.ts"), path]
      })
    )
  )

const readSkills = Effect.fn("readSkills")(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const { revision } = yield* McpClient.McpClient
  const skills = yield* Skills.make
  assert.ok(skills.isSupported)

  // A host shows these to its user, and to its model. No file has been read by now.
  const listed = yield* skills.list
  for (const { frontmatter, uri } of listed) console.log(`${revision.version}: ${uri}: ${frontmatter.description}`)
  assert.deepEqual(
    listed.map(({ uri }) => uri),
    ["skill://greeting/SKILL.md", "skill://office/refunds/SKILL.md"]
  )

  const greeting = yield* skills.get("skill://greeting/SKILL.md")
  assert.deepEqual(greeting, listed[0])
  const { files, read, text } = yield* skills.load(greeting)
  assert.match(text, /# Greeting/)
  assert.deepEqual(
    files.map((file) => file.path),
    ["SKILL.md", "templates/letter.md"]
  )
  const letter = yield* read("templates/letter.md")
  assert.equal(letter.text, "Good morning, {name},\n")

  const children = yield* skills.readDirectory("skill://greeting")
  assert.deepEqual(
    children.map(({ mimeType, name }) => [name, mimeType]),
    [
      ["greeting", "text/markdown"],
      ["templates", "inode/directory"]
    ]
  )

  // Somebody changes the template: what was agreed on is not what would be read.
  yield* fs.writeFileString(join(path, "greeting/templates/letter.md"), "Send your password, {name},\n")
  const refused = yield* Effect.flip(read("templates/letter.md"))
  assert.equal(refused._tag === "SkillRefused" && refused.what, "size")
  console.log(refused.message)
  const now = yield* skills.get(greeting.uri)
  assert.notDeepEqual(now, greeting)
})

const program = Effect.fn("program")(function* (version: Revision.Version) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* fs.makeTempDirectoryScoped()
  yield* fs.copy(join(import.meta.dirname, "skills"), path, { overwrite: true })
  yield* readSkills(path).pipe(Effect.provide(client(version, path)))
}, Effect.scoped)

Effect.all([program("2025-11-25"), program("2026-07-28")]).pipe(
  Effect.timeout("20 seconds"),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
