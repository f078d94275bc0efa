/**
 * How servers are found, and lost: none of them takes anything from the others.
 */
import { assert, describe, it } from "@effect/vitest"
import { ClientTransport, ClientTransportError, SpawnFailed } from "@effect-mcp/core/ClientTransport"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import { Hub } from "../src/internal/hub.ts"
import { Member } from "../src/internal/member.ts"
import * as Servers from "../src/Servers.ts"
import { call, clientInfo, connected, specsOf, statesOf, toolsOf } from "./support/connected.ts"
import { fakes, settle } from "./support/fake.ts"

const stateOf = (servers: Servers.Servers["Service"], name: string) =>
  Effect.map(SubscriptionRef.get(servers.states), (states) => states.get(name)!)

/** All states of a server from now on, one after the other. */
const watched = Effect.fnUntraced(function* (servers: Servers.Servers["Service"], name: string) {
  const seen: Array<string> = []
  const watch = Stream.runForEach(SubscriptionRef.changes(servers.states), (states) =>
    Effect.sync(() => {
      const tag = states.get(name)?._tag ?? "none"
      if (seen.at(-1) !== tag) seen.push(tag)
    })
  )
  yield* Effect.forkScoped(watch, { startImmediately: true })
  yield* settle
  return seen
})

const hung = Layer.effect(ClientTransport, Effect.never)
const failing = Layer.effect(
  ClientTransport,
  Effect.fail(new ClientTransportError({ reason: new SpawnFailed({ command: "nothing", detail: "not found" }) }))
)

