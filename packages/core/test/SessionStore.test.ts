import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { anonymous, type Principal } from "../src/Principal.ts"
import * as SessionStore from "../src/SessionStore.ts"
import { fromCause } from "../src/StoreError.ts"

const session = (id: string, more: Partial<SessionStore.SessionData> = {}): SessionStore.SessionData => ({
  id,
  version: "2025-11-25",
  clientCapabilities: {},
  subscriptions: [],
  createdAt: 0,
  principal: null,
  state: {},
  ...more
})

// Keeps text somewhere else, as Redis or SQL would: nothing but JSON gets through.
const layerRemote = Layer.effect(
  SessionStore.SessionStore,
  Effect.gen(function* () {
    const store = yield* KeyValueStore.KeyValueStore
    const Row = Schema.fromJsonString(Schema.Struct({ session: SessionStore.SessionData, expiresAt: Schema.Finite }))
    const decode = Schema.decodeUnknownEffect(Row)
    const read = Effect.fnUntraced(function* (id: string) {
      const text = yield* store.get(id)
      if (text === undefined) return undefined
      const row = yield* decode(text)
      return row.expiresAt > (yield* Clock.currentTimeMillis) ? row : undefined
    })
    const write = Effect.fnUntraced(function* (data: SessionStore.SessionData, ttl: Duration.Duration) {
      const expiresAt = (yield* Clock.currentTimeMillis) + Duration.toMillis(ttl)
      yield* store.set(data.id, JSON.stringify({ session: data, expiresAt }))
    })
    const as = (operation: string) => Effect.mapError(fromCause("SessionStore", operation))
    return SessionStore.SessionStore.of({
      get: (id) => as("get")(Effect.map(read(id), (row) => row?.session)),
      touch: Effect.fnUntraced(function* (id, ttl) {
        const row = yield* read(id)
        if (row !== undefined) yield* write(row.session, ttl)
        return row?.session
      }, as("touch")),
      put: (data, ttl) => as("put")(write(data, ttl)),
      modify: Effect.fnUntraced(function* (id, change) {
        if ((yield* read(id)) === undefined) return undefined
        const text = yield* store.modify(id, (old) => {
          const { expiresAt, session } = Schema.decodeSync(Row)(old)
          return JSON.stringify({ session: change(session), expiresAt })
        })
        return (yield* decode(text)).session
      }, as("modify")),
      remove: Effect.fnUntraced(function* (id) {
        const found = (yield* read(id)) !== undefined
        yield* store.remove(id)
        return found
      }, as("remove"))
    })
  })
).pipe(Layer.provide(KeyValueStore.layerMemory))

const Op = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["get", "remove", "modify"]), id: Schema.Literals(["a", "b", "c"]) }),
  Schema.Struct({
    op: Schema.Literals(["put", "touch"]),
    id: Schema.Literals(["a", "b", "c"]),
    seconds: Schema.Literals([5, 10, 60])
  }),
  Schema.Struct({ op: Schema.Literal("wait"), seconds: Schema.Literals([1, 4, 5, 9, 30]) })
])

const minute = Duration.minutes(1)

