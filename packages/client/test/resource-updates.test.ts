import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Resource from "@effect-mcp/core/Resource"
import * as Revision from "@effect-mcp/core/Revision"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { McpClientError } from "../src/McpClientError.ts"
import * as McpClient from "../src/McpClient.ts"
import { connected } from "./support/connected.ts"
import { agreeing, connect, type Connection, type Json, scripted, type Script, settle } from "./support/server.ts"

class Notes extends McpGroup.make(
  "notes",
  Resource.make("today", "notes://today"),
  Resource.template("note", "notes://{id}/text")
) {}

const NotesLive = Notes.toLayer({
  resources: { today: () => Effect.succeed("today"), note: ({ id }) => Effect.succeed(id) }
})

describe.each(Revision.versions)("updates of resources in %s", (version) => {
  const Server = McpServer.layer({ name: "notes", version: "1" }, Notes).pipe(
    Layer.provide(NotesLive),
    Layer.provide(ChangeBus.layerMemory)
  )
  const Both = McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provideMerge(Server),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )

  it.effect("come in one stream for several URIs, and for nothing else", () =>
    Effect.gen(function* () {
      const server = yield* McpServer.McpServer
      const client = yield* McpClient.McpClient
      const uris = ["notes://today", "notes://7/text", "notes://7/text"]
      const reading = yield* Effect.forkChild(Stream.runCollect(Stream.take(client.resourceUpdates(uris), 3)), {
        startImmediately: true
      })
      yield* settle
      yield* server.resourceUpdated("notes://7/text")
      yield* server.resourceUpdated("notes://8/text")
      yield* server.resourceUpdated("notes://today")
      yield* server.resourceUpdated("notes://7/text")
      assert.deepStrictEqual(yield* Fiber.join(reading), ["notes://7/text", "notes://today", "notes://7/text"])
    }).pipe(Effect.provide(Both))
  )

  it.effect("are typed by a contract", () =>
    Effect.gen(function* () {
      const server = yield* McpServer.McpServer
      const { resources } = yield* McpClient.of(Notes)
      const both = Stream.merge(resources.note.updates({ id: "7" }), resources.today.updates())
      const reading = yield* Effect.forkChild(Stream.runCollect(Stream.take(both, 2)), { startImmediately: true })
      yield* settle
      yield* server.resourceUpdated("notes://8/text")
      yield* server.resourceUpdated("notes://7/text")
      yield* settle
      yield* server.resourceUpdated("notes://today")
      assert.deepStrictEqual(yield* Fiber.join(reading), ["notes://7/text", "notes://today"])
      const wrong = yield* Effect.flip(Stream.runDrain(resources.note.updates({ id: 7 } as never)))
      assert.strictEqual(wrong.reason._tag, "InvalidArguments")
    }).pipe(Effect.provide(Both))
  )

  it.effect("of what does not exist are refused", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const { reason } = yield* Effect.flip(Stream.runDrain(client.resourceUpdates("notes://nothing")))
      assert.strictEqual(reason._tag, "RequestFailed")
      assert.match(reason.message, /notes:\/\/nothing/)
    }).pipe(Effect.provide(Both))
  )
})

const start = <A>(stream: Stream.Stream<A, McpClientError>) =>
  Effect.forkChild(Effect.exit(Stream.runCollect(stream)), { startImmediately: true })

/** What was asked: the method without its namespace, and the URI. */
const asked = ({ sent }: Connection) =>
  sent.flatMap(({ method, params }) =>
    String(method).startsWith("resources/") ? [`${String(method).slice(10)} ${params.uri}`] : []
  )

const answerAll = (message: Json, connection: Connection) => connection.answer(message, {})

const updated = (connection: Connection, uri: unknown) => connection.notify("notifications/resources/updated", { uri })

