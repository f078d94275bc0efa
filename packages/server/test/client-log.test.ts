import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as McpServer from "../src/McpServer.ts"
import { capture, minimumLevel } from "./support/logs.ts"
import { envelope, key, serve } from "./support/peer.ts"

const Speak = Tool.make("speak")

const everyLevel = Effect.logTrace("trace").pipe(
  Effect.andThen(Effect.logDebug("debug")),
  Effect.andThen(Effect.logInfo("info")),
  Effect.andThen(Effect.logWarning("warning")),
  Effect.andThen(Effect.logError("error")),
  Effect.andThen(Effect.logFatal("fatal"))
)

const saying = (said: Effect.Effect<void>) =>
  McpServer.layer({ name: "s", version: "1" }, Speak).pipe(Layer.provide(Speak.toLayer(() => said)))

/** What the program and the client hear of the same words. */
const heard = Effect.fnUntraced(function* (program: LogLevel.LogLevel, client: string | undefined, said = everyLevel) {
  const logs = capture()
  const peer = yield* (yield* serve(saying(said).pipe(Layer.provide([logs.layer, minimumLevel(program)])))).speak("2026-07-28")
  yield* peer.call("speak", {}, client === undefined ? {} : { [key("logLevel")]: client })
  return {
    program: logs.entries.map(({ message }) => message),
    client: peer.notifications.map(({ params }) => params.data),
    levels: peer.notifications.map(({ params }) => params.level)
  }
})

const all = ["trace", "debug", "info", "warning", "error", "fatal"]

