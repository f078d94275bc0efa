/**
 * Lists that change while servers are connected.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import { call, connected, type Service, statesOf, toolsOf } from "./support/connected.ts"
import { type Fake, fakes, settle } from "./support/fake.ts"

const versions = ["2025-11-25", "2026-07-28"] as const

const lists = (fake: Fake) => fake.sentOf("tools/list").length

/** Lets what waits for `millis` happen. */
const after = (millis: number) => Effect.andThen(Effect.andThen(settle, TestClock.adjust(millis)), settle)

/** The names of what was offered from now on, one after the other. */
const watched = Effect.fnUntraced(function* (servers: Service) {
  const seen: Array<ReadonlyArray<string>> = []
  const watch = Stream.runForEach(SubscriptionRef.changes(servers.offered), ({ tools }) =>
    Effect.sync(() => void seen.push(tools.map(({ name }) => name)))
  )
  yield* Effect.forkScoped(watch, { startImmediately: true })
  yield* settle
  return seen
})

describe("a list that changes", () => {
  it.effect.each(versions)("is read again, once for all changes of a tenth of a second (%s)", (version) =>
    Effect.gen(function* () {
      const all = fakes({ one: { version, tools: ["run"] }, two: { version, tools: ["run"] } })
      const servers = yield* connected(all)
      assert.deepStrictEqual([lists(all.one), lists(all.two)], [1, 1])
      const seen = yield* watched(servers)
      all.one.has = { version, tools: ["walk"] }
      all.one.changed("tools")
      yield* after(99)
      all.one.changed("tools")
      yield* settle
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run", "two_run"])
      yield* after(1)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_walk", "two_run"])
      assert.deepStrictEqual([lists(all.one), lists(all.two)], [2, 1])
      assert.deepStrictEqual(seen, [
        ["one_run", "two_run"],
        ["one_walk", "two_run"]
      ])
      assert.strictEqual(yield* call(servers, "one_walk"), "one ran walk with {}")
      assert.strictEqual((yield* Effect.flip(servers.callTool("one_run"))).reason._tag, "UnknownName")
      const states = yield* SubscriptionRef.get(servers.states)
      const state = states.get("one")
      assert.ok(state?._tag === "Ready" && state.counts.tools === 1)
    })
  )

  it.effect("is read anew however often it changes, but never more often than every tenth of a second", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      yield* connected(all)
      for (let i = 0; i < 100; i++) {
        all.one.changed("tools")
        yield* after(10)
      }
      assert.isAtMost(lists(all.one), 11)
      assert.isAtLeast(lists(all.one), 9)
    })
  )

  it.effect("is the only one that is read; those of resources go together", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"], prompts: ["p"], resources: ["x://1"] } })
      const servers = yield* connected(all)
      all.one.sent.length = 0
      all.one.changed("prompts")
      yield* after(100)
      assert.deepStrictEqual(
        all.one.sent.map(({ method }) => method),
        ["prompts/list"]
      )
      all.one.has = { tools: ["run"], prompts: ["p"], resources: ["x://2"] }
      all.one.changed("resources")
      yield* after(100)
      assert.deepStrictEqual(
        all.one.sent.map(({ method }) => method),
        ["prompts/list", "resources/list", "resources/templates/list"]
      )
      assert.deepStrictEqual(
        (yield* servers.resources).map(({ resource }) => resource.uri),
        ["x://2"]
      )
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
    })
  )

  it.effect("stays as it was when it cannot be read, until the next change", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      all.one.refuses.set("tools/list", -32603)
      all.one.has = { tools: ["walk"] }
      all.one.changed("tools")
      yield* after(100)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Ready" })
      all.one.refuses.clear()
      all.one.changed("tools")
      yield* after(100)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_walk"])
    })
  )

  it.effect("is not missed when it changes while it is read for the first time", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"], prompts: [] } })
      all.one.hangs.add("prompts/list")
      const servers = yield* connected(all, { deadline: 0 })
      yield* settle
      all.one.has = { tools: ["walk"], prompts: [] }
      all.one.changed("tools")
      const [{ id }] = all.one.sentOf("prompts/list") as [{ readonly id: number }]
      all.one.send({ id, result: { prompts: [] } })
      yield* settle
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      yield* after(100)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_walk"])
    })
  )

  it.effect("keeps what is excluded out, and renames what is new", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: [] } })
      const servers = yield* connected(all, {}, { one: { exclude: ["x*"], rename: { a: "b" } } })
      all.one.has = { tools: ["x1", "a"] }
      all.one.changed("tools")
      yield* after(100)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_b"])
    })
  )
})

describe("subscriptions of the request era", () => {
  const version = "2026-07-28"

  it.effect("are held for the lists that the server declares, before they are read", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { version, tools: ["run"], prompts: [] }, two: { version, prompts: [] } })
      yield* connected(all)
      assert.deepStrictEqual(
        all.one.sent.map(({ method }) => method),
        ["server/discover", "subscriptions/listen", "tools/list", "prompts/list"]
      )
      assert.deepStrictEqual(all.one.sent[1]!["params"]["notifications"], { toolsListChanged: true })
      assert.deepStrictEqual(
        all.two.sent.map(({ method }) => method),
        ["server/discover", "prompts/list"]
      )
    })
  )

  it.effect("that a server does not acknowledge hold nothing up for longer than the timeout", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { version, tools: ["run"] } })
      all.one.hangs.add("subscriptions/listen")
      const servers = yield* connected(all, { deadline: 0, timeout: "5 seconds" })
      yield* after(5000)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
    })
  )

  it.effect("that a server ends are asked for again, and the lists read", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { version, tools: ["run"] } })
      const servers = yield* connected(all)
      const [{ id }] = all.one.sentOf("subscriptions/listen") as [{ readonly id: number }]
      all.one.has = { version, tools: ["walk"] }
      all.one.send({ id, result: { resultType: "complete" } })
      yield* after(1000)
      assert.lengthOf(all.one.sentOf("subscriptions/listen"), 2)
      yield* after(100)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_walk"])
    })
  )

  it.effect("that a server refuses are not asked for again", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { version, tools: ["run"] } })
      all.one.refuses.set("subscriptions/listen", -32601)
      const servers = yield* connected(all)
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_run"])
      yield* after(600_000)
      assert.lengthOf(all.one.sentOf("subscriptions/listen"), 1)
    })
  )
})

describe("notifications", () => {
  it.effect("are told with the name of their server", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {}, two: {} })
      const told: Array<unknown> = []
      yield* connected(all, {
        onNotification: ({ method, params }, server) => Effect.sync(() => void told.push([server, method, params?.["data"]]))
      })
      all.two.send({ method: "notifications/message", params: { level: "info", data: "hello" } })
      yield* settle
      assert.deepStrictEqual(told, [["two", "notifications/message", "hello"]])
    })
  )
})
