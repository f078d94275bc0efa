import { assert, describe, it } from "@effect/vitest"
import { type ClientConnection, ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { SdkTransport } from "../src/SdkTransport.ts"
import * as TransportForSdk from "../src/TransportForSdk.ts"
import { request } from "./support/FakeTransport.ts"
import { turn } from "./support/turn.ts"

const gone = new ClientTransportError({ reason: new ConnectionClosed({ detail: "gone" }) })

/** A client transport of ours by hand. */
class Fake {
  readonly sent: Array<Jsonrpc.Outbound> = []
  readonly log: Array<string> = []
  receive!: (message: Jsonrpc.Inbound) => void
  readonly ended = Deferred.makeUnsafe<ClientTransportError>()
  /** What happens before there is a connection, and with each message. */
  connecting: Effect.Effect<void, ClientTransportError> = Effect.void
  sending: Effect.Effect<void, ClientTransportError> = Effect.void
  /** What happens after the connection. */
  finishing: Effect.Effect<void> = Effect.void

  private readonly connection: ClientConnection = {
    send: (message) =>
      Effect.andThen(
        this.sending,
        Effect.sync(() => void this.sent.push(message))
      ),
    sendUnsafe: () => false,
    closed: Deferred.await(this.ended)
  }

  readonly layer = Layer.effect(
    ClientTransport,
    Effect.gen({ self: this }, function* () {
      yield* Effect.addFinalizer(() => Effect.sync(() => void this.log.push("layer closed")))
      return {
        kind: "fake",
        connect: (receive) =>
          Effect.gen({ self: this }, function* () {
            this.receive = receive
            yield* Effect.addFinalizer(() =>
              Effect.andThen(
                this.finishing,
                Effect.sync(() => void this.log.push("connection closed"))
              )
            )
            yield* this.connecting
            return this.connection
          })
      }
    })
  )

  /** What the SDK sees, with what it is told written down. */
  readonly transport: SdkTransport = TransportForSdk.fromLayer(this.layer)
  readonly messages: Array<unknown> = []

  constructor() {
    this.transport.onmessage = (message) => void this.messages.push(message)
    this.transport.onerror = ({ message }) => void this.log.push(`error: ${message}`)
    this.transport.onclose = () => void this.log.push("closed")
  }
}

const started = Effect.gen(function* () {
  const fake = new Fake()
  yield* Effect.promise(() => fake.transport.start())
  return fake
})

/** What a promise rejects with, in words. */
const rejection = (call: () => Promise<unknown>): Effect.Effect<string> =>
  Effect.promise(() =>
    call().then(
      () => "it did not reject",
      (error) => (error instanceof Error ? error.message : "no Error")
    )
  )

const close = ({ transport }: Fake) => Effect.promise(() => transport.close())

describe("messages", () => {
  it.effect("of the SDK become ours, and of the server the SDK's", () =>
    Effect.gen(function* () {
      const { messages, receive, sent, transport } = yield* started
      const send = (message: Jsonrpc.JsonObject) => Effect.promise(() => transport.send(message))
      yield* send(request(1, "a", { b: undefined }))
      yield* send({ jsonrpc: "2.0", method: "n" })
      yield* send({ jsonrpc: "2.0", id: 2, result: { c: 1 } })
      yield* send({ jsonrpc: "2.0", id: 3, error: { code: 1, message: "no" } })
      assert.deepStrictEqual(sent.map(Jsonrpc.stringify), [
        '{"jsonrpc":"2.0","id":1,"method":"a","params":{}}',
        '{"jsonrpc":"2.0","method":"n"}',
        '{"jsonrpc":"2.0","id":2,"result":{"c":1}}',
        '{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"no"}}'
      ])
      for (const text of [...sent.map(Jsonrpc.stringify), '[{"jsonrpc":"2.0","id":4,"result":{}}]']) receive(Jsonrpc.parse(text))
      assert.deepStrictEqual(messages, [
        request(1, "a", {}),
        { jsonrpc: "2.0", method: "n" },
        { jsonrpc: "2.0", id: 2, result: { c: 1 } },
        { jsonrpc: "2.0", id: 3, error: { code: 1, message: "no" } },
        { jsonrpc: "2.0", id: 4, result: {} }
      ])
    })
  )

  it.effect("that are none are refused, and nothing is sent", () =>
    Effect.gen(function* () {
      const { sent, transport } = yield* started
      for (const bad of [{}, { jsonrpc: "2.0", id: 1, result: { big: 1n } }, [request(1, "a")]]) {
        assert.include(yield* rejection(() => transport.send(bad)), "the message cannot be sent")
      }
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect("of the server that are none end what waits for them, on both sides", () =>
    Effect.gen(function* () {
      const { log, messages, receive, sent } = yield* started
      const error = { code: -32600, message: "bad" }
      receive({ _tag: "Invalid", id: undefined, answers: 1, error })
      receive({ _tag: "Invalid", id: 2, answers: undefined, error })
      yield* turn
      assert.deepStrictEqual(messages, [{ jsonrpc: "2.0", id: 1, error }])
      assert.deepStrictEqual(sent, [Jsonrpc.failure(2, error)])
      assert.deepStrictEqual(log, Array(2).fill("error: the server sent something that is no message: bad"))
    })
  )

  it.effect("over which the SDK throws are reported", () =>
    Effect.gen(function* () {
      const { log, receive, transport } = yield* started
      transport.onmessage = () => {
        throw new Error("ouch")
      }
      receive(Jsonrpc.request(1, "a"))
      transport.onerror = () => {
        throw new Error("again")
      }
      receive(Jsonrpc.request(2, "a"))
      assert.deepStrictEqual(log, ["error: ouch"])
    })
  )

  it.effect("wait until our transport has taken them, and reject with what it fails with", () =>
    Effect.gen(function* () {
      const fake = yield* started
      const room = Deferred.makeUnsafe<void, ClientTransportError>()
      fake.sending = Deferred.await(room)
      const sent = rejection(() => fake.transport.send(request(1, "a")))
      const [said] = yield* Effect.all([sent, Effect.andThen(turn, Deferred.fail(room, gone))], { concurrency: "unbounded" })
      assert.strictEqual(said, "connection closed: gone")
    })
  )
})

describe("the start", () => {
  it.effect("rejects when there is no connection; then everything is closed", () =>
    Effect.gen(function* () {
      const fake = new Fake()
      fake.connecting = Effect.fail(gone)
      assert.strictEqual(yield* rejection(() => fake.transport.start()), "connection closed: gone")
      assert.deepStrictEqual(fake.log, ["connection closed", "layer closed", "closed"])
      assert.include(yield* rejection(() => fake.transport.start()), "make another one")
    })
  )

  it.effect("is made once, and nothing is sent before it", () =>
    Effect.gen(function* () {
      const fake = new Fake()
      assert.include(yield* rejection(() => fake.transport.send(request(1, "a"))), "not started")
      yield* Effect.promise(() => fake.transport.start())
      assert.include(yield* rejection(() => fake.transport.start()), "was started before")
      assert.deepStrictEqual(fake.log, [])
    })
  )

  it.effect("is interrupted by closing", () =>
    Effect.gen(function* () {
      const fake = new Fake()
      fake.connecting = Effect.never
      const start = rejection(() => fake.transport.start())
      const [said] = yield* Effect.all([start, Effect.andThen(turn, close(fake))], { concurrency: "unbounded" })
      assert.strictEqual(said, "the transport was closed while it started")
      assert.deepStrictEqual(fake.log, ["connection closed", "layer closed", "closed"])
    })
  )

  it.effect("does not come after closing", () =>
    Effect.gen(function* () {
      const fake = new Fake()
      yield* close(fake)
      assert.include(yield* rejection(() => fake.transport.start()), "closed")
      assert.deepStrictEqual(fake.log, ["closed"])
    })
  )
})

describe("the end", () => {
  it.effect("of the connection is told with its reason, once", () =>
    Effect.gen(function* () {
      const fake = yield* started
      yield* Deferred.succeed(fake.ended, gone)
      yield* turn
      const log = ["error: connection closed: gone", "connection closed", "layer closed", "closed"]
      assert.deepStrictEqual(fake.log, log)
      yield* close(fake)
      assert.deepStrictEqual(fake.log, log)
      assert.include(yield* rejection(() => fake.transport.send(request(1, "a"))), "closed")
    })
  )

  it.effect("that the SDK wants closes everything, once, and nothing is delivered any more", () =>
    Effect.gen(function* () {
      const fake = yield* started
      yield* Effect.all([close(fake), close(fake)], { concurrency: "unbounded" })
      fake.receive(Jsonrpc.request(1, "late"))
      yield* Deferred.succeed(fake.ended, gone)
      yield* turn
      assert.deepStrictEqual([fake.log, fake.messages], [["connection closed", "layer closed", "closed"], []])
    })
  )

  it.effect("that does not go well is reported, and is the end all the same", () =>
    Effect.gen(function* () {
      for (const end of ["by the SDK", "by itself"]) {
        const fake = new Fake()
        fake.finishing = Effect.die(new Error("the file is gone"))
        yield* Effect.promise(() => fake.transport.start())
        if (end === "by itself") Deferred.doneUnsafe(fake.ended, Exit.succeed(gone))
        else yield* Effect.promise(() => fake.transport.close())
        yield* turn
        const errors = end === "by itself" ? [`error: ${gone.message}`] : []
        assert.deepStrictEqual(fake.log, [...errors, "layer closed", "error: the file is gone", "closed"])
      }
    })
  )

  it.effect("of the scope closes a transport that was made in it", () =>
    Effect.gen(function* () {
      const fake = new Fake()
      const scope = yield* Scope.make()
      const transport = yield* TransportForSdk.make.pipe(Effect.provide(fake.layer), Effect.provideService(Scope.Scope, scope))
      transport.onclose = () => void fake.log.push("closed")
      yield* Effect.promise(() => transport.start())
      fake.log.length = 0 // the layer was needed to make it
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(fake.log, ["connection closed", "closed"])
    })
  )
})
