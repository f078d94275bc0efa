import * as Progress from "@effect-mcp/core/Progress"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { envelope, key, serve, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

const note = (into: Array<string>, what: string) => Effect.sync(() => void into.push(what))

/** A server with one tool. */
const withTool = <E>(handler: () => Effect.Effect<void, E, any>) => {
  const Run = Tool.make("run", { failure: Schema.Never })
  return McpServer.layer(info, Run).pipe(Layer.provide(Run.toLayer(handler as () => Effect.Effect<void>)))
}

describe("cancellation", () => {
  for (const version of ["2025-11-25", "2026-07-28"] as const) {
    it.effect(`${version}: the handler is interrupted, its finalizers run, and nothing is answered`, () =>
      Effect.gen(function* () {
        const order: Array<string> = []
        const layer = withTool(() =>
          Effect.never.pipe(
            Effect.onInterrupt(() => note(order, "interrupted")),
            Effect.ensuring(note(order, "ensured")),
            Effect.onExit((exit) => note(order, Exit.hasInterrupts(exit) ? "exit: interrupted" : "exit: other"))
          )
        )
        const peer = yield* (yield* serve(layer)).speak(version)
        const id = peer.startCall("run")
        peer.notify("notifications/cancelled", { requestId: id })
        yield* settle
        assert.deepStrictEqual(order, ["interrupted", "ensured", "exit: interrupted"])
        assert.deepStrictEqual(peer.lines, [])
        assert.strictEqual(peer.inFlight, 0)
      })
    )
  }

  it.effect("fibers that the handler has forked are interrupted with it, detached ones are not", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const forever = (name: string) => Effect.onInterrupt(Effect.never, () => note(order, name))
      const layer = withTool(() =>
        Effect.forkChild(forever("child"), { startImmediately: true }).pipe(
          Effect.andThen(Effect.forkScoped(forever("scoped"), { startImmediately: true })),
          Effect.andThen(Effect.forkDetach(forever("detached"), { startImmediately: true })),
          Effect.andThen(Effect.never)
        )
      )
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("run")
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual(order.toSorted(), ["child", "scoped"])
    })
  )

  it.effect("an uninterruptible part is done to its end, then the handler stops", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const layer = withTool(() =>
        Effect.uninterruptible(Effect.andThen(Effect.sleep("1 second"), note(order, "committed"))).pipe(
          Effect.andThen(note(order, "went on"))
        )
      )
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("run")
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, ["committed"])
      assert.deepStrictEqual(peer.lines, [])
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  it.effect("a cancelled call is not answered although its handler ends with a result all the same", () =>
    Effect.gen(function* () {
      const layer = withTool(() => Effect.uninterruptible(Effect.sleep("1 second")))
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("run")
      peer.notify("notifications/cancelled", { requestId: id })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes, ["Accepted", "NoReply"])
    })
  )

  it.effect("a call that is cancelled in the very step with which its handler ends is not answered", () =>
    Effect.gen(function* () {
      let cancel = () => {}
      const peer = yield* (yield* serve(withTool(() => Effect.sync(() => cancel())))).speak()
      cancel = () => peer.notify("notifications/cancelled", { requestId: 1 })
      peer.start("tools/call", { name: "run" }, 1)
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(peer.outcomes, ["Accepted", "NoReply"])
      assert.strictEqual(peer.inFlight, 0)
    })
  )

  for (const version of ["2025-11-25", "2026-07-28"] as const) {
    it.effect(`${version}: after it nothing more is sent for the call, not even by its finalizers`, () =>
      Effect.gen(function* () {
        const done: Array<string> = []
        const layer = withTool(() =>
          Progress.report(1).pipe(
            Effect.andThen(Effect.log("started")),
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() =>
              Progress.report(2).pipe(Effect.andThen(Effect.log("stopped")), Effect.andThen(note(done, "finalized")))
            )
          )
        )
        const peer = yield* (yield* serve(layer)).speak(version)
        if (version === "2025-11-25") yield* peer.request("logging/setLevel", { level: "debug" })
        peer.clear()
        const meta = { progressToken: 1, ...(version === "2026-07-28" ? envelope({ [key("logLevel")]: "debug" }) : {}) }
        const id = peer.startCall("run", {}, meta)
        assert.strictEqual(peer.notifications.length, 2)
        peer.notify("notifications/cancelled", { requestId: id })
        yield* settle
        assert.deepStrictEqual(done, ["finalized"])
        assert.strictEqual(peer.lines.length, 2)
      })
    )
  }

  it.effect("interruption by the handler itself is not the client's: the model is told of an error", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(withTool(() => Effect.interrupt))).speak()
      const answered = yield* peer.call("run")
      const text = answered["error"]?.message ?? answered["result"].content[0].text
      assert.match(text, /^Internal error \([0-9a-f-]{36}\)$/)
    })
  )

  it.effect("cancelling twice, or after a timeout began to stop the call, changes nothing", () =>
    Effect.gen(function* () {
      const Slow = Tool.make("slow", { timeout: "1 second" })
      const layer = McpServer.layer(info, Slow).pipe(
        Layer.provide(Slow.toLayer(() => Effect.ensuring(Effect.never, Effect.sleep("5 seconds"))))
      )
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("slow")
      yield* TestClock.adjust("2 seconds")
      peer.notify("notifications/cancelled", { requestId: id })
      peer.notify("notifications/cancelled", { requestId: id })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(peer.lines.length, 1)
      assert.strictEqual(peer.inFlight, 0)
    })
  )
})

describe("the scope of a request", () => {
  const withResource = (order: Array<string>, use: Effect.Effect<void, unknown>) =>
    withTool(() =>
      Effect.acquireRelease(note(order, "acquired"), (_, exit) => note(order, `released: ${exit._tag}`)).pipe(
        Effect.andThen(use),
        Effect.ensuring(note(order, "handler is over"))
      )
    )

  it.effect("closes when the handler is done, before the answer", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const peer = yield* (yield* serve(withResource(order, Deferred.await(gate)))).speak()
      const id = peer.startCall("run")
      assert.deepStrictEqual(order, ["acquired"])
      yield* Deferred.succeed(gate, undefined)
      yield* peer.answer(id)
      assert.deepStrictEqual(order, ["acquired", "handler is over", "released: Success"])
    })
  )

  for (const [how, use] of [
    ["fails", Effect.fail("no")],
    ["dies", Effect.die("no")]
  ] as const) {
    it.effect(`closes when the handler ${how}`, () =>
      Effect.gen(function* () {
        const order: Array<string> = []
        const peer = yield* (yield* serve(withResource(order, use))).speak()
        yield* peer.call("run")
        assert.deepStrictEqual(order, ["acquired", "handler is over", "released: Failure"])
      })
    )
  }

  it.effect("closes when the call is cancelled", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const peer = yield* (yield* serve(withResource(order, Effect.never))).speak()
      const id = peer.startCall("run")
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual(order, ["acquired", "handler is over", "released: Failure"])
    })
  )

  it.effect("is another one for each request", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const gate = yield* Deferred.make<void>()
      const peer = yield* (yield* serve(withResource(order, Deferred.await(gate)))).speak()
      const one = peer.startCall("run")
      peer.startCall("run")
      peer.notify("notifications/cancelled", { requestId: one })
      yield* settle
      assert.deepStrictEqual(order, ["acquired", "acquired", "handler is over", "released: Failure"])
    })
  )
})
