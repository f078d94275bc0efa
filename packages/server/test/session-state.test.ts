import * as Principal from "@effect-mcp/core/Principal"
import * as SessionState from "@effect-mcp/core/SessionState"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import * as StateStore from "@effect-mcp/core/StateStore"
import { StoreError } from "@effect-mcp/core/StoreError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { type Json, type RawPeer, serve } from "./support/peer.ts"

const Cart = SessionState.make("cart", { schema: Schema.Array(Schema.String), ttl: "1 hour" })
const Since = SessionState.make("since", { schema: Schema.Date })
const Notes = SessionState.perPrincipal("notes", { schema: Schema.Array(Schema.String) })

const failure = SessionState.SessionStateError

const Shop = McpGroup.make(
  "shop",
  Tool.make("add", { parameters: { item: Schema.String }, success: Schema.Array(Schema.String), failure }),
  Tool.make("cart", { success: Schema.NullOr(Schema.Array(Schema.String)), failure }),
  Tool.make("clear", { failure }),
  Tool.make("since", { parameters: { year: Schema.optionalKey(Schema.Int) }, success: Schema.NullOr(Schema.Int), failure }),
  Tool.make("note", { parameters: { text: Schema.String }, success: Schema.Array(Schema.String), failure })
)

const append = (state: SessionState.SessionState<ReadonlyArray<string>>, item: string) =>
  state.update((items) => [...Option.getOrElse(items, () => []), item])

const ShopLive = Shop.toLayer({
  tools: {
    add: ({ item }) => append(Cart, item),
    cart: () => Effect.map(Cart.get, Option.getOrNull),
    clear: () => Cart.remove,
    since: Effect.fnUntraced(function* ({ year }) {
      if (year !== undefined) yield* Since.set(new Date(Date.UTC(year)))
      return Option.getOrNull(Option.map(yield* Since.get, (date) => date.getUTCFullYear()))
    }),
    note: ({ text }) => append(Notes, text)
  }
})

const Server = McpServer.layer({ name: "shop", version: "1" }, Shop).pipe(Layer.provide(ShopLive))

const ada = Principal.make({ subject: "ada", issuer: "https://a" })

const result = Effect.fnUntraced(function* (peer: RawPeer, name: string, args: Json = {}) {
  const { result } = yield* peer.call(name, args)
  return result.isError === true ? String(result.content[0].text) : (result.structuredContent?.result ?? null)
})

/** A session that the store keeps. */
const kept = { sessionId: "one", kept: true }

describe("the state of a session", () => {
  for (const [where, options] of [
    ["in the store", kept],
    ["with its conversation", {}]
  ] as const) {
    it.effect(`${where}: is kept from call to call, changed and removed`, () =>
      Effect.gen(function* () {
        const served = yield* serve(Server)
        const peer = yield* served.speak("2025-11-25", options)
        assert.isNull(yield* result(peer, "cart"))
        yield* result(peer, "add", { item: "tea" })
        assert.deepStrictEqual(yield* result(peer, "add", { item: "milk" }), ["tea", "milk"])
        assert.strictEqual(yield* result(peer, "since", { year: 1999 }), 1999)
        yield* result(peer, "clear")
        assert.deepStrictEqual([yield* result(peer, "cart"), yield* result(peer, "since")], [null, 1999])
        const other = yield* served.speak("2025-11-25", { ...options, ...("sessionId" in options ? { sessionId: "two" } : {}) })
        assert.isNull(yield* result(other, "since"))
      })
    )
  }

  it.effect("is over after its time to live, which begins with every change", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      yield* result(peer, "add", { item: "tea" })
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(yield* result(peer, "add", { item: "milk" }), ["tea", "milk"])
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(yield* result(peer, "cart"), ["tea", "milk"])
      yield* TestClock.adjust("1 minute")
      assert.isNull(yield* result(peer, "cart"))
    })
  )

  it.effect("does not exist in the request era, nor where a session is only assumed", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const modern = yield* served.speak("2026-07-28")
      assert.match(yield* result(modern, "cart"), /belongs to none: keep it for the principal/)
      const alone = yield* served.open({ assumed: "2025-11-25" })
      assert.match(yield* result(alone, "add", { item: "tea" }), /belongs to none/)
    })
  )

  it.effect("has a bound in all, and what would exceed it changes nothing", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak("2025-11-25")
      yield* result(peer, "add", { item: "x".repeat(40_000) })
      const text = yield* result(peer, "add", { item: "y".repeat(30_000) })
      assert.match(text, /with the state "cart" there would be 70\d{3} characters of JSON, and 65536 are allowed/)
      assert.lengthOf(yield* result(peer, "cart"), 1)
    })
  )

  it.effect("that does not fit its Schema any more is none", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore.SessionStore
      const served = yield* serve(Server.pipe(Layer.provide(Layer.succeed(SessionStore.SessionStore, store))))
      const peer = yield* served.speak("2025-11-25", kept)
      for (const entry of [{ value: [1] }, { value: "tea" }, "tea", null]) {
        yield* store.modify("one", (data) => ({ ...data, state: { cart: entry, constructor: 1 } }))
        assert.isNull(yield* result(peer, "cart"))
      }
    }).pipe(Effect.provide(SessionStore.layerMemory()))
  )

  it.effect("fails with what its store fails with", () =>
    Effect.gen(function* () {
      const memory = yield* SessionStore.SessionStore
      const broken = new StoreError({ store: "SessionStore", operation: "modify", detail: "no connection" })
      const store = { ...memory, modify: () => Effect.fail(broken), get: () => Effect.fail(broken) }
      const served = yield* serve(Server.pipe(Layer.provide(Layer.succeed(SessionStore.SessionStore, store))))
      const peer = yield* served.speak("2025-11-25", kept)
      assert.match(yield* result(peer, "add", { item: "tea" }), /SessionStore.modify failed: no connection/)
      assert.match(yield* result(peer, "cart"), /no connection/)
    }).pipe(Effect.provide(SessionStore.layerMemory()))
  )
})

describe("the state of a principal", () => {
  it.effect("is the same in all its sessions, and in every revision, and nobody else's", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const session = yield* served.speak("2025-11-25", { principal: ada })
      yield* result(session, "note", { text: "a" })
      const modern = yield* served.speak("2026-07-28", { principal: ada })
      const { result: answer } = yield* modern.call("note", { text: "b" })
      assert.deepStrictEqual(answer.structuredContent, ["a", "b"])
      for (const other of [
        { subject: "ada", issuer: "https://b" },
        { subject: "eve", issuer: "https://a" },
        { subject: "ada" }
      ]) {
        const peer = yield* served.speak("2025-11-25", { principal: Principal.make(other) })
        assert.deepStrictEqual(yield* result(peer, "note", { text: "c" }), ["c"])
      }
      const nobody = yield* served.speak("2025-11-25")
      assert.match(yield* result(nobody, "note", { text: "d" }), /this request is anonymous/)
    })
  )

  it.effect("is one of each server, where several share a store", () =>
    Effect.gen(function* () {
      const store = yield* StateStore.StateStore
      for (const name of ["one", "two"]) {
        const Named = McpServer.layer({ name, version: "1" }, Shop).pipe(
          Layer.provide([ShopLive, Layer.succeed(StateStore.StateStore, store)])
        )
        const peer = yield* (yield* serve(Named)).speak("2025-11-25", { principal: ada })
        assert.deepStrictEqual(yield* result(peer, "note", { text: name }), [name])
      }
    }).pipe(Effect.provide(StateStore.layerMemory()))
  )
})
