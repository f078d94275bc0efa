/**
 * Questions inside of answers, in the request era.
 */
import { assert, describe, it } from "@effect/vitest"
import { Custom, McpError } from "@effect-mcp/core/McpError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import type { McpClient, Options } from "../src/McpClient.ts"
import * as RootsHandler from "../src/RootsHandler.ts"
import * as SamplingHandler from "../src/SamplingHandler.ts"
import { connected as connect } from "./support/connected.ts"
import { type Connection, type Json, type Script, settle } from "./support/server.ts"

const done = { resultType: "complete", content: [{ type: "text", text: "done" }] }
const form = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer", default: 7 } },
  required: ["name"]
}
const elicitation: Json = { method: "elicitation/create", params: { message: "Who?", requestedSchema: form } }
const sampling: Json = {
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text: "hi" } }], maxTokens: 1 }
}
const roots: Json = { method: "roots/list" }

const asking = (inputRequests: Json, requestState?: string): Json => ({
  resultType: "input_required",
  inputRequests,
  ...(requestState === undefined ? {} : { requestState })
})

const accepting = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({ name: "Ada" })) })
const all = Layer.mergeAll(
  accepting,
  SamplingHandler.layer(() => Effect.succeed(SamplingHandler.text("hello", { model: "m" }))),
  RootsHandler.layer([{ uri: "file:///a" }])
)

const connected = (handlers: Layer.Layer<never> = all, script: Script = () => {}, options: Partial<Options> = {}) =>
  connect("2026-07-28", handlers, script, options)

/** Answers one request after the other with these results, the last one again and again. */
const answers =
  (...results: ReadonlyArray<Json>): Script =>
  (message, connection) => {
    if (message["id"] === undefined) return
    const turn = connection.sent.filter(({ method }) => method === message["method"]).length - 1
    connection.answer(message, results[Math.min(turn, results.length - 1)])
  }

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })

const reasonOf = (client: McpClient["Service"]) => Effect.map(Effect.flip(client.callTool("t")), ({ reason }) => reason)

const bare = ({ _meta, ...params }: Json): Json => params

