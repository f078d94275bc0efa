/**
 * What becomes of a client while its connection comes and goes at the worst moments, and when what it is made of breaks.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import {
  type ClientConnection,
  ClientTransport,
  ClientTransportError,
  ConnectionClosed,
  SendFailed
} from "@effect-mcp/core/ClientTransport"
import type { McpClient, Options } from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import { agreeing, connect, type Connection, type Json, scripted, type Script, settle } from "./support/server.ts"

const done = { resultType: "complete", content: [{ type: "text", text: "done" }] }
const everySecond = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 5 }))
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkDetach(Effect.result(effect), { startImmediately: true })
const reasonOf = (result: Result.Result<unknown, { readonly reason: { readonly _tag: string } }>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "Success"
const outcome = <A, E extends { readonly reason: { readonly _tag: string } }>(fiber: Fiber.Fiber<Result.Result<A, E>>) =>
  fiber.pollUnsafe() === undefined ? Effect.succeed("waits") : Effect.map(Fiber.join(fiber), reasonOf)
const stateOf = (client: McpClient["Service"]) => SubscriptionRef.getUnsafe(client.state)

const answering: Script = (message, connection) => {
  if (message["id"] !== undefined && message["method"] !== undefined) connection.answer(message, done)
}

type Connect = (typeof ClientTransport)["Service"]["connect"]

/** A client in a scope of its own, over a transport that a test breaks. */
const over = Effect.fnUntraced(function* (
  alter: (connect: Connect) => Connect,
  options: Partial<Options> = {},
  script: Script = answering,
  version = "2025-11-25"
) {
  const server = scripted(agreeing(version, script))
  const layer = Layer.effect(
    ClientTransport,
    Effect.map(ClientTransport, (transport) => ClientTransport.of({ ...transport, connect: alter(transport.connect) }))
  ).pipe(Layer.provide(server.layer))
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const client = yield* Scope.provide(connect({ ...server, layer }, { reconnect: everySecond, ...options }), scope)
  const last = () => server.connections.at(-1)!
  const cut = Effect.andThen(
    Effect.sync(() => last().end("cut")),
    settle
  )
  const comeBack = Effect.andThen(TestClock.adjust("1 second"), settle)
  return { client, connections: server.connections, last, cut, comeBack, close: Scope.close(scope, Exit.void) }
})

const asItIs = (connect: Connect): Connect => connect
const down = new ClientTransportError({ reason: new ConnectionClosed({ detail: "nobody is there" }) })

const logs = () => {
  const logged: Array<string> = []
  return { logged, layer: Logger.layer([Logger.make(({ message }) => void logged.push([message].flat().join(" ")))]) }
}

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

describe("without a rhythm", () => {
  it.effect("an attempt that fails leaves a client as it was", () =>
    Effect.gen(function* () {
      const host = { isUp: true }
      const { client, cut } = yield* over((connect) => (receive) => (host.isUp ? connect(receive) : Effect.fail(down)), {
        reconnect: false
      })
      const states: Array<string> = []
      yield* start(Stream.runForEach(SubscriptionRef.changes(client.state), ({ _tag }) => Effect.sync(() => states.push(_tag))))
      host.isUp = false
      yield* cut
      assert.strictEqual(yield* outcome(yield* start(client.reconnect)), "TransportFailed")
      yield* settle
      assert.deepStrictEqual(states, ["Connected", "Disconnected", "Reconnecting", "Disconnected"])
    })
  )

  it.effect("who asked and went away again is not waited for", () =>
    Effect.gen(function* () {
      const { client, connections } = yield* over(
        (connect) => (receive) =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.ignore(Effect.timeout(Effect.never, "1 minute"))),
            connect(receive)
          ),
        { reconnect: false }
      )
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
      const states: Array<string> = []
      yield* start(Stream.runForEach(SubscriptionRef.changes(client.state), ({ _tag }) => Effect.sync(() => states.push(_tag))))
      yield* settle
      yield* cut
      yield* client.reconnect
      yield* settle
      assert.deepStrictEqual(states, ["Connected", "Disconnected", "Reconnecting", "Connected"])
    })
  )

  it.effect("a client is disconnected as soon as its connection is lost, however long that takes to close", () =>
    Effect.gen(function* () {
      const { client, cut } = yield* over(
        (connect) => (receive) =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.ignore(Effect.timeout(Effect.never, "1 minute"))),
            connect(receive)
          ),
        { reconnect: false }
      )
      yield* cut
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
      yield* TestClock.adjust("1 minute")
    })
  )
})
