import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import { ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as McpClient from "../src/McpClient.ts"
import { agreeing, clientInfo, connect, type Connection, type Json, scripted, type Script, settle } from "./support/server.ts"

const key = (name: string) => `io.modelcontextprotocol/${name}`
const done = { resultType: "complete", content: [{ type: "text", text: "done" }] }
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })
const reasonOf = (result: Result.Result<unknown, { readonly reason: { readonly _tag: string } }>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "Success"

// Without jitter, so that tests know when the next attempt comes.
const everySecond = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 5 }))

/** A client whose server can be cut off; the last connection is the one that counts. */
const recovering = (version: string, script: Script = () => {}, options: Partial<McpClient.Options> = {}) =>
  Effect.gen(function* () {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, { reconnect: everySecond, ...options })
    const cut = (detail?: string) =>
      Effect.andThen(
        Effect.sync(() => server.connections.at(-1)!.end(detail)),
        settle
      )
    const comeBack = Effect.andThen(TestClock.adjust("1 second"), settle)
    return { client, connections: server.connections, cut, comeBack, last: () => server.connections.at(-1)! }
  })

const stateOf = (client: McpClient.McpClient["Service"]) => SubscriptionRef.getUnsafe(client.state)

const answering: Script = (message, connection) => {
  if (message["method"] === "tools/call") connection.answer(message, done)
}

