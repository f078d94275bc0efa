import * as Extension from "@effect-mcp/core/Extension"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { info, versions } from "./support/fixture.ts"
import { envelope, key, serve, settle } from "./support/peer.ts"
import { Clipboard, ClipboardLive, connect, declaring, id, logged, Server, Told } from "./support/clipboard.ts"

describe("notifications of extensions", () => {
  it.effect("run side by side in the places of calls, and are stopped when they take too long or the client leaves", () =>
    Effect.gen(function* () {
      const log = logged()
      const told = yield* Queue.unbounded<string>()
      const layer = McpServer.layer(
        { ...info, concurrencyPerPeer: 2, waiting: 1, toolTimeout: "1 minute" },
        McpServer.extension(Clipboard)
      ).pipe(Layer.provide(ClipboardLive), Layer.provide([Layer.succeed(Told, told), log.layer]))
      const { close, speak } = yield* serve(layer)
      const peer = yield* speak("2025-11-25")
      for (let i = 0; i < 4; i++) peer.notify("clipboard/stuck")
      yield* settle
      assert.strictEqual(peer.inFlight, 3)
      assert.deepStrictEqual(
        log.lines.map((line) => line.trim()),
        ['"clipboard/stuck" was ignored: the server has too much to do']
      )
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      assert.strictEqual(log.lines.filter((line) => line.includes("took too long and was stopped")).length, 3)
      peer.notify("clipboard/stuck")
      yield* settle
      yield* close
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(yield* Queue.takeAll(told), ["interrupted", "interrupted", "interrupted"])
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("cannot be cancelled by whoever guesses their id, and the answer of a batch does not wait for them", () =>
    Effect.gen(function* () {
      const ids: Array<unknown> = []
      const One = Extension.make("com.example/one", { notifications: { "one/told": {} } })
      const OneLive = One.toLayer({
        notifications: {
          "one/told": () =>
            Effect.flatMap(RequestContext, (request) =>
              Effect.as(
                Effect.sync(() => ids.push(request.id)),
                1
              )
            )
        }
      })
      const { speak } = yield* serve(McpServer.layer(info, McpServer.extension(One)).pipe(Layer.provide(OneLive)))
      const peer = yield* speak("2025-03-26")
      peer.send([
        { jsonrpc: "2.0", method: "one/told" },
        { jsonrpc: "2.0", method: "one/told", params: {} }
      ])
      assert.deepStrictEqual(peer.outcomes, ["Accepted"])
      yield* settle
      assert.strictEqual(new Set(ids).size, 2)
      assert.match(String(ids[0]), /^[0-9a-f-]{36}$/)
    })
  )

  it.effect("of a client that never said what it speaks are ignored", () =>
    Effect.gen(function* () {
      const log = logged()
      const { open } = yield* serve(Server.pipe(Layer.provide([Told.layer, log.layer])))
      const peer = yield* open()
      peer.notify("clipboard/copied", { text: "a" })
      peer.notify("clipboard/copied", { text: "a", _meta: { [key("protocolVersion")]: "2026-07-28" } })
      peer.notify("clipboard/copied", { text: "a", _meta: envelope({}, "2099-01-01") })
      yield* settle
      assert.deepStrictEqual(
        log.lines.map((line) => line.trim()),
        Array.from({ length: 3 }, () => '"clipboard/copied" was ignored: the client did not say what it speaks')
      )
    })
  )

  it.effect("that say what they speak, and say it wrongly, are ignored in a session, too", () =>
    Effect.gen(function* () {
      const { lines, peer, told } = yield* connect("2025-11-25")
      peer.notify("clipboard/copied", { text: "a", _meta: { [key("protocolVersion")]: "2026-07-28" } })
      peer.notify("clipboard/copied", { text: "a", _meta: envelope({}, "2025-11-25") })
      peer.notify("clipboard/copied", { text: "b" })
      assert.strictEqual(yield* Queue.take(told), "clipboard/copied b of raw and ada")
      assert.deepStrictEqual(
        lines.map((line) => line.trim()),
        Array.from({ length: 2 }, () => '"clipboard/copied" was ignored: the client did not say what it speaks')
      )
    })
  )

  it.effect("of the request era are those of the client that asked before, when they do not say it", () =>
    Effect.gen(function* () {
      const { ask, peer, told } = yield* connect("2026-07-28")
      yield* ask("clipboard/clear")
      peer.notify("clipboard/copied", { text: "a" })
      assert.strictEqual(yield* Queue.take(told), "clipboard/copied a of raw and ada")
    })
  )
})

describe("handlers of extensions", () => {
  const Slow = Extension.make("com.example/slow", {
    requests: { "slow/usual": {}, "slow/endless": { timeout: "Infinity" }, "slow/speak": {} },
    notifications: { "slow/fails": {} }
  })
  const SlowLive = Slow.toLayer({
    requests: {
      "slow/usual": () => Effect.never,
      "slow/endless": () => Effect.never,
      "slow/speak": () => Effect.logInfo("spoken")
    },
    notifications: { "slow/fails": () => Effect.fail("not as its type says") as Effect.Effect<never> }
  })
  const slow = (log = logged()) =>
    Effect.map(
      serve(
        McpServer.layer({ ...info, toolTimeout: "1 minute" }, McpServer.extension(Slow)).pipe(
          Layer.provide(SlowLive),
          Layer.provide(log.layer)
        )
      ),
      (served) => ({ ...served, lines: log.lines })
    )

  it.effect("have the time of the server, unless the contract gives them another, also for ever", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* slow()).speak("2025-11-25")
      peer.start("slow/usual", {}, 1)
      peer.start("slow/endless", {}, 2)
      yield* settle
      yield* TestClock.adjust("1 day")
      yield* settle
      assert.deepStrictEqual(
        peer.messages.map(({ id }) => id),
        [1]
      )
      assert.strictEqual(peer.inFlight, 1)
    })
  )

  for (const version of versions) {
    it.effect(`${version}: log to the client that wants to know`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* slow()).speak(version)
        const isRequestEra = version === "2026-07-28"
        if (!isRequestEra) yield* peer.request("logging/setLevel", { level: "info" })
        peer.clear()
        const capabilities = { extensions: { "com.example/slow": {} } }
        const meta = { [key("logLevel")]: "info", [key("clientCapabilities")]: capabilities }
        yield* peer.request("slow/speak", isRequestEra ? { _meta: meta } : {})
        assert.deepStrictEqual(
          peer.notifications.map(({ params }) => params.data),
          ["spoken"]
        )
      })
    )
  }

  it.effect("of notifications that fail all the same are broken, and the log says so", () =>
    Effect.gen(function* () {
      const { lines, speak } = yield* slow()
      const peer = yield* speak("2025-11-25")
      peer.notify("slow/fails")
      yield* settle
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0], "slow/fails failed")
      assert.include(lines[0], "not as its type says")
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("events of extensions in the request era", () => {
  for (const wanted of [undefined, false, 1, "true", {}, []]) {
    it.effect(`are told to who asks for them with true, not with ${JSON.stringify(wanted)}`, () =>
      Effect.gen(function* () {
        const { peer, server } = yield* connect("2026-07-28")
        const notifications = wanted === undefined ? {} : { [id]: wanted }
        peer.start("subscriptions/listen", { notifications, ...declaring("2026-07-28") })
        yield* settle
        assert.deepStrictEqual(
          peer.notifications.map(({ params }) => params.notifications),
          [{}]
        )
        peer.clear()
        yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 1 })
        assert.deepStrictEqual(peer.notifications, [])
      })
    )
  }
})
