import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { Options } from "../src/McpClient.ts"
import { agreeing, connect, type Json, scripted, settle } from "./support/server.ts"

const told = (messages: ReadonlyArray<Json | string>, options: Partial<Options> = {}) =>
  Effect.gen(function* () {
    const logged: Array<readonly [level: string, message: unknown, annotations: unknown]> = []
    const logger = Logger.make(({ fiber, logLevel, message }) => {
      const [text] = [message].flat()
      logged.push([logLevel, text, { ...fiber.getRef(References.CurrentLogAnnotations) }])
    })
    yield* Effect.gen(function* () {
      const server = scripted(agreeing("2025-11-25"))
      yield* connect(server, options)
      for (const message of messages) {
        const params = typeof message === "string" ? message : JSON.stringify(message)
        server.connections[0]!.line(`{"jsonrpc":"2.0","method":"notifications/message","params":${params}}`)
      }
      yield* settle
    }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "All"))
    return logged
  })

describe("what a server logs", () => {
  it.effect("is logged by the program, with the server and its logger", () =>
    Effect.gen(function* () {
      const logged = yield* told([
        { level: "debug", data: "a" },
        { level: "info", data: { b: 1 }, logger: "files" },
        { level: "notice", data: null },
        { level: "warning", data: "d" },
        { level: "error", data: "e" },
        { level: "critical", data: "f" },
        { level: "alert", data: "g" },
        { level: "emergency", data: "h" },
        { level: "loud", data: "i" }
      ])
      const server = { "mcp.server": "legacy" }
      assert.deepStrictEqual(logged, [
        ["Debug", "a", server],
        ["Info", { b: 1 }, { ...server, "mcp.logger": "files" }],
        ["Info", null, server],
        ["Warn", "d", server],
        ["Error", "e", server],
        ["Fatal", "f", server],
        ["Fatal", "g", server],
        ["Fatal", "h", server],
        ["Info", "i", server]
      ])
    })
  )

  it.effect("is logged under the name that the program has for the server", () =>
    Effect.gen(function* () {
      const logged = yield* told([{ level: "info", data: "a" }], { serverName: "files" })
      assert.deepStrictEqual(logged, [["Info", "a", { "mcp.server": "files" }]])
    })
  )

  it.effect("cannot move the cursor, look like another entry, or fill the log", () =>
    Effect.gen(function* () {
      const logged = yield* told([
        { level: "info", data: "a\u001b[2Jb\nlevel=ERROR\u202e", logger: "x\u0007" },
        { level: "info", data: "x".repeat(9000) },
        { level: "info", data: { long: "x".repeat(9000) } }
      ])
      const deep = `{"level":"info","data":${"[".repeat(50_000)}${"]".repeat(50_000)}}`
      assert.strictEqual(logged[0]?.[1], "a\\u{1b}[2Jb\\u{a}level=ERROR\\u{202e}")
      assert.deepStrictEqual(logged[0]?.[2], { "mcp.server": "legacy", "mcp.logger": "x\\u{7}" })
      assert.strictEqual(String(logged[1]?.[1]).length, 8195)
      assert.strictEqual(String(logged[2]?.[1]).length, 8195)
      assert.strictEqual((yield* told([deep]))[0]?.[1], "(nested too deep to be shown)")
    })
  )

  it.effect("goes where the program says, in order, or nowhere", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const onLog: Options["onLog"] = (message) => Effect.sync(() => void seen.push(message))
      const logged = yield* told([{ level: "error", data: 1, logger: "l" }, { level: "info" }], { onLog })
      assert.deepStrictEqual(seen, [
        { level: "error", logger: "l", data: 1, server: "legacy" },
        { level: "info", logger: undefined, data: undefined, server: "legacy" }
      ])
      assert.deepStrictEqual(logged, [])
      assert.deepStrictEqual(yield* told([{ level: "error", data: 1 }], { onLog: false }), [])
    })
  )
})
