import { assert, describe, it } from "@effect/vitest"
import * as McpClient from "@effect-mcp/client/McpClient"
import { type ClientConnection, ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Faults from "../src/Faults.ts"
import * as McpTest from "../src/McpTest.ts"
import { Files, FilesServer } from "./support/files.ts"

const client = (...faults: ReadonlyArray<Faults.Fault>) => McpTest.typed(Files, FilesServer, { faults })

const connecting = McpClient.make({ name: "test", version: "0", reconnect: false })

/** The result of an effect under the test clock, in which that many seconds pass. */
const within = <A, E, R>(seconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let i = 0; i < seconds; i++) {
      yield* McpTest.settle
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.join(fiber)
  })

describe("faults on the way", () => {
  it.effect("let everything else pass", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.drop({ method: "no/such" }), Faults.delay({ when: () => false }, "1 day"))
      assert.strictEqual(yield* files.tools.index(), 2)
      assert.strictEqual(files.received.progress.all.length, 2)
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("lose the first answer to a method, so that the call times out and the next one succeeds", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const when = ({ kind, method, to }: Faults.Passing) => {
        if (method === "tools/call") seen.push(`${kind} to ${to}`)
        return true
      }
      const files = yield* client(Faults.drop({ to: "client", kind: "answer", method: "tools/call", nth: 1, when }))
      const error = yield* within(70, Effect.flip(files.tools.who()))
      assert.include(error.message, "no answer and no progress for 60000 ms")
      assert.match(yield* files.tools.who(), /^undefined/)
      assert.deepStrictEqual(seen, ["answer to client", "answer to client"])
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("lose requests and notifications on the way to the server, every one or the nth", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.drop({ to: "server", kind: "request", method: "resources/read", nth: 2 }))
      assert.strictEqual(yield* files.resources.file({ path: "a" }), "contents of a")
      const lost = files.resources.file({ path: "b" })
      assert.include((yield* within(70, Effect.flip(lost))).message, "no answer")
      assert.strictEqual(yield* files.resources.file({ path: "c" }), "contents of c")
    })
  )

  it.effect("hold messages back for as long as the clock of the test says", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.delay({ to: "client", kind: "answer", method: "tools/call", nth: 1 }, "5 seconds"))
      const first = yield* Effect.forkChild(files.tools.who())
      yield* McpTest.settle
      assert.match(yield* files.tools.who(), /^undefined/) // overtakes it
      yield* TestClock.adjust("4 seconds")
      yield* McpTest.settle
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.match(yield* Fiber.join(first), /^undefined/)
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("deliver messages twice", () =>
    Effect.gen(function* () {
      const files = yield* client(
        Faults.duplicate({ to: "client", method: "notifications/progress" }),
        Faults.duplicate({ to: "client", kind: "answer", method: "tools/call" }, 3)
      )
      assert.strictEqual(yield* files.tools.index(), 2)
      assert.deepStrictEqual(
        files.received.progress.all.map(({ progress }) => progress),
        [1, 1, 2, 2]
      )
    })
  )

  it.effect("change messages, to the client also into what is none", () =>
    Effect.gen(function* () {
      const files = yield* client(
        Faults.change({ to: "server", method: "tools/call", nth: 1 }, (message) => ({
          ...message,
          params: { ...(message["params"] as object), name: "who" }
        })),
        Faults.change(
          { to: "client", kind: "answer", method: "tools/call", nth: 2 },
          ({ id }) => `{"jsonrpc":"2.0","id":${id},"result":7}`
        )
      )
      assert.match(JSON.stringify(yield* files.callTool("slow")), /undefined 20/)
      assert.include((yield* Effect.flip(files.tools.who())).message, "cannot be used")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("change answers of the client, too", () =>
    Effect.gen(function* () {
      const files = yield* McpTest.typed(Files, FilesServer, {
        era: "session",
        user: McpTest.answers({ sure: true }),
        faults: [
          Faults.change({ to: "server", kind: "answer", method: "elicitation/create" }, ({ id }) => ({
            jsonrpc: "2.0",
            id,
            result: { action: "accept", content: { sure: false } }
          }))
        ]
      })
      assert.strictEqual(yield* files.tools.remove({ path: "a" }), "kept")
    })
  )

  it.effect("cut the connection: calls fail at once, the server ends what it did, and a new connection works", () =>
    Effect.gen(function* () {
      const ended: Array<string> = []
      const wait = Tool.make("wait")
      const WaitLive = wait.toLayer(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void ended.push("wait"))))
      const Server = McpServer.layer({ name: "waiting", version: "1" }, wait).pipe(Layer.provide(WaitLive))
      const program = Effect.gen(function* () {
        const first = yield* connecting
        const slow = yield* Effect.forkChild(Effect.flip(first.callTool("wait")))
        yield* McpTest.settle
        assert.include((yield* Effect.flip(first.callTool("wait"))).message, "pulled")
        assert.include((yield* Fiber.join(slow)).message, "pulled")
        assert.include((yield* Effect.flip(first.callTool("wait"))).message, "pulled")
        yield* McpTest.settle
        assert.deepStrictEqual(ended, ["wait"])
        assert.strictEqual((yield* (yield* connecting).listTools).length, 1)
      })
      const cut = Faults.cut({ to: "server", method: "tools/call", nth: 2 }, "the cable was pulled")
      yield* Effect.provide(program, MemoryTransport.layer().pipe(Faults.inject(cut), Layer.provide(Server)))
    })
  )

  it.effect("end with the connection: what was held back is lost, and why it ended is told", () =>
    Effect.gen(function* () {
      const received: Array<string> = []
      const gone = new ClientTransportError({ reason: new ConnectionClosed({ detail: "gone" }) })
      const end = yield* Deferred.make<ClientTransportError>()
      const Ending = Layer.succeed(
        ClientTransport,
        ClientTransport.of({
          kind: "memory",
          connect: (receive) =>
            Effect.succeed({
              send: () => Effect.void,
              sendUnsafe: () => {
                receive(Jsonrpc.parse('{"jsonrpc":"2.0","method":"late"}'))
                return true
              },
              closed: Deferred.await(end)
            })
        })
      )
      yield* Effect.gen(function* () {
        const { connect } = yield* ClientTransport
        const connection = yield* connect((message) => void received.push(message._tag))
        connection.sendUnsafe(Jsonrpc.request(1, "ping"))
        yield* Deferred.succeed(end, gone)
        assert.strictEqual(yield* connection.closed, gone)
        yield* TestClock.adjust("1 minute")
        assert.isFalse(connection.sendUnsafe(Jsonrpc.request(2, "ping")))
        assert.strictEqual(yield* Effect.flip(connection.send(Jsonrpc.request(3, "ping"))), gone)
        assert.deepStrictEqual(received, [])
      }).pipe(Effect.scoped, Effect.provide(Ending.pipe(Faults.inject(Faults.delay({ to: "client" }, "1 second")))))
    })
  )

  it.effect("cut the connection of a client that connects again by itself, and what it knows is up to date", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.cut({ to: "server", method: "prompts/list", nth: 1 }))
      const listed = yield* within(20, files.listPrompts)
      assert.deepStrictEqual(
        listed.map(({ name }) => name),
        ["explain"]
      )
      assert.strictEqual(files.serverInfo?.name, "files")
      const { get } = Object.getOwnPropertyDescriptor(files, "revision") ?? {}
      assert.isFunction(get, "the revision may be another one then")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("refuse connections, which a program may try again", () =>
    Effect.gen(function* () {
      const transport = MemoryTransport.layer().pipe(Faults.inject(Faults.unreachable(2)), Layer.provide(FilesServer))
      const program = Effect.gen(function* () {
        const error = yield* Effect.flip(connecting)
        assert.include(error.message, "refused by the test")
        return yield* Effect.retry(connecting, Schedule.recurs(1))
      })
      assert.strictEqual((yield* Effect.provide(program, transport)).serverInfo?.name, "files")
    })
  )

  it.effect("show whether a program that connects again recovers", () =>
    Effect.gen(function* () {
      const program = McpClient.make({ name: "monitor", version: "1", reconnect: false }).pipe(
        Effect.flatMap((client) => client.callTool("who")),
        Effect.scoped
      )
      const faults = [Faults.unreachable(1), Faults.cut({ to: "server", method: "tools/call", nth: 1 })]
      const transport = MemoryTransport.layer().pipe(Faults.inject(...faults), Layer.provide(FilesServer))
      const tried = (times: number) =>
        Effect.provide(Effect.exit(Effect.retry(program, Schedule.recurs(times))), Layer.fresh(transport))
      assert.strictEqual((yield* tried(1))._tag, "Failure")
      assert.strictEqual((yield* tried(2))._tag, "Success")
    })
  )

  it.effect("cannot make a client send what is no message", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.change({ to: "server", method: "tools/call" }, () => "{"))
      assert.include(
        (yield* Effect.flip(files.tools.who())).message,
        "Faults.change: a client cannot send {, which is no message"
      )
    })
  )

  it.effect("at random are the same for the same seed, spare the negotiation, and every call ends", () =>
    Effect.gen(function* () {
      const run = (seed: number) =>
        Effect.scoped(
          Effect.gen(function* () {
            const flaky = Faults.flaky({ seed, drop: 0.3, duplicate: 0.2, delay: 0.2 })
            const files = yield* McpTest.typed(Files, FilesServer, { faults: [flaky], client: { timeout: "5 seconds" } })
            const outcomes: Array<string> = []
            for (let i = 0; i < 10; i++) outcomes.push((yield* within(12, Effect.result(files.tools.who())))._tag)
            return outcomes
          })
        )
      const first = yield* run(7)
      assert.deepStrictEqual(yield* run(7), first)
      assert.notDeepEqual(yield* run(8), first)
      assert.includeMembers(first, ["Success", "Failure"])
    })
  )

  it.effect("at random spare what agrees on a revision, or what they are told to spare", () =>
    Effect.gen(function* () {
      const files = yield* client(Faults.flaky({ drop: 1 }))
      assert.include((yield* within(70, Effect.flip(files.tools.who()))).message, "no answer")
      const except = ["initialize", "server/discover", "notifications/initialized", "logging/setLevel", "tools/call"]
      assert.match(yield* (yield* client(Faults.flaky({ drop: 1, except }))).tools.who(), /^undefined/)
    })
  )

  it.effect("end with the scope: what was held back is not delivered", () =>
    Effect.gen(function* () {
      const received: Array<string> = []
      yield* Effect.gen(function* () {
        const { connect } = yield* ClientTransport
        const connection = yield* connect((message) => void received.push(message._tag))
        connection.sendUnsafe({ _tag: "Request", id: 1, method: "ping", params: undefined })
        yield* McpTest.settle
      }).pipe(
        Effect.scoped,
        Effect.provide(
          MemoryTransport.layer().pipe(Faults.inject(Faults.delay({ to: "client" }, "1 second")), Layer.provide(FilesServer))
        )
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(received, [])
    })
  )

  it.effect("lets through what the server said beside the protocol", () =>
    Effect.gen(function* () {
      const mute = { send: () => Effect.void, sendUnsafe: () => true, closed: Effect.never }
      const refusal = (connection: ClientConnection) => {
        const transport = Layer.succeed(
          ClientTransport,
          ClientTransport.of({ kind: "memory", connect: () => Effect.succeed(connection) })
        )
        return within(20, connecting.pipe(Effect.scoped, Effect.flip, Effect.provide(Faults.inject()(transport))))
      }
      const { message } = yield* refusal({ ...mute, lastWords: Effect.succeed("no license") })
      assert.match(message, /the server runs, and has written to stderr:\nno license$/)
      assert.match((yield* refusal(mute)).message, /no answer and no progress for 10000 ms$/)
    })
  )
})