describe.each([
  ["layerMemory", SessionStore.layerMemory()],
  ["a layer over a store of text", layerRemote]
])("SessionStore: %s", (_, layer) => {
  it.effect("keeps a session as it is", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      const full = session("full", {
        clientInfo: { name: "inspector", version: "1" },
        clientCapabilities: { sampling: { tools: {} }, ["notKnownYet" as never]: { x: 1 } as never },
        logLevel: "warning",
        subscriptions: ["file:///a"],
        createdAt: 1_700_000_000_000,
        principal: { subject: "ada", issuer: "https://issuer.example" },
        state: { basket: [{ id: 1 }], note: null }
      })
      assert.isUndefined(yield* store.get("full"))
      yield* store.put(full, minute)
      assert.deepStrictEqual(yield* store.get("full"), full)
      assert.isTrue(yield* store.remove("full"))
      assert.isFalse(yield* store.remove("full"))
      assert.isUndefined(yield* store.get("full"))
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect("forgets a session after its idle time: only put and touch start it anew", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      yield* store.put(session("a"), minute)
      yield* TestClock.adjust("59 seconds")
      assert.isDefined(yield* store.touch("a", minute))
      yield* TestClock.adjust("59 seconds")
      assert.isDefined(yield* store.get("a"))
      assert.isDefined(yield* store.modify("a", (data) => data))
      yield* TestClock.adjust("1 seconds")
      assert.isUndefined(yield* store.get("a"))
      assert.isUndefined(yield* store.touch("a", minute))
      assert.isUndefined(yield* store.modify("a", (data) => data))
      assert.isFalse(yield* store.remove("a"))
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect("changes that are made at once are all kept", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      yield* store.put(session("a"), minute)
      const uris = Array.from({ length: 20 }, (_, i) => `test://${i}`)
      const subscribe = (uri: string) =>
        Effect.andThen(
          Effect.yieldNow,
          store.modify("a", (data) => ({ ...data, subscriptions: [...data.subscriptions, uri] }))
        )
      yield* Effect.forEach(uris, subscribe, { concurrency: "unbounded", discard: true })
      assert.sameMembers([...(yield* store.get("a"))!.subscriptions], uris)
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect("a change that throws changes nothing", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      yield* store.put(session("a"), minute)
      const change = () => {
        throw new Error("no")
      }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(store.modify("a", change))))
      assert.deepStrictEqual(yield* store.get("a"), session("a"))
    }).pipe(Effect.provide(layer, { local: true }))
  )

  it.effect.prop(
    "does what a table with deadlines does",
    { ops: Schema.Array(Op) },
    ({ ops }) =>
      Effect.gen(function* () {
        const store = yield* SessionStore.SessionStore
        const model = new Map<string, { count: number; until: number }>()
        const alive = (id: string, now: number) => {
          const row = model.get(id)
          return row !== undefined && row.until > now ? row : undefined
        }
        const count = (data: SessionStore.SessionData | undefined) => data?.state["count"]
        for (const op of ops) {
          const now = yield* Clock.currentTimeMillis
          if (op.op === "wait") {
            yield* TestClock.adjust(Duration.seconds(op.seconds))
          } else if (op.op === "put") {
            yield* store.put(session(op.id, { state: { count: 0 } }), Duration.seconds(op.seconds))
            model.set(op.id, { count: 0, until: now + op.seconds * 1000 })
          } else if (op.op === "touch") {
            const row = alive(op.id, now)
            assert.strictEqual(count(yield* store.touch(op.id, Duration.seconds(op.seconds))), row?.count)
            if (row !== undefined) row.until = now + op.seconds * 1000
          } else if (op.op === "modify") {
            const row = alive(op.id, now)
            if (row !== undefined) row.count++
            const changed = yield* store.modify(op.id, (data) => ({ ...data, state: { count: Number(data.state["count"]) + 1 } }))
            assert.strictEqual(count(changed), row?.count)
          } else if (op.op === "remove") {
            assert.strictEqual(yield* store.remove(op.id), alive(op.id, now) !== undefined)
            model.delete(op.id)
          } else {
            assert.strictEqual(count(yield* store.get(op.id)), alive(op.id, now)?.count)
          }
        }
      }).pipe(Effect.provide(layer, { local: true })),
    { arbitrary: { runs: 100 } }
  )
})

