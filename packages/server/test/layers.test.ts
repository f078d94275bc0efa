import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as McpServer from "../src/McpServer.ts"
import { RawPeer, serve, serveTogether, settle } from "./support/peer.ts"

const info = (name: string) => ({ name, version: "1" })

class Database extends Context.Service<Database, { readonly id: number }>()("test/Database") {}

/** A database that counts how often it is built and how many of it are open. */
const database = () => {
  const counts = { built: 0, open: 0 }
  const layer = Layer.effect(
    Database,
    Effect.acquireRelease(
      Effect.sync(() => {
        counts.open++
        return { id: ++counts.built }
      }),
      () => Effect.sync(() => counts.open--)
    )
  )
  return { counts, layer }
}

const Which = Tool.make("which", { success: Schema.Finite })
const WhichLive = Which.toLayer(() => Effect.map(Database, ({ id }) => id))

const Add = Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite })
const AddLive = Add.toLayer(({ a, b }) => Effect.succeed(a + b))

const namesOf = (peer: RawPeer) =>
  Effect.map(peer.request("tools/list"), ({ result }) => result.tools.map((tool: { name: string }) => tool.name))

const valueOf = (peer: RawPeer, name: string, args?: Record<string, unknown>) =>
  Effect.map(peer.call(name, args), ({ result }) => result.structuredContent?.result)

/** Something that needs a server to be served, as a transport does. */
const transport = (into: Array<Dispatcher["Service"]>) =>
  Layer.effectDiscard(Effect.map(Dispatcher, (dispatcher) => into.push(dispatcher)))

const defectOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason) : undefined
  return reason?.defect instanceof Error ? reason.defect.message : "no defect"
}

describe("servers as layers", () => {
  it.effect("one server is served by two transports at once: it is built once and its peers are its own", () =>
    Effect.gen(function* () {
      const db = database()
      const dispatchers: Array<Dispatcher["Service"]> = []
      const Server = McpServer.layer(info("a"), Which).pipe(Layer.provide(WhichLive), Layer.provide(db.layer))
      const main = Layer.mergeAll(transport(dispatchers), transport(dispatchers)).pipe(Layer.provide(Server))
      yield* Layer.build(main)
      assert.strictEqual(dispatchers.length, 2)
      assert.strictEqual(dispatchers[0], dispatchers[1])
      assert.strictEqual(db.counts.built, 1)
      const pipe = yield* RawPeer.open(dispatchers[0]!, { transport: "stdio" })
      const http = yield* RawPeer.open(dispatchers[1]!, { transport: "http" })
      yield* pipe.speak("2024-11-05")
      yield* http.speak("2026-07-28")
      assert.deepStrictEqual(yield* namesOf(pipe), ["which"])
      assert.deepStrictEqual(yield* namesOf(http), ["which"])
    })
  )

  it.effect("two servers that share a tool share its handler's layer and nothing else", () =>
    Effect.gen(function* () {
      const db = database()
      const Live = WhichLive.pipe(Layer.provide(db.layer))
      const A = McpServer.layer(info("a"), Which, Add).pipe(Layer.provide([Live, AddLive]))
      const B = McpServer.layer(info("b"), Which).pipe(Layer.provide(Live))
      const [a, b] = yield* serveTogether(A, B)
      assert.notStrictEqual(a.dispatcher, b.dispatcher)
      const one = yield* a.speak()
      const other = yield* b.speak()
      assert.deepStrictEqual(yield* namesOf(one), ["which", "add"])
      assert.deepStrictEqual(yield* namesOf(other), ["which"])
      assert.strictEqual(yield* valueOf(one, "which"), yield* valueOf(other, "which"))
      assert.strictEqual(db.counts.built, 1)
      const Late = Tool.make("late")
      yield* a.server.add(
        Late,
        Late.toLayer(() => Effect.void)
      )
      assert.deepStrictEqual(yield* namesOf(one), ["which", "add", "late"])
      assert.deepStrictEqual(yield* namesOf(other), ["which"])
    })
  )

  it.effect("a server serves nothing that it was not given, although its handlers are there", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(
        McpServer.layer(info("a"), Add).pipe(Layer.provide([AddLive, WhichLive]), Layer.provide(database().layer))
      )).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["add"])
    })
  )

  it.effect("what handlers were built from is released when the server's scope closes", () =>
    Effect.gen(function* () {
      const db = database()
      const served = yield* serve(McpServer.layer(info("a"), Which).pipe(Layer.provide(WhichLive), Layer.provide(db.layer)))
      assert.deepStrictEqual(db.counts, { built: 1, open: 1 })
      yield* served.close
      assert.deepStrictEqual(db.counts, { built: 1, open: 0 })
    })
  )

  it.effect("a group's handlers may be made by an Effect, which runs once", () =>
    Effect.gen(function* () {
      let made = 0
      const Live = Which.toLayer(
        Effect.gen(function* () {
          const { id } = yield* Database
          made++
          return () => Effect.succeed(id * 100)
        })
      )
      const served = yield* serve(McpServer.layer(info("a"), Which).pipe(Layer.provide(Live), Layer.provide(database().layer)))
      const peer = yield* served.speak()
      assert.strictEqual(yield* valueOf(peer, "which"), 100)
      assert.strictEqual(yield* valueOf(peer, "which"), 100)
      assert.strictEqual(made, 1)
    })
  )
})

