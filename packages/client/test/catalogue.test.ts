import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import {
  agreeing,
  connect,
  type Connection,
  discovered,
  initialized,
  type Json,
  scripted,
  type Script,
  settle
} from "./support/server.ts"

const key = (name: string) => `io.modelcontextprotocol/${name}`

const capabilities = { tools: { listChanged: true }, resources: { listChanged: true }, prompts: {} }

/** A server that lists what it has at the moment, in both eras. */
const offering = (version: string) => {
  const offer = {
    tools: ["a"] as Array<string>,
    resources: ["r:1"],
    isBroken: false,
    /** A list that it cannot give. */
    isBrokenFor: "",
    /** Methods that it does not know. */
    lacks: new Set<string>(),
    /** Methods that it does not answer. */
    hangs: new Set<string>()
  }
  const lists: { [method: string]: () => Json } = {
    "tools/list": () => ({ tools: offer.tools.map((name) => ({ name, inputSchema: { type: "object" } })) }),
    "resources/list": () => ({ resources: offer.resources.map((uri) => ({ uri, name: uri })) }),
    "resources/templates/list": () => ({ resourceTemplates: [{ uriTemplate: "r:{x}", name: "t" }] }),
    "prompts/list": () => ({ prompts: [{ name: "p" }] })
  }
  const script: Script = (message, connection) => {
    const { id, method, params } = message
    if (offer.hangs.has(method)) return
    if (offer.lacks.has(method)) return connection.refuse(message, -32601)
    if (method === "server/discover" && version === "2026-07-28") {
      return connection.answer(message, { ...discovered(), capabilities })
    }
    if (method === "initialize") return connection.answer(message, { ...initialized(version), capabilities })
    if (method === "subscriptions/listen") {
      const _meta = { [key("subscriptionId")]: id }
      return connection.notify("notifications/subscriptions/acknowledged", { _meta, notifications: params.notifications })
    }
    const list = lists[method]
    if (list === undefined) return agreeing(version)(message, connection)
    if (offer.isBroken || offer.isBrokenFor === method) connection.refuse(message, -32603, "broken")
    else connection.answer(message, list())
  }
  const change = (connection: Connection, kind: string) => {
    const asked = connection.sent.findLast(({ method }) => method === "subscriptions/listen")
    const params = asked === undefined ? {} : { _meta: { [key("subscriptionId")]: asked["id"] } }
    connection.notify(`notifications/${kind}/list_changed`, params)
  }
  return { offer, server: { ...scripted(script), script }, change }
}

const everySecond = Schedule.spaced("1 second")