describe("a lost connection", () => {
  it.effect("is replaced, and calls made meanwhile wait for the new one", () =>
    Effect.gen(function* () {
      const { client, comeBack, connections, cut } = yield* recovering("2025-11-25", answering)
      assert.deepStrictEqual(stateOf(client), { _tag: "Connected", version: "2025-11-25" })
      yield* cut("cut")
      const state = stateOf(client)
      assert.strictEqual(
        state._tag === "Reconnecting" ? `${state.attempt} ${state.error.message}` : "",
        "1 connection closed: cut"
      )
      const fiber = yield* start(client.callTool("t"))
      yield* settle
      assert.isUndefined(fiber.pollUnsafe())
      yield* comeBack
      assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "Success")
      assert.strictEqual(connections.length, 2)
      assert.deepStrictEqual(stateOf(client), { _tag: "Connected", version: "2025-11-25" })
    })
  )

  it.effect("is not probed again: what was agreed comes first", () =>
    Effect.gen(function* () {
      const { comeBack, connections, cut } = yield* recovering("2025-11-25")
      yield* cut()
      yield* comeBack
      assert.deepStrictEqual(connections[1]!.methods, ["initialize", "notifications/initialized"])
    })
  )

  it.effect("may lead to a server that speaks another revision", () =>
    Effect.gen(function* () {
      let version = "2025-11-25"
      const server = scripted((message, connection) => agreeing(version, answering)(message, connection))
      const client = yield* connect(server, { reconnect: everySecond })
      version = "2026-07-28"
      server.connections[0]!.end()
      yield* settle
      const fiber = yield* start(client.callTool("t", { a: 1 }))
      // It answers `initialize` as a server of the session era, with a revision of the other one.
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "Success")
      assert.strictEqual(client.revision.version, "2026-07-28")
      assert.isDefined(server.connections.at(-1)!.last("tools/call")["params"]["_meta"][key("protocolVersion")])
    })
  )

  it.effect("ends what was under way and might do harm when it is done twice, and nothing else", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => {
        if (connection.index === 0) return
        if (message["method"] === "tools/list") connection.answer(message, { tools: [] })
        if (message["method"] === "prompts/get") connection.answer(message, { messages: [] })
        answering(message, connection)
      }
      const { client, comeBack, cut, last } = yield* recovering("2025-11-25", script)
      const harmful = yield* start(client.callTool("t"))
      const chosen = yield* start(client.callTool("u", {}, { retry: true }))
      const custom = yield* start(client.request("x/y"))
      const list = yield* start(client.listTools)
      const prompt = yield* start(client.getPrompt("p"))
      const unwanted = yield* start(client.getPrompt("q", {}, { retry: false }))
      yield* cut()
      assert.strictEqual(reasonOf(yield* Fiber.join(harmful)), "TransportFailed")
      assert.strictEqual(reasonOf(yield* Fiber.join(custom)), "TransportFailed")
      assert.strictEqual(reasonOf(yield* Fiber.join(unwanted)), "TransportFailed")
      assert.isUndefined(list.pollUnsafe())
      yield* comeBack
      for (const fiber of [chosen, list, prompt])
        assert.strictEqual(reasonOf(yield* Fiber.join<Result.Result<unknown, any>, never>(fiber)), "Success")
      assert.deepStrictEqual(last().methods.slice(2), ["tools/call", "tools/list", "prompts/get"])
    })
  )

  it.effect("does not repeat what the server may have, although nobody knows that it was sent", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => connection.index > 0 && answering(message, connection)
      const { client, comeBack, connections, cut, last } = yield* recovering("2025-11-25", script)
      last().isSlow = true
      const harmful = yield* start(client.callTool("t"))
      yield* cut()
      yield* comeBack
      assert.strictEqual(reasonOf(yield* Fiber.join(harmful)), "TransportFailed")
      const calls = connections.map(({ methods }) => methods.filter((method) => method === "tools/call").length)
      assert.deepStrictEqual(calls, [1, 0])
    })
  )

  it.effect("ends all that was under way when the client does not want repetitions; what was not sent is sent", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => connection.index > 0 && connection.answer(message, { tools: [] })
      const { client, comeBack, cut, last } = yield* recovering("2025-11-25", script, { retry: false })
      const list = yield* start(client.listTools)
      last().isFull = true
      const queued = yield* start(client.listTools)
      yield* cut()
      assert.strictEqual(reasonOf(yield* Fiber.join(list)), "TransportFailed")
      const later = yield* start(client.listTools)
      yield* comeBack
      assert.strictEqual(reasonOf(yield* Fiber.join(queued)), "Success")
      assert.strictEqual(reasonOf(yield* Fiber.join(later)), "Success")
    })
  )

  it.effect("repeats a tool that is known to be read-only or idempotent", () =>
    Effect.gen(function* () {
      const tool = (name: string, annotations?: Json) => ({ name, inputSchema: { type: "object" }, annotations })
      const script: Script = (message, connection) => {
        if (message["method"] === "tools/list") {
          const tools = [tool("r", { readOnlyHint: true }), tool("i", { idempotentHint: true }), tool("w", {}), tool("n")]
          connection.answer(message, { tools })
        } else if (connection.index > 0) answering(message, connection)
      }
      const { client, comeBack, cut } = yield* recovering("2025-11-25", script)
      yield* client.catalogue
      const calls = yield* Effect.forEach(["r", "i", "w", "n"], (name) => start(client.callTool(name)))
      const never = yield* start(client.callTool("r", {}, { retry: false }))
      yield* cut()
      yield* comeBack
      const reasons = yield* Effect.forEach([...calls, never], (fiber) => Effect.map(Fiber.join(fiber), reasonOf))
      assert.deepStrictEqual(reasons, ["Success", "Success", "TransportFailed", "TransportFailed", "TransportFailed"])
    })
  )

  it.effect("a request that comes with the end of every connection is given up after three repetitions", () =>
    Effect.gen(function* () {
      const { client, comeBack, connections, cut } = yield* recovering("2025-11-25")
      const poison = yield* start(client.listTools)
      for (let i = 0; i < 3; i++) {
        yield* cut()
        assert.isUndefined(poison.pollUnsafe())
        yield* comeBack
      }
      yield* cut()
      assert.strictEqual(reasonOf(yield* Fiber.join(poison)), "TransportFailed")
      assert.strictEqual(connections.filter(({ methods }) => methods.includes("tools/list")).length, 4)
    })
  )

  it.effect("requests that wait for a connection keep their timeouts, and what was never sent is not cancelled", () =>
    Effect.gen(function* () {
      const { client, comeBack, cut, last } = yield* recovering("2025-11-25", answering)
      yield* cut()
      const late = yield* start(client.callTool("t", {}, { timeout: "500 millis" }))
      const interrupted = yield* start(client.callTool("u"))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(reasonOf(yield* Fiber.join(late)), "TimedOut")
      yield* Fiber.interrupt(interrupted)
      yield* comeBack
      assert.deepStrictEqual(last().methods, ["initialize", "notifications/initialized"])
    })
  )

  it.effect("closing the client ends what waits", () =>
    Effect.gen(function* () {
      const server = scripted(agreeing("2025-11-25"))
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(connect(server, { reconnect: everySecond }), scope)
      server.connections[0]!.end()
      yield* settle
      const waiting = yield* start(client.callTool("t"))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(reasonOf(yield* Fiber.join(waiting)), "TransportFailed")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(server.connections.length, 1)
      assert.strictEqual(reasonOf(yield* Effect.result(client.callTool("t"))), "TransportFailed")
    })
  )
})

