import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { relocate } from "../src/Component.ts"
import * as McpServer from "../src/McpServer.ts"
import type * as Provider from "../src/Provider.ts"
import type { Transform } from "../src/Transform.ts"
import * as Namespace from "../src/transforms/Namespace.ts"
import { sessionVersions } from "./support/fixture.ts"
import { type Json, key, type RawPeer, serve, serveTogether, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

class Notes extends McpGroup.make(
  "notes",
  Resource.make("today", "notes://today"),
  Resource.template("note", "notes://by/{author}/{id}{?page}"),
  Tool.make("write", { parameters: { uri: Schema.String } })
) {}

const NotesLive = Notes.toLayer({
  resources: { today: () => Effect.succeed("today"), note: ({ id }) => Effect.succeed(id) },
  tools: { write: ({ uri }) => Effect.orDie(Resource.updated(uri)) }
})

/** A server that finds its bus, if there is one, in the context of who builds it. */
const Child = McpServer.layer({ name: "child", version: "1" }, Notes).pipe(Layer.provide(NotesLive))

type Server = Layer.Layer<McpServer.McpServer | Dispatcher, never, ChangeBus.ChangeBus>
const own = (server: Server) => Layer.provide(server, Layer.fresh(ChangeBus.layerMemory))
const shared = (server: Server) => Layer.provide(server, ChangeBus.layerMemory)

/** Subscribes to resources, as the revision does it. */
const subscribe = (peer: RawPeer, ...uris: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    if (peer.version === "2026-07-28") {
      peer.start("subscriptions/listen", { notifications: { resourceSubscriptions: uris } }, "s")
      assert.deepStrictEqual(peer.notifications[0]?.["params"].notifications, { resourceSubscriptions: uris })
    } else {
      for (const uri of uris) assert.deepStrictEqual((yield* peer.request("resources/subscribe", { uri }))["result"], {})
    }
    peer.clear()
  })

/** What a peer was told of, since it was last asked. */
const told = (peer: RawPeer): ReadonlyArray<string> => {
  const uris = peer.notifications.map(({ method, params }: Json) => {
    assert.strictEqual(method, "notifications/resources/updated")
    if (peer.version === "2026-07-28") assert.deepStrictEqual(params._meta, { [key("subscriptionId")]: "s" })
    return params.uri
  })
  peer.clear()
  return uris
}

const versions = [...sessionVersions, "2026-07-28"] as const

describe.each(versions)("updates of a mounted server in %s", (version) => {
  for (const [name, bus] of [
    ["a bus of its own", own],
    ["the bus of its parent", (server: Server) => server]
  ] as const) {
    it.effect(`with ${name} reach who subscribed at its parent, under the URI there, once`, () =>
      Effect.gen(function* () {
        const Inner = bus(Child)
        const Parent = shared(McpServer.layer(info, McpServer.mount("n", Inner)))
        const peer = yield* (yield* serve(Parent)).speak(version)
        yield* subscribe(peer, "notes://n/today", "notes://n/by/Ada/7", "notes://n/by/Grace%20H/8?page=2")
        for (const uri of ["notes://today", "notes://by/Ada/7", "notes://by/Ada/8", "notes://by/Grace%20H/8?page=2"]) {
          yield* peer.call("n_write", { uri })
        }
        const answers = peer.messages.filter((message) => "result" in message)
        assert.strictEqual(answers.length, 4)
        const updates = peer.messages.flatMap(({ params }) => (params === undefined ? [] : [params.uri]))
        assert.deepStrictEqual(updates, ["notes://n/today", "notes://n/by/Ada/7", "notes://n/by/Grace%20H/8?page=2"])
      })
    )
  }

  it.effect("without a namespace, too, and once when both have one bus", () =>
    Effect.gen(function* () {
      const One = shared(Child)
      const [parent, child] = yield* serveTogether(shared(McpServer.layer(info, McpServer.mount(undefined, One))), One)
      const [above, below] = [yield* parent.speak(version), yield* child.speak(version)]
      yield* subscribe(above, "notes://today")
      yield* subscribe(below, "notes://today")
      yield* child.server.resourceUpdated("notes://today")
      assert.deepStrictEqual([told(above), told(below)], [["notes://today"], ["notes://today"]])
      yield* parent.server.resourceUpdated("notes://today")
      assert.deepStrictEqual([told(above), told(below)], [["notes://today"], ["notes://today"]])
    })
  )

  it.effect("in one that is mounted itself", () =>
    Effect.gen(function* () {
      const Inner = own(Child)
      const Middle = own(McpServer.layer(info, McpServer.mount("b", Inner)))
      const Outer = own(McpServer.layer(info, McpServer.mount("a", Middle)))
      const [outer, inner] = yield* serveTogether(Outer, Inner)
      const peer = yield* outer.speak(version)
      yield* subscribe(peer, "notes://a/b/today", "notes://a/b/by/Ada/1")
      yield* inner.server.resourceUpdated("notes://today")
      yield* inner.server.resourceUpdated("notes://by/Ada/1")
      yield* inner.server.resourceUpdated("notes://b/today")
      assert.deepStrictEqual(told(peer), ["notes://a/b/today", "notes://a/b/by/Ada/1"])
    })
  )
})