describe("what a server refuses to start with", () => {
  const takenBy = (id: string) =>
    `the handlers of "${id}" implement another contract of that name; names of groups and of single contracts must be unique`

  const start = (layer: Layer.Layer<any, any, never>) => Effect.map(Effect.exit(serve(layer)), defectOf)

  it.effect("handlers of another group with the same id", () =>
    Effect.gen(function* () {
      const One = McpGroup.make("same", Tool.make("a"))
      const Other = McpGroup.make("same", Tool.make("b"))
      const live = One.toLayer({ tools: { a: () => Effect.void } })
      const message = takenBy("same")
      assert.strictEqual(yield* start(McpServer.layer(info("s"), Other).pipe(Layer.provide(live))), message)
    })
  )

  it.effect("two groups with one id", () =>
    Effect.gen(function* () {
      const One = McpGroup.make("same", Tool.make("a"))
      const Other = McpGroup.make("same", Tool.make("b"))
      const live = Layer.mergeAll(
        One.toLayer({ tools: { a: () => Effect.void } }),
        Other.toLayer({ tools: { b: () => Effect.void } })
      )
      const message = takenBy("same")
      assert.strictEqual(yield* start(McpServer.layer(info("s"), One, Other).pipe(Layer.provide(live))), message)
    })
  )

  it.effect("two tools of one name that were made apart", () =>
    Effect.gen(function* () {
      const live = Tool.make("same").toLayer(() => Effect.void)
      const message = takenBy("tool/same")
      assert.strictEqual(yield* start(McpServer.layer(info("s"), Tool.make("same")).pipe(Layer.provide(live))), message)
    })
  )

  it.effect("a missing handler layer, which the types would show", () =>
    Effect.gen(function* () {
      const message = 'group "tool/add" has no handlers: provide the layer that its toLayer makes'
      assert.strictEqual(yield* start(McpServer.layer(info("s"), Add) as never), message)
    })
  )

  it.effect("a Schema that JSON Schema cannot express", () =>
    Effect.gen(function* () {
      const Bad = Tool.make("bad", { parameters: Schema.String as never })
      const layer = McpServer.layer(info("s"), Bad).pipe(Layer.provide(Bad.toLayer(() => Effect.void)))
      assert.match(yield* start(layer), /^tool "bad", parameters: parameters must be an object/)
    })
  )

  for (const name of ["concurrency", "concurrencyPerPeer", "waiting", "pageSize"]) {
    it.effect(`${name} that is no positive integer`, () =>
      Effect.gen(function* () {
        for (const value of [0, -1, 1.5, Number.NaN]) {
          const message = `McpServer: ${name} must be a positive integer, not ${value}`
          assert.strictEqual(yield* start(McpServer.layer({ ...info("s"), [name]: value })), message)
        }
      })
    )
  }
})

