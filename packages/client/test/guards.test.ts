import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { TestClock } from "effect/testing"
import * as CircuitBreaking from "../src/CircuitBreaking.ts"
import type { Guard } from "../src/Guard.ts"
import type { McpClient } from "../src/McpClient.ts"
import { McpClientError, RateLimited } from "../src/McpClientError.ts"
import * as RateLimit from "../src/RateLimit.ts"
import { agreeing, connect, scripted, type Script, settle } from "./support/server.ts"

const done = { resultType: "complete", content: [] }

const guarded = (guards: ReadonlyArray<Guard>, script: Script = (message, connection) => connection.answer(message, done)) =>
  Effect.gen(function* () {
    const server = scripted(agreeing("2025-11-25", script))
    const client = yield* connect(server, { guards })
    const calls = () => server.connections[0]!.methods.filter((method) => method === "tools/call").length
    return { client, calls, connection: server.connections[0]! }
  })

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })
const call = (client: McpClient["Service"]) => Effect.result(client.callTool("t"))
const messageOf = (result: Result.Result<unknown, { readonly message: string }>) =>
  Result.isFailure(result) ? result.failure.message : "Success"

describe("guards", () => {
  it.effect("stand around requests, the first one outermost, and see the method and the tool", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const guard = (name: string): Guard =>
        Effect.succeed((request, effect) => {
          const say = (what: string) =>
            Effect.sync(() => void seen.push(`${name} ${what} ${request.method} ${request.tool ?? ""}`.trim()))
          return Effect.andThen(
            say("before"),
            Effect.tap(effect, () => say("after"))
          )
        })
      const { client } = yield* guarded([guard("a"), guard("b")])
      yield* client.callTool("t")
      yield* client.ping
      assert.deepStrictEqual(seen, [
        "a before tools/call t",
        "b before tools/call t",
        "b after tools/call t",
        "a after tools/call t",
        "a before ping",
        "b before ping",
        "b after ping",
        "a after ping"
      ])
    })
  )
})

describe("a limit of the rate", () => {
  it.effect("makes requests wait for their turn", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* guarded([RateLimit.make({ limit: 2, window: "1 second" })])
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => start(client.callTool("t")))
      yield* settle
      assert.strictEqual(calls(), 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(calls(), 4)
      yield* TestClock.adjust("1 second")
      for (const fiber of fibers) assert.isTrue(Result.isSuccess(yield* Fiber.join(fiber)))
    })
  )

  it.effect("makes them fail where they would wait too long", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* guarded([RateLimit.make({ limit: 1, window: "1 second", maxWait: "1 second" })])
      yield* client.callTool("t")
      const waits = yield* start(client.callTool("t"))
      assert.match(
        messageOf(yield* call(client)),
        /^tools\/call was not sent: the limit of 1 requests is reached; try again in \d+ ms$/
      )
      yield* TestClock.adjust("1 second")
      assert.isTrue(Result.isSuccess(yield* Fiber.join(waits)))
      assert.strictEqual(calls(), 2)
    })
  )

  it.effect("makes them fail at once where they must not wait", () =>
    Effect.gen(function* () {
      const { client } = yield* guarded([RateLimit.make({ limit: 1, window: "1 second", maxWait: 0 })])
      yield* client.callTool("t")
      assert.include(messageOf(yield* call(client)), "try again in 1000 ms")
      yield* TestClock.adjust("1 second")
      yield* client.callTool("t")
    })
  )

  it.effect("is one for all clients of a store, by its key", () =>
    Effect.gen(function* () {
      const limit = (key: string) => RateLimit.make({ limit: 1, window: "1 second", maxWait: 0, key })
      const one = yield* guarded([limit("a")])
      const two = yield* guarded([limit("a")])
      const three = yield* guarded([limit("b")])
      yield* one.client.callTool("t")
      assert.include(messageOf(yield* call(two.client)), "try again")
      yield* three.client.callTool("t")
    }).pipe(Effect.provide(RateLimiter.layerStoreMemory))
  )

  it.effect("is one for each client without a store", () =>
    Effect.gen(function* () {
      const limit = RateLimit.make({ limit: 1, window: "1 second", maxWait: 0 })
      const one = yield* guarded([limit])
      const two = yield* guarded([limit])
      yield* one.client.callTool("t")
      yield* two.client.callTool("t")
    })
  )
})

