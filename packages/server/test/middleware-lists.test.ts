import * as McpError from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { type RawPeer, serve, serveTogether } from "./support/peer.ts"

const info = { name: "s", version: "1" }

const noop = () => Effect.void

const Open = McpGroup.make("open", Tool.make("read"), Tool.make("write"))
const OpenLive = Open.toLayer({ tools: { read: noop, write: noop } })

class Admin extends Middleware.make<Admin>()("Admin") {}
class Closed extends McpGroup.make("closed", Tool.make("drop"), Tool.make("grant")).middleware(Admin) {}
const ClosedLive = Closed.toLayer({ tools: { drop: noop, grant: noop } })

/** Shows what is behind it to those alone whose request says `admin`. */
const AdminLive = Admin.layer({
  "tools/list": (request, next) => (request.meta["admin"] === true ? next(request) : Effect.succeed({ tools: [] })),
  "tools/call": (request, next) =>
    request.meta["admin"] === true
      ? next(request)
      : Effect.fail(new McpError.McpError({ reason: new McpError.Custom({ code: 403, detail: "no" }) }))
})

class Hide extends Middleware.make<Hide>()("Hide") {}
const HideLive = Hide.layer({
  "tools/list": (request, next) =>
    Effect.map(next(request), (result) => ({ ...result, tools: result.tools.filter((tool) => tool.name !== "write") }))
})

const listOf = (peer: RawPeer, meta = {}, cursor?: string) =>
  Effect.map(peer.request("tools/list", { _meta: meta, ...(cursor === undefined ? {} : { cursor }) }), ({ result }) => ({
    names: result.tools.map((tool: { name: string }) => tool.name),
    next: result.nextCursor
  }))

const namesOf = (peer: RawPeer, meta = {}) => Effect.map(listOf(peer, meta), ({ names }) => names)

