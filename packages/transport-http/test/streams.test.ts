import * as EventStore from "@effect-mcp/core/EventStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ask, base, call, greeting, serve, settle, tell } from "./support/served.ts"
import { check } from "./support/table.ts"
import type { Response } from "./support/wire.ts"

const resumable = ["2025-03-26", "2025-06-18", "2025-11-25"]
const methods = (response: Response) => response.messages.map(({ method }) => method)
const listChanged = "notifications/tools/list_changed"
const textOf = (response: Response) => response.messages.at(-1)?.["result"]?.content[0].text as string | undefined

const memory = Effect.map(Layer.build(EventStore.layerMemory()), (context) => Context.get(context, EventStore.EventStore))

/** Waits until the server knows that connections were cut. */
const noticed = Effect.andThen(settle, settle)

describe("the stream for what belongs to no request", () => {
  it.effect("has events with ids since 2025-03-26, and begins with one since 2025-11-25", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      for (const version of ["2024-11-05", ...resumable]) {
        const session = yield* served.open(version)
        const stream = session.listen()
        yield* stream.begun
        check(stream, { status: 200, headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } })
        yield* Effect.scoped(served.addTool)
        yield* stream.count(1)
        const [first] = stream.events
        const hasPriming = version === "2025-11-25"
        assert.deepStrictEqual(
          hasPriming ? [first?.data, first?.retry, first?.event] : [first?.event],
          hasPriming ? ["", "1000", undefined] : ["message"]
        )
        assert.strictEqual(first?.id !== undefined, version !== "2024-11-05")
        stream.cut()
      }
    })
  )

  it.effect("is replaced by a newer one, which has what comes from then on", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      for (const version of ["2024-11-05", ...resumable]) {
        const session = yield* served.open(version)
        const older = session.listen()
        yield* older.begun
        const newer = session.listen()
        yield* newer.begun
        yield* older.done
        assert.strictEqual(older.over, "ended")
        yield* Effect.scoped(served.addTool)
        yield* newer.count(1)
        assert.deepStrictEqual(methods(older), [])
        newer.cut()
      }
    })
  )

  it.effect("is resumed with what came meanwhile, once, and goes on", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      for (const version of resumable) {
        const session = yield* served.open(version)
        yield* session.post(ask(1, "resources/subscribe", { uri: "notes://today" })).done
        const first = session.listen()
        yield* first.begun
        yield* Effect.scoped(served.addTool)
        yield* first.count(1)
        first.cut()
        yield* noticed
        yield* session.post(call(2, "update")).done
        const second = session.listen(first.lastId)
        yield* second.until((stream) => methods(stream).includes("notifications/resources/updated"))
        yield* session.post(call(3, "update")).done
        yield* second.until(
          (stream) => methods(stream).filter((method) => method === "notifications/resources/updated").length === 2
        )
        const ids = [...first.events, ...second.events].map(({ id }) => id)
        assert.strictEqual(new Set(ids).size, ids.length)
        second.cut()
      }
    })
  )

  it.effect("takes an id that is none for a mistake, and one of another session for nothing", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const [ada, eve] = [yield* served.open(), yield* served.open()]
      const told = yield* ada.post(call(1, "steps", { count: 3 }, { progressToken: 1 })).done
      const [priming] = told.events
      check(yield* ada.listen("nonsense").done, { status: 400, text: /Last-Event-ID/ })
      check(yield* ada.listen("").done, { status: 400 })
      check(yield* eve.listen(priming?.id).done, { status: 200, text: "" })
      const again = yield* ada.listen(priming?.id).done
      assert.deepStrictEqual(again.messages, told.messages)
    })
  )

  it.effect("who went away while its session was looked for does not end the stream of who came since", () =>
    Effect.gen(function* () {
      const waiting: Array<() => void> = []
      let isSlow = false
      const served = yield* serve({
        authenticate: () =>
          isSlow
            ? Effect.as(
                Effect.callback<void>((resume) => void waiting.push(() => resume(Effect.void))),
                { subject: "a", scopes: [], claims: {} }
              )
            : Effect.succeed({ subject: "a", scopes: [], claims: {} })
      })
      const session = yield* served.open()
      isSlow = true
      const lost = session.listen()
      while (waiting.length < 1) yield* settle
      lost.cut()
      isSlow = false
      const stream = session.listen()
      yield* stream.until(({ events }) => events.length === 1)
      waiting[0]?.()
      yield* noticed
      yield* served.addTool
      yield* stream.count(1)
      assert.deepStrictEqual(methods(stream), [listChanged])
      stream.cut()
    })
  )

  it.effect("keeps the live parts of its session while somebody reads it", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const stream = (yield* served.open()).listen()
      yield* stream.begun
      yield* TestClock.adjust("3 minutes")
      yield* served.addTool
      yield* stream.count(1)
      assert.deepStrictEqual([methods(stream), stream.over], [[listChanged], undefined])
      stream.cut()
    })
  )

  it.effect("ends when the server does", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const stream = (yield* served.open()).listen()
      yield* stream.begun
      yield* served.close
      yield* stream.done
      assert.strictEqual(stream.over, "ended")
    })
  )
})

