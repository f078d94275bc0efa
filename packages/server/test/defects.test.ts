import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as McpServer from "../src/McpServer.ts"
import { answer, versions } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { serve, settle } from "./support/peer.ts"

const info = { name: "fixture", title: "The fixture", version: "1.2.3" }

class Declared extends Schema.TaggedError<Declared>()("Declared", { n: Schema.Int }) {}

const Break = Tool.make("break", { success: Schema.Int, failure: Declared })

const secret = new Error("password is hunter2")

/** What a handler may do that its contract does not say. */
const faults: ReadonlyArray<readonly [name: string, handler: () => Effect.Effect<any, any, any>, logged: string]> = [
  ["dies with an error", () => Effect.die(secret), "hunter2"],
  ["dies with something else", () => Effect.die("password is hunter2"), "hunter2"],
  [
    "throws before it returns an Effect",
    () => {
      throw secret
    },
    "hunter2"
  ],
  [
    "throws inside of its Effect",
    () =>
      Effect.sync(() => {
        throw secret
      }),
    "hunter2"
  ],
  ["rejects", () => Effect.promise(() => Promise.reject(secret)), "hunter2"],
  ["fails with what it does not declare", () => Effect.fail(secret), "hunter2"],
  ["fails with what the declared Schema does not accept", () => Effect.fail({ _tag: "Declared", n: "hunter2" }), "hunter2"],
  ["returns what its `success` does not accept", () => Effect.succeed("hunter2"), "is not what its `success` Schema says"]
]

describe("a handler that breaks its contract", () => {
  for (const [name, handler, logged] of faults) {
    it.effect(`${name}: the cause is in the log with an id, the client sees the id and nothing else`, () =>
      Effect.gen(function* () {
        const logs = capture()
        const live = Break.toLayer(handler as () => Effect.Effect<number>)
        const served = yield* serve(McpServer.layer(info, Break).pipe(Layer.provide(live), Layer.provide(logs.layer)))
        for (const version of versions) {
          logs.entries.length = 0
          const peer = yield* served.speak(version)
          const answered = yield* peer.request("tools/call", { name: "break" }, 1)
          yield* settle
          assert.strictEqual(logs.entries.length, 1)
          const [entry] = logs.entries
          const id = entry?.annotations["mcp.error.id"]
          assert.match(String(id), /^[0-9a-f-]{36}$/)
          assert.strictEqual(entry?.level, "Error")
          assert.strictEqual(entry?.message, "tools/call break failed")
          assert.include(entry?.cause, logged)
          assert.notInclude(JSON.stringify(answered), "hunter2")
          const result = answered["result"]
          assert.deepStrictEqual(result.content, [{ type: "text", text: `Internal error (${id})` }])
          assert.isTrue(result.isError)
          assert.isUndefined(result.structuredContent)
        }
      })
    )
  }

  it.effect("each time gets an id of its own", () =>
    Effect.gen(function* () {
      const logs = capture()
      const live = Break.toLayer(() => Effect.die(secret))
      const peer = yield* (yield* serve(
        McpServer.layer(info, Break).pipe(Layer.provide(live), Layer.provide(logs.layer))
      )).speak()
      for (let i = 0; i < 5; i++) yield* peer.call("break")
      yield* settle
      assert.strictEqual(new Set(logs.entries.map(({ annotations }) => annotations["mcp.error.id"])).size, 5)
    })
  )

  it.effect("the server goes on", () =>
    Effect.gen(function* () {
      const logs = capture()
      const Fine = Tool.make("fine")
      const layer = McpServer.layer(info, Break, Fine).pipe(
        Layer.provide([Break.toLayer(() => Effect.die(secret)), Fine.toLayer(() => Effect.void)]),
        Layer.provide(logs.layer)
      )
      const peer = yield* (yield* serve(layer)).speak()
      for (let i = 0; i < 3; i++) {
        yield* peer.call("break")
        assert.deepStrictEqual((yield* peer.call("fine"))["result"], { content: [] })
      }
    })
  )

  it.effect("a declared failure is not logged, and tells what it says", () =>
    Effect.gen(function* () {
      const logs = capture()
      const live = Break.toLayer(() => Effect.fail(new Declared({ n: 1 })))
      const served = yield* serve(McpServer.layer(info, Break).pipe(Layer.provide(live), Layer.provide(logs.layer)))
      const peer = yield* served.speak("2025-11-25")
      const answered = yield* peer.request("tools/call", { name: "break" }, 1)
      yield* settle
      assert.deepStrictEqual(logs.entries, [])
      const failure = { _tag: "Declared", n: 1 }
      const expected = {
        content: [{ type: "text", text: JSON.stringify(failure) }],
        isError: true,
        _meta: { "effect-mcp/structuredContent": failure }
      }
      assert.deepStrictEqual(answered, answer("2025-11-25", 1, expected))
    })
  )

  it.effect("a failure that says something in words is told in those", () =>
    Effect.gen(function* () {
      class Said extends Schema.TaggedError<Said>()("Said", { n: Schema.Int }) {
        override get message() {
          return `there were ${this.n} of them`
        }
      }
      const Say = Tool.make("say", { failure: Said })
      const layer = McpServer.layer(info, Say).pipe(Layer.provide(Say.toLayer(() => Effect.fail(new Said({ n: 3 })))))
      const peer = yield* (yield* serve(layer)).speak()
      const { result } = yield* peer.call("say")
      assert.deepStrictEqual(result.content, [{ type: "text", text: "there were 3 of them" }])
    })
  )

  // The compiler refuses these; programs in JavaScript, and values that are `any`, still come this far.
  for (const [name, handler, isResult] of [
    ["no Effect", () => "hunter2", true],
    ["an Effect that goes on with something that is none", () => Effect.flatMap(Effect.void, () => "hunter2" as never), false],
    [
      "an Effect that does so later",
      () =>
        Effect.flatMap(
          Effect.promise(() => Promise.resolve()),
          () => "hunter2" as never
        ),
      false
    ]
  ] as const) {
    it.effect(`what returns ${name} is answered all the same, and its place is given back`, () =>
      Effect.gen(function* () {
        const logs = capture()
        const live = Break.toLayer(handler as never)
        const layer = McpServer.layer({ ...info, concurrency: 1, waiting: 1 }, Break).pipe(
          Layer.provide(live as Layer.Layer<any>),
          Layer.provide(logs.layer)
        )
        const served = yield* serve(layer)
        const peer = yield* Scope.provide(served.speak(), yield* Scope.make()) // not closed: that would wait for ever
        for (let i = 0; i < 2; i++) {
          const id = peer.startCall("break")
          yield* settle
          const answered = peer.answerNow(id)
          const said = isResult ? answered?.["result"]?.content[0].text : answered?.["error"]?.message
          assert.strictEqual(said, `Internal error (${logs.entries.at(-1)?.annotations["mcp.error.id"]})`)
        }
        assert.strictEqual(peer.inFlight, 0)
      })
    )
  }
})

