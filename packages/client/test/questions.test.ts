/**
 * Requests of servers, in the session era.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { invalidParams, McpError, Custom } from "@effect-mcp/core/McpError"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as RootsHandler from "../src/RootsHandler.ts"
import * as SamplingHandler from "../src/SamplingHandler.ts"
import { connected } from "./support/connected.ts"
import { agreeing, connect, type Json, scripted, settle } from "./support/server.ts"

const form = { type: "object", properties: { name: { type: "string" } }, required: ["name"] }

const elicit = (id: unknown, params: Json = {}): Json => ({
  id,
  method: "elicitation/create",
  params: { message: "Who?", requestedSchema: form, ...params }
})

const result = (id: unknown, result: Json): Json => ({ jsonrpc: "2.0", id, result })
const error = (id: unknown, code: number, message: string, data?: unknown): Json => ({
  jsonrpc: "2.0",
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) }
})

const answering = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({ name: "Ada" })) })

describe("a question", () => {
  for (const version of ["2025-06-18", "2025-11-25"]) {
    it.effect(`${version}: is answered by its handler, with its id`, () =>
      Effect.gen(function* () {
        const { connection } = yield* connected(version, answering)
        for (const id of ["a", 0, ""]) connection.send(elicit(id))
        yield* settle
        const answer = { action: "accept", content: { name: "Ada" } }
        assert.deepStrictEqual(connection.sent, [result("a", answer), result(0, answer), result("", answer)])
      })
    )
  }

  it.effect("lets no request time out before it is answered or taken back; then their time begins anew", () =>
    Effect.gen(function* () {
      const answers: Array<Deferred.Deferred<ElicitationHandler.Answer>> = []
      const form = () => Deferred.await((answers[answers.length] = Deferred.makeUnsafe()))
      const { client, connection } = yield* connected("2025-11-25", ElicitationHandler.layer({ form }))
      const call = yield* Effect.forkChild(Effect.flip(client.callTool("t", {}, { timeout: "5 seconds" })))
      yield* settle
      for (const id of ["a", "b"]) connection.send(elicit(id))
      yield* settle
      yield* TestClock.adjust("1 hour")
      yield* Deferred.succeed(answers[0]!, ElicitationHandler.decline)
      yield* settle
      yield* TestClock.adjust("1 hour")
      connection.notify("notifications/cancelled", { requestId: "b" })
      yield* settle
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(call)).reason._tag, "TimedOut")
      const late = yield* Effect.forkChild(Effect.flip(client.callTool("t", {}, { timeout: "5 seconds" })))
      yield* settle
      connection.send(elicit("c"))
      yield* settle
      yield* TestClock.adjust("1 hour")
      yield* Deferred.succeed(answers[2]!, ElicitationHandler.decline)
      yield* settle
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(late)).reason._tag, "TimedOut")
    })
  )

  it.effect("may come as soon as the server is told that the client is initialized", () =>
    Effect.gen(function* () {
      const server = scripted((message, connection) => {
        agreeing("2025-06-18")(message, connection)
        if (message["method"] === "notifications/initialized") connection.send({ id: 1, method: "roots/list" })
      })
      yield* connect(server, {}, RootsHandler.layer([{ uri: "file:///a" }]))
      yield* settle
      assert.deepStrictEqual(server.connections[0]?.sent.at(-1), result(1, { roots: [{ uri: "file:///a" }] }))
    })
  )

  it.effect("that comes before the client knows the revision is refused", () =>
    Effect.gen(function* () {
      const server = scripted((message, connection) => {
        if (message["method"] === "initialize") connection.send({ id: 1, method: "roots/list" })
        agreeing("2025-06-18")(message, connection)
      })
      yield* connect(server, { versions: ["2025-06-18"] }, RootsHandler.layer([]))
      yield* settle
      assert.deepStrictEqual(server.connections[0]?.sent[1], error(1, -32601, "Method not found: roots/list"))
    })
  )

  it.effect("is not answered by a client without a handler for it", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25", answering)
      for (const method of ["roots/list", "sampling/createMessage", "tools/call", "__proto__", "constructor"]) {
        connection.send({ id: method, method })
      }
      yield* settle
      assert.deepStrictEqual(
        connection.sent.map(({ error, id }) => [id, error.code]),
        ["roots/list", "sampling/createMessage", "tools/call", "__proto__", "constructor"].map((method) => [method, -32601])
      )
    })
  )

  it.effect("without a handler is refused with the name of what would answer it, and with no more where that is there", () =>
    Effect.gen(function* () {
      const without = yield* connected("2025-03-26", Layer.empty)
      for (const method of ["elicitation/create", "sampling/createMessage", "roots/list", "tools/call"]) {
        without.connection.send({ id: method, method })
      }
      yield* settle
      assert.deepStrictEqual(
        without.connection.sent.map(({ error }) => error.message),
        [
          "Method not found: elicitation/create: no ElicitationHandler was provided to the layer of this client",
          "Method not found: sampling/createMessage: no SamplingHandler was provided to the layer of this client",
          "Method not found: roots/list: no RootsHandler was provided to the layer of this client",
          "Method not found: tools/call"
        ]
      )
    })
  )

  it.effect("may have `params: null`, which is no params", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-03-26", RootsHandler.layer([]))
      connection.send({ id: 1, method: "roots/list", params: null })
      connection.send({ id: 2, method: "ping", params: null })
      connection.line(JSON.stringify([{ jsonrpc: "2.0", id: 3, method: "roots/list", params: null }]))
      yield* settle
      assert.deepStrictEqual(
        connection.sent.toSorted((a, b) => a["id"] - b["id"]),
        [result(1, { roots: [] }), result(2, {}), result(3, { roots: [] })]
      )
    })
  )

  it.effect("is not answered where the revision does not have it", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-03-26", answering)
      connection.send(elicit(1))
      assert.deepStrictEqual(connection.sent, [error(1, -32601, "Method not found: elicitation/create")])
    })
  )

  it.effect("does not hold up the others, nor ping", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const handlers = Layer.mergeAll(
        ElicitationHandler.layer({ form: () => Effect.as(Deferred.await(gate), ElicitationHandler.decline) }),
        RootsHandler.layer([])
      )
      const { connection } = yield* connected("2025-11-25", handlers)
      connection.send(elicit(1))
      connection.send({ id: 2, method: "roots/list" })
      connection.send({ id: 3, method: "ping" })
      yield* settle
      assert.deepStrictEqual(connection.methods, [2, 3])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(connection.sent.at(-1), result(1, { action: "decline" }))
    })
  )

  it.effect("can be one of a batch", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-03-26", RootsHandler.layer([]))
      const batch = [1, 2].map((id) => ({ jsonrpc: "2.0", id, method: "roots/list" }))
      connection.line(JSON.stringify(batch))
      yield* settle
      assert.deepStrictEqual(connection.sent, [result(1, { roots: [] }), result(2, { roots: [] })])
    })
  )
})

describe("a question that is taken back", () => {
  const waiting = Effect.fnUntraced(function* () {
    const events: Array<string> = []
    const layer = ElicitationHandler.layer({
      form: ({ message }) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => events.push(`${message} interrupted`)))
    })
    const heard: Array<string> = []
    const options = { onNotification: ({ method }: { method: string }) => Effect.sync(() => void heard.push(method)) }
    return { ...(yield* connected("2025-11-25", layer, () => {}, options)), events, heard }
  })

  it.effect("interrupts its handler and gets no answer; others go on", () =>
    Effect.gen(function* () {
      const { connection, events, heard } = yield* waiting()
      connection.send(elicit("a", { message: "first" }))
      connection.send(elicit("b", { message: "second" }))
      connection.notify("notifications/cancelled", { requestId: "a", reason: "never mind" })
      yield* settle
      assert.deepStrictEqual(events, ["first interrupted"])
      assert.deepStrictEqual([connection.sent, heard], [[], []])
    })
  )

  it.effect("may be one that nobody knows", () =>
    Effect.gen(function* () {
      const { connection, events, heard } = yield* waiting()
      connection.send(elicit("a"))
      for (const requestId of ["b", 1, null, {}, "__proto__"]) connection.notify("notifications/cancelled", { requestId })
      connection.notify("notifications/cancelled")
      yield* settle
      assert.deepStrictEqual([events, connection.sent, heard.length], [[], [], 6])
    })
  )

  it.effect("gives its id back when it is answered, too", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25", answering)
      for (let round = 0; round < 3; round++) {
        connection.send(elicit("a"))
        yield* settle
      }
      const answered = result("a", { action: "accept", content: { name: "Ada" } })
      assert.deepStrictEqual(connection.sent, [answered, answered, answered])
    })
  )

  it.effect("gets no answer in the place of the next one with its id, however late it ends", () =>
    Effect.gen(function* () {
      const gates = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      let asked = 0
      const late = ElicitationHandler.layer({
        form: () =>
          Effect.suspend(() => {
            const gate = gates[asked++]!
            return Effect.as(Effect.uninterruptible(Deferred.await(gate)), ElicitationHandler.decline)
          })
      })
      const { connection } = yield* connected("2025-11-25", late)
      connection.send(elicit("a"))
      yield* settle
      connection.notify("notifications/cancelled", { requestId: "a" })
      connection.send(elicit("a"))
      yield* settle
      yield* Deferred.succeed(gates[0]!, undefined)
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
      yield* Deferred.succeed(gates[1]!, undefined)
      yield* settle
      assert.deepStrictEqual(connection.sent, [result("a", { action: "decline" })])
    })
  )

  it.effect("gives its id back: the same id may come again", () =>
    Effect.gen(function* () {
      const { connection, events } = yield* waiting()
      connection.send(elicit("a", { message: "first" }))
      connection.send(elicit("a", { message: "twice" }))
      assert.deepStrictEqual(connection.sent, [error("a", -32600, "Invalid Request: the id is in use")])
      connection.notify("notifications/cancelled", { requestId: "a" })
      connection.send(elicit("a", { message: "second" }))
      yield* settle
      connection.notify("notifications/cancelled", { requestId: "a" })
      yield* settle
      assert.deepStrictEqual([events, connection.sent.length], [["first interrupted", "second interrupted"], 1])
    })
  )

  it.effect("is every one, when the connection ends", () =>
    Effect.gen(function* () {
      const { connection, events } = yield* waiting()
      connection.send(elicit("a", { message: "first" }))
      connection.end()
      yield* settle
      assert.deepStrictEqual(events, ["first interrupted"])
    })
  )

  it.effect("is every one, when the client is closed; closing waits for their finalizers", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const layer = ElicitationHandler.layer({
        form: () =>
          Effect.onInterrupt(Effect.never, () => Effect.andThen(Effect.yieldNow, () => Effect.sync(() => events.push("ended"))))
      })
      const scope = yield* Scope.make()
      const { connection } = yield* Scope.provide(connected("2025-11-25", layer), scope)
      connection.send(elicit("a"))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([events, connection.sent], [["ended"], []])
    })
  )
})

describe("too many questions", () => {
  it.effect("are refused from the 101st on, until one is over", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const layer = ElicitationHandler.layer({ form: () => Effect.as(Deferred.await(gate), ElicitationHandler.cancel) })
      const { connection } = yield* connected("2025-11-25", layer)
      for (let id = 1; id <= 102; id++) connection.send(elicit(id))
      yield* settle
      const refused = (id: number) => error(id, -32603, "the client answers at most 100 requests at once")
      assert.deepStrictEqual(connection.sent, [refused(101), refused(102)])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(connection.sent.length, 102)
      connection.send(elicit(103))
      yield* settle
      assert.deepStrictEqual(connection.sent.at(-1), result(103, { action: "cancel" }))
    })
  )

  it.effect("are also those that were taken back and are not over", () =>
    Effect.gen(function* () {
      const layer = ElicitationHandler.layer({ form: () => Effect.uninterruptible(Effect.never) })
      const server = scripted(agreeing("2025-11-25"))
      const scope = yield* Scope.make() // never closed: the handlers never end
      yield* Scope.provide(connect(server, {}, layer), scope)
      const connection = server.connections[0]!
      connection.sent.length = 0
      for (let id = 1; id <= 101; id++) {
        connection.send(elicit(id))
        yield* settle
        connection.notify("notifications/cancelled", { requestId: id })
      }
      assert.deepStrictEqual(connection.methods, [101])
    })
  )

  it.effect("of a server that does not read are answered up to 1,024 times", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25", RootsHandler.layer([]))
      connection.isFull = true
      for (let id = 0; id < 3000; id++) connection.send({ id, method: id % 2 === 0 ? "ping" : "made/up" })
      yield* settle
      connection.makeRoom()
      yield* settle
      assert.deepStrictEqual(
        connection.methods,
        Array.from({ length: 1024 }, (_, id) => id)
      )
      connection.send({ id: "later", method: "ping" })
      assert.strictEqual(connection.methods.at(-1), "later")
    })
  )
})

describe("a question that cannot be read", () => {
  const table: ReadonlyArray<readonly [what: string, params: Json, message: RegExp]> = [
    ["no message", { message: undefined }, /^Invalid params: message: Missing key$/],
    ["a message that is none", { message: 1 }, /^Invalid params: message: Expected string$/],
    ["no form", { requestedSchema: undefined }, /^Invalid params: requestedSchema: Missing key$/],
    ["a form that is none", { requestedSchema: { type: "array" } }, /^Invalid params: requestedSchema\.type: /],
    [
      "a field that is none",
      { requestedSchema: { type: "object", properties: { a: { type: "object" } } } },
      /^Invalid params: requestedSchema\.properties\.a/
    ],
    ["an unknown mode", { mode: "voice" }, /^Invalid params: mode: /],
    ["a mode that is no text", { mode: 7 }, /^Invalid params: mode: /],
    ["a mode that was not declared", { mode: "url", url: "https://example.com" }, /^Invalid params: mode: url was not declared$/]
  ]
  for (const [what, params, message] of table) {
    it.effect(`${what}: -32602, and where it is wrong; nobody is asked`, () =>
      Effect.gen(function* () {
        let asked = 0
        const layer = ElicitationHandler.layer({ form: () => Effect.sync(() => (asked++, ElicitationHandler.decline)) })
        const { connection } = yield* connected("2025-11-25", layer)
        connection.send(elicit(1, params))
        yield* settle
        const [{ error }] = connection.sent as [Json]
        assert.deepStrictEqual([error.code, asked], [-32602, 0])
        assert.match(error.message, message)
      })
    )
  }

  it.effect("no params at all, or none that are an object", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2025-11-25", answering)
      connection.send({ id: 1, method: "elicitation/create" })
      connection.send({ id: 2, method: "elicitation/create", params: [] })
      connection.send({ id: 3, method: "elicitation/create", params: null })
      connection.send({ id: 4, method: 7 })
      assert.deepStrictEqual(
        connection.sent.map(({ error, id }) => [id, error.code]),
        [
          [1, -32602],
          [2, -32602],
          [3, -32602],
          [4, -32600]
        ]
      )
    })
  )

  it.effect("in the request era: clients must not write answers", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected("2026-07-28", answering)
      connection.send({ id: 1, method: "elicitation/create", params: null })
      yield* settle
      assert.deepStrictEqual(connection.sent, [])
    })
  )
})

describe("a handler", () => {
  const asked = (layer: Layer.Layer<never>) =>
    Effect.gen(function* () {
      const { connection, logged } = yield* connected("2025-11-25", layer)
      connection.send(elicit(1))
      yield* settle
      return { sent: connection.sent, logged }
    })

  const failing = (effect: Effect.Effect<never, McpError | SamplingHandler.Rejected>) =>
    ElicitationHandler.layer({ form: () => effect })

  it.effect("that dies, throws, interrupts itself or gives no Effect: -32603 without details, which the log has", () =>
    Effect.gen(function* () {
      const thrown = ElicitationHandler.layer({
        form: () => {
          throw new Error("secret")
        }
      })
      const noEffect = ElicitationHandler.layer({ form: () => undefined as never })
      for (const layer of [failing(Effect.die(new Error("secret"))), thrown, failing(Effect.interrupt), noEffect]) {
        const { logged, sent } = yield* asked(layer)
        assert.deepStrictEqual(sent, [error(1, -32603, "the client failed to answer")])
        assert.strictEqual(logged.length, 1)
        assert.match(logged[0]!, /^the handler of elicitation\/create failed/)
      }
    })
  )

  it.effect("that fails as its type says: the server is told", () =>
    Effect.gen(function* () {
      const custom = new McpError({ reason: new Custom({ code: 7, detail: "busy", data: { retry: 1 } }) })
      const table = [
        [failing(Effect.fail(invalidParams("not that"))), error(1, -32602, "not that")],
        [failing(Effect.fail(custom)), error(1, 7, "busy", { retry: 1 })],
        [failing(SamplingHandler.reject()), error(1, -1, "User rejected sampling request")]
      ] as const
      for (const [layer, answer] of table) {
        const { logged, sent } = yield* asked(layer)
        assert.deepStrictEqual([sent, logged], [[answer], []])
      }
    })
  )

  it.effect("has the services of its layer, and a scope that ends with the question", () =>
    Effect.gen(function* () {
      class Ui extends Context.Service<Ui, { readonly name: string }>()("test/Ui") {}
      const events: Array<string> = []
      const layer = ElicitationHandler.layer({
        form: Effect.fnUntraced(function* () {
          yield* Effect.addFinalizer(() => Effect.sync(() => events.push("closed")))
          return ElicitationHandler.accept({ name: (yield* Ui).name })
        })
      }).pipe(Layer.provide(Layer.succeed(Ui, { name: "Grace" })))
      const { sent } = yield* asked(layer)
      assert.deepStrictEqual(sent, [result(1, { action: "accept", content: { name: "Grace" } })])
      assert.deepStrictEqual(events, ["closed"])
    })
  )

  it.effect("is told who asks", () =>
    Effect.gen(function* () {
      const askers: Array<unknown> = []
      const layer = ElicitationHandler.layer({
        form: (_, { revision, serverInfo }) =>
          Effect.sync(() => {
            askers.push([serverInfo, revision.version])
            return ElicitationHandler.decline
          })
      })
      yield* asked(layer)
      assert.deepStrictEqual(askers, [[{ name: "legacy", version: "1" }, "2025-11-25"]])
    })
  )
})
