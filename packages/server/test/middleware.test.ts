import * as McpError from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { refusal } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

/** A middleware that notes when it is entered and left. */
const noting = (id: string, into: Array<string>) => {
  class Noting extends Middleware.make<Noting>()(id) {}
  const live = Noting.layer({
    all: (request, next) =>
      Effect.suspend(() => {
        into.push(`${id} > ${request.method}`)
        return Effect.onExit(next, () => Effect.sync(() => into.push(`${id} <`)))
      })
  })
  return { Noting, live }
}

class User extends Context.Service<User, { readonly name: string }>()("test/User") {}
class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}

const Who = Tool.make("who", { success: Schema.String })
class Members extends McpGroup.make("members", Who).middleware(Auth) {}
const MembersLive = Members.toLayer({ tools: { who: () => Effect.map(User, ({ name }) => name) } })

const Echo = Tool.make("echo", { parameters: { say: Schema.String }, success: Schema.String })
const EchoLive = Echo.toLayer(({ say }) => Effect.succeed(say))

const textOf = (peer: RawPeer, name: string, args?: Record<string, unknown>) =>
  Effect.map(peer.call(name, args), (answered) => answered["result"]?.content[0].text ?? answered["error"])

/** A server with the tool `echo` behind these hooks. */
const behind = (hooks: Middleware.Hooks<never>) => {
  class M extends Middleware.make<M>()("M") {}
  const live = M.layer(hooks) as Layer.Layer<M> // what requests bring is discharged
  return McpServer.layer(info, McpServer.use(M), Echo).pipe(Layer.provide([EchoLive, live]))
}

