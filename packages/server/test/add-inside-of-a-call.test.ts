import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as McpServer from "../src/McpServer.ts"
import { capture, minimumLevel } from "./support/logs.ts"
import { key, type RawPeer, serve } from "./support/peer.ts"

const Load = Tool.make("load")
const Late = Tool.make("late")

const speak = Effect.logDebug("debug").pipe(Effect.andThen(Effect.logInfo("info")), Effect.andThen(Effect.logWarning("warning")))

/** A server whose tool `load` adds the tool `late`, for longer than its own call. Both log while they run. */
const loading = Effect.fnUntraced(function* (
  program: LogLevel.LogLevel,
  inside: <A, E, R>(add: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = (add) => add,
  saying: Effect.Effect<void> = speak
) {
  const logs = capture()
  const levels: Array<LogLevel.LogLevel> = []
  const lasting = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const server = yield* Deferred.make<McpServer.McpServer["Service"]>()
  const LateLive = Late.toLayer(
    Effect.gen(function* () {
      levels.push(yield* References.MinimumLogLevel)
      return () =>
        Effect.andThen(
          Effect.map(References.MinimumLogLevel, (level) => levels.push(level)),
          saying
        )
    })
  )
  const LoadLive = Load.toLayer(() =>
    Effect.andThen(
      inside(Effect.flatMap(Deferred.await(server), (server) => Scope.provide(server.add(Late, LateLive), lasting))),
      Effect.logInfo("loaded")
    ).pipe(Effect.orDie)
  )
  const layer = McpServer.layer({ name: "s", version: "1" }, Load).pipe(
    Layer.provide(LoadLive),
    Layer.provide([logs.layer, minimumLevel(program)])
  )
  const served = yield* serve(layer)
  yield* Deferred.succeed(server, served.server)
  return { served, logs, levels }
})

const at = (level: string | undefined) => (level === undefined ? {} : { [key("logLevel")]: level })

const said = (peer: RawPeer) =>
  peer.notifications.filter(({ method }) => method === "notifications/message").map(({ params }) => params.data)

describe("a tool that was added inside of a call", () => {
  const table: ReadonlyArray<
    readonly [program: LogLevel.LogLevel, loader: string | undefined, caller: string | undefined, program: number, client: number]
  > = [
    // the program's level, that of the call that adds, that of the call of the added tool, what they hear of three messages
    ["Info", "debug", "debug", 2, 3],
    ["Info", "debug", "info", 2, 2],
    ["Info", "debug", undefined, 2, 0],
    ["Info", undefined, "debug", 2, 3],
    ["Warn", "debug", "info", 1, 2],
    ["Warn", "debug", undefined, 1, 0],
    ["Debug", "error", "debug", 3, 3],
    ["None", "debug", "debug", 0, 3]
  ]
  const all = ["debug", "info", "warning"]

  for (const [program, loader, caller, byProgram, byClient] of table) {
    it.effect(
      `added at ${loader}, called at ${caller}, in a program at ${program}: each message is heard once, by who wants it`,
      () =>
        Effect.gen(function* () {
          const { levels, logs, served } = yield* loading(program)
          const one = yield* served.speak("2026-07-28")
          const other = yield* served.speak("2026-07-28")
          yield* one.call("load", {}, at(loader))
          assert.strictEqual(levels[0], program)
          logs.entries.length = 0
          one.clear()
          yield* other.call("late", {}, at(caller))
          assert.deepStrictEqual(said(other), all.slice(3 - byClient), "the client")
          assert.deepStrictEqual(
            logs.entries.map(({ message }) => message),
            all.slice(3 - byProgram),
            "the program"
          )
          assert.deepStrictEqual(said(one), [])
        })
    )
  }

  it.effect("by the same peer: its messages are told once, those of the call that adds go on to be told", () =>
    Effect.gen(function* () {
      const { served } = yield* loading("Info")
      const peer = yield* served.speak("2025-11-25")
      yield* peer.request("logging/setLevel", { level: "debug" })
      yield* peer.call("load")
      assert.deepStrictEqual(said(peer), ["loaded"])
      peer.clear()
      yield* peer.call("late")
      assert.deepStrictEqual(said(peer), all)
    })
  )

  it.effect(
    "what it logs at a level of its own reaches the program, although the call that adds logs more for its client alone",
    () =>
      Effect.gen(function* () {
        const own = Effect.provideService(Effect.logDebug("own"), References.MinimumLogLevel, "Debug")
        const { logs, served } = yield* loading("Info", (add) => add, own)
        const peer = yield* served.speak("2026-07-28")
        yield* peer.call("load", {}, at("debug"))
        logs.entries.length = 0
        yield* peer.call("late")
        assert.deepStrictEqual(logs.messages("Debug"), ["own"])
      })
  )

  it.effect("the spans of the call are not the tool's, neither those of the log nor those of the trace", () =>
    Effect.gen(function* () {
      const found: Array<unknown> = []
      const look = Effect.gen(function* () {
        const span = yield* Effect.serviceOption(Tracer.ParentSpan)
        found.push(
          (yield* References.CurrentLogSpans).map(([label]) => label),
          Option.isSome(span)
        )
      })
      const { served } = yield* loading("Info", (add) => add.pipe(Effect.withLogSpan("load"), Effect.withSpan("load")), look)
      const peer = yield* served.speak("2026-07-28")
      yield* peer.call("load")
      yield* peer.call("late")
      assert.deepStrictEqual(found, [[], false])
    })
  )

  it.effect("what the call set for itself is not the tool's: annotations, spans, levels", () =>
    Effect.gen(function* () {
      const { levels, logs, served } = yield* loading("Info", (add) =>
        add.pipe(
          Effect.annotateLogs("of", "load"),
          Effect.withLogSpan("load"),
          Effect.withSpan("load"),
          Effect.provideService(References.MinimumLogLevel, "Trace")
        )
      )
      const peer = yield* served.speak("2026-07-28")
      yield* peer.call("load", {}, at("debug"))
      logs.entries.length = 0
      yield* peer.call("late")
      assert.deepStrictEqual(levels, ["Info", "Info"])
      assert.deepStrictEqual(
        logs.entries.map(({ annotations, message }) => [message, annotations]),
        [
          ["info", {}],
          ["warning", {}]
        ]
      )
    })
  )
})