describe("updates of mounted servers", () => {
  it.effect("come once when they come on two ways, and under each URI that a resource has", () =>
    Effect.gen(function* () {
      const Inner = own(Child)
      const left = own(McpServer.layer({ name: "left", version: "1" }, McpServer.mount(undefined, Inner)))
      const right = own(McpServer.layer({ name: "right", version: "1" }, McpServer.mount(undefined, Inner)))
      const Parent = own(
        McpServer.layer(
          { ...info, onDuplicate: "ignore" },
          McpServer.mount(undefined, left),
          McpServer.mount(undefined, right),
          McpServer.mount("n", Inner)
        )
      )
      const [parent, inner] = yield* serveTogether(Parent, Inner)
      const peer = yield* parent.speak()
      yield* subscribe(peer, "notes://today", "notes://n/today")
      yield* inner.server.resourceUpdated("notes://today")
      assert.deepStrictEqual(told(peer).toSorted(), ["notes://n/today", "notes://today"])
      yield* inner.server.resourceUpdated("notes://today")
      assert.deepStrictEqual(told(peer).toSorted(), ["notes://n/today", "notes://today"])
    })
  )

  it.effect("every publication is news, even of the same value", () =>
    Effect.gen(function* () {
      const change = ChangeBus.resourceUpdated("notes://today")
      const publish = ChangeBus.ChangeBus.use((bus) => Effect.orDie(bus.publish(change)))
      const Say = Tool.make("say")
      const Server = McpServer.layer(info, Notes, Say).pipe(Layer.provide([NotesLive, Say.toLayer(() => publish)]))
      const peer = yield* (yield* serve(shared(Server))).speak()
      yield* subscribe(peer, "notes://today")
      yield* peer.call("say")
      yield* peer.call("say")
      assert.strictEqual(peer.notifications.length, 2)
    })
  )

  it.effect("pass through the middleware of the mounted server", () =>
    Effect.gen(function* () {
      class Idle extends Middleware.make<Idle>()("Idle") {}
      const Inner = own(
        McpServer.layer({ name: "child", version: "1" }, McpServer.use(Idle), Notes).pipe(
          Layer.provide([NotesLive, Idle.layer({})])
        )
      )
      const [parent, inner] = yield* serveTogether(own(McpServer.layer(info, McpServer.mount("n", Inner))), Inner)
      const peer = yield* parent.speak()
      yield* subscribe(peer, "notes://n/today", "notes://n/by/Ada/1?page=3")
      yield* inner.server.resourceUpdated("notes://today")
      yield* inner.server.resourceUpdated("notes://by/Ada/1?page=3")
      assert.deepStrictEqual(told(peer), ["notes://n/today", "notes://n/by/Ada/1?page=3"])
    })
  )

  it.effect("end with the parent, not with the child", () =>
    Effect.gen(function* () {
      const child = yield* serve(own(Child))
      const listeners = new Set<Provider.UpdateListener>()
      const provider: Provider.Provider = {
        ...child.server.provider,
        onUpdate: (listener) => {
          const stop = child.server.provider.onUpdate?.(listener)
          listeners.add(listener)
          return () => {
            stop?.()
            listeners.delete(listener)
          }
        }
      }
      const parent = yield* serve(McpServer.layer(info, McpServer.provide(provider, Namespace.make("n"))))
      const peer = yield* parent.speak()
      yield* subscribe(peer, "notes://n/today")
      yield* child.server.resourceUpdated("notes://today")
      assert.deepStrictEqual(told(peer), ["notes://n/today"])
      assert.strictEqual(listeners.size, 1)
      yield* parent.close
      assert.strictEqual(listeners.size, 0)
    })
  )
})