describe("the rhythm", () => {
  /** A server that is there for the first connection, and then as often as the test says. */
  const flaky = (options: Partial<McpClient.Options> = { reconnect: everySecond }) =>
    Effect.gen(function* () {
      const script = agreeing("2025-11-25", answering)
      const server = scripted(script)
      const host = { isUp: true, attempts: 0, at: [] as Array<number> }
      const down = new ClientTransportError({ reason: new ConnectionClosed({ detail: "nobody is there" }) })
      const layer = Layer.effect(
        ClientTransport,
        Effect.map(ClientTransport, (transport) =>
          ClientTransport.of({
            ...transport,
            connect: (receive) =>
              Effect.flatMap(Clock.currentTimeMillis, (now) => {
                host.attempts++
                host.at.push(now)
                return host.isUp ? transport.connect(receive) : Effect.fail(down)
              })
          })
        )
      ).pipe(Layer.provide(server.layer))
      const client = yield* Effect.provide(McpClient.make({ ...clientInfo, ...options }), layer)
      return { client, host, server }
    })

  it.effect(
    "is that of the schedule; when it ends, requests fail with the last error, until somebody asks for a connection",
    () =>
      Effect.gen(function* () {
        const { client, host, server } = yield* flaky()
        host.isUp = false
        server.connections[0]!.end()
        yield* settle
        const waiting = yield* start(client.callTool("t"))
        for (let attempt = 1; attempt <= 5; attempt++) {
          const state = stateOf(client)
          assert.strictEqual(state._tag === "Reconnecting" ? state.attempt : state._tag, attempt)
          yield* TestClock.adjust("1 second")
          yield* settle
        }
        assert.strictEqual(host.attempts, 6)
        const failed = yield* Fiber.join(waiting)
        assert.strictEqual(Result.isFailure(failed) ? failed.failure.message : "", "connection closed: nobody is there")
        assert.strictEqual(stateOf(client)._tag, "Disconnected")
        assert.strictEqual((yield* Effect.flip(client.callTool("t"))).message, "connection closed: nobody is there")
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(host.attempts, 6)
        assert.strictEqual((yield* Effect.flip(client.reconnect)).message, "connection closed: nobody is there")
        host.isUp = true
        yield* client.reconnect
        assert.strictEqual(stateOf(client)._tag, "Connected")
        yield* client.callTool("t")
      })
  )

  it.effect("starts anew once a connection has held for 10 seconds, not before", () =>
    Effect.gen(function* () {
      const { client, host, server } = yield* flaky()
      const lose = Effect.gen(function* () {
        server.connections.at(-1)!.end()
        yield* settle
        yield* TestClock.adjust("1 second")
        yield* settle
      })
      for (let i = 0; i < 4; i++) yield* lose
      assert.strictEqual(host.attempts, 5)
      yield* TestClock.adjust("10 seconds")
      for (let i = 0; i < 5; i++) yield* lose
      assert.strictEqual(stateOf(client)._tag, "Connected")
      yield* lose
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
    })
  )

  it.effect("starts anew once, however long the connection had held", () =>
    Effect.gen(function* () {
      const { client, host, server } = yield* flaky()
      yield* TestClock.adjust("1 hour")
      host.isUp = false
      server.connections[0]!.end()
      yield* settle
      for (let i = 0; i < 5; i++) {
        yield* TestClock.adjust("1 second")
        yield* settle
      }
      assert.strictEqual(stateOf(client)._tag, "Disconnected")
    })
  )

  it.effect(
    "is by default one of ten attempts, the first after 100 ms and the last ones 10 seconds apart, give or take a fifth",
    () =>
      Effect.gen(function* () {
        const { client, host, server } = yield* flaky({})
        host.isUp = false
        server.connections[0]!.end()
        for (let i = 0; i < 600; i++) {
          yield* TestClock.adjust("100 millis")
          yield* Effect.yieldNow
        }
        assert.strictEqual(stateOf(client)._tag, "Disconnected")
        const pauses = host.at.slice(1).map((at, i) => at - host.at[i]!)
        assert.strictEqual(pauses.length, 10)
        const expected = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]
        pauses.forEach((pause, i) => {
          assert.isAtLeast(pause, expected[i]! * 0.8 - 1)
          assert.isAtMost(pause, expected[i]! * 1.2 + 1)
        })
        assert.notDeepEqual(pauses, expected)
      })
  )

  it.effect("who asks for a connection does not wait for it", () =>
    Effect.gen(function* () {
      const { client, host, server } = yield* flaky({ reconnect: Schedule.spaced("1 hour") })
      server.connections[0]!.end()
      yield* settle
      yield* client.reconnect
      assert.strictEqual(host.attempts, 2)
      assert.strictEqual(stateOf(client)._tag, "Connected")
    })
  )

  it.effect("without one a lost connection is the end; asking makes a new one", () =>
    Effect.gen(function* () {
      const { client, server } = yield* flaky({ reconnect: false })
      server.connections[0]!.end("cut")
      yield* settle
      const state = stateOf(client)
      assert.strictEqual(state._tag === "Disconnected" ? state.error.message : state._tag, "connection closed: cut")
      assert.strictEqual(reasonOf(yield* Effect.result(client.callTool("t"))), "TransportFailed")
      yield* client.reconnect
      yield* client.callTool("t")
      assert.strictEqual(server.connections.length, 2)
    })
  )

  it.effect("a connection that somebody asks for takes the place of the one that is there", () =>
    Effect.gen(function* () {
      const { client, server } = yield* flaky()
      const first = server.connections[0]!
      const ended: Array<string> = []
      yield* first.client.closed.pipe(
        Effect.map(({ message }) => void ended.push(message)),
        Effect.forkChild({ startImmediately: true })
      )
      yield* client.reconnect
      yield* settle
      assert.deepStrictEqual(ended, ["connection closed: closed by the client"])
      yield* client.callTool("t")
      assert.strictEqual(server.connections[1]!.methods.at(-1), "tools/call")
    })
  )

  it.effect("changes of the state are told", () =>
    Effect.gen(function* () {
      const { client, server } = yield* flaky()
      const seen = yield* SubscriptionRef.changes(client.state).pipe(
        Stream.map(({ _tag }) => _tag),
        Stream.take(3),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* settle
      server.connections[0]!.end()
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(seen), ["Connected", "Reconnecting", "Connected"])
    })
  )
})