describe("a circuit breaker", () => {
  const failing = () => {
    const mood = { code: -32603 as number | undefined }
    const script: Script = (message, connection) =>
      mood.code === undefined ? connection.answer(message, done) : connection.refuse(message, mood.code)
    return { mood, script }
  }

  it.effect("sends nothing any more after five failures in a row, and tries again after a while", () =>
    Effect.gen(function* () {
      const { mood, script } = failing()
      const { calls, client } = yield* guarded([CircuitBreaking.make()], script)
      for (let i = 0; i < 5; i++) yield* call(client)
      assert.strictEqual(
        messageOf(yield* call(client)),
        "tools/call was not sent: too many requests to this server have failed; try again in 30000 ms"
      )
      assert.strictEqual(calls(), 5)
      yield* TestClock.adjust("30 seconds")
      mood.code = undefined
      yield* client.callTool("t")
      yield* client.callTool("t")
      assert.strictEqual(calls(), 7)
    })
  )

  it.effect("while one request tries, others are not sent", () =>
    Effect.gen(function* () {
      const { mood, script } = failing()
      let isSilent = false
      const guards = [CircuitBreaking.make({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 second" })]
      const { client } = yield* guarded(guards, (message, connection) => isSilent || script(message, connection))
      yield* call(client)
      yield* TestClock.adjust("1 second")
      isSilent = true
      mood.code = undefined
      yield* start(client.callTool("t"))
      assert.include(messageOf(yield* call(client)), "one request is trying now")
    })
  )

  it.effect("counts no refusal as a failure, unless it is told to", () =>
    Effect.gen(function* () {
      const { mood, script } = failing()
      mood.code = -32602
      const { calls, client } = yield* guarded([CircuitBreaking.make()], script)
      for (let i = 0; i < 7; i++) yield* call(client)
      assert.strictEqual(calls(), 7)
      const strict = yield* guarded([CircuitBreaking.make({ isFailure: () => true })], script)
      for (let i = 0; i < 7; i++) yield* call(strict.client)
      assert.strictEqual(strict.calls(), 5)
    })
  )

  it.effect("counts answers that cannot be used", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* guarded([CircuitBreaking.make()], (message, connection) =>
        connection.send({ id: message["id"], result: 1 })
      )
      for (let i = 0; i < 7; i++) assert.isTrue(Result.isFailure(yield* call(client)))
      assert.strictEqual(calls(), 5)
    })
  )

  it.effect("counts timeouts and lost connections", () =>
    Effect.gen(function* () {
      const { calls, client, connection } = yield* guarded(
        [CircuitBreaking.make({ tripPolicy: CircuitBreaker.consecutive(2) })],
        () => {}
      )
      const late = yield* start(client.callTool("t"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(late)
      const lost = yield* start(client.callTool("t"))
      connection.end()
      yield* Fiber.join(lost)
      assert.include(messageOf(yield* call(client)), "too many requests to this server have failed")
      assert.strictEqual(calls(), 2)
    })
  )

  it.effect("remembers in a store that is provided", () =>
    Effect.gen(function* () {
      const { script } = failing()
      const one = yield* guarded([CircuitBreaking.make()], script)
      const two = yield* guarded([CircuitBreaking.make()], script)
      for (let i = 0; i < 5; i++) yield* call(one.client)
      yield* call(two.client)
      assert.strictEqual(two.calls(), 0)
    }).pipe(Effect.provide(CircuitBreaker.layerStoreMemory()))
  )
})

describe("a limit that more is asked of than it lets through", () => {
  it.effect.each(["fixed-window", "token-bucket"] as const)("lets through what it says all the time, by %s", (algorithm) =>
    Effect.gen(function* () {
      const guard = RateLimit.make({ limit: 2, window: "1 second", maxWait: "3 seconds", algorithm })
      const { calls, client } = yield* guarded([guard])
      for (let second = 0; second < 20; second++) {
        yield* Effect.forEach(Array.from({ length: 50 }), () => start(client.callTool("t")))
        yield* TestClock.adjust("1 second")
      }
      assert.isAtLeast(calls(), 40)
      assert.isAtMost(calls(), 44)
      yield* TestClock.adjust("4 seconds")
      const before = calls()
      yield* client.callTool("t")
      assert.strictEqual(calls(), before + 1)
    })
  )

  it.effect("lets a bucket fill again drop by drop", () =>
    Effect.gen(function* () {
      const guard = RateLimit.make({ limit: 2, window: "1 second", maxWait: "500 millis", algorithm: "token-bucket" })
      const { client } = yield* guarded([guard])
      for (let i = 0; i < 2; i++) yield* client.callTool("t")
      const soon = yield* start(client.callTool("t"))
      assert.include(messageOf(yield* call(client)), "the limit of 2 requests")
      yield* TestClock.adjust("500 millis")
      assert.isTrue(Result.isSuccess(yield* Fiber.join(soon)))
    })
  )

  it.effect(
    "does not make those wait too long who learn of the others from a store, and takes no turn where nobody may wait",
    () =>
      Effect.gen(function* () {
        const limit = (maxWait: number) => RateLimit.make({ limit: 1, window: "1 second", maxWait })
        const many = yield* guarded([limit(60_000)])
        const few = yield* guarded([limit(1000)])
        const none = yield* guarded([limit(0)])
        const waiting = yield* Effect.forEach([1, 2, 3, 4], () => start(many.client.callTool("t")))
        yield* settle
        assert.include(messageOf(yield* call(few.client)), "the limit of 1 requests")
        for (let i = 0; i < 50; i++) assert.include(messageOf(yield* call(none.client)), "the limit of 1 requests")
        // Four of the first client, and the one that did not know of them.
        yield* TestClock.adjust("5 seconds")
        for (const fiber of waiting) assert.isTrue(Result.isSuccess(yield* Fiber.join(fiber)))
        yield* none.client.callTool("t")
      }).pipe(Effect.provide(RateLimiter.layerStoreMemory))
  )

  it.effect("lets everything through where its store does not work", () =>
    Effect.gen(function* () {
      const down = new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "it is down" }) })
      const store = RateLimiter.RateLimiterStore.of({
        fixedWindow: () => Effect.fail(down),
        tokenBucket: () => Effect.fail(down),
        adaptiveConsume: () => Effect.fail(down),
        adaptiveFeedback: () => Effect.fail(down)
      })
      const { calls, client } = yield* Effect.provideService(
        guarded([RateLimit.make({ limit: 1, window: "1 second", maxWait: 0 })]),
        RateLimiter.RateLimiterStore,
        store
      )
      for (let i = 0; i < 3; i++) yield* client.callTool("t")
      assert.strictEqual(calls(), 3)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("counts for itself, also where a client has several", () =>
    Effect.gen(function* () {
      const guards = [
        RateLimit.make({ limit: 10, window: "1 second", maxWait: 0 }),
        RateLimit.make({ limit: 10, window: "1 minute" })
      ]
      const { calls, client } = yield* guarded(guards)
      for (let i = 0; i < 10; i++) yield* client.callTool("t")
      assert.strictEqual(calls(), 10)
    })
  )

  it.effect("is there again at once where a window began a while ago", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* guarded([RateLimit.make({ limit: 2, window: "1 second", maxWait: "200 millis" })])
      yield* client.callTool("t")
      yield* TestClock.adjust("900 millis")
      yield* client.callTool("t")
      const soon = yield* start(client.callTool("t"))
      yield* TestClock.adjust("100 millis")
      assert.isTrue(Result.isSuccess(yield* Fiber.join(soon)))
      assert.strictEqual(calls(), 3)
    })
  )
})