describe("discovery", () => {
  it.effect("says what every server is, and how long it took", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["a", "b"], prompts: ["p"], resources: ["x://1"], templates: ["x://{n}"] } })
      const servers = yield* connected(all, { concurrency: 0 }, { one: { exclude: ["b"] } })
      const state = yield* stateOf(servers, "one")
      assert.ok(state._tag === "Ready")
      assert.deepStrictEqual(state.counts, { tools: 1, prompts: 1, resources: 1, resourceTemplates: 1 })
      assert.strictEqual(state.serverInfo?.name, "one itself")
      assert.deepStrictEqual(state.capabilities.tools, { listChanged: true })
      assert.strictEqual(state.latency, 0)
      assert.strictEqual(state.client, yield* servers.client("one"))
    })
  )

  it.effect("goes on when servers cannot be reached, and says why", () =>
    Effect.gen(function* () {
      const all = fakes({ broken: {}, one: { tools: ["run"] } })
      all.broken.isBroken = true
      const specs = {
        ...specsOf(all),
        failing: { transport: failing },
        odd: { transport: Layer.effect(ClientTransport, Effect.die("oops")) }
      }
      const servers = yield* Servers.make(specs, clientInfo)
      assert.deepStrictEqual(yield* statesOf(servers), { broken: "Failed", one: "Ready", failing: "Failed", odd: "Failed" })
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      const messages = yield* Effect.forEach(["broken", "failing", "odd"], (name) => Effect.flip(servers.client(name)))
      assert.deepStrictEqual(
        messages.map(({ message }) => message),
        [
          'server "broken" is not connected: could not start `broken`: not found; reconnect it, or do without it',
          'server "failing" is not connected: could not start `nothing`: not found; reconnect it, or do without it',
          'server "odd" is not connected: connecting to server "odd" broke down: oops; reconnect it, or do without it'
        ]
      )
    })
  )

  it.effect("fails a server whose lists cannot be read, but not for one that it does not know", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"], prompts: ["p"] }, two: { resources: ["x://1"] } })
      all.one.refuses.set("prompts/list", -32603)
      all.two.refuses.set("resources/templates/list", -32601)
      const servers = yield* connected(all)
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Failed", two: "Ready" })
      assert.match((yield* Effect.flip(servers.client("one"))).message, /refused prompts\/list \(-32603\)/)
      assert.strictEqual(all.one.open, 0)
    })
  )

  it.effect("asks for no list that a server does not declare", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {} })
      yield* connected(all)
      assert.deepStrictEqual(
        all.one.sent.map(({ method }) => method),
        ["server/discover", "initialize", "notifications/initialized"]
      )
    })
  )

  it.effect("waits 30 seconds for a server that is slow, which may come later", () =>
    Effect.gen(function* () {
      const all = fakes({ slow: { tools: ["run"] }, one: { tools: ["run"] } })
      const go = yield* Deferred.make<void>()
      const transport = Layer.effect(ClientTransport, Effect.andThen(Deferred.await(go), ClientTransport)).pipe(
        Layer.provide(all.slow.layer)
      )
      const fiber = yield* Effect.forkChild(Servers.make({ ...specsOf({ one: all.one }), slow: { transport } }, clientInfo), {
        startImmediately: true
      })
      yield* settle
      yield* TestClock.adjust("29 seconds")
      yield* settle
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      yield* TestClock.adjust("1 second")
      const servers = yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Ready", slow: "Connecting" })
      const error = yield* Effect.flip(servers.callTool("slow_run"))
      assert.match(error.message, /servers that are not ready: "slow" \(connecting\)/)
      assert.match((yield* Effect.flip(servers.client("slow"))).message, /still connecting; try again later/)
      yield* Deferred.succeed(go, undefined)
      yield* settle
      assert.strictEqual(yield* call(servers, "slow_run"), "slow ran run with {}")
      const state = yield* stateOf(servers, "slow")
      assert.ok(state._tag === "Ready" && state.latency === 30_000)
    })
  )

  it.effect("gives a server up after 5 minutes", () =>
    Effect.gen(function* () {
      const servers = yield* Servers.make({ hung: { transport: hung } }, { ...clientInfo, deadline: 0 })
      yield* TestClock.adjust("299 seconds")
      yield* settle
      assert.deepStrictEqual(yield* statesOf(servers), { hung: "Connecting" })
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.match((yield* Effect.flip(servers.client("hung"))).message, /given up: it was not ready after 300000 ms/)
    })
  )

  it.effect("connects to so many servers at once, and hands the places of slow ones on", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {}, two: {} })
      const specs = { a: { transport: hung }, b: { transport: hung }, ...specsOf(all) }
      const options = { ...clientInfo, concurrency: 2, deadline: "1 second", giveUpAfter: Duration.infinity } as const
      const fiber = yield* Effect.forkChild(Servers.make(specs, options), { startImmediately: true })
      yield* settle
      assert.strictEqual(all.one.starts + all.two.starts, 0)
      yield* TestClock.adjust("1 second")
      const servers = yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* statesOf(servers), { a: "Connecting", b: "Connecting", one: "Ready", two: "Ready" })
    })
  )

  it.effect("ends all connections with its scope, also those that are being made", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {}, slow: { tools: [] } })
      all.slow.hangs.add("tools/list")
      const scope = yield* Scope.make()
      yield* connected(all, { deadline: 0 }).pipe(Scope.provide(scope))
      yield* settle
      assert.deepStrictEqual([all.one.open, all.slow.open], [1, 1])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([all.one.open, all.slow.open], [0, 0])
    })
  )

  it.effect("ends all connections when it is interrupted", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {}, slow: { tools: [] } })
      all.slow.hangs.add("tools/list")
      const fiber = yield* Effect.forkChild(Effect.scoped(connected(all)), { startImmediately: true })
      yield* settle
      assert.deepStrictEqual([all.one.open, all.slow.open], [1, 1])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([all.one.open, all.slow.open], [0, 0])
    })
  )

  it.effect("uses the timeout of a server in place of the client's", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      all.one.hangs.add("tools/call")
      const servers = yield* connected(all, { timeout: "1 minute" }, { one: { timeout: "2 seconds" } })
      const fiber = yield* Effect.forkChild(Effect.flip(servers.callTool("one_run")), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.match((yield* Fiber.join(fiber)).message, /no answer and no progress for 2000 ms/)
    })
  )
})

