/**
 * Subscriptions over connections that are lost, and to a server that is another one afterwards.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { McpClientError } from "../src/McpClientError.ts"
import { agreeing, connect, type Connection, type Json, scripted, settle } from "./support/server.ts"
import { answering, asItIs, everySecond, outcome, over, start } from "./support/links.ts"

const key = (name: string) => `io.modelcontextprotocol/${name}`

const acknowledge = (message: Json, connection: Connection) =>
  connection.notify("notifications/subscriptions/acknowledged", {
    _meta: { [key("subscriptionId")]: message["id"] },
    notifications: message["params"].notifications
  })

describe("a subscription", () => {
  it.effect("outlasts any number of connections", () =>
    Effect.gen(function* () {
      const { client, comeBack, cut, last } = yield* over(
        asItIs,
        { reconnect: Schedule.spaced("1 second") },
        (message, connection) => {
          if (message["method"] === "subscriptions/listen") acknowledge(message, connection)
        },
        "2026-07-28"
      )
      const heard = yield* start(Stream.runCollect(Stream.take(client.notifications(["n"], { toolsListChanged: true }), 1)))
      yield* settle
      const { notifications } = yield* client.listen({ promptsListChanged: true })
      for (let i = 0; i < 6; i++) {
        yield* cut
        yield* comeBack
      }
      const [first, second] = last().sent.filter(({ method }) => method === "subscriptions/listen")
      last().notify("n", { _meta: { [key("subscriptionId")]: first!["id"] } })
      yield* settle
      assert.strictEqual(yield* outcome(heard), "Success")
      last().notify("m", { _meta: { [key("subscriptionId")]: second!["id"] } })
      assert.strictEqual((yield* Stream.runCollect(Stream.take(Stream.fromQueue(notifications), 1))).length, 1)
    })
  )

  it.effect("that never begins before the connection ends is given up", () =>
    Effect.gen(function* () {
      const { client, comeBack, cut } = yield* over(asItIs, {}, () => {}, "2026-07-28")
      const heard = yield* start(Stream.runDrain(client.notifications(["n"], { toolsListChanged: true })))
      for (let i = 0; i < 4; i++) {
        yield* cut
        yield* comeBack
      }
      assert.strictEqual(yield* outcome(heard), "TransportFailed")
    })
  )
})

describe("a server that is another one after a new connection", () => {
  it.effect("is asked to tell where it wants to be asked, and tells by itself otherwise", () =>
    Effect.gen(function* () {
      let version = "2025-11-25"
      const server = scripted((message, connection) => {
        const { method } = message
        if (method === "subscriptions/listen" && version === "2026-07-28") return acknowledge(message, connection)
        if (method === "subscriptions/listen") return connection.refuse(message, -32601)
        return agreeing(version, answering)(message, connection)
      })
      const client = yield* connect(server, { reconnect: everySecond })
      const last = () => server.connections.at(-1)!
      const heard: Array<string> = []
      const collecting = (stream: Stream.Stream<unknown, McpClientError>) =>
        start(Stream.runForEach(stream, (each) => Effect.sync(() => heard.push(JSON.stringify(each)))))
      const methods = Stream.map(client.notifications(["n"], { toolsListChanged: true }), ({ method }) => method)
      const both = [yield* collecting(methods), yield* collecting(client.resourceUpdates("a:1"))]
      yield* settle
      last().notify("n")
      last().notify("notifications/resources/updated", { uri: "a:1" })
      yield* settle
      assert.deepStrictEqual(heard.splice(0), ['"n"', '"a:1"'])
      version = "2026-07-28"
      last().end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      const listening = last().sent.filter(({ method }) => method === "subscriptions/listen")
      assert.deepStrictEqual(
        listening.map(({ params }) => params.notifications),
        [{ toolsListChanged: true }, { resourceSubscriptions: ["a:1"] }]
      )
      assert.notInclude(last().methods, "resources/subscribe")
      const _meta = listening.map(({ id }) => ({ [key("subscriptionId")]: id }))
      last().notify("n", { _meta: _meta[0] })
      last().notify("notifications/resources/updated", { uri: "a:1", _meta: _meta[1] })
      yield* settle
      assert.deepStrictEqual(heard.splice(0), ['"n"', '"a:1"'])
      // One that does not want to be asked any more refuses, of which the streams tell.
      version = "2025-11-25"
      last().end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* Effect.forEach(both, outcome), ["RequestFailed", "RequestFailed"])
      const anew = yield* collecting(methods)
      yield* settle
      last().notify("n")
      yield* settle
      assert.deepStrictEqual([heard, yield* outcome(anew)], [['"n"'], "waits"])
    })
  )
})