describe("updates of resources in a session", () => {
  it.effect("of one URI share a subscription, which ends with the last of its streams", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, answerAll)
      const one = yield* start(Stream.take(client.resourceUpdates("a:1"), 1))
      const two = yield* start(Stream.take(client.resourceUpdates(["a:1", "a:2"]), 2))
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1", "subscribe a:2"])
      updated(connection, "a:1")
      assert.deepStrictEqual(yield* Fiber.join(one), Exit.succeed(["a:1"]))
      yield* settle
      assert.deepStrictEqual(asked(connection).length, 2)
      updated(connection, "a:1")
      assert.deepStrictEqual(yield* Fiber.join(two), Exit.succeed(["a:1", "a:1"]))
      yield* settle
      assert.deepStrictEqual(asked(connection).slice(2).toSorted(), ["unsubscribe a:1", "unsubscribe a:2"])
      yield* start(client.resourceUpdates("a:1"))
      yield* settle
      assert.strictEqual(asked(connection).at(-1), "subscribe a:1")
    })
  )

  it.effect("are those of a part of the resource, too, and of nothing that only begins alike", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, answerAll)
      const reading = yield* start(Stream.take(client.resourceUpdates(["a:/x", "a:/y/"]), 4))
      yield* settle
      for (const uri of ["a:/x1", "a:/x/1", "a:/", 7, undefined, "a:/x?q", "a:/y/z", "a:/z", "a:/x"]) updated(connection, uri)
      assert.deepStrictEqual(yield* Fiber.join(reading), Exit.succeed(["a:/x/1", "a:/x?q", "a:/y/z", "a:/x"]))
    })
  )

  it.effect("a stream that comes while another one subscribes waits for that", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty)
      const one = yield* start(client.resourceUpdates("a:1"))
      const two = yield* start(client.resourceUpdates("a:1"))
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1"])
      connection.refuse(connection.last("resources/subscribe"), -32002, "not there")
      yield* settle
      // What was refused to the first one is asked again for the second one.
      assert.deepStrictEqual(asked(connection), ["subscribe a:1", "subscribe a:1"])
      connection.answer(connection.last("resources/subscribe"), {})
      yield* settle
      assert.isTrue(Exit.isFailure(yield* Fiber.join(one)))
      yield* Fiber.interrupt(two)
      yield* settle
      assert.deepStrictEqual(asked(connection).slice(2), ["unsubscribe a:1"])
    })
  )

  it.effect("a stream that is given up while it subscribes takes back what may have become a subscription", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty)
      const one = yield* start(client.resourceUpdates("a:1"))
      yield* settle
      yield* Fiber.interrupt(one)
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1", "unsubscribe a:1"])
    })
  )

  it.effect("a stream that ends does not wait for the server, and one that begins then does", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, (message, connection) => {
        if (message["method"] === "resources/subscribe") connection.answer(message, {})
      })
      const one = yield* start(client.resourceUpdates("a:1"))
      yield* settle
      yield* Fiber.interrupt(one)
      yield* settle
      yield* start(client.resourceUpdates("a:1"))
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1", "unsubscribe a:1"])
      connection.answer(connection.last("resources/unsubscribe"), {})
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1", "unsubscribe a:1", "subscribe a:1"])
      yield* start(client.resourceUpdates("a:1"))
      yield* settle
      assert.strictEqual(asked(connection).length, 3)
    })
  )

  it.effect("that are refused are not taken back", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, (message, connection) =>
        connection.refuse(message, -32002, "not there")
      )
      yield* Effect.flip(Stream.runDrain(client.resourceUpdates("a:1")))
      yield* settle
      assert.deepStrictEqual(asked(connection), ["subscribe a:1"])
    })
  )

  it.effect("fail when the connection ends", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, answerAll)
      const reading = yield* start(client.resourceUpdates("a:1"))
      yield* settle
      connection.end()
      const exit = yield* Fiber.join(reading)
      const error = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as McpClientError) : undefined
      assert.strictEqual(error?.reason._tag, "TransportFailed")
    })
  )
})

describe("updates of resources in the request era", () => {
  const key = "io.modelcontextprotocol/subscriptionId"
  const honouring = (resourceSubscriptions: unknown) =>
    connected("2026-07-28", Layer.empty, (message, connection) => {
      if (message["method"] !== "subscriptions/listen") return
      const _meta = { [key]: message["id"] }
      connection.notify("notifications/subscriptions/acknowledged", { notifications: { resourceSubscriptions }, _meta })
      connection.notify("notifications/resources/updated", { uri: "A:1", _meta })
    })

  it.effect("come as the server names them, on one subscription", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* honouring(["A:1", "A:2"])
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(client.resourceUpdates(["a:1", "a:2", "a:1"]), 1)), ["A:1"])
      yield* settle
      assert.deepStrictEqual(connection.methods, ["subscriptions/listen", "notifications/cancelled"])
      assert.deepStrictEqual(connection.sent[0]!["params"].notifications, { resourceSubscriptions: ["a:1", "a:2"] })
    })
  )

  for (const honoured of [undefined, [], ["a:1"], "a:1"]) {
    it.effect(`fail when the server honours ${JSON.stringify(honoured)} of two`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* honouring(honoured)
        const { message } = yield* Effect.flip(Stream.runDrain(client.resourceUpdates(["a:1", "a:2"])))
        const some = Array.isArray(honoured) && honoured.length > 0
        const missing = some ? "a:2" : "a:1 and 1 more"
        assert.strictEqual(message, `the server refused subscriptions/listen (-32601): it does not tell of changes of ${missing}`)
        yield* settle
        assert.deepStrictEqual(connection.methods, ["subscriptions/listen", "notifications/cancelled"])
      })
    )
  }
})

describe("updates of resources over a new connection", () => {
  const key = "io.modelcontextprotocol/subscriptionId"

  const cutOnce = Effect.fnUntraced(function* (version: string, script: Script) {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, { reconnect: Schedule.spaced("1 second") })
    const cut = Effect.gen(function* () {
      server.connections.at(-1)!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      return server.connections.at(-1)!
    })
    return { client, cut, first: server.connections[0]! }
  })

  it.effect("go on in a session, and are unsubscribed from there", () =>
    Effect.gen(function* () {
      const { client, cut, first } = yield* cutOnce("2025-11-25", answerAll)
      const reading = yield* start(Stream.take(client.resourceUpdates("a:1"), 2))
      yield* settle
      updated(first, "a:1")
      const second = yield* cut
      assert.deepStrictEqual(asked(second), ["subscribe a:1"])
      updated(second, "a:1")
      assert.deepStrictEqual(yield* Fiber.join(reading), Exit.succeed(["a:1", "a:1"]))
      yield* settle
      assert.deepStrictEqual(asked(second), ["subscribe a:1", "unsubscribe a:1"])
    })
  )

  it.effect("end in the request era when the new server does not tell of them", () =>
    Effect.gen(function* () {
      const { client, cut } = yield* cutOnce("2026-07-28", (message, connection) => {
        if (message["method"] !== "subscriptions/listen") return
        const resourceSubscriptions = connection.index === 0 ? ["a:1"] : []
        connection.notify("notifications/subscriptions/acknowledged", {
          notifications: { resourceSubscriptions },
          _meta: { [key]: message["id"] }
        })
      })
      const reading = yield* start(client.resourceUpdates("a:1"))
      const second = yield* cut
      const exit = yield* Fiber.join(reading)
      assert.match(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", /does not tell of changes of a:1/)
      yield* settle
      assert.strictEqual(second.methods.at(-1), "notifications/cancelled")
    })
  )
})
