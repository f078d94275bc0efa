import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { info, refusal, sessionVersions } from "./support/fixture.ts"
import { key, serve, serveTogether, settle } from "./support/peer.ts"

class Notes extends McpGroup.make(
  "notes",
  Resource.make("today", "notes://today"),
  Resource.template("note", "notes://{id}/text"),
  Tool.make("write", { parameters: { uri: Schema.String } })
) {}

const NotesLive = Notes.toLayer({
  resources: { today: () => Effect.succeed("today"), note: ({ id }) => Effect.succeed(id) },
  tools: { write: ({ uri }) => Effect.orDie(Resource.updated(uri)) }
})

const Server = McpServer.layer(info, Notes).pipe(Layer.provide(NotesLive), Layer.provide(ChangeBus.layerMemory))

const updated = (uri: string, subscription?: unknown) => ({
  jsonrpc: "2.0",
  method: "notifications/resources/updated",
  params: { uri, ...(subscription === undefined ? {} : { _meta: { [key("subscriptionId")]: subscription } }) }
})

describe.each(sessionVersions)("resources/subscribe in %s", (version) => {
  it.effect("brings updates of what was subscribed to, from a handler and from the program, until it is unsubscribed from", () =>
    Effect.gen(function* () {
      const { server, speak } = yield* serve(Server)
      const [peer, other] = [yield* speak(version), yield* speak(version)]
      assert.deepStrictEqual((yield* peer.request("resources/subscribe", { uri: "notes://today" }))["result"], {})
      assert.deepStrictEqual((yield* peer.request("resources/subscribe", { uri: "notes://7/text" }))["result"], {})
      peer.clear()
      other.clear()
      yield* server.resourceUpdated("notes://today")
      yield* server.resourceUpdated("notes://8/text")
      yield* other.call("write", { uri: "notes://7/text" })
      assert.deepStrictEqual(peer.notifications, [updated("notes://today"), updated("notes://7/text")])
      assert.deepStrictEqual(other.notifications, [])
      assert.deepStrictEqual((yield* peer.request("resources/unsubscribe", { uri: "notes://today" }))["result"], {})
      peer.clear()
      yield* server.resourceUpdated("notes://today")
      yield* server.resourceUpdated("notes://7/text")
      assert.deepStrictEqual(peer.notifications, [updated("notes://7/text")])
    })
  )

  it.effect("refuses what does not exist, and more than a session may have", () =>
    Effect.gen(function* () {
      const { speak } = yield* serve(Server)
      const peer = yield* speak(version)
      const missing = yield* peer.request("resources/subscribe", { uri: "notes://nothing" }, 1)
      assert.deepStrictEqual(missing, refusal(1, -32002, "Resource not found: notes://nothing", { uri: "notes://nothing" }))
      for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
        const { error } = yield* peer.request(method, { uri: 1 })
        assert.deepStrictEqual(error, { code: -32602, message: "Invalid params: `uri` must be a string" })
      }
      for (let i = 0; i < 1024; i++) yield* peer.request("resources/subscribe", { uri: `notes://${i}/text` })
      const { error } = yield* peer.request("resources/subscribe", { uri: "notes://today" })
      assert.deepStrictEqual(error, { code: -32603, message: "More than 1024 subscriptions to resources" })
      assert.deepStrictEqual((yield* peer.request("resources/subscribe", { uri: "notes://0/text" }))["result"], {})
    })
  )
})

describe("resources in subscriptions/listen", () => {
  const listen = (uris: unknown, id: string) =>
    [{ notifications: { resourceSubscriptions: uris, resourcesListChanged: true } }, id] as const

  it.effect("each subscription hears of the resources that it asked for, under its id", () =>
    Effect.gen(function* () {
      const { server, speak } = yield* serve(Server)
      const peer = yield* speak("2026-07-28")
      peer.start("subscriptions/listen", ...listen(["notes://today", "notes://nothing"], "a"))
      peer.start("subscriptions/listen", ...listen(["notes://today", "notes://1/text"], "b"))
      yield* settle
      assert.deepStrictEqual(
        peer.notifications.map(({ params }) => params["notifications"]),
        [
          { resourcesListChanged: true, resourceSubscriptions: ["notes://today"] },
          { resourcesListChanged: true, resourceSubscriptions: ["notes://today", "notes://1/text"] }
        ]
      )
      peer.clear()
      yield* server.resourceUpdated("notes://today")
      yield* server.resourceUpdated("notes://1/text")
      assert.deepStrictEqual(peer.notifications, [
        updated("notes://today", "a"),
        updated("notes://today", "b"),
        updated("notes://1/text", "b")
      ])
      peer.notify("notifications/cancelled", { requestId: "a" })
      yield* settle
      peer.clear()
      yield* server.resourceUpdated("notes://today")
      assert.deepStrictEqual(peer.notifications, [updated("notes://today", "b")])
    })
  )

  it.effect("what is no list of URIs is refused, and session methods do not exist", () =>
    Effect.gen(function* () {
      const { speak } = yield* serve(Server)
      const peer = yield* speak("2026-07-28")
      for (const bad of ["notes://today", [1], Array.from({ length: 1025 }, () => "notes://today")]) {
        const { error } = yield* peer.request("subscriptions/listen", listen(bad, "")[0])
        assert.strictEqual(error.code, -32602)
        assert.match(error.message, /`resourceSubscriptions` must be an array of at most 1024 strings/)
      }
      const { error } = yield* peer.request("resources/subscribe", { uri: "notes://today" })
      assert.strictEqual(error.code, -32601)
    })
  )
})

describe("a bus that several servers share", () => {
  it.effect("carries updates to the clients of all of them", () =>
    Effect.gen(function* () {
      const again = () => McpServer.layer(info, Notes).pipe(Layer.provide(NotesLive), Layer.provide(ChangeBus.layerMemory))
      const [one, other] = yield* serveTogether(again(), again())
      const peer = yield* other.speak("2025-11-25")
      yield* peer.request("resources/subscribe", { uri: "notes://today" })
      peer.clear()
      yield* one.server.resourceUpdated("notes://today")
      assert.deepStrictEqual(peer.notifications, [updated("notes://today")])
    })
  )
})