describe("the stream of a request", () => {
  it.effect("cut while the call runs, it is resumed: the answer waits, and nothing is cancelled", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      for (const [n, version] of resumable.entries()) {
        const session = yield* served.open(version)
        const cut = session.post(call(1, "progressThenHold", {}, { progressToken: 1 }))
        yield* cut.count(1)
        yield* served.holds.until("held", n + 1)
        cut.cut()
        yield* noticed
        const resumed = session.listen(cut.lastId)
        yield* resumed.begun
        yield* served.holds.release
        yield* resumed.done
        assert.strictEqual(textOf(resumed), "released")
        assert.strictEqual(resumed.messages.length, 1)
        assert.strictEqual(resumed.over, "ended")
      }
      assert.isFalse(served.holds.told.includes("interrupted"))
    })
  )

  it.effect("cut, it is resumed after the call has ended, as often as one likes", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open()
      const cut = session.post(call(1, "progressThenHold", {}, { progressToken: 1 }))
      yield* cut.count(1)
      cut.cut()
      yield* noticed
      yield* served.holds.release
      yield* noticed
      for (let n = 0; n < 2; n++) {
        const resumed = yield* session.listen(cut.lastId).done
        assert.strictEqual(textOf(resumed), "released")
        assert.strictEqual(resumed.over, "ended")
      }
      const all = yield* session.listen(cut.events[0]?.id).done
      assert.strictEqual(all.messages.length, 2)
    })
  )

  it.effect("resumed twice, only the newer connection has what comes", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open()
      const cut = session.post(call(1, "progressThenHold", {}, { progressToken: 1 }))
      yield* cut.count(1)
      const older = session.listen(cut.lastId)
      yield* older.begun
      yield* cut.done // the connection that it had
      const newer = session.listen(cut.lastId)
      yield* newer.begun
      yield* older.done
      yield* served.holds.release
      yield* newer.done
      assert.deepStrictEqual([older.messages.length, textOf(newer)], [0, "released"])
    })
  )

  it.effect("a JSON answer that nobody waits for any more is nothing to come back for, and its call goes on", () =>
    Effect.gen(function* () {
      const served = yield* serve({ highWaterMark: 100 })
      const session = yield* served.open()
      const cut = session.post(call(1, "hold"))
      yield* served.holds.until("held")
      cut.cut()
      yield* noticed
      assert.deepStrictEqual(served.holds.told, ["held"])
      yield* TestClock.adjust("1 minute")
      yield* served.holds.release
      yield* noticed
      check(yield* session.post(call(1, "add", { a: 1, b: 2 })).done, { status: 200 })
    })
  )

  it.effect("without ids a call goes on all the same", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open("2024-11-05")
      const cut = session.post(call(1, "progressThenHold", {}, { progressToken: 1 }))
      yield* cut.count(1)
      assert.isUndefined(cut.events[0]?.id)
      cut.cut()
      yield* noticed
      assert.isFalse(served.holds.told.includes("interrupted"))
      yield* served.holds.release
    })
  )
})

