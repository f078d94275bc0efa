import * as Revision from "@effect-mcp/core/Revision"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answer, info, refusal, Server, sessionVersions, stamp } from "./support/fixture.ts"
import { clientInfo, envelope, key, serve, settle } from "./support/peer.ts"

const initialize = (protocolVersion: string) => ({ protocolVersion, capabilities: {}, clientInfo })

const serverInfo = {
  "2024-11-05": { name: "fixture", version: "1.2.3" },
  "2025-03-26": { name: "fixture", version: "1.2.3" },
  "2025-06-18": { name: "fixture", title: "The fixture", version: "1.2.3" },
  "2025-11-25": info
}

const capabilities = { tools: { listChanged: true }, logging: {} }

const greeting = (protocolVersion: keyof typeof serverInfo) => ({
  protocolVersion,
  capabilities,
  serverInfo: serverInfo[protocolVersion],
  instructions: "Ask for the forecast."
})

describe("transcript: initialize", () => {
  it.effect.each(sessionVersions)("%s is answered with itself and with what it knows of servers", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      assert.deepStrictEqual(yield* peer.request("initialize", initialize(version), 0), answer(version, 0, greeting(version)))
    })
  )

  it.effect.each(["2024-10-07", "2099-01-01", "2026-07-28", ""])(
    '"%s" is answered with the latest of the session era',
    (version) =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).open()
        assert.deepStrictEqual(
          yield* peer.request("initialize", initialize(version), 1),
          answer("2025-11-25", 1, greeting("2025-11-25"))
        )
      })
  )

  it.effect("without what it needs is refused, and can be repeated", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const message = "Invalid params: `initialize` needs protocolVersion, capabilities and clientInfo with name and version"
      for (const params of [
        undefined,
        {},
        { ...initialize("2025-11-25"), clientInfo: {} },
        { ...initialize("1"), protocolVersion: 1 }
      ]) {
        assert.deepStrictEqual(yield* peer.request("initialize", params, "i"), refusal("i", -32602, message))
        peer.clear()
      }
      assert.deepStrictEqual((yield* peer.request("initialize", initialize("2025-11-25")))["result"], greeting("2025-11-25"))
    })
  )

  it.effect("what a client says of itself for display is not held against it", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const odd = { ...clientInfo, title: null, icons: [{ src: "data:,", sizes: "48x48 96x96" }], websiteUrl: 7 }
      const answered = yield* peer.request("initialize", { ...initialize("2025-11-25"), clientInfo: odd })
      assert.deepStrictEqual(answered["result"], greeting("2025-11-25"))
    })
  )

  it.effect("a second one is refused, and the session stays what it is", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-03-26")
      const second = yield* peer.request("initialize", initialize("2025-11-25"), 7)
      assert.deepStrictEqual(second, refusal(7, -32600, "The session is initialized already"))
      peer.send([{ jsonrpc: "2.0", id: 8, method: "ping" }])
      assert.deepStrictEqual(JSON.parse(peer.lines.at(-1)!), [answer("2025-03-26", 8, {})])
    })
  )

  it.effect("before it nothing but ping is served", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      assert.deepStrictEqual(yield* peer.request("ping", undefined, 1), answer("2025-11-25", 1, {}))
      const both =
        "Invalid _meta: missing io.modelcontextprotocol/protocolVersion, io.modelcontextprotocol/clientCapabilities; or send `initialize` first"
      for (const method of ["tools/list", "tools/call", "resources/list"]) {
        assert.deepStrictEqual(yield* peer.request(method, { name: "hello" }, method), refusal(method, -32600, both))
      }
      for (const method of ["logging/setLevel", "no/such/method"]) {
        const message = "The session is not initialized: send `initialize` first"
        assert.deepStrictEqual(yield* peer.request(method, {}, method), refusal(method, -32600, message))
      }
    })
  )

  it.effect("notifications before it are taken and change nothing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      peer.notify("notifications/initialized")
      peer.notify("notifications/cancelled", { requestId: 1 })
      peer.notify("no/such/notification")
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes, ["Accepted", "Accepted", "Accepted"])
      const answered = yield* peer.request("initialize", initialize("2025-06-18"))
      assert.deepStrictEqual(answered["result"], greeting("2025-06-18"))
    })
  )
})

