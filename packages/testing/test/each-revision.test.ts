import { assert, describe, it } from "@effect/vitest"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FailedInRevisions } from "../src/EachRevision.ts"
import * as McpTest from "../src/McpTest.ts"
import { Files, FilesServer } from "./support/files.ts"

class Wrong extends Schema.TaggedError<Wrong>()("Wrong", { version: Schema.String }) {
  override get message() {
    return `wrong in ${this.version}`
  }
}

describe("a test of each revision", () => {
  it.effect("runs once per revision, in a scope of its own", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      yield* Effect.gen(function* () {
        const { revision } = yield* McpTest.client(FilesServer)
        events.push(revision.version)
        yield* Effect.addFinalizer(() => Effect.sync(() => void events.push("closed")))
      }).pipe(McpTest.eachRevision())
      assert.deepStrictEqual(
        events,
        Revision.versions.flatMap((version) => [version, "closed"])
      )
    })
  )

  it.effect("names the revisions in which it fails, after all have run, and keeps what went wrong", () =>
    Effect.gen(function* () {
      const test = Effect.gen(function* () {
        const { revision } = yield* McpTest.client(FilesServer)
        if (revision.structuredContent === "none") return yield* new Wrong(revision)
        assert.strictEqual(revision.era, "session", "the era")
      })
      const failure = yield* Effect.flip(McpTest.eachRevision()(test))
      assert.instanceOf(failure, FailedInRevisions)
      assert.deepStrictEqual(failure.failed, ["2026-07-28", "2025-03-26", "2024-11-05"])
      assert.strictEqual(
        failure.message,
        "the test failed in 2026-07-28, 2025-03-26, 2024-11-05, and passed in 2025-11-25, 2025-06-18\n" +
          "2026-07-28: the era: expected 'request' to equal 'session'\n" +
          "2025-03-26: wrong in 2025-03-26\n2024-11-05: wrong in 2024-11-05"
      )
      assert.include(String(failure.cause), "the era")
    })
  )

  it.effect("leaves clients alone that are told what to speak", () =>
    Effect.gen(function* () {
      const { revision } = yield* McpTest.client(FilesServer, { era: "session" })
      assert.strictEqual(revision.version, "2025-11-25")
    }).pipe(McpTest.eachRevision("request"))
  )

  it("has lists of revisions for test runners", () => {
    assert.deepStrictEqual(McpTest.revisions(), Revision.versions)
    assert.deepStrictEqual(McpTest.revisions("both"), ["2026-07-28", "2025-11-25"])
    assert.deepStrictEqual(McpTest.revisions("request"), ["2026-07-28"])
    assert.deepStrictEqual(McpTest.revisions("session"), ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
    assert.deepStrictEqual(McpTest.revisions(["2025-03-26"]), ["2025-03-26"])
  })
})

it.effect.each(McpTest.revisions())("tests of a runner are one per revision: %s", (era) =>
  Effect.gen(function* () {
    const files = yield* McpTest.typed(Files, FilesServer, { era })
    assert.strictEqual(yield* files.tools.who(), `undefined ${era}`)
  })
)
