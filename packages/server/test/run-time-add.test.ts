import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { DuplicateName } from "../src/DuplicateName.ts"
import * as McpServer from "../src/McpServer.ts"
import { capture } from "./support/logs.ts"
import { key, type RawPeer, serve, settle } from "./support/peer.ts"

const First = Tool.make("first", { success: Schema.String })
const FirstLive = First.toLayer(() => Effect.succeed("first"))

const Server = McpServer.layer({ name: "s", version: "1" }, First).pipe(Layer.provide(FirstLive))

const saying = <const Name extends string>(name: Name) => {
  const tool = Tool.make(name as string, { success: Schema.String })
  return [tool, tool.toLayer(() => Effect.succeed(`this is ${name}`))] as const
}

const namesOf = (peer: RawPeer) =>
  Effect.map(peer.request("tools/list"), ({ result }) => result.tools.map((tool: { name: string }) => tool.name))

const textOf = (peer: RawPeer, name: string) => Effect.map(peer.call(name), ({ result }) => result.content[0].text)

const isListChanged = (message: { readonly [key: string]: unknown }) => message["method"] === "notifications/tools/list_changed"

describe("adding at run time", () => {
  it.effect("what is added is listed last, can be called, and is gone after the scope closes", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const scope = yield* Scope.make()
      yield* Scope.provide(served.server.add(...saying("late")), scope)
      assert.deepStrictEqual(yield* namesOf(peer), ["first", "late"])
      assert.strictEqual(yield* textOf(peer, "late"), "this is late")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
      assert.strictEqual((yield* peer.call("late"))["error"].message, "Unknown tool: late")
      assert.strictEqual(yield* textOf(peer, "first"), "first")
    })
  )

  it.effect("changes of one turn are told once", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const scope = yield* Scope.make()
      yield* Effect.forEach(["a", "b", "c", "d"], (name) => Scope.provide(served.server.add(...saying(name)), scope))
      assert.deepStrictEqual(peer.lines, [])
      yield* settle
      assert.strictEqual(peer.messages.filter(isListChanged).length, 1)
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.strictEqual(peer.messages.filter(isListChanged).length, 2)
      yield* Effect.scoped(served.server.add(...saying("short")))
      yield* settle
      assert.strictEqual(peer.messages.filter(isListChanged).length, 3)
    })
  )

  it.effect("a client that lists when it is told sees the new list", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
      yield* served.server.add(...saying("late"))
      yield* peer.until(({ messages }) => messages.find(isListChanged))
      assert.deepStrictEqual(yield* namesOf(peer), ["first", "late"])
    })
  )

  it.effect("a running call is answered although its tool was removed meanwhile; what it uses is released after that", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const gate = yield* Deferred.make<void>()
      const order: Array<string> = []
      const Slow = Tool.make("slow", { success: Schema.String })
      const scope = yield* Scope.make()
      const live = Slow.toLayer(
        Effect.as(
          Effect.addFinalizer(() => Effect.sync(() => order.push("released"))),
          () => Effect.map(Deferred.await(gate), () => (order.push("done"), "done"))
        )
      )
      yield* Scope.provide(served.server.add(Slow, live), scope)
      const id = peer.startCall("slow")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.strictEqual((yield* peer.call("slow"))["error"].message, "Unknown tool: slow")
      yield* settle
      assert.deepStrictEqual(order, [])
      assert.strictEqual(peer.inFlight, 1)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* peer.answer(id))["result"].content[0].text, "done")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(order, ["done", "released"])
    })
  )

  it.effect("removing waits no longer than 10 seconds for calls that do not end", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const Slow = Tool.make("slow")
      const scope = yield* Scope.make()
      yield* Scope.provide(
        served.server.add(
          Slow,
          Slow.toLayer(() => Effect.never)
        ),
        scope
      )
      peer.startCall("slow")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.strictEqual(peer.inFlight, 1)
    })
  )

  it.effect("what the handlers were built from lives as long as the scope, and outlives the tools", () =>
    Effect.gen(function* () {
      class Db extends Context.Service<Db, { readonly name: string }>()("test/Db") {}
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const order: Array<string> = []
      const DbLive = Layer.effect(
        Db,
        Effect.acquireRelease(
          Effect.sync(() => (order.push("open"), { name: "db" })),
          () => Effect.map(namesOf(peer), (names) => order.push(`close, while serving ${names.join(" ")}`))
        )
      )
      const Ask = Tool.make("ask", { success: Schema.String })
      const AskLive = Ask.toLayer(() => Effect.map(Db, ({ name }) => name)).pipe(Layer.provide(DbLive))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* served.server.add(Ask, AskLive)
          assert.strictEqual(yield* textOf(peer, "ask"), "db")
        })
      )
      assert.deepStrictEqual(order, ["open", "close, while serving first"])
    })
  )

  it.effect("a name that is served already is a typed failure, and nothing is added", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const error = yield* Effect.flip(served.server.add(...saying("first")))
      assert.deepStrictEqual(error, new DuplicateName({ kind: "tool", name: "first" }))
      assert.match(error.message, /^the tool "first" is served twice; rename one/)
      yield* settle
      assert.deepStrictEqual(peer.lines, [])
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
      assert.strictEqual(yield* textOf(peer, "first"), "first")
    })
  )

  it.effect("handlers that cannot be built are a failure, and nothing is added", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const Late = Tool.make("late")
      const error = yield* Effect.flip(served.server.add(Late, Late.toLayer(Effect.fail("no database" as const))))
      assert.strictEqual(error, "no database")
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
    })
  )

  it.effect("a name is free again as soon as the scope is closed", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      for (let i = 0; i < 3; i++) {
        const Same = Tool.make("same", { success: Schema.String })
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* served.server.add(
              Same,
              Same.toLayer(() => Effect.succeed(`number ${i}`))
            )
            assert.strictEqual(yield* textOf(peer, "same"), `number ${i}`)
          })
        )
      }
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
    })
  )

  it.effect("what a handler adds for longer than its call has nothing of that call", () =>
    Effect.gen(function* () {
      const logs = capture()
      const seen: Array<unknown> = []
      const lasting = yield* Scope.make()
      const Late = Tool.make("late")
      const LateLive = Late.toLayer(
        Effect.gen(function* () {
          const built = yield* Effect.serviceOption(RequestContext)
          const annotations = yield* References.CurrentLogAnnotations
          seen.push(["built with", Option.isSome(built), annotations])
          return () =>
            Effect.andThen(
              Effect.log("late"),
              Effect.map(RequestContext, ({ id }) => seen.push(["called by", id]))
            )
        })
      )
      const Load = Tool.make("load")
      const server = Effect.runSync(Deferred.make<McpServer.McpServer["Service"]>())
      const LoadLive = Load.toLayer(() =>
        Effect.flatMap(Deferred.await(server), (server) => Scope.provide(server.add(Late, LateLive), lasting)).pipe(
          Effect.annotateLogs("of", "load"),
          Effect.orDie
        )
      )
      const layer = McpServer.layer({ name: "s", version: "1" }, Load).pipe(Layer.provide(LoadLive), Layer.provide(logs.layer))
      const served = yield* serve(layer)
      yield* Deferred.succeed(server, served.server)
      const loader = yield* served.speak("2026-07-28")
      const caller = yield* served.speak("2026-07-28")
      const level = { [key("logLevel")]: "debug" }
      yield* loader.request("tools/call", { name: "load", _meta: level }, "load")
      loader.clear()
      yield* caller.request("tools/call", { name: "late", _meta: level }, "late")
      assert.deepStrictEqual(seen, [
        ["built with", false, {}],
        ["called by", "late"]
      ])
      assert.strictEqual(caller.notifications.filter(({ method }) => method === "notifications/message").length, 1)
      assert.deepStrictEqual(
        loader.notifications.filter(({ method }) => method === "notifications/message"),
        []
      )
      assert.deepStrictEqual(logs.entries, [{ level: "Info", message: "late", annotations: {}, cause: "" }])
      yield* Scope.close(lasting, Exit.void)
    })
  )

  it.effect("a tool that removes itself is answered, at the latest when removing has waited long enough", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peer = yield* served.speak()
      const scope = yield* Scope.make()
      const Unload = Tool.make("unload", { success: Schema.String })
      const live = Unload.toLayer(() => Effect.as(Scope.close(scope, Exit.void), "gone"))
      yield* Scope.provide(served.server.add(Unload, live), scope)
      const id = peer.startCall("unload")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* peer.answer(id))["result"].content[0].text, "gone")
      assert.deepStrictEqual(yield* namesOf(peer), ["first"])
    })
  )
})
