/**
 * What becomes of a client while its connection comes and goes at the worst moments, and when what it is made of breaks.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import { type ClientConnection, ClientTransportError, SendFailed } from "@effect-mcp/core/ClientTransport"
import { agreeing, connect, scripted, settle } from "./support/server.ts"
import { answering, asItIs, everySecond, logs, outcome, over, reasonOf, start, stateOf } from "./support/links.ts"

describe("what breaks", () => {
  it.effect("a transport that dies when it connects again is tried again, in the rhythm", () =>
    Effect.gen(function* () {
      const host = { isBroken: false }
      const { client, comeBack, cut } = yield* over(
        (connect) => (receive) => (host.isBroken ? Effect.die(new Error("a fault")) : connect(receive))
      )
      host.isBroken = true
      yield* cut
      const waiting = yield* start(client.callTool("t"))
      yield* comeBack
      const state = stateOf(client)
      assert.include(
        state._tag === "Reconnecting" ? `${state.attempt} ${state.error.message}` : state._tag,
        "2 could not connect"
      )
      assert.include(state._tag === "Reconnecting" ? state.error.message : "", "a fault")
      host.isBroken = false
      yield* comeBack
      assert.strictEqual(yield* outcome(waiting), "Success")
      assert.strictEqual(stateOf(client)._tag, "Connected")
    })
  )

  it.effect("one that interrupts itself is, too", () =>
    Effect.gen(function* () {
      const host = { isBroken: false }
      const { client, comeBack, cut } = yield* over(
        (connect) => (receive) => (host.isBroken ? Effect.interrupt : connect(receive))
      )
      host.isBroken = true
      yield* cut
      const waiting = yield* start(client.callTool("t"))
      yield* comeBack
      host.isBroken = false
      yield* comeBack
      assert.strictEqual(yield* outcome(waiting), "Success")
    })
  )

  it.effect("one that dies when it is closed is left behind", () =>
    Effect.gen(function* () {
      const { layer, logged } = logs()
      let closed = 0
      const { client, comeBack, cut } = yield* Effect.provide(
        over((connect) => (receive) => {
          const end = Effect.suspend(() => (closed++ === 0 ? Effect.die(new Error("no end")) : Effect.void))
          return Effect.andThen(
            Effect.addFinalizer(() => end),
            connect(receive)
          )
        }),
        layer
      )
      yield* cut
      const waiting = yield* start(client.callTool("t"))
      yield* comeBack
      assert.strictEqual(yield* outcome(waiting), "Success")
      assert.include(logged.join(), "could not be closed")
    })
  )

  it.effect("one whose end breaks has ended", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<never>()
      const host = { isFirst: true }
      const { client, comeBack } = yield* over((connect) => (receive) => {
        if (!host.isFirst) return connect(receive)
        host.isFirst = false
        return Effect.map(connect(receive), (it): ClientConnection => ({ ...it, closed: Deferred.await(gate) }))
      })
      yield* Deferred.die(gate, new Error("a fault"))
      yield* settle
      assert.strictEqual(stateOf(client)._tag, "Reconnecting")
      yield* comeBack
      assert.strictEqual(stateOf(client)._tag, "Connected")
      yield* client.callTool("t")
    })
  )

  it.effect("a schedule that dies is at its end, and the log says so", () =>
    Effect.gen(function* () {
      const { layer, logged } = logs()
      const reconnect = Schedule.forever.pipe(Schedule.modifyDelay(() => Effect.die(new Error("a fault"))))
      const { client, cut } = yield* Effect.provide(over(asItIs, { reconnect }), layer)
      const call = yield* start(client.callTool("t"))
      assert.strictEqual(yield* outcome(call), "Success")
      yield* cut
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
      assert.strictEqual(yield* outcome(yield* start(client.callTool("t"))), "TransportFailed")
      assert.include(logged.join(), "schedule")
      yield* client.reconnect
      yield* client.callTool("t")
    })
  )
})

describe("a client that is closed", () => {
  it.effect("while it connects again ends who asked for a connection, and is disconnected", () =>
    Effect.gen(function* () {
      const host = { isUp: true }
      const { client, close, cut } = yield* over((connect) => (receive) => (host.isUp ? connect(receive) : Effect.never))
      host.isUp = false
      yield* cut
      const asked = yield* start(client.reconnect)
      yield* settle
      assert.strictEqual(yield* outcome(asked), "waits")
      yield* close
      assert.strictEqual(yield* outcome(asked), "TransportFailed")
      const state = stateOf(client)
      assert.strictEqual(
        state._tag === "Disconnected" ? state.error.message : state._tag,
        "connection closed: the client was closed"
      )
      assert.strictEqual(yield* outcome(yield* start(client.reconnect)), "TransportFailed")
    })
  )

  it.effect("while it agrees with a server again connects no more, and calls fail at once", () =>
    Effect.gen(function* () {
      let isSilent = false
      const server = scripted((message, connection) => {
        if (!isSilent) agreeing("2025-11-25", answering)(message, connection)
      })
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(connect(server, { reconnect: everySecond, timeout: Infinity }), scope)
      isSilent = true
      server.connections[0]!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(server.connections.length, 2)
      const waiting = yield* start(client.callTool("t"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* outcome(waiting), "TransportFailed")
      assert.strictEqual(server.connections.length, 2)
      assert.strictEqual(yield* outcome(yield* start(client.callTool("t"))), "TransportFailed")
    })
  )
})

describe("a connection that ends", () => {
  it.effect("while what waits is sent leaves the rest to the next one", () =>
    Effect.gen(function* () {
      const { client, comeBack, connections, cut, last } = yield* over(asItIs, {}, (message, connection) => {
        if (connection.index === 1 && message["params"].name === "b") connection.end("over b")
        else answering(message, connection)
      })
      yield* cut
      const calls = yield* Effect.forEach(["a", "b", "c", "d"], (name) => start(client.callTool(name)))
      const states: Array<string> = []
      yield* start(Stream.runForEach(SubscriptionRef.changes(client.state), ({ _tag }) => Effect.sync(() => states.push(_tag))))
      yield* comeBack
      assert.strictEqual(connections.length, 2)
      assert.deepStrictEqual(states, ["Reconnecting", "Reconnecting"])
      yield* comeBack
      assert.deepStrictEqual(yield* Effect.forEach(calls, outcome), ["Success", "TransportFailed", "Success", "Success"])
      assert.deepStrictEqual(last().methods, ["initialize", "notifications/initialized", "tools/call", "tools/call"])
    })
  )

  it.effect("over what is repeated on it is none, and the next one begins from the start", () =>
    Effect.gen(function* () {
      const { client, comeBack, connections, cut, last } = yield* over(asItIs, {}, (message, connection) => {
        if (connection.index === 1 && message["method"] === "resources/subscribe") connection.end("over it")
        else answering(message, connection)
      })
      yield* client.subscribeResource("a:1")
      yield* cut
      const call = yield* start(client.callTool("t"))
      yield* comeBack
      assert.strictEqual(stateOf(client)._tag, "Reconnecting")
      assert.strictEqual(yield* outcome(call), "waits")
      yield* comeBack
      assert.strictEqual(yield* outcome(call), "Success")
      assert.strictEqual(connections.length, 3)
      assert.deepStrictEqual(last().methods, ["initialize", "notifications/initialized", "resources/subscribe", "tools/call"])
    })
  )

  it.effect("over what is repeated on it is none for who asked for it, either", () =>
    Effect.gen(function* () {
      const { client } = yield* over(asItIs, {}, (message, connection) => {
        if (connection.index === 1 && message["method"] === "resources/subscribe") connection.end("over it")
        else answering(message, connection)
      })
      yield* client.subscribeResource("a:1")
      const failed = yield* Effect.flip(client.reconnect)
      assert.strictEqual(failed.message, "connection closed: over it")
    })
  )

  it.effect("in one direction, while both agree, is closed before there is another one", () =>
    Effect.gen(function* () {
      const { client, connections } = yield* over((connect) => {
        let count = 0
        return (receive) =>
          Effect.map(connect(receive), (connection): ClientConnection => {
            if (count++ !== 1) return connection
            const broken = Effect.fail(new ClientTransportError({ reason: new SendFailed({ detail: "no" }) }))
            return { ...connection, sendUnsafe: () => false, send: () => broken }
          })
      })
      yield* client.reconnect
      assert.strictEqual(connections.length, 3)
      assert.strictEqual((yield* connections[1]!.client.closed).message, "connection closed: closed by the client")
      yield* client.callTool("t")
    })
  )

  it.effect("over the only question that there is is asked that once", () =>
    Effect.gen(function* () {
      let refuses = false
      const server = scripted((message, connection) => {
        if (refuses) connection.refuse(message, -32000, "go away")
        else agreeing("2025-06-18", answering)(message, connection)
      })
      const client = yield* connect(server, { versions: ["2025-06-18"] })
      refuses = true
      yield* Effect.flip(client.reconnect)
      assert.deepStrictEqual(server.connections[1]!.methods, ["initialize"])
    })
  )

  it.effect("before both agree is closed, whoever ended it", () =>
    Effect.gen(function* () {
      let refuses = false
      const server = scripted((message, connection) => {
        if (refuses) connection.refuse(message, -32000, "go away")
        else agreeing("2025-11-25", answering)(message, connection)
      })
      const client = yield* connect(server, { reconnect: everySecond })
      refuses = true
      assert.strictEqual((yield* Effect.flip(client.reconnect)).reason._tag, "NegotiationFailed")
      assert.strictEqual((yield* server.connections[1]!.client.closed).message, "connection closed: closed by the client")
      refuses = false
      yield* client.reconnect
      yield* client.callTool("t")
    })
  )

  it.effect("is no reason to tell a server something before both agree", () =>
    Effect.gen(function* () {
      let isSilent = false
      const server = scripted((message, connection) => {
        if (!isSilent) agreeing("2025-11-25", answering)(message, connection)
      })
      const client = yield* connect(server, { reconnect: everySecond })
      isSilent = true
      server.connections[0]!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(reasonOf(yield* Effect.result(client.notify("some/thing"))), "TransportFailed")
      assert.deepStrictEqual(server.connections[1]!.methods, ["initialize"])
    })
  )
})