describe("a request that is answered with questions", () => {
  it.effect("is repeated with the answers, bare, and the state; the caller sees the result alone", () =>
    Effect.gen(function* () {
      const state = ' v1."\u00e9\\\u2028\ud83d\ude00 '
      const { client, connection } = yield* connected(
        all,
        answers(asking({ a: elicitation, b: sampling, __proto__x: roots }, state), done)
      )
      const result = yield* client.callTool("t", { x: 1 }, { meta: { traceparent: "00-1" } })
      assert.deepStrictEqual(result, { content: [{ type: "text", text: "done" }] })
      const [first, second] = connection.sent as [Json, Json]
      assert.deepStrictEqual(bare(second["params"]), {
        ...bare(first["params"]),
        inputResponses: {
          a: { action: "accept", content: { name: "Ada", age: 7 } },
          b: { role: "assistant", content: { type: "text", text: "hello" }, model: "m", stopReason: "endTurn" },
          __proto__x: { roots: [{ uri: "file:///a" }] }
        },
        requestState: state
      })
      assert.notStrictEqual(first["id"], second["id"])
      const meta = (message: Json) => ({ ...message["params"]._meta, progressToken: undefined })
      assert.deepStrictEqual(meta(second), meta(first))
      assert.strictEqual(second["params"]._meta.traceparent, "00-1")
      assert.strictEqual(second["params"]._meta.progressToken, second["id"])
    })
  )

  it.effect.prop(
    "gives back any state and takes any keys",
    { state: Schema.String, keys: Schema.Array(Schema.String).check(Schema.isMaxLength(10)) },
    ({ keys, state }) =>
      Effect.gen(function* () {
        const questions = Object.fromEntries(keys.map((key) => [key, roots]))
        const { client, connection } = yield* connected(all, answers(asking({ first: roots, ...questions }, state), done))
        yield* client.callTool("t")
        const { params } = connection.last("tools/call")
        assert.strictEqual(params.requestState, state)
        assert.deepStrictEqual(Object.keys(params.inputResponses).toSorted(), [...new Set(["first", ...keys])].toSorted())
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("may have `params: null` in a question, which is no params", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(all, answers(asking({ a: { ...roots, params: null } }), done))
      yield* client.callTool("t")
      assert.deepStrictEqual(connection.last("tools/call")["params"].inputResponses, { a: { roots: [{ uri: "file:///a" }] } })
    })
  )

  it.effect("has no state when there was none, and answers under any key", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(all, (message, connection) => {
        if (message["params"].inputResponses !== undefined) return connection.answer(message, done)
        connection.line(
          `{"jsonrpc":"2.0","id":${message["id"]},"result":{"resultType":"input_required","inputRequests":` +
            `{"__proto__":{"method":"roots/list"},"constructor":{"method":"roots/list"},"":{"method":"roots/list"}}}}`
        )
      })
      yield* client.callTool("t")
      const { params } = connection.last("tools/call")
      assert.deepStrictEqual(Object.keys(params.inputResponses), ["__proto__", "constructor", ""])
      assert.isFalse("requestState" in params)
    })
  )

  it.effect("replaces answers and state each round, and forgets those that are not wanted any more", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(
        all,
        answers(
          asking({ a: roots }, "1"),
          asking({ b: roots }, "2"),
          asking({ c: roots }),
          { resultType: "input_required", requestState: "4" },
          done
        )
      )
      const fiber = yield* start(client.callTool("t"))
      yield* TestClock.adjust("250 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => [
          Object.keys(params.inputResponses ?? {}),
          params.requestState,
          "inputResponses" in params
        ]),
        [
          [[], undefined, false],
          [["a"], "1", true],
          [["b"], "2", true],
          [["c"], undefined, true],
          [[], "4", false]
        ]
      )
      assert.strictEqual(new Set(connection.sent.map(({ id }) => id)).size, 5)
    })
  )

  it.effect("may be prompts/get, resources/read, and any of these by its method", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(all, (message, connection) => {
        const results: Json = { "tools/call": done, "prompts/get": { messages: [] }, "resources/read": { contents: [] } }
        const isFirst = message["params"].inputResponses?.b === undefined
        connection.answer(message, isFirst ? asking({ b: roots }, "s") : results[message["method"]])
      })
      assert.deepStrictEqual(yield* client.getPrompt("p", { a: "b" }), { messages: [] })
      assert.deepStrictEqual(yield* client.readResource("file:///r"), { contents: [] })
      const own = { name: "t", inputResponses: { mine: 1 }, requestState: "mine", extra: true }
      assert.deepStrictEqual(yield* client.request("tools/call", own), done)
      const rootsAnswer = { b: { roots: [{ uri: "file:///a" }] } }
      assert.deepStrictEqual(
        connection.sent.map(({ params }) => bare(params)),
        [
          { name: "p", arguments: { a: "b" } },
          { name: "p", arguments: { a: "b" }, inputResponses: rootsAnswer, requestState: "s" },
          { uri: "file:///r" },
          { uri: "file:///r", inputResponses: rootsAnswer, requestState: "s" },
          own,
          { name: "t", extra: true, inputResponses: rootsAnswer, requestState: "s" }
        ]
      )
    })
  )

  it.effect("tells of progress in every round", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const { client } = yield* connected(all, (message, connection) => {
        const { _meta, inputResponses } = message["params"]
        connection.notify("notifications/progress", { progressToken: _meta.progressToken, progress: inputResponses ? 2 : 1 })
        connection.answer(message, inputResponses ? done : asking({ a: roots }))
      })
      yield* client.callTool("t", {}, { onProgress: ({ progress }) => Effect.sync(() => void seen.push(progress)) })
      assert.deepStrictEqual(seen, [1, 2])
    })
  )

  it.effect("asks all at once", () =>
    Effect.gen(function* () {
      let open = 0
      const gate = yield* Deferred.make<void>()
      const layer = ElicitationHandler.layer({
        form: () => {
          open++
          return Effect.as(Deferred.await(gate), ElicitationHandler.decline)
        }
      })
      const questions = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`q${i}`, elicitation]))
      const { client } = yield* connected(layer, answers(asking(questions), done))
      const fiber = yield* start(client.callTool("t"))
      yield* settle
      assert.strictEqual(open, 100)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
    })
  )
})

