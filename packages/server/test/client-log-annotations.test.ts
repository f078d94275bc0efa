import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { capture } from "./support/logs.ts"
import { key, serve } from "./support/peer.ts"

const Speak = Tool.make("speak")

/** What a client of each era is told of what a handler says. */
const heard = Effect.fnUntraced(function* (said: Effect.Effect<void>) {
  const layer = McpServer.layer({ name: "s", version: "1" }, Speak).pipe(
    Layer.provide(Speak.toLayer(() => said)),
    Layer.provide(capture().layer)
  )
  const served = yield* serve(layer)
  const modern = yield* served.speak("2026-07-28")
  yield* modern.call("speak", {}, { [key("logLevel")]: "debug" })
  const legacy = yield* served.speak("2025-11-25")
  yield* legacy.request("logging/setLevel", { level: "debug" })
  yield* legacy.call("speak")
  const [one, other] = [modern, legacy].map((peer) => peer.notifications.map(({ params }) => params.data))
  assert.deepStrictEqual(one, other)
  return one
})

const failure = (): Cause.Cause<Error> => Cause.fail(new Error("password is hunter2"))

/** Nothing of what only the log of the server may hold. */
const isClean = (data: unknown) => {
  const text = JSON.stringify(data)
  assert.notInclude(text, "hunter2")
  assert.notMatch(text, /\.ts:\d+|\bat .+\(|file:\/\//)
}

describe("what the client is told of a message with annotations", () => {
  it.effect("an annotation named `message` does not replace what was said", () =>
    Effect.gen(function* () {
      const data = yield* heard(Effect.annotateLogs(Effect.log("said"), { message: "noted", city: "Oslo" }))
      assert.deepStrictEqual(data, [{ message: "said", city: "Oslo" }])
    })
  )

  it.effect("nor does one named `cause` replace the cause", () =>
    Effect.gen(function* () {
      const data = yield* heard(
        Effect.annotateLogs(Effect.logError("said", Cause.die("no")), { cause: "noted", message: "noted" })
      )
      assert.deepStrictEqual(data, [{ message: "said", cause: ["Die"] }])
    })
  )

  it.effect("without a cause, one named `cause` is told", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard(Effect.annotateLogs(Effect.log("said"), "cause", "noted")), [
        { message: "said", cause: "noted" }
      ])
    })
  )

  it.effect("of an annotated Cause its shape, and no stack", () =>
    Effect.gen(function* () {
      const why = Cause.combine(failure(), Cause.die(new Error("password is hunter2")))
      const data = yield* heard(Effect.annotateLogs(Effect.log("said"), { why, city: "Oslo" }))
      assert.deepStrictEqual(data, [{ message: "said", why: ["Fail", "Die"], city: "Oslo" }])
    })
  )

  for (const [where, said] of [
    ["an annotation", () => Effect.annotateLogs(Effect.log("said"), "why", failure())],
    ["an object in an annotation", () => Effect.annotateLogs(Effect.log("said"), "why", { nested: failure() })],
    ["an array in an annotation", () => Effect.annotateLogs(Effect.log("said"), "why", [failure()])],
    ["the message", () => Effect.log("said", failure())],
    ["an object in the message", () => Effect.log("said", { nested: failure() })],
    ["an array in the message", () => Effect.log("said", [failure()])]
  ] as const) {
    it.effect(`a Cause in ${where} tells neither its error nor where that was made`, () =>
      Effect.gen(function* () {
        const data = yield* heard(said())
        assert.include(JSON.stringify(data), "said")
        isClean(data)
      })
    )
  }
})
