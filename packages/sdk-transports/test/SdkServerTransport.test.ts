import { assert, describe, it } from "@effect/vitest"
import { Dispatcher, type Emit, type Outcome, type PeerOptions, withoutSessions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as SdkServerTransport from "../src/SdkServerTransport.ts"
import { FakeTransport, request } from "./support/FakeTransport.ts"
import { turn } from "./support/turn.ts"

interface Handled {
  readonly message: Jsonrpc.Inbound
  readonly emit: Emit
  readonly principal: Principal.Principal | undefined
}

/** A server that keeps what it is given. Requests are answered with their method, but `wait`, which never is. */
class Served {
  readonly handled: Array<Handled> = []
  readonly opened: Array<PeerOptions> = []
  readonly log: Array<string> = []
  readonly layer = Layer.succeed(Dispatcher, {
    ...withoutSessions(() => Effect.die(new Error("not used"))),
    open: (options) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          this.opened.push(options)
          return { id: this.opened.length, inFlight: 0 }
        }),
        () => Effect.sync(() => void this.log.push("peer closed"))
      ),
    handle: (_peer, message, emit, delivery) => {
      this.handled.push({ message, emit, principal: delivery?.principal })
      return this.outcome(message)
    },
    drain: () => Effect.void,
    abandon: () => ({ _tag: "NoReply" })
  })

  private outcome(message: Jsonrpc.Inbound): Effect.Effect<Outcome> {
    if (message._tag === "Invalid") {
      return Effect.succeed({ _tag: "Rejected", message: Jsonrpc.failure(message.id, message.error) })
    }
    if (message._tag !== "Request") return Effect.succeed({ _tag: "Accepted" })
    if (message.method === "wait") return Effect.never
    return Effect.succeed({ _tag: "Reply", message: Jsonrpc.reply(message.id, JSON.stringify({ method: message.method })) })
  }
}

/** Serves a fake in the background. */
const serve = Effect.fnUntraced(function* (options?: SdkServerTransport.Options, set?: (fake: FakeTransport) => void) {
  const fake = new FakeTransport()
  set?.(fake)
  const served = new Served()
  const program = Effect.provide(SdkServerTransport.serve(fake, options), served.layer)
  const fiber = yield* Effect.forkScoped(Effect.exit(program), { startImmediately: true })
  yield* turn
  return { fake, served, fiber, last: () => served.handled.at(-1)! }
})

const answer = (id: number, method: string) => ({ jsonrpc: "2.0", id, result: { method } })
const progress = Jsonrpc.notification("notifications/progress", { progress: 1 })
const question = Jsonrpc.request(9, "roots/list")

describe("a conversation", () => {
  it.effect("has its requests answered", () =>
    Effect.gen(function* () {
      const { fake, served } = yield* serve()
      fake.arrive(request(1, "a", { deep: { is: undefined } }))
      fake.arrive({ jsonrpc: "2.0", method: "b" })
      assert.deepStrictEqual(fake.messages, [answer(1, "a")])
      assert.deepStrictEqual(served.handled[0]!.message, Jsonrpc.request(1, "a", { deep: {} }))
      assert.strictEqual(served.opened[0]!.transport, "sdk")
    })
  )

  it.effect("has its mistakes answered", () =>
    Effect.gen(function* () {
      const { fake } = yield* serve()
      fake.arrive({ jsonrpc: "2.0", id: 1, method: 2 })
      assert.containSubset(fake.messages, [{ id: 1, error: { code: -32600 } }])
    })
  )

  it.effect("sends what belongs to a request with its id, and the rest without", () =>
    Effect.gen(function* () {
      const { fake, last, served } = yield* serve()
      fake.arrive(request(0, "wait"))
      yield* last().emit.send(progress)
      assert.isTrue(last().emit.sendUnsafe(progress))
      yield* served.opened[0]!.push.send(progress)
      assert.deepStrictEqual(
        fake.sent.map(({ options }) => options),
        [{ relatedRequestId: 0 }, { relatedRequestId: 0 }, undefined]
      )
    })
  )

  it.effect("is what the options say, and what the transport is called", () =>
    Effect.gen(function* () {
      const ada = Principal.make({ subject: "ada" })
      const options = { canAsk: false, principal: ({ authInfo }: { authInfo?: object }) => (authInfo ? ada : undefined) }
      const { fake, last, served } = yield* serve(options, (fake) => void (fake.sessionId = "s"))
      const [opened] = served.opened
      assert.deepStrictEqual([opened!.sessionId, opened!.push.canAsk], ["s", false])
      assert.deepStrictEqual(fake.supported, [[...Revision.versions]])
      fake.arrive(request(1, "a"))
      assert.deepStrictEqual([last().principal, last().emit.canAsk], [undefined, false])
      fake.arrive(request(2, "a"), { authInfo: { token: "t", clientId: "c", scopes: [] } })
      assert.strictEqual(last().principal, ada)
    })
  )

  it.effect("has the questions fail that cannot be sent", () =>
    Effect.gen(function* () {
      const { fake, last, served } = yield* serve()
      fake.sending = () => {
        throw new Error("no stream")
      }
      yield* served.opened[0]!.push.send(progress)
      assert.isEmpty(served.handled)
      yield* served.opened[0]!.push.send(question)
      const error = { code: -32603, message: "the question could not be sent: no stream" }
      assert.deepStrictEqual(last().message, Jsonrpc.failure(9, error))
    })
  )
})