describe("rounds", () => {
  const forEver = asking({ a: roots }, "again")

  it.effect("are 10 at most", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(all, answers(forEver))
      const reason = yield* reasonOf(client)
      assert.strictEqual(reason.message, "tools/call was given up: the server still asked for input after 10 rounds")
      assert.strictEqual(reason._tag, "TooManyRounds")
      assert.strictEqual(connection.sent.length, 11)
    })
  )

  for (const maxRounds of [0, 1, 3, Number.NaN]) {
    it.effect(`are as many as the client allows: ${maxRounds}`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected(all, answers(forEver), { maxRounds })
        assert.strictEqual((yield* reasonOf(client))._tag, "TooManyRounds")
        assert.strictEqual(connection.sent.length, 1 + (maxRounds || 0))
      })
    )
  }

  it.effect("are counted for each call", () =>
    Effect.gen(function* () {
      const script: Script = (m, c) => c.answer(m, m["params"].inputResponses === undefined ? forEver : done)
      const { client } = yield* connected(all, script, { maxRounds: 1 })
      for (let i = 0; i < 5; i++) yield* client.callTool("t")
    })
  )

  for (const [what, result] of [
    ["with a state alone", { resultType: "input_required", requestState: "s" }],
    ["without a question in them", asking({}, "s")]
  ] as const) {
    it.effect(`${what} wait for 250 ms first`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected(Layer.empty, answers(result, done))
        const fiber = yield* start(client.callTool("t"))
        yield* TestClock.adjust("249 millis")
        assert.strictEqual(connection.sent.length, 1)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "Success")
        const { params } = connection.sent[1]!
        assert.strictEqual(params.requestState, "s")
        assert.strictEqual("inputResponses" in params, what === "without a question in them")
      })
    )
  }
})

describe("an answer that is no result", () => {
  const table: ReadonlyArray<readonly [what: string, result: Json, detail: RegExp]> = [
    ["of another type", { resultType: "task", content: [] }, /its result type is not known: "task"/],
    ["of a type that is none", { resultType: 7, content: [] }, /its result type is not known: 7/],
    ["of a type that is null", { resultType: null, content: [] }, /its result type is not known: null/],
    ["without questions and state", { resultType: "input_required" }, /not for which/],
    ["with questions that are none", { resultType: "input_required", inputRequests: [] }, /`inputRequests` is no object/],
    ["with a state that is no text", { resultType: "input_required", requestState: 1 }, /`requestState` is no string/],
    [
      "with more than 100 questions",
      asking(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`q${i}`, roots]))),
      /more than 100 questions/
    ]
  ]
  for (const [what, result, detail] of table) {
    it.effect(`${what} is invalid, and nothing more is sent`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected(all, answers(result, done))
        const reason = yield* reasonOf(client)
        assert.strictEqual(reason._tag, "InvalidAnswer")
        assert.match(reason.message, detail)
        assert.strictEqual(connection.sent.length, 1)
      })
    )
  }

  it.effect("is invalid where nothing may be asked", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(all, answers(asking({ a: roots })))
      for (const effect of [
        client.listTools,
        client.request("made/up"),
        client.complete({ type: "ref/prompt", name: "p" }, { name: "a", value: "" })
      ]) {
        assert.strictEqual((yield* Effect.flip(effect as typeof client.listTools)).reason._tag, "InvalidAnswer")
      }
      assert.strictEqual(connection.sent.length, 3)
    })
  )

  it.effect("is nothing special in the session era", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connect(
        "2025-11-25",
        all,
        answers({ ...asking({ a: roots }), content: [{ type: "text", text: "done" }] })
      )
      assert.deepStrictEqual((yield* client.callTool("t")).content, done.content as never)
      assert.strictEqual(connection.sent.length, 1)
    })
  )

  it.effect("is one without a type: that is complete", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected(
        all,
        answers({ inputRequests: { a: roots }, requestState: "s", content: [] })
      )
      yield* client.callTool("t")
      assert.strictEqual(connection.sent.length, 1)
    })
  )
})

