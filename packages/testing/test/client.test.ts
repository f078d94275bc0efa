import { assert, describe, it } from "@effect/vitest"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as ServerLog from "@effect-mcp/client/ServerLog"
import * as Content from "@effect-mcp/core/Content"
import * as Principal from "@effect-mcp/core/Principal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as McpTest from "../src/McpTest.ts"
import { Files, FilesServer, Missing } from "./support/files.ts"

describe("a client of a server layer", () => {
  it.effect("is connected in memory, calls tools by name, and by a contract with their types", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer, { user: McpTest.answers({ sure: true }) })
      assert.strictEqual(files.serverInfo?.name, "files")
      assert.strictEqual(Content.textOf(yield* files.callTool("remove", { path: "a" })), "removed")
      assert.strictEqual(yield* files.tools.remove({ path: "a" }), "removed")
      assert.deepStrictEqual(yield* Effect.flip(files.tools.remove({ path: "missing" })), new Missing({ path: "missing" }))
      assert.strictEqual(yield* files.resources.file({ path: "b" }), "contents of b")
      assert.strictEqual((yield* files.prompts.explain({ path: "b" })).messages.length, 1)
    })
  )

  it.effect("is whatever wants a client, also as a layer", () =>
    Effect.gen(function* () {
      const program = Effect.flatMap(McpClient.of(Files), ({ tools }) => tools.who())
      const files = yield* McpTest.client(FilesServer)
      assert.strictEqual(yield* Effect.provideService(program, McpClient.McpClient, files), "undefined 2026-07-28")
      const layer = McpTest.layer(FilesServer, { era: "session" })
      assert.strictEqual(yield* Effect.provide(program, layer), "undefined 2025-11-25")
    })
  )

  it.effect("speaks the era or the revision that it is told, and several of which the server chooses", () =>
    Effect.gen(function* () {
      for (const [options, version] of [
        [{}, "2026-07-28"],
        [{ era: "session" }, "2025-11-25"],
        [{ era: "request" }, "2026-07-28"],
        [{ era: "2024-11-05" }, "2024-11-05"],
        [{ client: { versions: ["2025-03-26", "2024-11-05"] } }, "2025-03-26"]
      ] as ReadonlyArray<readonly [McpTest.Options, string]>) {
        const { revision } = yield* McpTest.client(FilesServer, options)
        assert.strictEqual(revision.version, version)
      }
    })
  )

  it.effect("can be authenticated, and several can share a server", () =>
    Effect.gen(function* () {
      const ada = yield* McpTest.connect({ principal: Principal.make({ subject: "ada" }) })
      const eve = yield* McpTest.connect({ principal: Principal.make({ subject: "eve" }), era: "session" })
      assert.strictEqual(Content.textOf(yield* ada.callTool("who")), "ada 2026-07-28")
      assert.strictEqual(Content.textOf(yield* eve.callTool("who")), "eve 2025-11-25")
    }).pipe(Effect.provide(FilesServer))
  )

  it.effect("declares a user, a model and roots only where it has them", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* McpTest.client(FilesServer)).declared, {})
      const user = McpTest.withoutPages(McpTest.answers({}))
      const { declared } = yield* McpTest.client(FilesServer, { user, model: McpTest.replies(), roots: [] })
      assert.deepStrictEqual(Object.keys(declared).toSorted(), ["elicitation", "roots", "sampling"])
      assert.deepStrictEqual(declared.elicitation, { form: {} })
      const session = yield* McpTest.client(FilesServer, { user, era: "session", canAsk: false })
      const result = yield* session.callTool("agree")
      assert.isTrue(result.isError)
      assert.strictEqual(session.user.asked.all.length, 0)
    })
  )
})