describe("SessionStore.layerMemory", () => {
  it.effect("a full store gives up the session that was idle for the longest time, counts it and warns once", () => {
    const warnings: Array<unknown> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel === "Warn") warnings.push(message)
    })
    return Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      const before = (yield* Metric.value(SessionStore.evictions)).count
      const put = (id: string) => store.put(session(id), minute)
      yield* put("a")
      yield* put("b")
      yield* put("c")
      yield* store.touch("a", minute)
      yield* store.get("b") // looking is not using
      yield* put("d")
      assert.isUndefined(yield* store.get("b"))
      yield* put("c") // replacing is using, and needs no room
      yield* put("e")
      assert.isUndefined(yield* store.get("a"))
      for (const id of ["c", "d", "e"]) assert.isDefined(yield* store.get(id))
      assert.strictEqual((yield* Metric.value(SessionStore.evictions)).count, before + 2)
      assert.strictEqual(warnings.length, 1)
      assert.include(String(warnings[0]), "3 sessions")
    }).pipe(Effect.provide([SessionStore.layerMemory({ maxSessions: 3 }), Logger.layer([logger])]))
  })

  it.effect("expired sessions make room before living ones", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      const before = (yield* Metric.value(SessionStore.evictions)).count
      yield* store.put(session("a"), minute)
      yield* store.put(session("b"), minute)
      yield* TestClock.adjust("30 seconds")
      yield* store.touch("a", minute)
      yield* TestClock.adjust("30 seconds")
      yield* store.put(session("c"), minute)
      assert.isDefined(yield* store.get("a"))
      assert.isDefined(yield* store.get("c"))
      assert.strictEqual((yield* Metric.value(SessionStore.evictions)).count, before)
    }).pipe(Effect.provide(SessionStore.layerMemory({ maxSessions: 2 })))
  )

  it.effect("two layers are two stores", () =>
    Effect.gen(function* () {
      const one = yield* Layer.build(Layer.fresh(SessionStore.layerMemory()))
      const two = yield* Layer.build(Layer.fresh(SessionStore.layerMemory()))
      const put = SessionStore.SessionStore.use((store) => store.put(session("a"), minute))
      const get = SessionStore.SessionStore.use((store) => store.get("a"))
      yield* Effect.provideContext(put, one)
      assert.isUndefined(yield* Effect.provideContext(get, two))
    })
  )

  it.effect("a bound that bounds nothing is a defect", () =>
    Effect.gen(function* () {
      for (const maxSessions of [0, -1, Number.NaN]) {
        const exit = yield* Effect.exit(Layer.build(SessionStore.layerMemory({ maxSessions })))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(exit), "maxSessions must be at least 1")
      }
    })
  )
})

describe("SessionData", () => {
  it.prop(
    "is its own JSON",
    { data: SessionStore.SessionData },
    ({ data }) => {
      const json = JSON.stringify(data)
      const decoded = Schema.decodeUnknownSync(SessionStore.SessionData)(JSON.parse(json))
      assert.deepStrictEqual(decoded, JSON.parse(json))
    },
    { arbitrary: { runs: 200 } }
  )

  it("goes through the JSON codec of its schema, as the stores of Effect use it", () => {
    const codec = Schema.fromJsonString(Schema.toCodecJson(SessionStore.SessionData))
    const data = session("a", {
      clientCapabilities: { sampling: {}, ["notKnownYet" as never]: 1 as never },
      state: { x: [null] }
    })
    assert.deepStrictEqual(Schema.decodeSync(codec)(Schema.encodeSync(codec)(data)), data)
  })

  it("refuses ids that may not stand in a header, and revisions without sessions", () => {
    const is = Schema.is(SessionStore.SessionData)
    assert.isTrue(is(session("0f-!~")))
    for (const id of ["", "a b", "a\n", "ä"]) assert.isFalse(is(session(id)))
    assert.isFalse(is({ ...session("a"), version: "2026-07-28" }))
    assert.isFalse(is({ ...session("a"), state: { when: new Date(0) } }))
    assert.isFalse(is({ ...session("a"), clientCapabilities: { roots: { listChanged: "yes" } } }))
  })

  it("belongs to the principal that opened it alone", () => {
    const principal = (subject: string | undefined, issuer?: string): Principal => ({
      ...anonymous,
      subject,
      ...(issuer === undefined ? {} : { issuer })
    })
    const principals = [anonymous, principal("ada"), principal("ada", "x"), principal("ada", "y"), principal("bob", "x")]
    for (const one of principals) {
      const data = session("a", { principal: SessionStore.bindingOf(one) })
      for (const other of principals) assert.strictEqual(SessionStore.belongsTo(data, other), one === other)
    }
    assert.deepStrictEqual(SessionStore.bindingOf({ ...principal("ada", "x"), scopes: ["all"] }), { subject: "ada", issuer: "x" })
  })
})