describe("a question that has no answer", () => {
  const failing = (error: McpError | SamplingHandler.Rejected) => ElicitationHandler.layer({ form: () => Effect.fail(error) })
  const custom = new McpError({ reason: new Custom({ code: 7, detail: "busy" }) })
  const table: ReadonlyArray<
    readonly [what: string, layer: Layer.Layer<never>, question: unknown, code: number, detail: RegExp]
  > = [
    [
      "was not declared",
      accepting,
      roots,
      -32601,
      /^Method not found: roots\/list: no RootsHandler was provided to the layer of this client$/
    ],
    ["does not exist", all, { method: "made/up", params: {} }, -32601, /^Method not found: made\/up$/],
    ["is one that only clients ask", all, { method: "tools/call", params: {} }, -32601, /^Method not found/],
    ["has a name from the prototype", all, { method: "constructor" }, -32601, /^Method not found: constructor$/],
    [
      "is in a mode that was not declared",
      all,
      { ...elicitation, params: { mode: "url", url: "https://a.b", message: "" } },
      -32602,
      /mode/
    ],
    ["has bad params", all, { ...elicitation, params: { message: 1 } }, -32602, /^Invalid params: message: /],
    ["has params that are no object", all, { ...elicitation, params: [] }, -32600, /^Invalid Request/],
    ["is no object", all, "elicitation/create", -32600, /^Invalid Request/],
    ["is null", all, null, -32600, /^Invalid Request/],
    ["has no method", all, { params: {} }, -32600, /^Invalid Request/],
    ["the user rejects", failing(new SamplingHandler.Rejected({ detail: "no" })), elicitation, -1, /^no$/],
    ["the handler refuses", failing(custom), elicitation, 7, /^busy$/],
    [
      "breaks its handler",
      ElicitationHandler.layer({ form: () => Effect.die("hunter2") }),
      elicitation,
      -32603,
      /^the client failed/
    ],
    [
      "is answered with something else",
      ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({ name: 7 })) }),
      elicitation,
      -32603,
      /^the answer does not fit the form$/
    ]
  ]
  for (const [what, layer, question, code, detail] of table) {
    it.effect(`because it ${what}: the call fails and names it`, () =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected(layer, answers(asking({ key: question }, "hunter2"), done))
        const reason = yield* reasonOf(client)
        if (reason._tag !== "Unanswered") return assert.fail(reason.message)
        assert.deepStrictEqual([reason.method, reason.key, reason.code], ["tools/call", "key", code])
        assert.match(reason.detail, detail)
        assert.notInclude(reason.message, "hunter2")
        assert.strictEqual(connection.sent.length, 1)
      })
    )
  }

  it.effect("says all of it in its message", () =>
    Effect.gen(function* () {
      const { client } = yield* connected(Layer.empty, answers(asking({ name: elicitation })))
      assert.strictEqual(
        (yield* Effect.flip(client.callTool("t"))).message,
        'tools/call was given up: its question "name" (elicitation/create) has no answer (-32601): Method not found: elicitation/create: no ElicitationHandler was provided to the layer of this client'
      )
    })
  )

  it.effect("lets nobody be asked, when that is known before", () =>
    Effect.gen(function* () {
      let asked = 0
      const layer = ElicitationHandler.layer({ form: () => Effect.sync(() => (asked++, ElicitationHandler.decline)) })
      const { client } = yield* connected(layer, answers(asking({ a: elicitation, b: roots })))
      assert.strictEqual((yield* reasonOf(client))._tag, "Unanswered")
      assert.strictEqual(asked, 0)
    })
  )

  it.effect("ends the other questions of the round", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const layer = Layer.merge(
        ElicitationHandler.layer({ form: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => events.push("ended"))) }),
        SamplingHandler.layer(() => SamplingHandler.reject())
      )
      const { client } = yield* connected(layer, answers(asking({ a: elicitation, b: sampling })))
      assert.strictEqual((yield* reasonOf(client))._tag, "Unanswered")
      assert.deepStrictEqual(events, ["ended"])
    })
  )

  it.effect("leaves other calls alone", () =>
    Effect.gen(function* () {
      const { client } = yield* connected(accepting, (m, c) =>
        c.answer(m, m["params"].name === "t" ? asking({ a: roots }) : done)
      )
      assert.strictEqual((yield* reasonOf(client))._tag, "Unanswered")
      yield* client.callTool("other")
    })
  )
})

