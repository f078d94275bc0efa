/** Source: "Logging" in the server utilities of every revision. */
import * as ClientLog from "@effect-mcp/core/ClientLog"
import { loggingLevels } from "@effect-mcp/core/protocol/Common"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { key, type RawPeer, serve } from "./support/peer.ts"

const Speak = Tool.make("speak")

const speaking = Effect.gen(function* () {
  const logs = capture()
  const said = Effect.forEach(loggingLevels, (level) => ClientLog.send(level, { level }, { logger: `the ${level}` }), {
    discard: true
  })
  const live = Speak.toLayer(() => Effect.andThen(said, ClientLog.send("emergency", "no name")))
  const server = McpServer.layer({ name: "s", version: "1" }, Speak).pipe(Layer.provide([live, logs.layer]))
  return { ...logs, served: yield* serve(server) }
})

/** Calls the tool as a client that wants messages of a level and above, or none. */
const heard = Effect.fnUntraced(function* (peer: RawPeer, level: string | undefined) {
  const isRequestEra = peer.version === "2026-07-28"
  if (level !== undefined && !isRequestEra) yield* peer.request("logging/setLevel", { level })
  peer.clear()
  yield* peer.call("speak", {}, level === undefined || !isRequestEra ? undefined : { [key("logLevel")]: level })
  return peer.notifications.map(({ params }) => params)
})

describe("messages for the client alone", () => {
  for (const version of versions) {
    it.effect(`${version}: all eight levels, and loggers with names, from the level on that it asked for`, () =>
      Effect.gen(function* () {
        const { entries, served } = yield* speaking
        const peer = yield* served.speak(version)
        assert.deepStrictEqual(yield* heard(peer, undefined), [])
        for (const [index, wanted] of loggingLevels.entries()) {
          const named = loggingLevels.slice(index).map((level) => ({ level, logger: `the ${level}`, data: { level } }))
          assert.deepStrictEqual(yield* heard(peer, wanted), [...named, { level: "emergency", data: "no name" }])
        }
        assert.deepStrictEqual(entries, [])
      })
    )
  }
})

describe("a message for the client that is no JSON", () => {
  const cases: ReadonlyArray<readonly [name: string, data: unknown]> = [
    ["undefined", undefined],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["a bigint", 1n]
  ]
  for (const [name, data] of cases) {
    it.effect(`${name}: is a defect, and nothing is sent`, () =>
      Effect.gen(function* () {
        const logs = capture()
        const live = Speak.toLayer(() => ClientLog.send("error", data))
        const server = McpServer.layer({ name: "s", version: "1" }, Speak).pipe(Layer.provide([live, logs.layer]))
        const peer = yield* (yield* serve(server)).speak("2026-07-28")
        const said = yield* peer.call("speak", {}, { [key("logLevel")]: "debug" })
        assert.strictEqual(said["result"].isError, true)
        assert.deepStrictEqual(peer.notifications, [])
        assert.strictEqual(logs.messages("Error").length, 1)
      })
    )
  }
})