describe("RequestContext.detach", () => {
  it.effect("lets the connection go, with when to come back; the client comes back for the answer", () =>
    Effect.gen(function* () {
      const served = yield* serve({ retry: "250 millis" })
      const session = yield* served.open()
      const detached = yield* session.post(call(1, "detachThenHold")).done
      assert.strictEqual(detached.over, "ended")
      assert.deepStrictEqual(
        detached.events.map(({ data, retry }) => [data, retry]),
        [
          ["", "250"],
          [undefined, "250"]
        ]
      )
      const polling = session.listen(detached.lastId)
      yield* polling.begun
      yield* served.holds.release
      yield* polling.done
      assert.strictEqual(textOf(polling), "released")
      assert.strictEqual((yield* session.listen(detached.lastId).done).text, polling.text)
    })
  )

  it.effect("does nothing where the client could not come back", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      for (const [n, version] of ["2024-11-05", "2025-03-26", "2025-06-18"].entries()) {
        const session = yield* served.open(version)
        const held = session.post(call(1, "detachThenHold"))
        yield* served.holds.until("held", n + 1)
        yield* served.holds.release
        check(yield* held.done, { status: 200, headers: { "content-type": "application/json" } })
      }
      const modern = served.modern("tools/call", { name: "detachThenHold" })
      yield* served.holds.until("held", 4)
      yield* served.holds.release
      check(yield* modern.done, { status: 200, headers: { "content-type": "application/json" } })
    })
  )

  it.effect("waits for what the client comes back with, where the store is late", () =>
    Effect.gen(function* () {
      const store = yield* memory
      const waiting: Array<() => void> = []
      const served = yield* serve({
        eventStore: {
          ...store,
          append: (...event) =>
            Effect.andThen(
              Effect.callback<void>((resume) => void waiting.push(() => resume(Effect.void))),
              store.append(...event)
            )
        }
      })
      const session = yield* served.open()
      const detached = session.post(call(1, "detachThenHold"))
      yield* served.holds.until("held")
      assert.isUndefined(detached.over)
      waiting.shift()?.()
      yield* detached.done
      assert.notStrictEqual(detached.lastId, "")
      yield* served.holds.release
      const polling = session.listen(detached.lastId)
      yield* polling.begun
      while (waiting.length < 1) yield* settle
      waiting.shift()?.()
      yield* polling.done
      assert.strictEqual(textOf(polling), "released")
    })
  )

  it.effect("does nothing where the store fails: the client would have nothing to come back with", () =>
    Effect.gen(function* () {
      const store = yield* memory
      const served = yield* serve({
        eventStore: { ...store, append: () => Effect.fail(new Error("the store is down") as never) }
      })
      const session = yield* served.open()
      const held = session.post(call(1, "detachThenHold"))
      yield* served.holds.until("held")
      yield* served.holds.release
      yield* held.done
      assert.strictEqual(textOf(held), "released")
    })
  )
})

describe("keeping alive", () => {
  it.effect("streams get comments, and JSON that takes long becomes a stream", () =>
    Effect.gen(function* () {
      const served = yield* serve({ keepAlive: "5 seconds" })
      const session = yield* served.open()
      const stream = session.listen()
      yield* stream.begun
      const held = session.post(call(1, "hold"))
      yield* served.holds.until("held")
      const modern = served.modern("tools/call", { name: "hold" })
      yield* served.holds.until("held", 2)
      yield* TestClock.adjust("5 seconds")
      yield* stream.until(({ blocks }) => blocks.at(-1)?.comment === "keep-alive")
      assert.strictEqual(held.status, 0)
      yield* TestClock.adjust("5 seconds")
      for (const one of [held, modern]) check(yield* one.begun, { status: 200, headers: { "content-type": "text/event-stream" } })
      yield* TestClock.adjust("5 seconds")
      for (const one of [held, modern]) yield* one.until(({ text }) => text.includes(": keep-alive\n\n"))
      yield* served.holds.release
      yield* served.holds.release
      for (const one of [held, modern]) {
        yield* one.done
        assert.strictEqual(textOf(one), "released")
      }
      assert.strictEqual(held.events[0]?.data, "")
      assert.isUndefined(modern.events[0]?.id)
      stream.cut()
    })
  )

  it.effect("who takes JSON alone waits for it", () =>
    Effect.gen(function* () {
      const served = yield* serve({ keepAlive: "5 seconds" })
      const session = yield* served.open()
      const headers = session.headers.map((header) =>
        header[0] === "Accept" ? (["Accept", "application/json"] as const) : header
      )
      const held = served.send({ headers, body: call(1, "hold") })
      yield* served.holds.until("held")
      yield* TestClock.adjust("1 minute")
      yield* served.holds.release
      check(yield* held.done, { status: 200, headers: { "content-type": "application/json" } })
    })
  )
})