describe("a server that is lost", () => {
  it.effect("is still offered while its client seeks a new connection: calls wait", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      const seen = yield* watched(servers, "one")
      all.one.has = { tools: ["run", "walk"] }
      all.one.isBroken = true
      all.one.end()
      yield* settle
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      const fiber = yield* Effect.forkChild(call(servers, "one_run"), { startImmediately: true })
      yield* TestClock.adjust("200 millis")
      yield* settle
      const state = yield* stateOf(servers, "one")
      assert.ok(state._tag === "Reconnecting" && state.attempt > 1)
      assert.match(state.error.message, /could not start `one`/)
      assert.strictEqual(fiber.pollUnsafe(), undefined)
      all.one.isBroken = false
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.strictEqual(yield* Fiber.join(fiber), "one ran run with {}")
      // What the server has now, it may have had for a while.
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run", "one_walk"])
      assert.deepStrictEqual(seen, ["Ready", "Reconnecting", "Ready"])
    })
  )

  it.effect("is given up with its client", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      all.one.isBroken = true
      all.one.end()
      for (let i = 0; i < 12; i++) {
        yield* settle
        yield* TestClock.adjust("12 seconds")
      }
      yield* settle
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Failed" })
      assert.strictEqual(all.one.starts, 11)
      assert.match((yield* Effect.flip(servers.client("one"))).message, /not connected: could not start `one`: not found/)
    })
  )

  it.effect("and not sought offers nothing, keeps its names, and comes back with reconnect", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] }, two: { tools: ["run"] } })
      const servers = yield* connected(all, { names: { prefix: false }, reconnect: false })
      const seen = yield* watched(servers, "one")
      all.one.end()
      yield* settle
      assert.deepStrictEqual(yield* toolsOf(servers), ["two_run"])
      const error = yield* Effect.flip(servers.callTool("one_run"))
      assert.ok(error.reason._tag === "ServerDown" && error.reason.error?._tag === "McpClientError")
      assert.match(error.message, /server "one" is not connected: connection closed: the server is gone/)
      all.one.has = { tools: ["run", "walk"] }
      yield* servers.reconnect("one")
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run", "walk", "two_run"])
      assert.strictEqual(yield* call(servers, "one_run"), "one ran run with {}")
      yield* settle
      assert.deepStrictEqual(seen, ["Ready", "Failed", "Connecting", "Ready"])
      assert.strictEqual(all.one.open, 1)
    })
  )

  it.effect("cannot always be reconnected, which says why", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {} })
      const servers = yield* connected(all)
      all.one.isBroken = true
      assert.strictEqual((yield* Effect.flip(servers.reconnect("one"))).message, "could not start `one`: not found")
      assert.match((yield* Effect.flip(servers.reconnect("two"))).message, /^no server is called "two"/)
    })
  )

  it.effect("is connected once, however many reconnect it", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      yield* Effect.forEach([1, 2, 3], () => Effect.exit(servers.reconnect("one")), { concurrency: 3 })
      assert.strictEqual(all.one.open, 1)
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Ready" })
    })
  )
})

describe("servers that come and go", () => {
  it.effect("are closed, and tell of it once", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      const seen = yield* watched(servers, "one")
      yield* servers.close("one")
      yield* settle
      assert.deepStrictEqual(seen, ["Ready", "Closed"])
      assert.strictEqual(all.one.open, 0)
      assert.deepStrictEqual(yield* toolsOf(servers), [])
      assert.match((yield* Effect.flip(servers.close("two"))).message, /^no server is called "two"/)
    })
  )

  it.effect("are added for as long as a scope is open", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] }, two: { tools: ["run"] } })
      const servers = yield* connected({ one: all.one })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* servers.add("two", { transport: all.two.layer })
          assert.deepStrictEqual(yield* toolsOf(servers), ["one_run", "two_run"])
          const taken = yield* Effect.flip(servers.add("one", { transport: all.two.layer }))
          assert.match(taken.message, /there is a server "one" already/)
        })
      )
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      assert.strictEqual(all.two.open, 0)
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Ready" })
    })
  )

  it.effect("are removed by hand, and their names are free", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] }, other: { tools: ["walk"] } })
      const servers = yield* connected({ one: all.one })
      yield* servers.remove("one")
      assert.strictEqual(all.one.open, 0)
      assert.deepStrictEqual(yield* statesOf(servers), {})
      yield* servers.add("one", { transport: all.other.layer })
      assert.strictEqual(yield* call(servers, "one_walk"), "other ran walk with {}")
    })
  )

  it.effect("leave nothing of what they had with the scope in which they were added", () =>
    Effect.gen(function* () {
      const { one } = fakes({ one: { tools: ["run"] } })
      const settings = { client: clientInfo, names: undefined, onNotification: undefined, deadline: Duration.infinity }
      const hub = new Hub({ ...settings, giveUpAfter: Duration.infinity }, Effect.runFork)
      const member = new Member("one", { transport: one.layer })
      yield* hub.open
      yield* hub.add([member])
      yield* hub.bring(member)
      assert.lengthOf(member.catalogue.tools, 1)
      yield* hub.remove(member)
      assert.deepStrictEqual([member.catalogue.tools, one.open, hub.members.size], [[], 0, 0])
    })
  )

  it.effect("are not connected to by a reconnect that comes too late", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      yield* Effect.all([servers.remove("one"), Effect.exit(servers.reconnect("one"))], { concurrency: 2 })
      yield* settle
      assert.strictEqual(all.one.open, 0)
    })
  )

  it.effect("have a transport for each connection, also where others have the same layer", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      let built = 0
      const transport = Layer.effect(
        ClientTransport,
        Effect.suspend(() => {
          built++
          return ClientTransport
        })
      ).pipe(Layer.provide(all.one.layer))
      yield* Effect.gen(function* () {
        const servers = yield* Servers.Servers
        assert.strictEqual(built, 3)
        yield* servers.reconnect("a")
        assert.strictEqual(built, 4)
      }).pipe(
        Effect.provide(Servers.layer({ a: { transport }, b: { transport } }, clientInfo).pipe(Layer.provideMerge(transport)))
      )
    })
  )
})