describe("what the old connection was told", () => {
  it.effect("the new one is told too: the log level and subscriptions that were not taken back", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => connection.answer(message, {})
      const { client, comeBack, cut, last } = yield* recovering("2025-06-18", script)
      yield* client.setLogLevel("warning")
      yield* client.subscribeResource("a:1")
      yield* client.subscribeResource("a:2")
      yield* client.subscribeResource("a:3")
      yield* client.unsubscribeResource("a:2")
      yield* cut()
      yield* comeBack
      const told = last()
        .sent.slice(2)
        .map(({ method, params }) => [method, params.level ?? params.uri])
      assert.deepStrictEqual(told, [
        ["logging/setLevel", "warning"],
        ["resources/subscribe", "a:1"],
        ["resources/subscribe", "a:3"]
      ])
    })
  )

  it.effect("a server that refuses that is used all the same", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => {
        if (message["method"] === "tools/call") connection.answer(message, done)
        else if (connection.index === 0) connection.answer(message, {})
        else connection.refuse(message, -32601)
      }
      const { client, comeBack, cut } = yield* recovering("2025-06-18", script)
      yield* client.subscribeResource("a:1")
      yield* cut()
      yield* comeBack
      yield* client.callTool("t")
    })
  )
})

/** Acknowledges subscriptions. */
const acknowledge = (message: Json, connection: Connection) =>
  connection.notify("notifications/subscriptions/acknowledged", {
    _meta: { [key("subscriptionId")]: message["id"] },
    notifications: message["params"].notifications
  })