describe("Effect.log in a handler", () => {
  it.effect("reaches the client at the level that this has asked for, in the client's words", () =>
    Effect.gen(function* () {
      const { client, levels } = yield* heard("Info", "debug")
      assert.deepStrictEqual(client, all)
      assert.deepStrictEqual(levels, ["debug", "debug", "info", "warning", "error", "critical"])
    })
  )

  const table: ReadonlyArray<readonly [LogLevel.LogLevel, string | undefined, number, number]> = [
    // the program's level, the client's level, how many of the six each of them does not hear
    ["Info", undefined, 2, 6],
    ["Info", "debug", 2, 0],
    ["Info", "info", 2, 2],
    ["Error", "debug", 4, 0],
    ["All", "debug", 0, 0],
    ["All", "error", 0, 4],
    ["Debug", "critical", 1, 5],
    ["Info", "emergency", 2, 6],
    ["Error", "notice", 4, 3],
    ["None", "info", 6, 2]
  ]

  for (const [program, client, notByProgram, notByClient] of table) {
    it.effect(`the program hears what it wants (${program}), whatever the client wants (${client})`, () =>
      Effect.gen(function* () {
        const result = yield* heard(program, client)
        assert.deepStrictEqual(result.program, all.slice(notByProgram), "the program")
        assert.deepStrictEqual(result.client, all.slice(notByClient), "the client")
      })
    )
  }

  it.effect("what is logged is sent as JSON, with its annotations", () =>
    Effect.gen(function* () {
      const cyclic: Record<string, unknown> = {}
      cyclic["self"] = cyclic
      const said = Effect.log("one").pipe(
        Effect.andThen(Effect.log("two", 2, null, true)),
        Effect.andThen(Effect.log({ a: [1] })),
        Effect.andThen(Effect.log(new Error("broken"))),
        Effect.andThen(Effect.log(Redacted.make("hunter2"))),
        Effect.andThen(Effect.log(undefined)),
        Effect.andThen(Effect.annotateLogs(Effect.log("noted"), { city: "Oslo", n: 1 }))
      )
      const { client } = yield* heard("Info", "info", said)
      assert.deepStrictEqual(client, [
        "one",
        ["two", 2, null, true],
        { a: [1] },
        "Error: broken",
        "<redacted>",
        null,
        { message: "noted", city: "Oslo", n: 1 }
      ])
      const odd = yield* heard("Info", "info", Effect.andThen(Effect.log(cyclic), Effect.log(1n)))
      assert.strictEqual(odd.client.length, 2)
    })
  )

  it.effect("of a cause the client is told the shape, not what is in it", () =>
    Effect.gen(function* () {
      const said = Effect.catchCause(Effect.die(new Error("password is hunter2")), (cause) => Effect.logError("it broke", cause))
      const { client } = yield* heard("Info", "info", said)
      assert.deepStrictEqual(client, [{ message: "it broke", cause: ["Die"] }])
    })
  )

  it.effect("what a child fiber logs is sent too", () =>
    Effect.gen(function* () {
      const said = Effect.asVoid(Effect.all([Effect.log("a"), Effect.log("b")], { concurrency: "unbounded" }))
      assert.deepStrictEqual((yield* heard("Info", "info", said)).client, ["a", "b"])
    })
  )

  it.effect("a level that the handler sets for itself holds for the client too", () =>
    Effect.gen(function* () {
      const said = Effect.provideService(everyLevel, References.MinimumLogLevel, "Error")
      assert.deepStrictEqual((yield* heard("Info", "debug", said)).client, ["error", "fatal"])
    })
  )

  it.effect("loggers that a handler's layer brings along keep hearing, and so does the client", () =>
    Effect.gen(function* () {
      const own = capture()
      const live = Speak.toLayer(() => Effect.log("said")).pipe(Layer.provide(own.layer))
      const served = yield* serve(McpServer.layer({ name: "s", version: "1" }, Speak).pipe(Layer.provide(live)))
      const peer = yield* served.speak("2026-07-28")
      yield* peer.call("speak", {}, { [key("logLevel")]: "info" })
      assert.deepStrictEqual(own.messages("Info"), ["said"])
      assert.deepStrictEqual(peer.notifications.length, 1)
    })
  )

  for (const [where, parts] of [
    ["of the server", (M: Middleware.Any) => [McpServer.use(M), Speak]],
    ["of a group", (M: Middleware.Any) => [McpGroup.make("g", Speak).middleware(M as never)]]
  ] as const) {
    it.effect(`what a middleware ${where} logs reaches the client and the program, each at its level`, () =>
      Effect.gen(function* () {
        const logs = capture()
        class M extends Middleware.make<M>()("M") {}
        const live = M.layer({ "tools/call": (request, next) => Effect.tap(next(request), () => everyLevel) })
        const handlers = McpGroup.make("g", Speak).toLayer({ tools: { speak: () => Effect.void } })
        const layer = McpServer.layer({ name: "s", version: "1" }, ...parts(M)).pipe(
          Layer.provide([live, handlers, Speak.toLayer(() => Effect.void)]),
          Layer.provide([logs.layer, minimumLevel("Error")])
        ) as Layer.Layer<McpServer.McpServer | Dispatcher>
        const peer = yield* (yield* serve(layer)).speak("2026-07-28")
        yield* peer.call("speak", {}, { [key("logLevel")]: "info" })
        assert.deepStrictEqual(
          peer.notifications.map(({ params }) => params.data),
          ["info", "warning", "error", "fatal"]
        )
        assert.deepStrictEqual(
          logs.entries.map(({ message }) => message),
          ["error", "fatal"]
        )
      })
    )
  }

  it.effect("nothing is lost for the program when the way to the client is full; the client misses it", () =>
    Effect.gen(function* () {
      const logs = capture()
      const peer = yield* (yield* serve(saying(Effect.log("said")).pipe(Layer.provide(logs.layer)))).speak("2026-07-28")
      peer.isFull = true
      yield* peer.call("speak", {}, { [key("logLevel")]: "info" })
      peer.isFull = false
      assert.deepStrictEqual(logs.messages("Info"), ["said"])
      assert.deepStrictEqual(peer.notifications, [])
    })
  )

  it.effect("the level of a session holds from when it is set", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(saying(everyLevel).pipe(Layer.provide(Logger.layer([]))))).speak("2025-11-25")
      const counts: Array<number> = []
      for (const level of ["error", "debug", "emergency", "info"]) {
        yield* peer.request("logging/setLevel", { level })
        peer.clear()
        yield* peer.call("speak")
        counts.push(peer.notifications.length)
      }
      assert.deepStrictEqual(counts, [2, 6, 0, 4])
      peer.clear()
      yield* peer.call("speak", {}, envelope())
      assert.deepStrictEqual(peer.notifications, [])
    })
  )
})