describe("the end", () => {
  it.effect("comes when the transport says so; then the peer is closed, and nothing is sent", () =>
    Effect.gen(function* () {
      const { fake, fiber, last, served } = yield* serve()
      fake.arrive(request(1, "wait"))
      const { emit } = last()
      fake.onclose?.()
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
      yield* emit.send(progress)
      assert.isFalse(emit.sendUnsafe(progress))
      fake.arrive(request(2, "late"))
      assert.deepStrictEqual([served.log, fake.sent, served.handled.length], [["peer closed"], [], 1])
    })
  )

  it.effect("comes with the interruption: the transport is closed after the peer", () =>
    Effect.gen(function* () {
      const { fake, fiber, served } = yield* serve(undefined, () => {})
      fake.closing = () => void served.log.push("transport closed")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(served.log, ["peer closed", "transport closed"])
    })
  )

  it.effect("does not wait for a transport that does not close", () =>
    Effect.gen(function* () {
      const { fake, fiber } = yield* serve()
      fake.closing = () => new Promise(() => {})
      fake.onclose?.()
      yield* turn
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
    })
  )

  it.effect("is a failure of a transport that does not start", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.starting = () => Promise.reject(new Error("in use"))
      const served = new Served()
      const layer = SdkServerTransport.layer(() => fake).pipe(Layer.provide(served.layer))
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(error.message, "the transport of the SDK did not start: in use")
      assert.deepStrictEqual([fake.closed, served.log], [1, ["peer closed"]])
    })
  )

  it.effect("is a failure of a transport that takes longer than 30 seconds to start", () =>
    Effect.gen(function* () {
      const { fiber } = yield* serve(undefined, (fake) => void (fake.starting = () => new Promise(() => {})))
      yield* TestClock.adjust("30 seconds")
      assert.include(String(yield* Fiber.join(fiber)), "longer than 30s")
    })
  )

  it.effect("of a layer closes its transport", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      const scope = yield* Scope.make()
      const layer = SdkServerTransport.layer(() => fake).pipe(Layer.provide(new Served().layer))
      yield* Effect.provideService(Layer.build(layer), Scope.Scope, scope)
      fake.arrive(request(1, "a"))
      assert.deepStrictEqual([fake.messages, fake.closed], [[answer(1, "a")], 0])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(fake.closed, 1)
    })
  )
})

describe("a layer", () => {
  /** Builds it, and gives its log. */
  const build = Effect.fnUntraced(function* (fake: FakeTransport, options?: SdkServerTransport.Options) {
    const served = new Served()
    const layer = SdkServerTransport.layer(() => fake, options).pipe(Layer.provide(served.layer))
    yield* Layer.build(layer)
    yield* turn
    return served
  })

  it.effect("closes its peer when the transport is closed, and lives on", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      const served = yield* build(fake)
      fake.onclose?.()
      yield* turn
      assert.deepStrictEqual(served.log, ["peer closed"])
    })
  )

  it.effect("closes the transport of a client that does not read", () =>
    Effect.gen(function* () {
      const fake = new FakeTransport()
      fake.isSlow = true
      const served = yield* build(fake, { highWaterMark: 1, maxWaiting: 0 })
      for (const id of [1, 2]) fake.arrive(request(id, "a"))
      yield* turn
      assert.deepStrictEqual([served.log, fake.closed], [["peer closed"], 1])
    })
  )
})

describe("a client that does not read", () => {
  const slow = (fake: FakeTransport) => void (fake.isSlow = true)

  it.effect("has its messages wait, in order, and what may be dropped is", () =>
    Effect.gen(function* () {
      const { fake, last, served } = yield* serve({ highWaterMark: 1 }, slow)
      for (const id of [1, 2, 3]) fake.arrive(request(id, "a"))
      assert.strictEqual(served.handled.length, 1)
      assert.isFalse(last().emit.sendUnsafe(progress))
      fake.sent[0]!.settle()
      yield* turn
      assert.strictEqual(served.handled.length, 2)
      fake.sent[1]!.settle()
      yield* turn
      assert.deepStrictEqual(fake.messages, [answer(1, "a"), answer(2, "a"), answer(3, "a")])
    })
  )

  it.effect("has those that wait for room to send go on when there is some", () =>
    Effect.gen(function* () {
      const { fake, last } = yield* serve({ highWaterMark: 1 }, slow)
      fake.arrive(request(1, "a"))
      const told = Effect.runFork(last().emit.send(progress))
      yield* turn
      assert.strictEqual(fake.sent.length, 1)
      fake.sent[0]!.settle()
      yield* turn
      fake.sent[1]!.settle()
      yield* Fiber.join(told)
      assert.containSubset(fake.messages[1], { method: "notifications/progress" })
    })
  )

  it.effect("is given up when too many wait", () =>
    Effect.gen(function* () {
      const { fake, fiber, served } = yield* serve({ highWaterMark: 1, maxWaiting: 2 }, slow)
      for (const id of [1, 2, 3]) fake.arrive(request(id, "a"))
      assert.isUndefined(fiber.pollUnsafe())
      fake.arrive(request(4, "a"))
      assert.include(String(yield* Fiber.join(fiber)), "sent 2 messages more")
      assert.deepStrictEqual([fake.closed, served.log, served.handled.length], [1, ["peer closed"], 1])
    })
  )
})