describe("updates through transforms", () => {
  const renamed: Transform = {
    resource: (component) =>
      component.name === "note"
        ? relocate(component, "entry", "journal://{id}/{author}{?page}")
        : relocate(component, "day", "journal://today")
  }
  const hiding: Transform = { resource: (component) => (component.name === "today" ? undefined : component) }
  const cases: ReadonlyArray<readonly [name: string, transforms: ReadonlyArray<Transform>, expected: ReadonlyArray<string>]> = [
    ["that move resources follow them", [renamed], ["journal://today", "journal://7/Ada%20L", "journal://7/Ada%20L?page=1"]],
    ["that leave out a resource are not told", [hiding], ["notes://by/Ada%20L/7", "notes://by/Ada%20L/7?page=1"]],
    [
      "follow one after the other",
      [hiding, renamed, Namespace.make("n")],
      ["journal://n/7/Ada%20L", "journal://n/7/Ada%20L?page=1"]
    ],
    [
      "that concern other kinds are as they were",
      [{ tool: () => undefined }],
      ["notes://today", "notes://by/Ada%20L/7", "notes://by/Ada%20L/7?page=1"]
    ]
  ]
  for (const [name, transforms, expected] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const child = yield* serve(own(Child))
        const parent = yield* serve(McpServer.layer(info, McpServer.provide(child.server.provider, ...transforms)))
        const peer = yield* parent.speak()
        yield* subscribe(peer, ...expected)
        const heard: Array<string> = []
        parent.server.provider.onUpdate?.(({ uri }) => heard.push(uri))
        for (const uri of ["notes://today", "notes://by/Ada%20L/7", "notes://by/Ada%20L/7?page=1"]) {
          yield* child.server.resourceUpdated(uri)
        }
        assert.deepStrictEqual(told(peer), expected)
        assert.deepStrictEqual(heard, expected)
      })
    )
  }

  it.effect("are told once when they come as they are and through a transform that does not move them", () =>
    Effect.gen(function* () {
      const child = yield* serve(own(Child))
      const { provider } = child.server
      const parent = yield* serve(
        McpServer.layer(
          { ...info, onDuplicate: "ignore" },
          McpServer.provide(provider),
          McpServer.provide(provider, { resource: (component) => component })
        )
      )
      const peer = yield* parent.speak()
      yield* subscribe(peer, "notes://today", "notes://by/a%2db/7")
      yield* child.server.resourceUpdated("notes://today")
      yield* child.server.resourceUpdated("notes://by/a%2db/7")
      assert.deepStrictEqual(told(peer), ["notes://today", "notes://by/a%2db/7"])
    })
  )

  it.effect("that leave a template where it is leave the spelling of its URIs, too", () =>
    Effect.gen(function* () {
      const child = yield* serve(own(Child))
      const same: Transform = { resource: (component) => component }
      const parent = yield* serve(McpServer.layer(info, McpServer.provide(child.server.provider, same)))
      const heard: Array<string> = []
      parent.server.provider.onUpdate?.(({ uri }) => heard.push(uri))
      yield* child.server.resourceUpdated("notes://by/a%2db/7")
      assert.deepStrictEqual(heard, ["notes://by/a%2db/7"])
    })
  )

  it.effect("are not told of URIs that the template refuses", () =>
    Effect.gen(function* () {
      const child = yield* serve(own(Child))
      const parent = yield* serve(McpServer.layer(info, McpServer.provide(child.server.provider, renamed)))
      const heard: Array<string> = []
      parent.server.provider.onUpdate?.(({ uri }) => heard.push(uri))
      for (const uri of ["notes://by/%2e%2e/7", "notes://by/a%2Fb/7", "notes://by/Ada/7"]) {
        yield* child.server.resourceUpdated(uri)
      }
      assert.deepStrictEqual(heard, ["journal://7/Ada"])
    })
  )

  it.effect("know what came and went in between", () =>
    Effect.gen(function* () {
      const child = yield* serve(own(Child))
      const parent = yield* serve(McpServer.layer(info, McpServer.provide(child.server.provider, Namespace.make("n"))))
      const Late = Resource.make("late", "notes://late")
      const peer = yield* parent.speak()
      yield* child.server.add(
        Late,
        Late.toLayer(() => Effect.succeed("late"))
      )
      yield* settle
      peer.clear()
      yield* subscribe(peer, "notes://n/late")
      yield* child.server.resourceUpdated("notes://late")
      assert.deepStrictEqual(told(peer), ["notes://n/late"])
    })
  )
})
