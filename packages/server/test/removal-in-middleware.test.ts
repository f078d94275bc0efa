import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { serve, settle } from "./support/peer.ts"

class Database extends Context.Service<Database, { readonly read: Effect.Effect<string> }>()("test/Database") {}

class Gate extends Middleware.make<Gate>()("Gate") {}

const First = Tool.make("first")
const Server = McpServer.layer({ name: "s", version: "1" }, First).pipe(Layer.provide(First.toLayer(() => Effect.void)))

/** A group whose middleware waits at a gate, before the handler or after it. What the handler uses notes when it is released. */
const waitingGroup = (where: "before" | "after") => {
  const events: Array<string> = []
  const gate = Deferred.makeUnsafe<void>()
  const Read = Tool.make("read", { success: Schema.String })
  const Group = McpGroup.make("group", Read).middleware(Gate)
  const database = Layer.effect(
    Database,
    Effect.acquireRelease(
      Effect.sync(() => {
        let isOpen = true
        return {
          read: Effect.sync(() => (isOpen ? "read" : "read after the end")),
          close: () => {
            isOpen = false
            events.push("released")
          }
        }
      }),
      ({ close }) => Effect.sync(close)
    )
  )
  const wait = Effect.suspend(() => {
    events.push("waits")
    return Deferred.await(gate)
  })
  const live = Layer.mergeAll(
    Group.toLayer({ tools: { read: () => Effect.flatMap(Database, ({ read }) => read) } }),
    Gate.layer({
      "tools/call": (request, next) =>
        where === "before" ? Effect.andThen(wait, next(request)) : Effect.tap(next(request), () => wait)
    })
  ).pipe(Layer.provide(database))
  return { Group, live, events, open: () => Deferred.doneUnsafe(gate, Exit.void) }
}

describe("a group that is removed while a call waits in the group's own middleware", () => {
  for (const where of ["before", "after"] as const) {
    const added = Effect.gen(function* () {
      const group = waitingGroup(where)
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const scope = yield* Scope.make()
      yield* Scope.provide(served.server.add(group.Group, group.live), scope)
      const id = peer.startCall("read")
      assert.deepStrictEqual(group.events, ["waits"])
      const removing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* settle
      return { ...group, peer, id, removing }
    })

    it.effect(`${where} the handler: what this uses is released after the call has ended`, () =>
      Effect.gen(function* () {
        const { events, id, open, peer, removing } = yield* added
        assert.strictEqual((yield* peer.call("read"))["error"].message, "Unknown tool: read")
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual(events, ["waits"])
        open()
        assert.strictEqual((yield* peer.answer(id))["result"].content[0].text, "read")
        yield* Fiber.join(removing)
        assert.deepStrictEqual(events, ["waits", "released"])
      })
    )

    it.effect(`${where} the handler: a call that is cancelled holds up nothing any more`, () =>
      Effect.gen(function* () {
        const { events, id, peer, removing } = yield* added
        peer.notify("notifications/cancelled", { requestId: id })
        yield* Fiber.join(removing)
        assert.deepStrictEqual(events, ["waits", "released"])
        assert.strictEqual(peer.inFlight, 0)
      })
    )

    it.effect(`${where} the handler: a call that does not end is waited for 10 seconds`, () =>
      Effect.gen(function* () {
        const { events, id, open, peer, removing } = yield* added
        yield* TestClock.adjust("9999 millis")
        assert.deepStrictEqual(events, ["waits"])
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(removing)
        assert.deepStrictEqual(events, ["waits", "released"])
        open() // it is on its own now, and still answered
        yield* peer.answer(id)
        assert.strictEqual(peer.inFlight, 0)
      })
    )
  }
})

describe("a call that is sent on more than once", () => {
  /** Two groups that are there for a time, one of them slow, behind a middleware that calls what the test says, one after the other. */
  const sentOn = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
    class Again extends Middleware.make<Again>()("Again") {}
    const again = Again.layer({
      "tools/call": (request, next) =>
        Effect.flatMap(
          Effect.forEach(names, (name) => next({ ...request, name })),
          (results) => Effect.succeed(results.at(-1)!)
        )
    })
    const gate = Deferred.makeUnsafe<void>()
    const events: Array<string> = []
    const Slow = Tool.make("slow", { success: Schema.String })
    const Quick = Tool.make("quick", { success: Schema.String })
    const released = (name: string) =>
      Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.sync(() => events.push(`${name} is released`))))
    const slow = Slow.toLayer(() =>
      Effect.andThen(
        Deferred.await(gate),
        Effect.sync(() => (events.push("slow is done"), "slow"))
      )
    )
    const layer = McpServer.layer({ name: "s", version: "1" }, McpServer.use(Again), First).pipe(
      Layer.provide([First.toLayer(() => Effect.void), again])
    )
    const served = yield* serve(layer)
    const peer = yield* served.speak()
    const scope = yield* Scope.make()
    yield* Scope.provide(served.server.add(Slow, Layer.merge(slow, released("slow"))), scope)
    const others = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    yield* Scope.provide(
      served.server.add(
        Quick,
        Quick.toLayer(() => Effect.succeed("quick"))
      ),
      others
    )
    return { peer, events, scope, open: () => Deferred.doneUnsafe(gate, Exit.void) }
  })

  it.effect("to the same tool: it holds up the removal only until it has ended", () =>
    Effect.gen(function* () {
      const { events, open, peer, scope } = yield* sentOn("slow", "slow", "slow")
      const id = peer.startCall("slow")
      open()
      yield* peer.answer(id)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(events, ["slow is done", "slow is done", "slow is done", "slow is released"])
    })
  )

  for (const names of [
    ["quick", "slow"],
    ["quick", "slow", "quick"],
    ["slow", "quick"]
  ]) {
    it.effect(`to ${names.join(", then to ")}: what a handler uses is released after it is done`, () =>
      Effect.gen(function* () {
        const { events, open, peer, scope } = yield* sentOn(...names)
        const id = peer.startCall("first")
        const removing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* settle
        open()
        yield* peer.answer(id)
        yield* Fiber.join(removing)
        assert.deepStrictEqual(events, ["slow is done", "slow is released"])
      })
    )
  }
})