describe("while questions are answered", () => {
  const waiting = (options: Partial<Options> = {}) =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const events: Array<string> = []
      const layer = ElicitationHandler.layer({
        form: () =>
          Deferred.await(gate).pipe(
            Effect.as(ElicitationHandler.decline),
            Effect.onInterrupt(() => Effect.sync(() => events.push("interrupted")))
          )
      })
      const script: Script = (message, connection) => {
        if (message["method"] === "tools/call" && message["params"].inputResponses === undefined) {
          connection.answer(message, asking({ a: elicitation }, "secret"))
        }
      }
      return { gate, events, ...(yield* connected(layer, script, options)) }
    })

  it.effect("no timeout runs; the next round has all of it again", () =>
    Effect.gen(function* () {
      const { client, connection, gate } = yield* waiting()
      const fiber = yield* start(client.callTool("t", {}, { timeout: "5 seconds" }))
      yield* TestClock.adjust("23 hours")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(connection.sent.length, 2)
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result._tag === "Failure" ? result.failure.reason._tag : "", "TimedOut")
      assert.deepStrictEqual(connection.sent[2]?.["params"], { requestId: connection.sent[1]?.["id"], reason: "timeout" })
    })
  )

  it.effect("interrupting the call ends the handler, and there is nothing to cancel", () =>
    Effect.gen(function* () {
      const { client, connection, events, logged } = yield* waiting()
      const fiber = yield* start(client.callTool("t"))
      yield* settle
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([events, connection.methods, logged], [["interrupted"], ["tools/call"], []])
    })
  )

  it.effect("interrupting the call in a later round cancels that one", () =>
    Effect.gen(function* () {
      const { client, connection, gate } = yield* waiting()
      const fiber = yield* start(client.callTool("t"))
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(connection.methods, ["tools/call", "tools/call", "notifications/cancelled"])
      assert.strictEqual(connection.sent[2]?.["params"].requestId, connection.sent[1]?.["id"])
    })
  )

  it.effect("the end of the connection is seen when the request is repeated", () =>
    Effect.gen(function* () {
      const { client, connection, gate } = yield* waiting()
      const fiber = yield* start(client.callTool("t"))
      connection.end()
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      const result = yield* Fiber.join(fiber)
      assert.strictEqual(result._tag === "Failure" ? result.failure.reason._tag : "", "TransportFailed")
    })
  )

  it.effect("other calls go their way, also their answers to the same keys", () =>
    Effect.gen(function* () {
      const replies: Array<Connection> = []
      const layer = ElicitationHandler.layer({
        form: ({ message }) => Effect.as(Effect.yieldNow, ElicitationHandler.accept({ name: message }))
      })
      const { client, connection } = yield* connected(layer, (message, connection) => {
        const { inputResponses, name } = message["params"]
        replies.push(connection)
        if (inputResponses !== undefined)
          return connection.answer(message, { content: [{ type: "text", text: inputResponses.q.content.name }] })
        connection.answer(message, asking({ q: { ...elicitation, params: { ...elicitation["params"], message: name } } }, name))
      })
      const names = Array.from({ length: 50 }, (_, i) => `call ${i}`)
      const results = yield* Effect.forEach(names, (name) => client.callTool(name), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        results.map(({ content }) => content),
        names.map((text) => [{ type: "text" as const, text }])
      )
      for (const { params } of connection.sent)
        assert.isTrue(params.requestState === undefined || params.requestState === params.name)
    })
  )
})