describe("who does not read", () => {
  it.effect("is cut off, blocks nobody, and may come back", () =>
    Effect.gen(function* () {
      const served = yield* serve({ keepAlive: "5 seconds", stallTimeout: "20 seconds", highWaterMark: 100_000 })
      const [slow, other] = [yield* served.open(), yield* served.open()]
      const stalled = slow.post(call(1, "steps", { count: 3, size: 10 }, { progressToken: 1 }))
      yield* stalled.done
      const large = slow.post(call(2, "large", { size: 60_000_000 }))
      yield* large.begun
      large.pause()
      const streaming = slow.post(call(3, "progressThenHold", {}, { progressToken: 1 }))
      yield* streaming.count(1)
      check(yield* other.post(call(1, "add", { a: 1, b: 2 })).done, { status: 200 })
      yield* served.holds.release
      yield* streaming.done
      large.cut()
    })
  )

  it.effect("a stream that takes nothing for a while is cut; one that takes something is not", () =>
    Effect.gen(function* () {
      const served = yield* serve({ keepAlive: "5 seconds", stallTimeout: "20 seconds" })
      const [stalled, read] = [1, 2].map(() => served.modern("tools/call", { name: "stream" }, { progressToken: 1 }))
      for (const one of [stalled, read]) yield* one!.count(1)
      stalled!.pause()
      yield* served.holds.until("held", 2)
      yield* served.holds.release
      yield* served.holds.release
      yield* read!.until(({ text }) => text.length > 30_000_000)
      yield* noticed
      for (let n = 0; n < 6; n++) yield* TestClock.adjust("5 seconds")
      yield* served.holds.until("interrupted")
      stalled!.resume()
      yield* stalled!.done
      assert.strictEqual(stalled!.over, "cut")
      assert.isUndefined(read!.over)
      yield* served.holds.release
      yield* read!.done
      assert.strictEqual(read!.over, "ended")
    })
  )

  it.live("an answer that is complete and that nobody takes is cut off, too", () =>
    Effect.gen(function* () {
      const served = yield* serve({ listener: { stallTimeout: "50 millis" } })
      const session = yield* served.open()
      const json = session.post(call(1, "large", { size: 60_000_000 }))
      yield* json.begun
      json.pause()
      const stream = served.modern("tools/call", { name: "stream" }, { progressToken: 1 })
      yield* stream.count(1)
      stream.pause()
      yield* served.holds.release
      yield* served.holds.until("held", 2)
      yield* served.holds.release
      yield* Effect.sleep("500 millis")
      for (const one of [json, stream]) {
        one.resume()
        yield* one.done
        assert.strictEqual(one.over, "cut")
      }
      check(yield* session.post(call(1, "add", { a: 1, b: 2 })).done, { status: 200 })
    })
  )
})

describe("a store of events that fails", () => {
  it.effect("takes ids away, and no messages from who is there; it is logged", () =>
    Effect.gen(function* () {
      const store = yield* memory
      const served = yield* serve({
        eventStore: { ...store, append: () => Effect.fail(new Error("the store is down") as never) }
      })
      const session = yield* served.open()
      const answer = yield* session.post(call(1, "steps", { count: 2 }, { progressToken: 1 })).done
      assert.strictEqual(answer.messages.length, 3)
      assert.isTrue(answer.events.every(({ id }) => id === undefined))
      assert.isTrue(served.logged.some((line) => line.includes("keeping events") && line.includes("the store is down")))
    })
  )

  it.effect("sends who comes back away, to come once more with the same id", () =>
    Effect.gen(function* () {
      const store = yield* memory
      let isDown = false
      const served = yield* serve({
        eventStore: {
          ...store,
          replay: (...from) => (isDown ? Effect.fail(new Error("the store is down") as never) : store.replay(...from))
        }
      })
      const session = yield* served.open()
      const running = session.post(call(1, "progressThenHold", {}, { progressToken: 1 }))
      yield* running.count(1)
      const ended = yield* session.post(call(2, "steps", { count: 2 }, { progressToken: 1 })).done
      const other = yield* served.open()
      const standalone = other.listen()
      yield* standalone.until(({ events }) => events.length === 1)
      standalone.cut()
      running.cut()
      yield* noticed
      // Its live parts are let go.
      yield* TestClock.adjust("2 minutes")
      isDown = true
      const lost = yield* other.listen(standalone.lastId).done
      assert.deepStrictEqual([lost.text, lost.over], ["", "ended"])
      for (const id of [running.events[0]?.id, ended.events[0]?.id]) {
        const refused = yield* session.listen(id).done
        assert.deepStrictEqual([refused.text, refused.over], ["", "ended"])
      }
      assert.strictEqual(served.logged.filter((line) => line.includes("the store is down")).length, 3)
      yield* served.holds.release
      isDown = false
      assert.strictEqual((yield* session.listen(running.events[0]?.id).done).messages.length, 2)
      assert.strictEqual((yield* session.listen(ended.events[0]?.id).done).messages.length, 3)
    })
  )
})

