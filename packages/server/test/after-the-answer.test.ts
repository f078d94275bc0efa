import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { key, serve, settle } from "./support/peer.ts"

const Run = Tool.make("run", { timeout: "1 minute" })

const running = (handler: Effect.Effect<unknown, never, RequestContext>) =>
  McpServer.layer({ name: "s", version: "1" }, Run).pipe(Layer.provide(Run.toLayer(() => Effect.asVoid(handler))))

const asking = { progressToken: "p", [key("logLevel")]: "debug" }

const progressOf = (peer: { readonly notifications: ReadonlyArray<{ readonly [key: string]: any }> }) =>
  peer.notifications.map(({ params }) => params.progress)

describe("after the answer", () => {
  it.effect("progress and logs of a fiber that goes on are not sent", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const done: Array<string> = []
      const daemon = Deferred.await(gate).pipe(
        Effect.andThen(Progress.report(2)),
        Effect.andThen(Effect.log("later")),
        Effect.andThen(Effect.sync(() => done.push("done")))
      )
      const handler = Progress.report(1).pipe(
        Effect.andThen(Effect.log("now")),
        Effect.andThen(Effect.forkDetach(daemon, { startImmediately: true }))
      )
      const served = yield* serve(running(handler))
      const peer = yield* served.speak("2026-07-28")
      yield* peer.call("run", {}, asking)
      assert.strictEqual(peer.lines.length, 3)
      assert.deepStrictEqual(peer.ways, ["request", "request", "answer"])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(done, ["done"])
      assert.strictEqual(peer.lines.length, 3)
    })
  )

  it.effect("of a timeout nothing is sent either, but its finalizers may still report before", () =>
    Effect.gen(function* () {
      const handler = Effect.onInterrupt(Effect.never, () => Progress.report(1))
      const peer = yield* (yield* serve(running(handler))).speak("2026-07-28")
      peer.startCall("run", {}, asking)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(peer.ways, ["request", "answer"])
    })
  )

  it.effect("a token is free for the next request, whose progress begins anew", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(running(Effect.andThen(Progress.report(1), Progress.report(5))))).speak()
      yield* peer.call("run", {}, asking)
      yield* peer.call("run", {}, asking)
      assert.deepStrictEqual(progressOf(peer), [1, 5, 1, 5])
    })
  )

  it.effect("the request says that it is closed", () =>
    Effect.gen(function* () {
      const seen: Array<RequestContext["Service"]> = []
      const peer = yield* (yield* serve(running(Effect.map(RequestContext, (request) => seen.push(request))))).speak()
      yield* peer.call("run", {}, asking)
      assert.isFalse(seen[0]?.isOpen)
      assert.isFalse(seen[0]?.advance(100))
    })
  )
})

describe("progress", () => {
  const reports = (...values: ReadonlyArray<number>) =>
    Effect.gen(function* () {
      const handler = Effect.forEach(values, (value) => Progress.report(value), { discard: true })
      const peer = yield* (yield* serve(running(handler))).speak()
      yield* peer.call("run", {}, asking)
      return progressOf(peer)
    })

  it.effect("must increase: reports that do not are not sent", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reports(1, 1, 0, 2, 1.5, 2, 2.5), [1, 2, 2.5])
      assert.deepStrictEqual(yield* reports(0, 0, -1, 1), [0, 1])
      assert.deepStrictEqual(yield* reports(-5, -4), [-5, -4])
    })
  )

  it.effect("that is no finite number is not sent: JSON has none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reports(Number.NaN, 1), [1])
      assert.deepStrictEqual(yield* reports(1, Infinity, 2), [1, 2])
      assert.deepStrictEqual(yield* reports(-Infinity, 1), [1])
    })
  )

  it.effect("increases for each request by itself", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const handler = Progress.report(10).pipe(Effect.andThen(Deferred.await(gate)), Effect.andThen(Progress.report(20)))
      const peer = yield* (yield* serve(running(handler))).speak()
      peer.startCall("run", {}, { progressToken: 1 })
      peer.startCall("run", {}, { progressToken: 2 })
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(
        peer.notifications.map(({ params }) => [params.progressToken, params.progress]),
        [
          [1, 10],
          [2, 10],
          [1, 20],
          [2, 20]
        ]
      )
    })
  )

  it.effect("waits while the way to the client is full, and then goes on", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const handler = Effect.andThen(
        Progress.report(1),
        Effect.sync(() => order.push("went on"))
      )
      const peer = yield* (yield* serve(running(handler))).speak()
      peer.isFull = true
      const id = peer.startCall("run", {}, asking)
      yield* settle
      assert.deepStrictEqual(order, [])
      peer.isFull = false
      yield* peer.answer(id)
      assert.deepStrictEqual(order, ["went on"])
      assert.deepStrictEqual(progressOf(peer), [1])
    })
  )

  it.effect("a call that waits for that can be cancelled", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(running(Progress.report(1)))).speak()
      peer.isFull = true
      const id = peer.startCall("run", {}, asking)
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      peer.isFull = false
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})