describe("a failure that is declared and cannot be written", () => {
  it.effect("is an internal error of its tool, which the model is told of", () =>
    Effect.gen(function* () {
      const logs = capture()
      const Say = Tool.make("say", { failure: Schema.Unknown })
      const layer = McpServer.layer(info, Say).pipe(
        Layer.provide(Say.toLayer(() => Effect.fail({ n: 1n }))),
        Layer.provide(logs.layer)
      )
      const peer = yield* (yield* serve(layer)).speak()
      const { result } = yield* peer.call("say")
      yield* settle
      const [entry] = logs.entries
      assert.strictEqual(entry?.message, "tools/call say failed")
      assert.strictEqual(result?.content[0].text, `Internal error (${entry?.annotations["mcp.error.id"]})`)
      assert.isTrue(result?.isError)
    })
  )
})

describe("a result that cannot be written", () => {
  it.effect("is an internal error of its tool, whose cause is in the log, and the server goes on", () =>
    Effect.gen(function* () {
      const logs = capture()
      class Odd extends Middleware.make<Odd>()("Odd") {}
      const odd = Odd.layer({
        "tools/call": (request, next) => Effect.map(next(request), (result) => ({ ...result, structuredContent: { n: 1n } }))
      })
      const layer = McpServer.layer({ ...info, concurrency: 1 }, McpServer.use(Odd), Break).pipe(
        Layer.provide([odd, Break.toLayer(() => Effect.succeed(1))]),
        Layer.provide(logs.layer)
      )
      const peer = yield* (yield* serve(layer)).speak()
      for (let i = 0; i < 2; i++) {
        const { error } = yield* peer.call("break")
        yield* settle
        const entry = logs.entries[i]
        assert.strictEqual(error.message, `Internal error (${entry?.annotations["mcp.error.id"]})`)
        assert.strictEqual(entry?.message, "tools/call break failed")
        assert.include(entry?.cause, "BigInt")
      }
      assert.strictEqual(logs.entries.length, 2)
      assert.strictEqual(peer.inFlight, 0)
    })
  )
})
