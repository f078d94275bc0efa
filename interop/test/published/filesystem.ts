/** `@modelcontextprotocol/server-filesystem`, with a directory as its argument. */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert } from "vitest"
import {
  call,
  common,
  failed,
  noLogs,
  noPrompts,
  noQuestions,
  noResources,
  type Party,
  quick,
  type Server,
  textOf
} from "./Server.ts"

const allowed = (party: Party) => call(party, "list_allowed_directories").then(textOf)

export const filesystem: Server = {
  name: "server-filesystem",
  entry: "server-filesystem/dist/index.js",
  args: (directory) => [directory],
  cells: {
    ...common,
    ...noResources,
    ...noPrompts,
    ...noQuestions,
    ...quick(({ client }, options) => client.callTool("list_allowed_directories", {}, options)),
    "log messages": noLogs,

    negotiation: async ({ client }) => {
      assert.strictEqual(client.revision.version, "2025-11-25")
      assert.strictEqual(client.serverInfo?.name, "secure-filesystem-server")
      assert.containSubset(client.capabilities, { tools: { listChanged: true } })
    },

    list: async ({ client, run }) => {
      const tools = await run(client.listTools)
      const write = tools.find(({ name }) => name === "write_file")!
      assert.containSubset(write.annotations, { readOnlyHint: false, destructiveHint: true })
      assert.deepStrictEqual(write.inputSchema["required"], ["path", "content"])
      assert.isDefined(write.outputSchema)
    },

    call: async (party) => {
      const path = join(party.directory, "a.txt")
      await call(party, "write_file", { path, content: "ä€𝄞\n" })
      assert.strictEqual(await readFile(path, "utf8"), "ä€𝄞\n")
      assert.strictEqual(textOf(await call(party, "read_text_file", { path })), "ä€𝄞\n")
      assert.include(textOf(await call(party, "list_directory", { path: party.directory })), "[FILE] a.txt")
    },

    "structured result": async (party) => {
      const path = join(party.directory, "b.txt")
      await writeFile(path, "one\ntwo\nthree")
      const { structuredContent } = await call(party, "read_text_file", { path, head: 2 })
      assert.deepStrictEqual(structuredContent, { content: "one\ntwo" })
    },

    "kinds of content": async (party) => {
      const path = join(party.directory, "dot.png")
      await writeFile(path, Buffer.from([1, 2, 3]))
      const { content } = await call(party, "read_media_file", { path })
      assert.deepStrictEqual(content, [{ type: "image", data: "AQID", mimeType: "image/png" }])
    },

    "error of the tool": async (party) => {
      assert.include(await failed(party, "read_text_file", { path: "/etc/passwd" }), "Access denied")
      assert.include(await failed(party, "read_text_file", { path: join(party.directory, "nothing") }), "ENOENT")
    },

    "bad arguments": async (party) =>
      assert.include(await failed(party, "read_text_file", { path: 1 }), "Input validation error"),

    "changes of lists": {
      because: "its tools stay as they are",
      proof: async ({ told }) =>
        assert.deepStrictEqual(
          told.all.filter(({ method }) => method.endsWith("list_changed")),
          []
        )
    },

    // What the client names replaces the argument.
    roots: async (party) => assert.strictEqual(await allowed(party), `Allowed directories:\n${party.directory}`),

    "changes of roots": async (party) => {
      const { client, directory, roots, run, told } = party
      const inner = join(directory, "inner")
      await mkdir(inner)
      roots.splice(0, 1, { uri: `file://${inner}` })
      await run(client.notify("notifications/roots/list_changed"))
      // It says nothing of it, but asks first and then looks at the directories.
      while ((await allowed(party)) !== `Allowed directories:\n${inner}`);
      assert.include(await failed(party, "read_text_file", { path: join(directory, "b.txt") }), "Access denied")
      assert.deepStrictEqual(told.all, [])
    }
  }
}
