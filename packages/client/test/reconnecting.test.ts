/**
 * Who asks for a connection, with a rhythm and without.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import type { McpClient } from "../src/McpClient.ts"
import { agreeing, connect, scripted, settle } from "./support/server.ts"
import { answering, asItIs, down, everySecond, outcome, over, start, stateOf, type Connect } from "./support/links.ts"

/** Its connections take a minute to close. */
const closingSlowly =
  (connect: Connect): Connect =>
  (receive) =>
    Effect.andThen(
      Effect.addFinalizer(() => Effect.ignore(Effect.timeout(Effect.never, "1 minute"))),
      connect(receive)
    )

/** The states of a client, from now on. */
const watching = (client: McpClient["Service"]) => {
  const states: Array<string> = []
  const watch = Stream.runForEach(SubscriptionRef.changes(client.state), ({ _tag }) => Effect.sync(() => states.push(_tag)))
  return Effect.as(start(watch), states)
}

describe("who asks for a connection", () => {
  it.effect("that fails, after the schedule was at its end, has started that again: calls wait", () =>
    Effect.gen(function* () {
      const host = { isUp: true }
      const { client, comeBack, cut } = yield* over(
        (connect) => (receive) => (host.isUp ? connect(receive) : Effect.fail(down)),
        { reconnect: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 1 })) }
      )
      host.isUp = false
      yield* cut
      yield* comeBack
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
      const seen: Array<string> = []
      yield* start(
        Stream.runForEach(Stream.drop(SubscriptionRef.changes(client.state), 1), (state) =>
          Effect.sync(() => seen.push(state._tag === "Reconnecting" ? `${state._tag} ${state.attempt}` : state._tag))
        )
      )
      yield* settle
      assert.strictEqual(yield* outcome(yield* start(client.reconnect)), "TransportFailed")
      yield* settle
      assert.deepStrictEqual(seen, ["Reconnecting 1", "Reconnecting 2"])
      const call = yield* start(client.callTool("t"))
      assert.strictEqual(yield* outcome(call), "waits")
      host.isUp = true
      yield* comeBack
      assert.strictEqual(yield* outcome(call), "Success")
    })
  )

  it.effect("while there is an attempt waits for that", () =>
    Effect.gen(function* () {
      let isSilent = false
      const server = scripted((message, connection) => {
        if (!isSilent) agreeing("2025-11-25", answering)(message, connection)
      })
      const client = yield* connect(server, { reconnect: everySecond })
      isSilent = true
      const asking = yield* Effect.forEach([1, 2], () => start(client.reconnect))
      yield* settle
      const late = yield* start(client.reconnect)
      yield* settle
      const connection = server.connections[1]!
      agreeing("2025-11-25")(connection.last("initialize"), connection)
      yield* settle
      assert.deepStrictEqual(yield* Effect.forEach([...asking, late], outcome), ["Success", "Success", "Success"])
      assert.strictEqual(server.connections.length, 2)
    })
  )

  it.effect("keeps calls waiting that may wait, also where nobody else would", () =>
    Effect.gen(function* () {
      const { client, connections } = yield* over(asItIs, { reconnect: false }, (message, connection) => {
        if (connection.index > 0) connection.answer(message, { tools: [] })
      })
      const list = yield* start(client.listTools)
      yield* client.reconnect
      yield* settle
      assert.strictEqual(yield* outcome(list), "Success")
      assert.strictEqual(connections.length, 2)
    })
  )

  it.effect("gets one of its own, also when it asks as soon as there is one", () =>
    Effect.gen(function* () {
      for (const reconnect of [everySecond, false] as const) {
        const { client, connections } = yield* over(asItIs, { reconnect })
        const states: Array<string> = []
        const again = yield* SubscriptionRef.changes(client.state).pipe(
          Stream.tap(({ _tag }) => Effect.sync(() => states.push(_tag))),
          Stream.drop(1),
          Stream.filter(({ _tag }) => _tag === "Connected"),
          Stream.take(1),
          Stream.runForEach(() => client.reconnect),
          start
        )
        yield* settle
        const both = yield* Effect.forEach([1, 2], () => start(client.reconnect))
        yield* settle
        assert.deepStrictEqual(yield* Effect.forEach([...both, again], outcome), ["Success", "Success", "Success"], states.join())
        assert.isAtLeast(connections.length, 3)
        assert.strictEqual(stateOf(client)._tag, "Connected", states.join())
        yield* client.callTool("t")
      }
    })
  )

  it.effect("while a call of its own is answered gets another one", () =>
    Effect.gen(function* () {
      const { client, comeBack, connections, cut } = yield* over(asItIs, { reconnect: everySecond })
      yield* cut
      const first = yield* start(Effect.andThen(client.callTool("t"), client.reconnect))
      yield* comeBack
      assert.strictEqual(yield* outcome(first), "Success")
      assert.strictEqual(connections.length, 3)
      yield* client.callTool("t")
    })
  )

  it.effect("from within the end of another call ends nothing on the new connection", () =>
    Effect.gen(function* () {
      const { client, connections } = yield* over(asItIs, {}, (message, connection) => {
        if (connection.index > 0) answering(message, connection)
      })
      const eager = yield* start(Effect.catch(client.callTool("a"), () => client.reconnect))
      const calls = yield* Effect.forEach(["b", "c"], (name) => start(client.callTool(name, {}, { retry: true })))
      const slow = yield* start(Effect.catch(client.callTool("d"), () => client.callTool("e")))
      yield* client.reconnect
      yield* settle
      assert.strictEqual(yield* outcome(eager), "Success")
      assert.deepStrictEqual(yield* Effect.forEach([...calls, slow], outcome), ["Success", "Success", "Success"])
      assert.isAtLeast(connections.length, 2)
    })
  )
})