describe("what arrived", () => {
  it.effect("is kept: notifications, log messages and the progress of each call, in both eras", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer)
      const told: Array<number> = []
      yield* files.tools.index({}, { onProgress: ({ progress }) => Effect.sync(() => void told.push(progress)) })
      yield* files.received.logs.first()
      assert.deepStrictEqual(
        files.received.progress.all.map(({ message, method, name, progress }) => [method, name, progress, message]),
        [
          ["tools/call", "index", 1, "half"],
          ["tools/call", "index", 2, undefined]
        ]
      )
      assert.deepStrictEqual(told, [1, 2])
      assert.deepStrictEqual(
        files.received.logs.all.map(({ data, level }) => [level, JSON.stringify(data).includes("indexing")]),
        [["info", true]]
      )
      assert.include(
        files.received.notifications.all.map(({ method }) => method),
        "notifications/message"
      )
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("is not logged a second time by the client, unless it is told so", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      const index = (client: McpTest.Options["client"]) =>
        Effect.gen(function* () {
          const files = yield* McpTest.typed(Files, FilesServer, client === undefined ? {} : { client })
          yield* files.tools.index()
          yield* files.received.logs.first()
          yield* McpTest.settle
          return logged.splice(0).flat()
        }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(yield* index(undefined), ["indexing"])
      assert.deepStrictEqual(yield* index({ onLog: ServerLog.log }), ["indexing", "indexing"])
    })
  )

  it.effect("has a bound, and can be taken and waited for", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer, { keep: 1 })
      const second = yield* Effect.forkChild(files.received.progress.first(({ progress }) => progress === 2))
      yield* files.tools.index()
      assert.strictEqual((yield* Fiber.join(second)).progress, 2)
      const { progress } = files.received
      assert.deepStrictEqual([progress.all.length, progress.forgotten, progress.last?.progress], [1, 1, 2])
      assert.strictEqual((yield* progress.take).length, 1)
      assert.strictEqual(progress.last, undefined)
    })
  )

  it.effect("goes to the client's own reactions, too", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const onNotification = ({ method }: { readonly method: string }) => Effect.sync(() => void heard.push(method))
      const files = yield* McpTest.typed(Files, FilesServer, { client: { onNotification, logLevel: "error" } })
      yield* files.tools.index()
      assert.deepStrictEqual(heard, [])
      yield* files.setLogLevel("info")
      yield* files.tools.index()
      yield* files.received.logs.first()
      assert.deepStrictEqual(heard, ["notifications/message"])
    })
  )
})

describe("roots", () => {
  it.effect("can be changed by the test, and servers with sessions are told", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer, { roots: ["file:///a", { uri: "file:///b", name: "b" }] })
      assert.deepStrictEqual(yield* files.tools.roots(), ["file:///a", "file:///b"])
      yield* files.roots.set(["file:///c"])
      assert.deepStrictEqual(yield* files.tools.roots(), ["file:///c"])
      assert.deepStrictEqual(yield* files.roots.get, [{ uri: "file:///c" }])
    }).pipe(McpTest.eachRevision())
  )
})

describe("the clock", () => {
  it.effect("is that of the test: nothing ends by itself, and `settle` waits for what needs no time", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer)
      const call = yield* Effect.forkChild(files.tools.slow())
      yield* McpTest.settle
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(call), "done")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("ends calls at their timeout", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer, { client: { timeout: "5 seconds" } })
      const call = yield* Effect.forkChild(Effect.flip(files.tools.slow()))
      yield* McpTest.settle
      yield* TestClock.adjust("10 seconds")
      assert.include((yield* Fiber.join(call)).message, "no answer and no progress for 5000 ms")
    })
  )
})

describe("the server", () => {
  it.effect("is built anew for each client, and released with the scope", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const Counted = FilesServer.pipe(
        Layer.provideMerge(
          Layer.effectDiscard(
            Effect.acquireRelease(
              Effect.sync(() => void events.push("built")),
              () => Effect.sync(() => void events.push("released"))
            )
          )
        )
      )
      yield* Effect.scoped(Effect.andThen(McpTest.client(Counted), McpTest.client(Counted)))
      assert.deepStrictEqual(events, ["built", "built", "released", "released"])
      // Also where layers share what they are made of.
      const both = Layer.merge(McpTest.layer(Counted), Layer.effectDiscard(McpTest.client(Counted)))
      yield* Effect.scoped(Layer.build(both))
      assert.strictEqual(events.filter((event) => event === "built").length, 4)
    })
  )
})