describe("transcript: server/discover", () => {
  it.effect("names the versions of the request era, the capabilities and for how long that may be kept", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const expected = {
        jsonrpc: "2.0",
        id: "d",
        result: {
          supportedVersions: ["2026-07-28"],
          capabilities,
          instructions: "Ask for the forecast.",
          ttlMs: 0,
          cacheScope: "private",
          ...stamp
        }
      }
      assert.deepStrictEqual(yield* peer.request("server/discover", undefined, "d"), expected)
      peer.clear()
      assert.deepStrictEqual(yield* peer.request("server/discover", {}, "d"), expected)
    })
  )

  it.effect("without the envelope says what is missing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      const missing = [key("protocolVersion"), key("clientCapabilities")]
      const message = `Invalid _meta: missing ${missing.join(", ")}; or send \`initialize\` first`
      const expected = refusal(1, -32602, message, { envelope: { missing } })
      assert.deepStrictEqual(yield* peer.request("server/discover", undefined, 1), expected)
    })
  )

  it.effect.each(sessionVersions)("does not exist in a session of %s", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const expected = refusal(1, -32601, "Method not found: server/discover")
      assert.deepStrictEqual(yield* peer.request("server/discover", undefined, 1), expected)
    })
  )
})

describe("transcript: ping", () => {
  it.effect.each(sessionVersions)("%s answers with nothing", (version) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      assert.deepStrictEqual(yield* peer.request("ping", undefined, 3), answer(version, 3, {}))
    })
  )

  it.effect.each(["ping", "initialize", "logging/setLevel", "resources/subscribe"])("2026-07-28 does not know %s", (method) =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      const expected = refusal(3, -32601, `Method not found: ${method}`)
      assert.deepStrictEqual(yield* peer.request(method, initialize("2025-11-25"), 3), expected)
    })
  )
})

describe("transcript: both eras on one peer", () => {
  it.effect("each request is answered in the era that it speaks", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2024-11-05")
      const call = { name: "add", arguments: { a: 1, b: 2 } }
      const legacy = yield* peer.request("tools/call", call, 1)
      const modern = yield* peer.request("tools/call", { ...call, _meta: envelope() }, 2)
      const content = [{ type: "text", text: "3" }]
      assert.deepStrictEqual(legacy, answer("2024-11-05", 1, { content, _meta: { "effect-mcp/structuredContent": 3 } }))
      assert.deepStrictEqual(modern, answer("2026-07-28", 2, { content, structuredContent: 3 }))
    })
  )

  it.effect("an id is in flight for both", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      peer.start("tools/call", { name: "wait" }, 1)
      peer.start("tools/call", { name: "hello", _meta: envelope() }, 1)
      assert.deepStrictEqual(peer.messages, [refusal(undefined, -32600, "Invalid Request: the id 1 is in flight already")])
    })
  )

  it.effect("a request of the request era needs no session and makes none", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2026-07-28")
      assert.property(yield* peer.call("hello"), "result")
      peer.version = "2025-11-25"
      assert.strictEqual((yield* peer.call("hello"))["error"].code, -32600)
      yield* peer.speak("2025-06-18")
      assert.property(yield* peer.call("hello"), "result")
    })
  )

  it.effect("the log level of a session and the one of a request do not mix", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      yield* peer.request("logging/setLevel", { level: "error" })
      peer.clear()
      yield* peer.call("speak", {}, envelope())
      assert.deepStrictEqual(peer.notifications, [])
      yield* peer.call("speak", {}, envelope({ [key("logLevel")]: "critical" }))
      assert.deepStrictEqual(
        peer.notifications.map((n) => n["params"].level),
        ["critical"]
      )
      yield* peer.call("speak")
      assert.deepStrictEqual(
        peer.notifications.map((n) => n["params"].level),
        ["critical", "error", "critical"]
      )
    })
  )

  it.effect("a version of the session era in an envelope is not served", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      for (const { version } of Revision.sessionEra) {
        const answered = yield* peer.request("tools/list", { _meta: envelope({}, version) }, version)
        const data = { supported: ["2026-07-28"], requested: version }
        const message = `Unsupported protocol version ${version}; supported: 2026-07-28`
        assert.deepStrictEqual(answered, refusal(version, -32022, message, data))
      }
    })
  )
})
