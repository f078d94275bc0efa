import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Database } from "../library/database.ts"
import { Files } from "../library/files.ts"
import { quoteWords } from "../library/query.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "library-test-"))),
  (root) => Effect.sync(() => rmSync(root, { recursive: true }))
)

const open = (file: string) => Effect.map(Layer.build(Database.layerFile(file)), (context) => Context.get(context, Database))

const titles = (db: Database["Service"]) =>
  Effect.flatMap(db.prepare("SELECT title FROM notes ORDER BY id"), (statement) =>
    db.run("read", () => statement.all().map((row) => row["title"]))
  )

describe("Database", () => {
  const insert = "INSERT INTO notes (title, text, tags, created) VALUES (?, '', '[]', '')"

  it.effect("does all of a transaction, or nothing", () =>
    Effect.gen(function* () {
      const db = yield* open(":memory:")
      const statement = yield* db.prepare(insert)
      yield* db.transaction("add one", () => statement.run("one"))
      const error = yield* Effect.flip(
        db.transaction("add two", () => {
          statement.run("two")
          statement.run(null)
        })
      )
      assert.match(error.message, /^add two: NOT NULL constraint failed/)
      yield* db.transaction("add three", () => statement.run("three"))
      assert.deepStrictEqual(yield* titles(db), ["one", "three"])
    })
  )

  it.effect("keeps a file, and closes it with its scope", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "library.db")
      const first = yield* Effect.scoped(
        Effect.tap(open(file), (db) =>
          Effect.flatMap(db.prepare(insert), (statement) => db.run("add", () => statement.run("kept")))
        )
      )
      assert.match((yield* Effect.flip(titles(first))).message, /database is not open/)
      assert.deepStrictEqual(yield* titles(yield* open(file)), ["kept"])
    })
  )

  it.effect("says which file cannot be opened", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "nowhere/library.db")
      assert.strictEqual((yield* Effect.flip(open(file))).message, `open ${file}: unable to open database file`)
    })
  )
})

describe("Files", () => {
  it.effect("are not there without their root", () =>
    Effect.gen(function* () {
      const root = join(yield* directory, "nowhere")
      const layer = Layer.provide(Files.layer({ root }), [NodeFileSystem.layer, NodePath.layer])
      assert.strictEqual((yield* Effect.flip(Layer.build(layer))).reason._tag, "NotFound")
    })
  )
})

describe("quoteWords", () => {
  it("keeps words with their punctuation, and drops operators", () => {
    assert.strictEqual(quoteWords('node:sqlite AND (NOT "json-rpc" OR über'), '"node:sqlite" "json-rpc" "über"')
    assert.isUndefined(quoteWords("( AND *"))
  })
})
