import * as Middleware from "@effect-mcp/core/Middleware"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as McpServer from "../src/McpServer.ts"
import { serve, settle } from "./support/peer.ts"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

/** Collects what nobody holds. */
const collect = Effect.andThen(settle, Effect.sync(gc))

/** How many of them are still there. */
const alive = (refs: ReadonlyArray<WeakRef<object>>): number => refs.filter((ref) => ref.deref() !== undefined).length

describe("a call that is over", () => {
  /** A server whose tool notes, weakly, what each call is made of. `kept` holds on to the requests. */
  const noting = (kept: Array<unknown> | undefined) => {
    const calls: Array<WeakRef<object>> = []
    const parts: Array<WeakRef<object>> = []
    const Note = Tool.make("note", {
      parameters: { items: Schema.Array(Schema.Int), pause: Schema.optionalKey(Schema.Boolean) },
      timeout: "10 minutes"
    })
    class Seeing extends Middleware.make<Seeing>()("Seeing") {}
    const seeing = Seeing.layer({
      "tools/call": (request, next) => {
        parts.push(new WeakRef(request.arguments))
        return next(request)
      }
    })
    const note = Note.toLayer(({ pause }) =>
      Effect.withFiber((fiber) => {
        parts.push(new WeakRef(fiber))
        return Effect.flatMap(RequestContext, (request) => {
          calls.push(new WeakRef(request))
          kept?.push(request)
          return pause === true ? Effect.never : Effect.void
        })
      })
    )
    const layer = McpServer.layer({ name: "s", version: "1" }, McpServer.use(Seeing), Note).pipe(Layer.provide([seeing, note]))
    return { calls, parts, layer }
  }

  for (const version of ["2025-11-25", "2026-07-28"] as const) {
    it.effect(`${version}: is held by nobody, long before its time would have been over`, () =>
      Effect.gen(function* () {
        const { calls, layer, parts } = noting(undefined)
        const peer = yield* (yield* serve(layer)).speak(version)
        for (let i = 0; i < 20; i++) yield* peer.call("note", { items: [i] })
        for (let i = 0; i < 20; i++) {
          const requestId = peer.startCall("note", { items: [i], pause: true })
          peer.notify("notifications/cancelled", { requestId })
        }
        yield* TestClock.adjust("1 second")
        yield* collect
        assert.deepStrictEqual([calls.length, parts.length, peer.inFlight], [40, 80, 0])
        // The last one may still be on the stack of who looks.
        assert.isAtMost(alive(calls), 2)
        assert.isAtMost(alive(parts), 4)
      })
    )
  }

  it.effect("holds neither its params nor its fiber, although somebody keeps its context", () =>
    Effect.gen(function* () {
      const kept: Array<unknown> = []
      const { layer, parts } = noting(kept)
      const peer = yield* (yield* serve(layer)).speak()
      for (let i = 0; i < 20; i++) yield* peer.call("note", { items: [i] })
      yield* TestClock.adjust("1 second")
      yield* collect
      assert.deepStrictEqual([kept.length, parts.length], [20, 40])
      assert.isAtMost(alive(parts), 4)
    })
  )
})

describe("an open subscription", () => {
  it.effect("has no end of its own, whatever the timeout of the server is", () =>
    Effect.gen(function* () {
      const Quick = Tool.make("quick")
      const layer = McpServer.layer({ name: "s", version: "1", toolTimeout: "1 second" }, Quick).pipe(
        Layer.provide(Quick.toLayer(() => Effect.void))
      )
      const served = yield* serve(layer)
      const peer = yield* served.speak("2026-07-28")
      peer.start("subscriptions/listen", { notifications: { toolsListChanged: true } })
      peer.clear()
      yield* TestClock.adjust("1000 days")
      assert.deepStrictEqual([peer.inFlight, peer.lines], [1, []])
      const Late = Tool.make("late")
      yield* served.server.add(
        Late,
        Late.toLayer(() => Effect.void)
      )
      yield* settle
      assert.deepStrictEqual(
        peer.notifications.map(({ method }) => method),
        ["notifications/tools/list_changed"]
      )
    })
  )
})
