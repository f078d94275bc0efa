import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { answer, at, refusal, Server, type Since, sessionVersions, versions } from "./support/fixture.ts"
import { envelope, type Json, key, type RawPeer, serve, settle } from "./support/peer.ts"

const message = (level: string, data: unknown): Json => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level, logger: "fixture", data }
})

const said: ReadonlyArray<Json> = [
  message("debug", "quiet"),
  message("info", ["usual", { city: "Oslo" }]),
  message("warning", { message: "odd", attempt: 2 }),
  message("error", "bad"),
  message("critical", "worst")
]

/** How many of these messages reach a client that asked for a level. */
const reached = { debug: 5, info: 4, notice: 3, warning: 3, error: 2, critical: 1, alert: 0, emergency: 0 } as const

const levels = Object.entries(reached)

/** Asks for a level of log messages as the revision does it, and speaks. */
const speakAt = (peer: RawPeer, level: string) =>
  Effect.gen(function* () {
    if (peer.version === "2026-07-28") {
      return yield* peer.request("tools/call", { name: "speak", _meta: { [key("logLevel")]: level } }, 1)
    }
    assert.deepStrictEqual(yield* peer.request("logging/setLevel", { level }, "l"), answer(peer.version, "l", {}))
    peer.clear()
    return yield* peer.request("tools/call", { name: "speak" }, 1)
  })

describe.each(versions)("transcript: log messages in %s", (version) => {
  it.effect("reach the client at the level that it asked for, before the answer", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      for (const [level, count] of levels) {
        const peer = yield* served.speak(version)
        const answered = yield* speakAt(peer, level)
        assert.deepStrictEqual(peer.messages, [...said.slice(5 - count), answered], level)
        assert.deepStrictEqual(answered, answer(version, 1, { content: [] }))
        assert.deepStrictEqual(new Set(peer.ways.slice(0, -1)), new Set(count === 0 ? [] : ["request"]))
      }
    })
  )

  it.effect("do not come unasked", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      yield* peer.request("tools/call", { name: "speak" }, 1)
      assert.deepStrictEqual(peer.messages, [answer(version, 1, { content: [] })])
    })
  )

  it.effect("go to the peer that asked, not to others", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const one = yield* served.speak(version)
      const other = yield* served.speak(version)
      yield* speakAt(one, "debug")
      yield* other.call("speak")
      assert.strictEqual(one.notifications.length, 5)
      assert.deepStrictEqual(other.notifications, [])
    })
  )
})

describe("transcript: logging/setLevel", () => {
  for (const version of sessionVersions) {
    it.effect(`${version}: a level that does not exist is refused, and the level stays`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        yield* peer.request("logging/setLevel", { level: "critical" })
        const known = "debug, info, notice, warning, error, critical, alert, emergency"
        for (const params of [undefined, {}, { level: "warn" }, { level: 3 }, { level: "Error" }, { level: "__proto__" }]) {
          peer.clear()
          const expected = refusal(1, -32602, `Invalid params: \`level\` must be one of ${known}`)
          assert.deepStrictEqual(yield* peer.request("logging/setLevel", params, 1), expected)
        }
        peer.clear()
        yield* peer.call("speak")
        assert.deepStrictEqual(peer.notifications, [message("critical", "worst")])
      })
    )
  }
})

const progress = (progressToken: unknown, params: Json): Json => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken, ...params }
})

const nearly: Since<Json> = {
  "2024-11-05": { progress: 1.5, total: 2 },
  "2025-03-26": { progress: 1.5, total: 2, message: "nearly" }
}

describe.each(versions)("transcript: progress in %s", (version) => {
  it.effect("is told with the token of the request, of the same type, before the answer", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      for (const token of ["t", 7, 0, "", "7"]) {
        const peer = yield* served.speak(version)
        const answered = yield* peer.request("tools/call", { name: "steps", _meta: { progressToken: token } }, 1)
        assert.deepStrictEqual(peer.messages, [
          progress(token, { progress: 0, total: 2 }),
          progress(token, at(nearly, version)),
          answered
        ])
        assert.deepStrictEqual(peer.ways, ["request", "request", "answer"])
      }
    })
  )

  it.effect("is not told without a token, nor with one that is neither string nor integer", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      for (const meta of [{}, { progressToken: null }, { progressToken: 1.5 }, { progressToken: {} }, { progressToken: true }]) {
        yield* peer.request("tools/call", { name: "steps", _meta: meta })
      }
      assert.deepStrictEqual(peer.notifications, [])
    })
  )
})

describe.each(versions)("transcript: cancellation in %s", (version) => {
  it.effect("a cancelled request is not answered", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.start("tools/call", { name: "wait" }, 1)
      peer.start("tools/call", { name: "wait" }, "two")
      peer.notify("notifications/cancelled", { requestId: 1, reason: "changed my mind" })
      peer.notify("notifications/cancelled", { requestId: "two" })
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes.toSorted(), ["Accepted", "Accepted", "NoReply", "NoReply"])
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("cancelling what is not in flight changes nothing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      yield* peer.request("tools/call", { name: "hello" }, 1)
      peer.notify("notifications/cancelled", { requestId: 1 })
      peer.notify("notifications/cancelled", { requestId: 2 })
      assert.property(yield* peer.request("tools/call", { name: "hello" }, 2), "result")
      assert.strictEqual(peer.lines.length, 2)
    })
  )

  it.effect("cancels the requests of this peer alone", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const one = yield* served.speak(version)
      const other = yield* served.speak(version)
      one.start("tools/call", { name: "wait" }, 1)
      other.notify("notifications/cancelled", { requestId: 1 })
      yield* settle
      assert.strictEqual(one.inFlight, 1)
    })
  )

  it.effect("an id of the other type cancels nothing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      peer.start("tools/call", { name: "wait" }, 1)
      peer.notify("notifications/cancelled", { requestId: "1" })
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
    })
  )
})

describe("transcript: both eras at once", () => {
  it.effect("a cancellation reaches requests of either era", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-06-18")
      peer.start("tools/call", { name: "wait" }, 1)
      peer.start("tools/call", { name: "wait", _meta: envelope() }, 2)
      peer.notify("notifications/cancelled", { requestId: 2 })
      peer.notify("notifications/cancelled", { requestId: 1 })
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.strictEqual(peer.inFlight, 0)
    })
  )
})