describe("what says nothing about the server", () => {
  it.effect("neither opens a circuit nor closes it: what was not sent, what was interrupted, what broke here", () =>
    Effect.gen(function* () {
      const mood = { inner: "sends" }
      const inner: Guard = Effect.succeed((_, effect) =>
        mood.inner === "sends"
          ? effect
          : mood.inner === "breaks"
            ? Effect.die(new Error("a fault"))
            : Effect.fail(new McpClientError({ reason: new RateLimited({ method: "m", limit: 1, retryAfter: 1 }) }))
      )
      const breaker = CircuitBreaking.make({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "1 second" })
      const { client, connection } = yield* guarded([breaker, inner], (message, connection) => {
        if (message["params"].name === "t") connection.refuse(message, -32603)
      })
      for (const how of ["limits", "breaks"]) {
        mood.inner = how
        for (let i = 0; i < 5; i++) yield* Effect.exit(client.callTool("t"))
      }
      mood.inner = "sends"
      for (let i = 0; i < 5; i++) yield* Fiber.interrupt(yield* start(client.callTool("silent")))
      assert.include(messageOf(yield* call(client)), "the server refused")
      mood.inner = "limits"
      yield* call(client)
      mood.inner = "sends"
      // Still the second failure in a row.
      yield* call(client)
      assert.include(messageOf(yield* call(client)), "too many requests")
      yield* TestClock.adjust("1 second")
      mood.inner = "limits"
      assert.include(messageOf(yield* call(client)), "limit")
      mood.inner = "sends"
      // The one that tries is still to come.
      assert.include(messageOf(yield* call(client)), "the server refused")
      assert.include(messageOf(yield* call(client)), "too many requests")
      assert.isAbove(connection.sent.length, 0)
    })
  )
})
