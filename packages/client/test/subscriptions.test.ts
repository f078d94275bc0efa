import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { connected } from "./support/connected.ts"
import { type Connection, type Json, settle } from "./support/server.ts"

const key = "io.modelcontextprotocol/subscriptionId"
const filter = { toolsListChanged: true, resourceSubscriptions: ["file:///a"] }

const acknowledge = (connection: Connection, request: Json, notifications: unknown = filter) =>
  connection.notify("notifications/subscriptions/acknowledged", { notifications, _meta: { [key]: request["id"] } })

const tell = (connection: Connection, id: unknown, method = "notifications/tools/list_changed") =>
  connection.notify(method, { _meta: { [key]: id } })

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })

const failure = <A, E>(exit: Exit.Exit<A, E>) =>
  (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined) as { reason?: Json }

const modern = (heard: Array<string> = [], script: (m: Json, c: Connection) => void = acknowledgeFirst) =>
  connected("2026-07-28", Layer.empty, script, {
    onNotification: ({ method }) => Effect.sync(() => void heard.push(method))
  })

const acknowledgeFirst = (message: Json, connection: Connection) => {
  if (message["method"] === "subscriptions/listen") acknowledge(connection, message)
}

describe("listening", () => {
  it.effect("waits for the acknowledgement, then brings what belongs to it; the rest goes where it always goes", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const { client, connection } = yield* modern(heard, () => {})
      const opening = yield* start(client.listen(filter))
      yield* settle
      assert.isUndefined(opening.pollUnsafe())
      const request = connection.last("subscriptions/listen")
      assert.deepStrictEqual(request["params"].notifications, filter)
      acknowledge(connection, request, { toolsListChanged: true })
      const subscription = yield* Effect.flatten(Fiber.join(opening))
      assert.deepStrictEqual(subscription.honoured, { toolsListChanged: true })
      tell(connection, request["id"])
      tell(connection, String(request["id"]))
      tell(connection, request["id"] + 1)
      connection.notify("notifications/message", { level: "info", data: 1 })
      tell(connection, request["id"], "notifications/resources/updated")
      const told = yield* Stream.runCollect(Stream.take(Stream.fromQueue(subscription.notifications), 2))
      assert.deepStrictEqual(
        told.map(({ method }) => method),
        ["notifications/tools/list_changed", "notifications/resources/updated"]
      )
      yield* settle
      assert.deepStrictEqual(heard, [
        "notifications/tools/list_changed",
        "notifications/tools/list_changed",
        "notifications/message"
      ])
    })
  )

  for (const [how, end] of [
    ["its result", (c: Connection, m: Json) => c.answer(m, { resultType: "complete", _meta: { [key]: m["id"] } })],
    ["a cancellation", (c: Connection, m: Json) => c.notify("notifications/cancelled", { requestId: m["id"] })]
  ] as const) {
    it.effect(`ends with ${how}, after what came before`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* modern()
        const { notifications } = yield* client.listen(filter)
        const request = connection.last("subscriptions/listen")
        tell(connection, request["id"])
        end(connection, request)
        assert.strictEqual((yield* Stream.runCollect(Stream.fromQueue(notifications))).length, 1)
        assert.deepStrictEqual(connection.methods, ["subscriptions/listen"])
      })
    )
  }

  it.effect("fails when the connection ends", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* modern()
      const { notifications } = yield* client.listen(filter)
      const reading = yield* start(Stream.runDrain(Stream.fromQueue(notifications)))
      connection.end()
      assert.strictEqual(failure(yield* Fiber.join(reading)).reason?.["_tag"], "TransportFailed")
    })
  )

  it.effect("is cancelled when its scope closes, and its stream ends", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const { client, connection } = yield* modern(heard)
      const scope = yield* Scope.make()
      const { notifications } = yield* Scope.provide(client.listen(filter), scope)
      const { id } = connection.last("subscriptions/listen")
      const reading = yield* start(Stream.runDrain(Stream.fromQueue(notifications)))
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(reading)))
      assert.deepStrictEqual(connection.sent.at(-1)?.["params"], { requestId: id, reason: "interrupted" })
      tell(connection, id)
      yield* settle
      assert.deepStrictEqual(heard, ["notifications/tools/list_changed"])
    })
  )

  for (const version of ["2025-11-25", "2026-07-28"]) {
    it.effect(`${version}: to some methods brings no others, also where a subscription brings them`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected(version, Layer.empty, acknowledgeFirst)
        const wanted = ["notifications/resources/updated"]
        const stream = Stream.take(client.notifications(wanted, { toolsListChanged: true }), 2)
        const reading = yield* Effect.forkChild(Stream.runCollect(stream), { startImmediately: true })
        yield* settle
        const id = version === "2026-07-28" ? connection.last("subscriptions/listen")["id"] : undefined
        const say = (method: string) => (id === undefined ? connection.notify(method, {}) : tell(connection, id, method))
        say("notifications/tools/list_changed")
        say("notifications/resources/updated")
        connection.notify("notifications/message", {})
        say("notifications/resources/updated")
        const told = yield* Fiber.join(reading)
        assert.deepStrictEqual(
          told.map(({ method }) => method),
          ["notifications/resources/updated", "notifications/resources/updated"]
        )
      })
    )
  }

  it.effect("has no timeout once it is acknowledged", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* modern()
      const { notifications } = yield* client.listen(filter)
      yield* TestClock.adjust("1 day")
      tell(connection, connection.last("subscriptions/listen")["id"])
      assert.strictEqual((yield* Stream.runCollect(Stream.take(Stream.fromQueue(notifications), 1))).length, 1)
    })
  )

  it.effect("fails, and is cancelled, when it is not acknowledged in time", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* modern([], () => {})
      const opening = yield* start(client.listen(filter))
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(failure(yield* Fiber.join(opening)).reason?.["_tag"], "TimedOut")
      assert.deepStrictEqual(connection.methods, ["subscriptions/listen", "notifications/cancelled"])
    })
  )

  it.effect("fails when it is refused, or over before it began", () =>
    Effect.gen(function* () {
      const refused = yield* modern([], (m, c) => c.refuse(m, -32601))
      assert.strictEqual((yield* Effect.flip(refused.client.listen(filter))).reason._tag, "RequestFailed")
      const over = yield* modern([], (m, c) => c.answer(m, { resultType: "complete" }))
      assert.strictEqual((yield* Effect.flip(over.client.listen(filter))).reason._tag, "InvalidAnswer")
    })
  )

  it.effect("keeps the last 1,024 of what nobody takes", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* modern()
      const { notifications } = yield* client.listen(filter)
      const request = connection.last("subscriptions/listen")
      for (let i = 0; i < 3000; i++) tell(connection, request["id"], `n${i}`)
      connection.answer(request, { resultType: "complete" })
      const told = yield* Stream.runCollect(Stream.fromQueue(notifications))
      assert.deepStrictEqual([told.length, told[0]?.method, told.at(-1)?.method], [1024, "n1976", "n2999"])
    })
  )

  it.effect("several at once are kept apart", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* modern()
      const first = yield* client.listen({ toolsListChanged: true })
      const second = yield* client.listen({ promptsListChanged: true })
      const [one, two] = connection.sent.map(({ id }) => id)
      tell(connection, two, "two")
      tell(connection, one, "one")
      const next = (stream: typeof first.notifications) => Stream.runCollect(Stream.take(Stream.fromQueue(stream), 1))
      assert.strictEqual((yield* next(first.notifications))[0]?.method, "one")
      assert.strictEqual((yield* next(second.notifications))[0]?.method, "two")
    })
  )
})

describe("subscriptions of the session era", () => {
  it.effect("are a request each", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty, (m, c) => c.answer(m, {}))
      yield* client.subscribeResource("file:///a")
      yield* client.unsubscribeResource("file:///a")
      assert.deepStrictEqual(
        connection.sent.map(({ method, params }) => [method, params.uri]),
        [
          ["resources/subscribe", "file:///a"],
          ["resources/unsubscribe", "file:///a"]
        ]
      )
    })
  )

  it.effect("that are refused fail", () =>
    Effect.gen(function* () {
      const { client } = yield* connected("2025-11-25", Layer.empty, (m, c) => c.refuse(m, -32002))
      assert.strictEqual((yield* Effect.flip(client.subscribeResource("x"))).reason._tag, "RequestFailed")
    })
  )
})