describe("a client that only listens", () => {
  it.effect("keeps its session, and one that does not loses it", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const [listening, silent] = [yield* served.open(), yield* served.open()]
      const stream = listening.listen()
      yield* stream.begun
      for (let n = 0; n < 8; n++) yield* TestClock.adjust("5 minutes")
      assert.isUndefined(stream.over)
      check(yield* listening.post(ask(1, "ping")).done, { status: 200 })
      check(yield* silent.post(ask(1, "ping")).done, { status: 404 })
    })
  )
})

describe("a shutdown", () => {
  it.effect("lets what runs end, in any form, and refuses what is new", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open()
      const json = session.post(call(1, "hold"))
      yield* served.holds.until("held")
      const stream = session.post(call(2, "progressThenHold", {}, { progressToken: 1 }))
      yield* served.holds.until("held", 2)
      const unfinished = served.send({ headers: base, body: '{"jsonrpc":', isOpen: true })
      yield* noticed
      const standalone = session.listen()
      yield* standalone.begun
      const closing = yield* Effect.forkChild(served.close, { startImmediately: true })
      yield* standalone.done // it waits for nobody
      check(yield* session.post(ask(3, "ping")).done, { status: 503, headers: { "retry-after": "1" }, text: /shutting down/ })
      check(yield* served.send({ headers: base, body: greeting("2025-11-25") }).done, { status: 503 })
      check(yield* session.listen().done, { status: 503 })
      unfinished.finish()
      check(yield* unfinished.done, { status: 503 })
      yield* served.holds.release
      yield* served.holds.release
      for (const one of [json, stream]) {
        yield* one.done
        assert.strictEqual(textOf(one), "released")
      }
      yield* Fiber.join(closing)
      check(yield* session.post(ask(4, "ping")).done, { status: 503, text: /not ready/ })
    })
  )

  it.effect("ends what does not end in time, and interrupts it", () =>
    Effect.gen(function* () {
      const served = yield* serve({ drainTimeout: "5 seconds" })
      const session = yield* served.open()
      const json = session.post(call(1, "hold"))
      yield* served.holds.until("held")
      const stream = session.post(call(2, "progressThenHold", {}, { progressToken: 1 }))
      yield* stream.count(1)
      const closing = yield* Effect.forkChild(served.close, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      check(yield* json.done, { status: 503, headers: { "retry-after": "1" } })
      yield* stream.done
      assert.strictEqual(stream.messages.length, 1)
      yield* Fiber.join(closing)
      assert.strictEqual(served.holds.told.filter((said) => said === "interrupted").length, 2)
    })
  )
})

describe("what is there when all is over", () => {
  it.effect("a request that was refused, cut or answered counts no more", () =>
    Effect.gen(function* () {
      const served = yield* serve({ maxRequests: 1 })
      const session = yield* served.open()
      for (let n = 0; n < 3; n++) {
        const cut = served.modern("tools/call", { name: "hold" })
        yield* served.holds.until("held", n + 1)
        cut.cut()
        yield* served.holds.until("interrupted", n + 1)
        yield* noticed
        check(yield* session.post({ jsonrpc: "2.0", id: null, method: "x" }).done, { status: 400 })
        check(yield* session.post([]).done, { status: 400 })
        check(yield* session.post(tell("notifications/cancelled", { requestId: 5 })).done, { status: 202 })
        check(yield* session.post(ask(1, "nope")).done, { status: 200, error: [-32601, 1] })
        check(yield* session.post([ask(1, "ping")]).done, { status: 400 })
      }
    })
  )
})