describe.each(["2025-06-18", "2026-07-28"])("the catalogue in %s", (version) => {
  const opened = Effect.gen(function* () {
    const { change, offer, server } = offering(version)
    const client = yield* connect(server, { reconnect: everySecond })
    const ref = yield* client.catalogue
    const current = () => SubscriptionRef.getUnsafe(ref)
    const connection = server.connections[0]!
    const listed = (of = connection, since = 0) =>
      of.methods
        .slice(since)
        .filter((method) => String(method).endsWith("/list"))
        .toSorted()
    return { change, offer, server, client, ref, current, connection, listed }
  })

  it.effect("has all lists, once, however often it is asked for", () =>
    Effect.gen(function* () {
      const { client, current, listed, ref } = yield* opened
      const { prompts, resources, resourceTemplates, tools } = current()
      assert.deepStrictEqual(
        [tools.map(({ name }) => name), resources.map(({ uri }) => uri), resourceTemplates.length, prompts.length],
        [["a"], ["r:1"], 1, 1]
      )
      assert.strictEqual(yield* client.catalogue, ref)
      assert.deepStrictEqual(listed(), ["prompts/list", "resources/list", "resources/templates/list", "tools/list"])
    })
  )

  it.effect("is read once for all who ask for it at the same time, and again when that was interrupted", () =>
    Effect.gen(function* () {
      const { offer, server } = offering(version)
      offer.hangs.add("prompts/list")
      const client = yield* connect(server)
      const first = yield* Effect.forkChild(client.catalogue, { startImmediately: true })
      const others = yield* Effect.forEach([1, 2], () => Effect.forkChild(client.catalogue, { startImmediately: true }))
      yield* settle
      const { methods } = server.connections[0]!
      assert.strictEqual(methods.filter((method) => method === "tools/list").length, 1)
      yield* Fiber.interrupt(first)
      offer.hangs.clear()
      server.connections[0]!.answer(server.connections[0]!.last("prompts/list"), { prompts: [] })
      yield* settle
      const refs = yield* Effect.forEach(others, Fiber.join)
      assert.strictEqual(refs[0], refs[1])
      assert.strictEqual(server.connections[0]!.methods.filter((method) => method === "tools/list").length, 2)
    })
  )

  it.effect("asks a server for no list that it does not have", () =>
    Effect.gen(function* () {
      const server = scripted(
        agreeing(version, (message, connection) => {
          if (message["method"] === "tools/list") connection.answer(message, { tools: [] })
        })
      )
      const client = yield* connect(server)
      yield* client.catalogue
      const { methods } = server.connections[0]!
      assert.deepStrictEqual(
        methods.filter((method) => String(method).endsWith("/list")),
        ["tools/list"]
      )
      assert.notInclude(methods, "subscriptions/listen")
    })
  )

  it.effect("reads what has changed, together with what else changes within 100 ms, and nothing else", () =>
    Effect.gen(function* () {
      const { change, connection, current, listed, offer } = yield* opened
      const before = connection.sent.length
      offer.tools.push("b")
      change(connection, "tools")
      yield* TestClock.adjust("50 millis")
      offer.tools.push("c")
      change(connection, "tools")
      change(connection, "resources")
      yield* TestClock.adjust("49 millis")
      assert.deepStrictEqual(listed(connection, before), [])
      yield* TestClock.adjust("1 millis")
      yield* settle
      assert.deepStrictEqual(listed(connection, before), ["resources/list", "resources/templates/list", "tools/list"])
      assert.deepStrictEqual(
        current().tools.map(({ name }) => name),
        ["a", "b", "c"]
      )
      const between = connection.sent.length
      change(connection, "resources")
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.deepStrictEqual(listed(connection, between), ["resources/list", "resources/templates/list"])
    })
  )

  it.effect("can be followed", () =>
    Effect.gen(function* () {
      const { change, connection, offer, ref } = yield* opened
      const seen = yield* SubscriptionRef.changes(ref).pipe(
        Stream.map(({ tools }) => tools.length),
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* settle
      offer.tools.push("b")
      change(connection, "tools")
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* Fiber.join(seen), [1, 2])
    })
  )

  it.effect("is read again after a new connection", () =>
    Effect.gen(function* () {
      const { connection, current, listed, offer, server } = yield* opened
      connection.end()
      yield* settle
      offer.tools = ["z"]
      yield* TestClock.adjust("1100 millis")
      yield* settle
      assert.deepStrictEqual(
        current().tools.map(({ name }) => name),
        ["z"]
      )
      assert.strictEqual(listed(server.connections[1]!).length, 4)
    })
  )

  it.effect("stays as it was when the server cannot list, and the log says so", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const log = Logger.layer([Logger.make(({ message }) => void logged.push([message].flat().join(" ")))])
      yield* Effect.gen(function* () {
        const { change, connection, current, offer } = yield* opened
        offer.isBroken = true
        change(connection, "tools")
        yield* TestClock.adjust("100 millis")
        yield* settle
        assert.strictEqual(current().tools.length, 1)
        assert.include(logged.join(), "the tools of the server could not be read again")
        offer.isBroken = false
        offer.tools.push("b")
        change(connection, "tools")
        yield* TestClock.adjust("100 millis")
        yield* settle
        assert.strictEqual(current().tools.length, 2)
      }).pipe(Effect.provide(log))
    })
  )

  it.effect("one list that the server cannot give is no reason not to read the others", () =>
    Effect.gen(function* () {
      const { connection, current, offer, server } = yield* opened
      offer.isBrokenFor = "prompts/list"
      offer.tools.push("b")
      connection.end()
      yield* settle
      yield* TestClock.adjust("1100 millis")
      yield* settle
      assert.strictEqual(server.connections.length, 2)
      assert.deepStrictEqual([current().tools.length, current().prompts.length], [2, 1])
    })
  )

  it.effect("goes without templates where the server answers with no list of them", () =>
    Effect.gen(function* () {
      const { server } = offering(version)
      const odd = scripted((message, connection) => {
        if (message["method"] === "resources/templates/list") connection.answer(message, {})
        else server.script(message, connection)
      })
      const catalogue = yield* (yield* connect(odd)).catalogue
      assert.deepStrictEqual(SubscriptionRef.getUnsafe(catalogue).resourceTemplates, [])
    })
  )

  it.effect("fails when it cannot be read at first, and may be asked for again", () =>
    Effect.gen(function* () {
      const { offer, server } = offering(version)
      offer.isBroken = true
      const client = yield* connect(server)
      assert.include((yield* Effect.flip(client.catalogue)).message, "broken")
      offer.isBroken = false
      assert.strictEqual(SubscriptionRef.getUnsafe(yield* client.catalogue).tools.length, 1)
      if (version !== "2026-07-28") return
      const { methods } = server.connections[0]!
      const told = methods.filter((method) => /listen|cancelled/.test(String(method)))
      assert.deepStrictEqual(told, ["subscriptions/listen", "notifications/cancelled", "subscriptions/listen"])
    })
  )

  it.effect("has no lists that the server declares and does not know", () =>
    Effect.gen(function* () {
      const { offer, server } = offering(version)
      offer.lacks.add("resources/templates/list")
      const client = yield* connect(server)
      const { resourceTemplates, tools } = SubscriptionRef.getUnsafe(yield* client.catalogue)
      assert.deepStrictEqual([resourceTemplates.length, tools.length], [0, 1])
    })
  )

  it.effect("misses nothing that changes while it is read for the first time", () =>
    Effect.gen(function* () {
      const { change, offer, server } = offering(version)
      offer.hangs.add("prompts/list")
      const client = yield* connect(server)
      const reading = yield* Effect.forkChild(client.catalogue, { startImmediately: true })
      yield* settle
      const connection = server.connections[0]!
      offer.tools.push("b")
      change(connection, "tools")
      connection.answer(connection.last("prompts/list"), { prompts: [] })
      const ref = yield* Fiber.join(reading)
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 1)
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 2)
    })
  )
})