const tell = (connection: Connection, method: string, params: Json = {}) =>
  connection.notify(method, { ...params, _meta: { [key("subscriptionId")]: connection.last("subscriptions/listen")["id"] } })

const subscribing: Script = (message, connection) => {
  if (message["method"] === "subscriptions/listen") acknowledge(message, connection)
}

describe("subscriptions", () => {
  it.effect("go on over a new connection", () =>
    Effect.gen(function* () {
      const { client, comeBack, cut, last } = yield* recovering("2026-07-28", subscribing)
      const { notifications } = yield* client.listen({ toolsListChanged: true })
      const updated = "notifications/resources/updated"
      const heard = yield* client.notifications([updated], { resourceSubscriptions: ["a:1"] }).pipe(
        Stream.map(({ params }) => params?.["uri"]),
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* settle
      tell(last(), updated, { uri: "a:1" })
      yield* cut()
      yield* comeBack
      assert.deepStrictEqual(last().methods, ["server/discover", "subscriptions/listen", "subscriptions/listen"])
      tell(last(), updated, { uri: "a:2" })
      assert.deepStrictEqual(yield* Fiber.join(heard), ["a:1", "a:2"])
      const [first] = last().sent.filter(({ method }) => method === "subscriptions/listen")
      last().notify("notifications/tools/list_changed", { _meta: { [key("subscriptionId")]: first!["id"] } })
      const [told] = yield* Stream.runCollect(Stream.take(Stream.fromQueue(notifications), 1))
      assert.strictEqual(told?.method, "notifications/tools/list_changed")
    })
  )

  it.effect("that the server ends are made again, in the rhythm", () =>
    Effect.gen(function* () {
      const { client, comeBack, last } = yield* recovering("2026-07-28", subscribing)
      const heard = yield* client
        .notifications(["n"], { toolsListChanged: true })
        .pipe(Stream.take(1), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
      yield* settle
      last().answer(last().last("subscriptions/listen"), { resultType: "complete" })
      yield* settle
      assert.strictEqual(last().methods.filter((method) => method === "subscriptions/listen").length, 1)
      yield* comeBack
      assert.strictEqual(last().methods.filter((method) => method === "subscriptions/listen").length, 2)
      tell(last(), "n")
      assert.strictEqual((yield* Fiber.join(heard)).length, 1)
    })
  )

  it.effect("that have held for 10 seconds each are made again for ever", () =>
    Effect.gen(function* () {
      const { client, comeBack, last } = yield* recovering("2026-07-28", subscribing)
      const heard = yield* start(Stream.runDrain(client.notifications(["n"], { toolsListChanged: true })))
      for (let i = 0; i < 8; i++) {
        yield* TestClock.adjust("10 seconds")
        last().answer(last().last("subscriptions/listen"), { resultType: "complete" })
        yield* settle
        yield* comeBack
      }
      assert.isUndefined(heard.pollUnsafe())
      assert.strictEqual(last().methods.filter((method) => method === "subscriptions/listen").length, 9)
    })
  )

  it.effect("end when the server goes on ending them", () =>
    Effect.gen(function* () {
      const { client, comeBack, last } = yield* recovering("2026-07-28", (message, connection) => {
        subscribing(message, connection)
        connection.answer(message, { resultType: "complete" })
      })
      const heard = yield* start(Stream.runDrain(client.notifications(["n"], { toolsListChanged: true })))
      for (let i = 0; i < 5; i++) {
        yield* settle
        assert.isUndefined(heard.pollUnsafe())
        yield* comeBack
      }
      assert.strictEqual(reasonOf(yield* Fiber.join(heard)), "Success")
      assert.strictEqual(last().methods.filter((method) => method === "subscriptions/listen").length, 6)
    })
  )
})