describe("mounted servers", () => {
  const child = (db: { readonly layer: Layer.Layer<Database> }) =>
    McpServer.layer(info("child"), Which, Add).pipe(Layer.provide([WhichLive.pipe(Layer.provide(db.layer)), AddLive]))

  it.effect("are served under their namespace, or without one under their own names", () =>
    Effect.gen(function* () {
      const db = database()
      const Child = child(db)
      const parent = McpServer.layer(info("p"), McpServer.mount("math", Child), McpServer.mount(undefined, Child))
      const peer = yield* (yield* serve(parent)).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["math_which", "math_add", "which", "add"])
      assert.strictEqual(yield* valueOf(peer, "math_add", { a: 1, b: 2 }), 3)
      assert.strictEqual(yield* valueOf(peer, "add", { a: 1, b: 2 }), 3)
      assert.strictEqual((yield* peer.call("math_nope"))["error"].message, "Unknown tool: math_nope")
    })
  )

  it.effect("that are served by themselves as well are built once", () =>
    Effect.gen(function* () {
      const db = database()
      const Child = child(db)
      const Parent = McpServer.layer(info("p"), McpServer.mount("c", Child))
      const parents: Array<Dispatcher["Service"]> = []
      const children: Array<Dispatcher["Service"]> = []
      yield* Layer.build(
        Layer.mergeAll(transport(parents).pipe(Layer.provide(Parent)), transport(children).pipe(Layer.provide(Child)))
      )
      const parent = yield* RawPeer.open(parents[0]!)
      const alone = yield* RawPeer.open(children[0]!)
      yield* parent.speak("2025-11-25")
      yield* alone.speak("2025-11-25")
      assert.strictEqual(yield* valueOf(parent, "c_which"), 1)
      assert.strictEqual(yield* valueOf(alone, "which"), 1)
      assert.deepStrictEqual(db.counts, { built: 1, open: 1 })
    })
  )

  it.effect("may be mounted in mounted ones", () =>
    Effect.gen(function* () {
      const inner = McpServer.layer(info("i"), Add).pipe(Layer.provide(AddLive))
      const middle = McpServer.layer(info("m"), McpServer.mount("inner", inner))
      const peer = yield* (yield* serve(McpServer.layer(info("o"), McpServer.mount("outer", middle)))).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["outer_inner_add"])
      assert.strictEqual(yield* valueOf(peer, "outer_inner_add", { a: 2, b: 2 }), 4)
    })
  )

  it.effect("a namespace that makes a name too long keeps the server from starting", () =>
    Effect.gen(function* () {
      const Child = McpServer.layer(info("c"), Add).pipe(Layer.provide(AddLive))
      const exit = yield* Effect.exit(serve(McpServer.layer(info("p"), McpServer.mount("n".repeat(61), Child))))
      assert.match(defectOf(exit), /^namespace "n{61}": "n{61}_add" is longer than 64 characters$/)
    })
  )

  it.effect("what is added to a mounted server shows in both, and both tell their clients", () =>
    Effect.gen(function* () {
      const Child = McpServer.layer(info("c"), Add).pipe(Layer.provide(AddLive))
      const [parent, alone] = yield* serveTogether(McpServer.layer(info("p"), McpServer.mount("c", Child)), Child)
      const outer = yield* parent.speak()
      const inner = yield* alone.speak()
      const added = yield* Scope.make()
      const Late = Tool.make("late")
      yield* Scope.provide(
        alone.server.add(
          Late,
          Late.toLayer(() => Effect.void)
        ),
        added
      )
      yield* settle
      assert.deepStrictEqual(
        outer.notifications.map((n) => n["method"]),
        ["notifications/tools/list_changed"]
      )
      assert.deepStrictEqual(
        inner.notifications.map((n) => n["method"]),
        ["notifications/tools/list_changed"]
      )
      assert.deepStrictEqual(yield* namesOf(outer), ["c_add", "c_late"])
      assert.deepStrictEqual(yield* namesOf(inner), ["add", "late"])
      yield* Scope.close(added, Exit.void)
      assert.deepStrictEqual(yield* namesOf(outer), ["c_add"])
    })
  )

  it.effect("one that adds a tool whose name becomes too long does not stop the other tools of its parent", () =>
    Effect.gen(function* () {
      const Child = McpServer.layer(info("c"), Add).pipe(Layer.provide(AddLive))
      const [parent, child] = yield* serveTogether(McpServer.layer(info("p"), McpServer.mount("child", Child)), Child)
      const peer = yield* parent.speak()
      const Long = Tool.make("x".repeat(62))
      yield* child.server.add(
        Long,
        Long.toLayer(() => Effect.void)
      )
      assert.strictEqual(yield* valueOf(peer, "child_add", { a: 1, b: 1 }), 2)
      assert.deepStrictEqual(yield* namesOf(peer), ["child_add"])
    })
  )
})
