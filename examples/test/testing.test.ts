/**
 * The examples' servers, tested with the testing kit.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as FakeServer from "@effect-mcp/testing/FakeServer"
import * as McpTest from "@effect-mcp/testing/McpTest"
import * as Smoke from "@effect-mcp/testing/Smoke"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import { Bookings } from "../booking/contract.ts"
import { Ledger } from "../booking/ledger.ts"
import { Server as BookingServer } from "../booking/server.ts"
import { BadQuery, Library } from "../library/contract.ts"
import * as LibraryServer from "../library/library.ts"

/** The library over a directory of its own, for as long as the scope. */
const library = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "library-smoke-"))
    mkdirSync(join(root, "docs"))
    writeFileSync(join(root, "docs/a.md"), "Progress and logs")
    return root
  }),
  (root) => Effect.sync(() => rmSync(root, { recursive: true }))
).pipe(
  Effect.map((root) =>
    LibraryServer.layer({ root }).pipe(
      Layer.provide(Logger.layer([])),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({})))
    )
  )
)

describe("the library", () => {
  it.live("passes a smoke run, with made up arguments, in every revision", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(yield* library)
      const report = yield* Smoke.check(client, { destructive: true })
      assert.deepStrictEqual(
        report.checked.map(({ name, status }) => [name, status]),
        [
          ["index_files", "passed"],
          ["search", "passed"],
          ["read_file", "refused"],
          ["add_note", "passed"],
          ["find_notes", "passed"],
          ["remove_note", "passed"],
          ["status", "passed"]
        ]
      )
    }).pipe(McpTest.eachRevision())
  )

  it.effect("has a fake, for programs that use it", () =>
    Effect.gen(function* () {
      const fake = yield* FakeServer.make(Library, {
        tools: { search: ({ query }) => Effect.fail(new BadQuery({ query, problem: "odd" })) }
      })
      const { tools } = yield* McpTest.typed(Library, fake.layer)
      assert.instanceOf(yield* Effect.flip(tools.search({ query: "x" })), BadQuery)
      const { created } = yield* tools.add_note({ title: "a", text: "b" })
      assert.isDefined(created)
      assert.deepStrictEqual(
        fake.calls.all.map(({ name }) => name),
        ["search", "add_note"]
      )
      yield* Smoke.check(yield* McpTest.client(fake.layer), { destructive: true, variants: 5 })
    }).pipe(McpTest.eachRevision("both"))
  )
})

describe("bookings", () => {
  const eager = McpTest.firstOf(
    McpTest.when(/^Which room/, McpTest.accept({ value: "suite" })),
    McpTest.when(/^For how many nights/, McpTest.accept({ value: 3 })),
    McpTest.when(/^B-1 is held/, McpTest.accept())
  )

  // The server stands in the context, so that the test can look into its ledger.
  it.effect("are made once, however often the handler runs, in every revision with forms", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.connect({ user: eager })
      const { nights, room, status } = yield* McpClient.typed(Bookings, client).tools.book({ hotel: "Grand" })
      assert.deepStrictEqual([room, nights, status], ["suite", 3, "confirmed"])
      assert.deepStrictEqual(client.user.remaining, [])
      const counts = yield* Effect.flatMap(Ledger, (ledger) => ledger.counts)
      assert.deepStrictEqual(counts, { added: 1, kept: 1, runs: client.revision.era === "request" ? 3 : 1 })
    }).pipe(Effect.provide(BookingServer, { local: true }), McpTest.eachRevision(["2026-07-28", "2025-11-25", "2025-06-18"]))
  )

  it.effect("are gone when the user declines", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.connect({ user: McpTest.firstOf(McpTest.when(/^B-/, McpTest.decline), eager) })
      const error = yield* Effect.flip(McpClient.typed(Bookings, client).tools.book({ hotel: "Grand" }))
      assert.include(error.message, "declined")
      assert.strictEqual((yield* Effect.flatMap(Ledger, (ledger) => ledger.counts)).kept, 0)
    }).pipe(Effect.provide(BookingServer, { local: true }), McpTest.eachRevision("both"))
  )
})