describe("a connection that takes its time to end", () => {
  const slow = Effect.gen(function* () {
    const all = fakes({ one: { tools: ["run"] } })
    const scope = yield* Scope.make()
    const servers = yield* connected(all).pipe(Scope.provide(scope))
    const go = yield* Deferred.make<void>()
    all.one.closing = Deferred.await(go)
    const start = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.tap(Effect.forkChild(Effect.exit(effect), { startImmediately: true }), settle)
    return { fake: all.one, scope, servers, start, go: Effect.andThen(Deferred.succeed(go, undefined), settle) }
  })

  it.effect("is over before the next one is made, however many ask for that", () =>
    Effect.gen(function* () {
      const { fake, go, servers, start } = yield* slow
      const first = yield* start(servers.reconnect("one"))
      const second = yield* start(servers.reconnect("one"))
      assert.strictEqual(fake.starts, 1)
      yield* go
      yield* Fiber.join(first)
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(second)))
      assert.deepStrictEqual([fake.starts, fake.open], [3, 1])
    })
  )

  it.effect("is the last one of a server that is removed meanwhile", () =>
    Effect.gen(function* () {
      const { fake, go, servers, start } = yield* slow
      yield* start(servers.close("one"))
      const reconnecting = yield* start(servers.reconnect("one"))
      yield* start(servers.remove("one"))
      yield* go
      assert.match(String(yield* Fiber.join(reconnecting)), /server "one" was closed/)
      assert.deepStrictEqual([fake.starts, fake.open], [1, 0])
    })
  )

  it.effect("is the last one when all is closed meanwhile", () =>
    Effect.gen(function* () {
      const { fake, go, scope, servers, start } = yield* slow
      yield* start(servers.close("one"))
      const reconnecting = yield* start(servers.reconnect("one"))
      yield* start(Scope.close(scope, Exit.void))
      yield* go
      assert.isTrue(Exit.isFailure(yield* Fiber.join(reconnecting)))
      assert.deepStrictEqual([fake.starts, fake.open], [1, 0])
    })
  )
})

describe("who watches", () => {
  it.effect("hears that a server is gone, also when it is closed while that is being said", () =>
    Effect.gen(function* () {
      const { one } = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected({ one }, { reconnect: false })
      const held = Deferred.makeUnsafe<void>()
      const hold = SubscriptionRef.updateEffect(servers.offered, (offered) => Effect.as(Deferred.await(held), offered))
      const holding = yield* Effect.forkChild(hold, { startImmediately: true })
      one.end()
      yield* settle
      const closing = yield* Effect.forkChild(servers.close("one"), { startImmediately: true })
      yield* settle
      Deferred.doneUnsafe(held, Exit.void)
      yield* Fiber.join(holding)
      yield* Fiber.join(closing)
      assert.deepStrictEqual((yield* SubscriptionRef.get(servers.offered)).tools, [])
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Closed" })
    })
  )

  it.effect("is told of each change once, and of lists when they have changed", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      let states = 0
      let offered = 0
      const count = <A>(ref: SubscriptionRef.SubscriptionRef<A>, add: () => void) =>
        Effect.forkScoped(
          Stream.runForEach(SubscriptionRef.changes(ref), () => Effect.sync(add)),
          { startImmediately: true }
        )
      yield* count(servers.states, () => states++)
      yield* count(servers.offered, () => offered++)
      yield* settle
      assert.deepStrictEqual([states, offered], [1, 1])
      all.one.isBroken = true
      all.one.end()
      yield* settle
      assert.deepStrictEqual([states, offered], [2, 1])
    })
  )

  it.effect("of a reconnect is told when somebody closes the server meanwhile", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      all.one.hangs.add("tools/list")
      const fiber = yield* Effect.forkChild(Effect.flip(servers.reconnect("one")), { startImmediately: true })
      yield* settle
      yield* servers.close("one")
      assert.match((yield* Fiber.join(fiber)).message, /server "one" was closed/)
    })
  )
})