describe("middleware", () => {
  it.effect("those of the server come first, in the order of its parts; of a group's the last one is the outermost", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const [a, b, c, d] = [noting("a", order), noting("b", order), noting("c", order), noting("d", order)] as const
      const Group = McpGroup.make("g", Echo).middleware(d.Noting).middleware(c.Noting)
      const handlers = Group.toLayer({ tools: { echo: ({ say }) => Effect.sync(() => (order.push("handler"), say)) } })
      const Server = McpServer.layer(info, McpServer.use(a.Noting), Group, McpServer.use(b.Noting)).pipe(
        Layer.provide([handlers, a.live, b.live, c.live, d.live])
      )
      const peer = yield* (yield* serve(Server)).speak()
      assert.strictEqual(yield* textOf(peer, "echo", { say: "hi" }), "hi")
      const entered = ["a", "b", "c", "d"].map((id) => `${id} > tools/call`)
      assert.deepStrictEqual(order, [...entered, "handler", "d <", "c <", "b <", "a <"])
    })
  )

  it.effect("of a mounted server comes inside of those of the server that mounts it, and outside of those of its groups", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const [outer, child, group] = [noting("outer", order), noting("child", order), noting("group", order)] as const
      const Group = McpGroup.make("g", Echo).middleware(group.Noting)
      const handlers = Group.toLayer({ tools: { echo: ({ say }) => Effect.sync(() => (order.push("handler"), say)) } })
      const Child = McpServer.layer(info, McpServer.use(child.Noting), Group).pipe(
        Layer.provide([handlers, child.live, group.live])
      )
      const layer = McpServer.layer(info, McpServer.use(outer.Noting), McpServer.mount("child", Child))
      const peer = yield* (yield* serve(layer.pipe(Layer.provide(outer.live)))).speak()
      yield* peer.call("child_echo", { say: "" })
      const entered = ["outer > tools/call", "child > tools/call", "group > tools/call"]
      assert.deepStrictEqual(order, [...entered, "handler", "group <", "child <", "outer <"])
    })
  )

  it.effect("sees the request as it came and the result as it goes, and may replace both", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const Server = behind({
        "tools/call": (request, next) =>
          Effect.map(next({ ...request, name: "echo", arguments: { say: "replaced" } }), (result) => {
            seen.push(request, result)
            return { ...result, content: [...result.content, { type: "text" as const, text: "audited" }] }
          })
      })
      const peer = yield* (yield* serve(Server)).speak()
      const answered = yield* peer.call("anything", { x: 1 }, { "a/b": 2 })
      assert.deepStrictEqual(answered["result"].content, [
        { type: "text", text: "replaced" },
        { type: "text", text: "audited" }
      ])
      assert.deepStrictEqual(seen, [
        { method: "tools/call", name: "anything", arguments: { x: 1 }, meta: { "a/b": 2 } },
        { content: [{ type: "text", text: "replaced" }] }
      ])
    })
  )

  it.effect("that sends a call to another tool: its timeout is that of the tool that runs", () =>
    Effect.gen(function* () {
      class Alias extends Middleware.make<Alias>()("Alias") {}
      const live = Alias.layer({ "tools/call": (request, next) => next({ ...request, name: "new" }) })
      const Old = Tool.make("old", { timeout: "1 hour" })
      const New = Tool.make("new", { timeout: "5 seconds" })
      const layer = McpServer.layer(info, McpServer.use(Alias), Old, New).pipe(
        Layer.provide([live, Old.toLayer(() => Effect.never), New.toLayer(() => Effect.never)])
      )
      const peer = yield* (yield* serve(layer)).speak()
      const ids = [peer.startCall("old"), peer.startCall("made-up")]
      yield* TestClock.adjust("5 seconds")
      for (const id of ids) {
        assert.strictEqual(peer.answerNow(id)?.["result"].content[0].text, "It took longer than 5s and was stopped")
      }
    })
  )

  it.effect("that sends a call to another tool: its time counts from when the call began", () =>
    Effect.gen(function* () {
      class Alias extends Middleware.make<Alias>()("Alias") {}
      const live = Alias.layer({
        "tools/call": (request, next) => Effect.andThen(Effect.sleep("3 seconds"), next({ ...request, name: "new" }))
      })
      const Old = Tool.make("old", { timeout: "1 hour" })
      const New = Tool.make("new", { timeout: "5 seconds" })
      const layer = McpServer.layer(info, McpServer.use(Alias), Old, New).pipe(
        Layer.provide([live, Old.toLayer(() => Effect.never), New.toLayer(() => Effect.never)])
      )
      const peer = yield* (yield* serve(layer)).speak()
      const id = peer.startCall("old")
      yield* TestClock.adjust("3 seconds")
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(peer.lines, [])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(peer.answerNow(id)?.["result"].content[0].text, "It took longer than 5s and was stopped")
    })
  )

  it.effect("that sends a call to another tool: the result is written as that tool's contract says", () =>
    Effect.gen(function* () {
      class Swap extends Middleware.make<Swap>()("Swap") {}
      const live = Swap.layer({
        "tools/call": (request, next) => next({ ...request, name: request.name === "number" ? "struct" : "number" })
      })
      const Struct = Tool.make("struct", { success: Schema.Struct({ n: Schema.Finite }) })
      const Number = Tool.make("number", { success: Schema.Finite })
      const layer = McpServer.layer(info, McpServer.use(Swap), Struct, Number).pipe(
        Layer.provide([live, Struct.toLayer(() => Effect.succeed({ n: 1 })), Number.toLayer(() => Effect.succeed(2))])
      )
      const peer = yield* (yield* serve(layer)).speak("2025-11-25")
      assert.deepStrictEqual((yield* peer.call("struct"))["result"].structuredContent, { result: 2 })
      assert.deepStrictEqual((yield* peer.call("number"))["result"].structuredContent, { n: 1 })
    })
  )

  it.effect("may answer by itself: then nothing further in is run, and the arguments are not looked at", () =>
    Effect.gen(function* () {
      const Server = behind({ "tools/call": () => Effect.succeed({ content: [{ type: "text", text: "cached" }] }) })
      const peer = yield* (yield* serve(Server)).speak()
      assert.strictEqual(yield* textOf(peer, "echo", { say: 1 }), "cached")
    })
  )

  it.effect("may go on more than once", () =>
    Effect.gen(function* () {
      const Server = behind({
        "tools/call": (request, next) => Effect.andThen(next(request), next({ ...request, arguments: { say: "again" } }))
      })
      const peer = yield* (yield* serve(Server)).speak()
      assert.strictEqual(yield* textOf(peer, "echo", { say: "once" }), "again")
    })
  )

  it.effect("provides a service to the handlers inside, for each request anew", () =>
    Effect.gen(function* () {
      const AuthLive = Auth.layer({
        "tools/call": (request, next) => Effect.provideService(next(request), User, { name: String(request.meta["user"]) })
      })
      const peer = yield* (yield* serve(McpServer.layer(info, Members).pipe(Layer.provide([MembersLive, AuthLive])))).speak()
      assert.strictEqual((yield* peer.call("who", {}, { user: "ada" }))["result"].content[0].text, "ada")
      assert.strictEqual((yield* peer.call("who", {}, { user: "grace" }))["result"].content[0].text, "grace")
    })
  )

  it.effect("provides the very service that its own layer was built from", () =>
    Effect.gen(function* () {
      const AuthLive = Auth.layer(
        Effect.map(User, (user) => ({
          "tools/call": (request, next) => Effect.provideService(next(request), User, user)
        }))
      ).pipe(Layer.provide(Layer.succeed(User, { name: "the only one" })))
      const peer = yield* (yield* serve(McpServer.layer(info, Members).pipe(Layer.provide([MembersLive, AuthLive])))).speak()
      assert.strictEqual(yield* textOf(peer, "who"), "the only one")
    })
  )

  it.effect("provides the service that its own layer requires by going on as it is", () =>
    Effect.gen(function* () {
      const AuthLive = Auth.layer({ "tools/call": (request, next) => next(request) }).pipe(
        Layer.provide(Layer.succeed(User, { name: "the only one" }))
      )
      const peer = yield* (yield* serve(McpServer.layer(info, Members).pipe(Layer.provide([MembersLive, AuthLive])))).speak()
      assert.strictEqual(yield* textOf(peer, "who"), "the only one")
    })
  )

  it.effect("that changes something around next does not leak its own services with it", () =>
    Effect.gen(function* () {
      class Secret extends Context.Service<Secret, string>()("test/Secret") {}
      const found: Array<unknown> = []
      const look = Effect.gen(function* () {
        found.push(Option.getOrUndefined(yield* Effect.serviceOption(Secret)), yield* References.CurrentLogAnnotations)
      })
      class M extends Middleware.make<M>()("M") {}
      const live = M.layer({ "tools/call": (request, next) => Effect.annotateLogs(next(request), "by", "M") }).pipe(
        Layer.provide(Layer.succeed(Secret, "of the middleware"))
      )
      const Without = Tool.make("without")
      const With = Tool.make("with")
      const handlers = [
        Without.toLayer(() => look),
        With.toLayer(() => look).pipe(Layer.provide(Layer.succeed(Secret, "of the handler")))
      ] as const
      const peer = yield* (yield* serve(
        McpServer.layer(info, McpServer.use(M), Without, With).pipe(Layer.provide([live, ...handlers]))
      )).speak()
      yield* peer.call("without")
      yield* peer.call("with")
      assert.deepStrictEqual(found, [undefined, { by: "M" }, "of the handler", { by: "M" }])
    })
  )

  it.effect("does not leak its own services to handlers, nor those of handlers to itself", () =>
    Effect.gen(function* () {
      class Secret extends Context.Service<Secret, string>()("test/Secret") {}
      const found: Array<unknown> = []
      const look = Effect.map(Effect.serviceOption(Secret), (secret) => found.push(Option.getOrUndefined(secret)))
      class M extends Middleware.make<M>()("M") {}
      const live = M.layer({
        "tools/call": (request, next) =>
          Effect.andThen(
            look,
            Effect.tap(next(request), () => look)
          )
      }).pipe(Layer.provide(Layer.succeed(Secret, "of the middleware")))
      const Peek = Tool.make("peek")
      const peek = Peek.toLayer(() => look)
      const peekWith = Tool.make("peekWith")
      const peekWithLive = peekWith.toLayer(() => look).pipe(Layer.provide(Layer.succeed(Secret, "of the handler")))
      const Server = McpServer.layer(info, McpServer.use(M), Peek, peekWith).pipe(Layer.provide([live, peek, peekWithLive]))
      const peer = yield* (yield* serve(Server)).speak()
      yield* peer.call("peek")
      assert.deepStrictEqual(found.splice(0), ["of the middleware", undefined, "of the middleware"])
      yield* peer.call("peekWith")
      assert.deepStrictEqual(found, ["of the middleware", "of the handler", "of the middleware"])
    })
  )

  it.effect("log annotations and references that it sets around next reach the handler, and end with the request", () =>
    Effect.gen(function* () {
      const logs = capture()
      const Depth = Context.Reference<number>("test/Depth", { defaultValue: () => 0 })
      class M extends Middleware.make<M>()("M") {}
      const live = M.layer({
        "tools/call": (request, next) =>
          next(request).pipe(Effect.annotateLogs("request", request.name), Effect.provideService(Depth, 7))
      })
      const Speak = Tool.make("speak")
      const speak = Speak.toLayer(() =>
        Effect.flatMap(Depth, (depth) => Effect.annotateLogs(Effect.log("depth", depth), "own", 1))
      )
      const layer = McpServer.layer(info, McpServer.use(M), Speak).pipe(Layer.provide([live, speak]), Layer.provide(logs.layer))
      const peer = yield* (yield* serve(layer)).speak()
      yield* peer.call("speak")
      assert.deepStrictEqual(logs.entries, [
        { level: "Info", message: "depth 7", annotations: { request: "speak", own: 1 }, cause: "" }
      ])
      assert.deepStrictEqual(yield* References.CurrentLogAnnotations, {})
    })
  )

  it.effect("knows the request", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const Server = behind({
        all: (_, next) =>
          Effect.flatMap(RequestContext, (request) => {
            seen.push([request.method, request.id, request.revision.version, request.clientInfo?.name])
            return next
          })
      })
      const peer = yield* (yield* serve(Server)).speak("2025-06-18")
      yield* peer.request("tools/call", { name: "echo", arguments: { say: "" } }, "c")
      yield* peer.request("tools/list", {}, 1)
      assert.deepStrictEqual(seen, [
        ["tools/call", "c", "2025-06-18", "raw"],
        ["tools/list", 1, "2025-06-18", "raw"]
      ])
    })
  )

  it.effect("the scope of a hook is the request's own: its finalizers run when the request is done", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      class M extends Middleware.make<M>()("M") {}
      const live = M.layer({
        "tools/call": (request, next) =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.sync(() => order.push("released"))),
            Effect.tap(next(request), () => Effect.sync(() => order.push("done")))
          )
      })
      const peer = yield* (yield* serve(
        McpServer.layer(info, McpServer.use(M), Echo).pipe(Layer.provide([EchoLive, live]))
      )).speak()
      yield* peer.call("echo", { say: "" })
      assert.deepStrictEqual(order, ["done", "released"])
    })
  )

  it.effect("is interrupted with the call, and its finalizers run", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const Server = behind({
        "tools/call": (_, _next) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => order.push("interrupted")))
      })
      const peer = yield* (yield* serve(Server)).speak()
      const id = peer.startCall("echo", { say: "" })
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual(order, ["interrupted"])
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("failing middleware", () => {
  const fails = (reason: McpError.Reason) => behind({ "tools/call": () => Effect.fail(new McpError.McpError({ reason })) })

  const table: ReadonlyArray<readonly [reason: McpError.Reason, legacy: readonly [number, unknown?], modern: number]> = [
    [new McpError.InvalidParams({ detail: "no", data: { a: 1 } }), [-32602, { a: 1 }], -32602],
    [new McpError.InvalidRequest({ detail: "no" }), [-32600], -32600],
    [new McpError.MethodNotFound({ method: "no" }), [-32601], -32601],
    [new McpError.Overloaded({ detail: "no" }), [-32603], -32603],
    [new McpError.ResourceNotFound({ uri: "x:y" }), [-32002, { uri: "x:y" }], -32602],
    [new McpError.MissingCapability({ required: { roots: {} } }), [-32600, { requiredCapabilities: { roots: {} } }], -32021],
    [new McpError.Custom({ code: 401, detail: "no", data: [1] }), [401, [1]], 401]
  ]

  for (const [reason, [code, data], modern] of table) {
    it.effect(`${reason._tag} is the answer, with the code of the era`, () =>
      Effect.gen(function* () {
        const served = yield* serve(fails(reason))
        for (const [version, expected] of [
          ["2025-11-25", code],
          ["2026-07-28", modern]
        ] as const) {
          const peer = yield* served.speak(version)
          const answered = yield* peer.request("tools/call", { name: "echo", arguments: { say: "" } }, 1)
          assert.deepStrictEqual(answered, refusal(1, expected, reason.message, data))
        }
      })
    )
  }

  it.effect("can be caught by a middleware around it", () =>
    Effect.gen(function* () {
      class Outer extends Middleware.make<Outer>()("Outer") {}
      class Inner extends Middleware.make<Inner>()("Inner") {}
      const outer = Outer.layer({
        "tools/call": (request, next) =>
          Effect.catch(next(request), (error) =>
            Effect.succeed({ content: [{ type: "text" as const, text: error.reason._tag }] })
          )
      })
      const inner = Inner.layer({ "tools/call": () => Effect.fail(McpError.invalidParams("no")) })
      const Server = McpServer.layer(info, McpServer.use(Outer), McpServer.use(Inner), Echo)
      const peer = yield* (yield* serve(Server.pipe(Layer.provide([outer, inner, EchoLive])))).speak()
      assert.strictEqual(yield* textOf(peer, "echo", { say: "" }), "InvalidParams")
    })
  )

  for (const [name, hook] of [
    ["that dies", () => Effect.die(new Error("secret"))],
    [
      "that throws",
      () => {
        throw new Error("secret")
      }
    ]
  ] as const) {
    it.effect(`one ${name} is an internal error with an id that is in the log, and nothing else is told`, () =>
      Effect.gen(function* () {
        const logs = capture()
        const peer = yield* (yield* serve(behind({ "tools/call": hook }).pipe(Layer.provide(logs.layer)))).speak()
        const { error } = yield* peer.call("echo", { say: "" })
        yield* settle
        const id = logs.entries[0]?.annotations["mcp.error.id"]
        assert.isString(id)
        assert.deepStrictEqual(error, { code: -32603, message: `Internal error (${id})` })
        assert.include(logs.entries[0]?.cause, "secret")
      })
    )
  }
})