describe("middleware around lists", () => {
  it.effect("a server's hook filters the whole list, for both eras", () =>
    Effect.gen(function* () {
      const Server = McpServer.layer(info, McpServer.use(Hide), Open, Closed)
      const served = yield* serve(Server.pipe(Layer.provide([HideLive, OpenLive, ClosedLive, AdminLive])))
      for (const version of ["2024-11-05", "2026-07-28"] as const) {
        const peer = yield* served.speak(version)
        assert.deepStrictEqual(yield* namesOf(peer, { admin: true }), ["read", "drop", "grant"])
      }
    })
  )

  it.effect("a group's hook sees the tools of its group and no others", () =>
    Effect.gen(function* () {
      const Server = McpServer.layer(info, Open, Closed).pipe(Layer.provide([OpenLive, ClosedLive, AdminLive]))
      const peer = yield* (yield* serve(Server)).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["read", "write"])
      assert.deepStrictEqual(yield* namesOf(peer, { admin: true }), ["read", "write", "drop", "grant"])
      assert.deepStrictEqual(yield* namesOf(peer), ["read", "write"])
      assert.strictEqual((yield* peer.call("drop"))["error"].code, 403)
      assert.property(yield* peer.call("drop", {}, { admin: true }), "result")
      assert.property(yield* peer.call("read"), "result")
    })
  )

  it.effect("a hook of a mounted server sees the tools of a group together, as it does at home", () =>
    Effect.gen(function* () {
      const seen: Array<ReadonlyArray<string>> = []
      class See extends Middleware.make<See>()("See") {}
      const SeeLive = See.layer({
        "tools/list": (request, next) =>
          Effect.tap(next(request), ({ tools }) => Effect.sync(() => seen.push(tools.map(({ name }) => name))))
      })
      const Child = McpServer.layer(info, McpServer.use(See), Open, Closed).pipe(
        Layer.provide([SeeLive, OpenLive, ClosedLive, AdminLive])
      )
      for (const namespace of ["child", undefined]) {
        seen.length = 0
        const peer = yield* (yield* serve(McpServer.layer(info, McpServer.mount(namespace, Child)))).speak()
        yield* namesOf(peer, { admin: true })
        const prefix = namespace === undefined ? "" : `${namespace}_`
        assert.deepStrictEqual(seen, [
          [`${prefix}read`, `${prefix}write`],
          [`${prefix}drop`, `${prefix}grant`]
        ])
      }
    })
  )

  it.effect("two servers with one group hide it each by its own middleware", () =>
    Effect.gen(function* () {
      const A = McpServer.layer(info, McpServer.use(Hide), Open).pipe(Layer.provide([OpenLive, HideLive]))
      const B = McpServer.layer(info, Open).pipe(Layer.provide(OpenLive))
      const [a, b] = yield* serveTogether(A, B)
      assert.deepStrictEqual(yield* namesOf(yield* a.speak()), ["read"])
      assert.deepStrictEqual(yield* namesOf(yield* b.speak()), ["read", "write"])
    })
  )

  it.effect("what is hidden from a page does not end the list: every page can be reached", () =>
    Effect.gen(function* () {
      const Server = McpServer.layer({ ...info, pageSize: 1 }, McpServer.use(Hide), Open, Closed)
      const peer = yield* (yield* serve(Server.pipe(Layer.provide([HideLive, OpenLive, ClosedLive, AdminLive])))).speak()
      const pages: Array<unknown> = []
      let cursor: string | undefined
      do {
        const page: { readonly names: unknown; readonly next: string | undefined } = yield* listOf(peer, { admin: true }, cursor)
        pages.push(page.names)
        cursor = page.next
      } while (cursor !== undefined)
      assert.deepStrictEqual(pages, [["read"], [], ["drop"], ["grant"]])
    })
  )

  it.effect("a hook may change descriptions; the list of others stays as it is", () =>
    Effect.gen(function* () {
      class Describe extends Middleware.make<Describe>()("Describe") {}
      const DescribeLive = Describe.layer({
        "tools/list": (request, next) =>
          Effect.map(next(request), ({ tools }) => ({
            tools: tools.map((tool) => ({ ...tool, description: `for ${String(request.meta["user"])}` }))
          }))
      })
      const Server = McpServer.layer(info, McpServer.use(Describe), Open).pipe(Layer.provide([OpenLive, DescribeLive]))
      const peer = yield* (yield* serve(Server)).speak()
      const described = (user: string) =>
        Effect.map(peer.request("tools/list", { _meta: { user } }), ({ result }) => result.tools[0].description)
      assert.strictEqual(yield* described("ada"), "for ada")
      assert.strictEqual(yield* described("grace"), "for grace")
    })
  )

  it.effect("a hook may refuse the list", () =>
    Effect.gen(function* () {
      class No extends Middleware.make<No>()("No") {}
      const NoLive = No.layer({ "tools/list": () => Effect.fail(McpError.invalidParams("not for you")) })
      const peer = yield* (yield* serve(
        McpServer.layer(info, McpServer.use(No), Open).pipe(Layer.provide([OpenLive, NoLive]))
      )).speak()
      assert.deepStrictEqual((yield* peer.request("tools/list"))["error"], { code: -32602, message: "not for you" })
      assert.property(yield* peer.call("read"), "result")
    })
  )

  it.effect("the middleware of a mounted server stays around its tools, inside of its parent's", () =>
    Effect.gen(function* () {
      const Child = McpServer.layer(info, McpServer.use(Admin), Open).pipe(Layer.provide([OpenLive, AdminLive]))
      const order: Array<string> = []
      class Outer extends Middleware.make<Outer>()("Outer") {}
      const OuterLive = Outer.layer({
        "tools/call": (request, next) => Effect.suspend(() => (order.push(request.name), next(request)))
      })
      const Parent = McpServer.layer(info, McpServer.use(Outer), McpServer.mount("c", Child), Closed).pipe(
        Layer.provide([OuterLive, ClosedLive, AdminLive])
      )
      const peer = yield* (yield* serve(Parent)).speak()
      assert.deepStrictEqual(yield* namesOf(peer), [])
      assert.deepStrictEqual(yield* namesOf(peer, { admin: true }), ["c_read", "c_write", "drop", "grant"])
      assert.strictEqual((yield* peer.call("c_read"))["error"].code, 403)
      assert.property(yield* peer.call("c_read", {}, { admin: true }), "result")
      assert.deepStrictEqual(order, ["c_read", "c_read"])
    })
  )

  it.effect("the middleware of a group that is added at run time is around its tools", () =>
    Effect.gen(function* () {
      const served = yield* serve(McpServer.layer(info, Open).pipe(Layer.provide(OpenLive)))
      const peer = yield* served.speak()
      yield* served.server.add(Closed, Layer.mergeAll(ClosedLive, AdminLive))
      assert.deepStrictEqual(yield* namesOf(peer), ["read", "write"])
      assert.deepStrictEqual(yield* namesOf(peer, { admin: true }), ["read", "write", "drop", "grant"])
      assert.strictEqual((yield* peer.call("drop"))["error"].code, 403)
    })
  )

  it.effect("`all` is around every method that has no hook of its own", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      class M extends Middleware.make<M>()("M") {}
      const MLive = M.layer({
        all: (request, next) => Effect.suspend(() => (seen.push(`all ${request.method}`), next)),
        "tools/list": (request, next) => Effect.suspend(() => (seen.push("own"), next(request)))
      })
      const peer = yield* (yield* serve(
        McpServer.layer(info, McpServer.use(M), Open).pipe(Layer.provide([OpenLive, MLive]))
      )).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["read", "write"])
      yield* peer.call("read")
      yield* peer.call("nope")
      assert.deepStrictEqual(seen, ["own", "all tools/call", "all tools/call"])
    })
  )
})
