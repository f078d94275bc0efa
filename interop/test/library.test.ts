/**
 * The clients of others use the library of `examples/` as a host would: the whole of it, not a server that was made to be tested.
 */
import { McpProtocol } from "effect/ai"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Driver, Progress } from "./peers/Driver.ts"
import * as effectAi from "./peers/effectAi.ts"
import * as sdk1 from "./peers/sdk1.ts"
import * as sdk2 from "./peers/sdk2.ts"
import { library } from "./support/programs.ts"

const clients = {
  "sdk v1": sdk1.connect,
  "sdk v2, 2026-07-28": sdk2.connect({ versionNegotiation: { mode: "auto" } }),
  "sdk v2, 2025-11-25": sdk2.connect({}),
  "effect/ai, 2026-07-28": effectAi.connect(McpProtocol.v2026_07_28),
  "effect/ai, 2025-11-25": effectAi.connect(McpProtocol.v2025_11_25)
}

const root = mkdtempSync(join(tmpdir(), "effect-mcp-"))
beforeAll(() => {
  const write = (folder: string, count: number) => {
    mkdirSync(join(root, folder))
    for (let i = 0; i < count; i++)
      writeFileSync(join(root, folder, `${i}.md`), `The ${folder} file, number ${i}, is about herrings.\n`)
  }
  write("few", 40)
  write("many", 4000)
})
afterAll(() => rmSync(root, { recursive: true }))

for (const [name, connect] of Object.entries(clients)) {
  describe(`${name}`, () => {
    let driver: Driver
    beforeAll(async () => {
      driver = await connect({ ...library, args: [...library.args, root] })
      await driver.list()
    })
    afterAll(() => driver.close())

    it("index_files, with progress", async () => {
      const told: Array<Progress> = []
      const { structured } = await driver.call(
        "index_files",
        { folder: "few" },
        { onProgress: (progress) => told.push(progress) }
      )
      assert.deepInclude(structured, { files: 40, indexed: 40, truncated: false })
      if (name.startsWith("effect/ai")) return // it does not ask for progress
      // There were five batches. What arrives together with the answer the SDKs drop, and complain, see `clients.test.ts`.
      const dropped = driver.complaints.filter((complaint) => String(complaint).includes("for an unknown token")).length
      assert.strictEqual(told.length + dropped, 5)
      assert.deepStrictEqual(
        told,
        [8, 16, 24, 32, 40].slice(0, told.length).map((progress, i) => ({ progress, total: 40, message: told[i]!.message }))
      )
    })

    it("search", async () => {
      const { isError, structured, text } = await driver.call("search", { query: "herrings 7", limit: 5 })
      assert.isFalse(isError)
      assert.deepInclude(structured, { matches: 1, searched: 40 })
      assert.include(text, "few/7.md:1")
    })

    it("search, with a query that cannot be read", async () => {
      const { isError, text } = await driver.call("search", { query: '"herrings' })
      assert.isTrue(isError)
      assert.include(text, "cannot be read")
    })

    it("add_note, find_notes, remove_note", async () => {
      const { structured } = await driver.call("add_note", { title: "Fish", text: "Herrings again", tags: ["fish"] })
      const { id } = structured as { readonly id: number }
      assert.include((await driver.call("find_notes", { tag: "fish" })).text, `${id}. Fish`)
      assert.isFalse((await driver.call("remove_note", { id })).isError)
      const { isError, text } = await driver.call("remove_note", { id })
      assert.isTrue(isError)
      assert.include(text, `There is no note ${id}`)
    })

    it("a cancelled index_files stops", async () => {
      const lastRun = async () => ((await driver.call("status")).structured as { readonly lastRun: string }).lastRun
      const abort = new AbortController()
      const indexing = driver.call("index_files", { folder: "many" }, { signal: abort.signal }).then(
        () => "completed",
        () => "cancelled"
      )
      while ((await lastRun()) !== "running");
      abort.abort()
      assert.strictEqual(await indexing, "cancelled")
      let after = await lastRun()
      while (after === "running") after = await lastRun()
      assert.strictEqual(after, "cancelled")
    })
  })
}