describe("the catalogue of a server that is another one after a while", () => {
  it.effect("hears of changes in the way of that", () =>
    Effect.gen(function* () {
      const servers = { "2025-06-18": offering("2025-06-18"), "2026-07-28": offering("2026-07-28") }
      let version: keyof typeof servers = "2025-06-18"
      const server = scripted((message, connection) => servers[version].server.script(message, connection))
      const client = yield* connect(server, { reconnect: everySecond })
      const ref = yield* client.catalogue
      for (const next of ["2026-07-28", "2025-06-18", "2026-07-28"] as const) {
        version = next
        server.connections.at(-1)!.end()
        yield* settle
        yield* TestClock.adjust("1100 millis")
        yield* settle
        // What is subscribed to anew is read again.
        yield* TestClock.adjust("100 millis")
        yield* settle
        assert.strictEqual(client.revision.version, next)
        const { change, offer } = servers[next]
        offer.tools.push("b")
        change(server.connections.at(-1)!, "tools")
        yield* TestClock.adjust("100 millis")
        yield* settle
        assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, offer.tools.length)
      }
    })
  )

  it.effect("hears of changes again after the connection was given up and made anew", () =>
    Effect.gen(function* () {
      const { change, offer, server } = offering("2026-07-28")
      const client = yield* connect(server)
      const ref = yield* client.catalogue
      server.connections[0]!.end()
      yield* settle
      yield* client.reconnect
      yield* TestClock.adjust("100 millis")
      yield* settle
      yield* TestClock.adjust("100 millis")
      yield* settle
      const connection = server.connections[1]!
      assert.strictEqual(connection.methods.filter((method) => method === "subscriptions/listen").length, 1)
      offer.tools.push("b")
      change(connection, "tools")
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 2)
    })
  )

  it.effect("hears of changes where the earlier one refused to tell of them", () =>
    Effect.gen(function* () {
      const { change, offer, server } = offering("2026-07-28")
      offer.lacks.add("subscriptions/listen")
      const client = yield* connect(server, { reconnect: everySecond })
      const ref = yield* client.catalogue
      offer.lacks.clear()
      server.connections[0]!.end()
      yield* settle
      for (const time of ["1100 millis", "100 millis"] as const) {
        yield* TestClock.adjust(time)
        yield* settle
      }
      offer.tools.push("b")
      change(server.connections[1]!, "tools")
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 2)
    })
  )

  it.effect("is read again when the server had ended the subscription for a while", () =>
    Effect.gen(function* () {
      const { offer, server } = offering("2026-07-28")
      const client = yield* connect(server, { reconnect: everySecond })
      const ref = yield* client.catalogue
      const connection = server.connections[0]!
      connection.answer(connection.last("subscriptions/listen"), { resultType: "complete" })
      offer.tools.push("b")
      for (const time of ["1 second", "100 millis"] as const) {
        yield* settle
        yield* TestClock.adjust(time)
        yield* settle
      }
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 2)
    })
  )

  it.effect("is kept up to date although a guard breaks once", () =>
    Effect.gen(function* () {
      const { change, offer, server } = offering("2026-07-28")
      let isBroken = false
      const guards = [
        Effect.succeed((_: unknown, effect: Effect.Effect<any, any>) => (isBroken ? Effect.die("a fault") : effect))
      ]
      const client = yield* connect(server, { guards })
      const ref = yield* client.catalogue
      const connection = server.connections[0]!
      isBroken = true
      change(connection, "tools")
      yield* TestClock.adjust("100 millis")
      yield* settle
      isBroken = false
      offer.tools.push("b")
      change(connection, "tools")
      yield* TestClock.adjust("100 millis")
      yield* settle
      assert.strictEqual(SubscriptionRef.getUnsafe(ref).tools.length, 2)
    })
  )
})

describe("the catalogue of a server that declares changes and does not tell them", () => {
  it.effect("is there all the same", () =>
    Effect.gen(function* () {
      const { offer, server } = offering("2026-07-28")
      offer.lacks.add("subscriptions/listen")
      const client = yield* connect(server)
      assert.strictEqual(SubscriptionRef.getUnsafe(yield* client.catalogue).tools.length, 1)
    })
  )

  it.effect.each([
    [undefined, "5 seconds"],
    ["3 seconds", "3 seconds"]
  ] as const)("is there after 5 seconds where it does not even refuse, or the timeout: %j", ([timeout, patience]) =>
    Effect.gen(function* () {
      const { offer, server } = offering("2026-07-28")
      offer.hangs.add("subscriptions/listen")
      const client = yield* connect(server, timeout === undefined ? {} : { timeout })
      const reading = yield* Effect.forkChild(client.catalogue, { startImmediately: true })
      yield* settle
      yield* TestClock.adjust(patience)
      assert.strictEqual(SubscriptionRef.getUnsafe(yield* Fiber.join(reading)).tools.length, 1)
    })
  )
})