describe("without a rhythm", () => {
  it.effect("an attempt that fails leaves a client as it was", () =>
    Effect.gen(function* () {
      const host = { isUp: true }
      const { client, cut } = yield* over((connect) => (receive) => (host.isUp ? connect(receive) : Effect.fail(down)), {
        reconnect: false
      })
      const states = yield* watching(client)
      host.isUp = false
      yield* cut
      assert.strictEqual(yield* outcome(yield* start(client.reconnect)), "TransportFailed")
      yield* settle
      assert.deepStrictEqual(states, ["Connected", "Disconnected", "Reconnecting", "Disconnected"])
    })
  )

  it.effect("who asked and went away again is not waited for", () =>
    Effect.gen(function* () {
      const { client, connections } = yield* over(closingSlowly, { reconnect: false })
      yield* Fiber.interrupt(yield* start(client.reconnect))
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.strictEqual(connections.length, 1)
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
    })
  )

  it.effect("a call that may wait outlasts the questions by which a revision is found", () =>
    Effect.gen(function* () {
      let version = "2026-07-28"
      const server = scripted((message, connection) => {
        if (connection.index === 1) return connection.end("over the first question")
        if (message["method"] === "tools/list" && connection.index === 0) return
        agreeing(version, (message, connection) => connection.answer(message, { tools: [] }))(message, connection)
      })
      const client = yield* connect(server)
      const list = yield* start(client.listTools)
      version = "2025-11-25"
      yield* client.reconnect
      yield* settle
      assert.strictEqual(server.connections.length, 3)
      assert.strictEqual(yield* outcome(list), "Success")
    })
  )

  it.effect("who watches is told once that it is over", () =>
    Effect.gen(function* () {
      const { client, cut } = yield* over(asItIs, { reconnect: false })
      const states = yield* watching(client)
      yield* settle
      yield* cut
      yield* client.reconnect
      yield* settle
      assert.deepStrictEqual(states, ["Connected", "Disconnected", "Reconnecting", "Connected"])
    })
  )

  it.effect("a client is disconnected as soon as its connection is lost, however long that takes to close", () =>
    Effect.gen(function* () {
      const { client, cut } = yield* over(closingSlowly, { reconnect: false })
      yield* cut
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
      yield* TestClock.adjust("1 minute")
    })
  )
})
