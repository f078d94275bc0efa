/** Source: "Elicitation" in the client features since 2025-06-18. */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Form from "@effect-mcp/core/Form"
import type * as Revision from "@effect-mcp/core/Revision"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { at, versions } from "./support/fixture.ts"
import { type Json, serve, settle } from "./support/peer.ts"
import { conversation, round, textOf } from "./support/rounds.ts"

const Work = Tool.make("work", { success: Schema.Unknown, timeout: "1 minute" })

const Seat = Form.choices({ a: "Aisle", w: "Window" })
const Booking = {
  seat: Seat,
  bags: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
  late: Schema.optionalKey(Schema.Boolean)
}

const booking = Elicitation.form({ key: "booking", message: "Where?", schema: Booking })

const form = { elicitation: { form: {}, url: {} } }

const speaking = Effect.fnUntraced(function* (
  version: Revision.Version,
  handler: Effect.Effect<unknown, unknown, RequestServices>,
  capabilities: Json = form,
  options: Partial<McpServer.Options> = {}
) {
  // What fails otherwise than a handler may is a defect.
  const live = Work.toLayer(() => handler as Effect.Effect<unknown, never, RequestServices>)
  const peer = yield* (yield* serve(
    McpServer.layer({ name: "s", version: "1", ...options }, Work).pipe(Layer.provide(live))
  )).open()
  yield* peer.speak(version, capabilities)
  return peer
})

const accept = (content: Json) => () => ({ action: "accept", content })

const hasForms = (version: Revision.Version) => at({ "2024-11-05": false, "2025-06-18": true }, version)
const hasUrls = (version: Revision.Version) => at({ "2024-11-05": false, "2025-11-25": true }, version)

for (const version of versions.filter(hasForms)) {
  describe(`a form in ${version}`, () => {
    it.effect("is shown as the revision can say it, and its answer is what the Schema says", () =>
      Effect.gen(function* () {
        const peer = yield* speaking(version, booking)
        const { answer, asked } = yield* conversation(peer, accept({ seat: "w", bags: 2 }))
        const titled = {
          type: "string",
          oneOf: [
            { const: "a", title: "Aisle" },
            { const: "w", title: "Window" }
          ]
        }
        const named = { type: "string", enum: ["a", "w"], enumNames: ["Aisle", "Window"] }
        assert.deepStrictEqual(asked, [
          {
            ...(hasUrls(version) ? { mode: "form" } : {}),
            message: "Where?",
            requestedSchema: {
              type: "object",
              properties: {
                seat: hasUrls(version) ? titled : named,
                bags: { type: "integer", minimum: 0, maximum: 3 },
                late: { type: "boolean" }
              },
              required: ["seat", "bags"]
            }
          }
        ])
        assert.deepStrictEqual(JSON.parse(textOf(answer)), { seat: "w", bags: 2 })
      })
    )

    it.effect("of a single value, and a confirmation", () =>
      Effect.gen(function* () {
        const scalar = Elicitation.form({ key: "age", message: "How old?", schema: Schema.Int })
        const both = Effect.zip(scalar, Elicitation.form({ key: "fine", message: "Fine?" }))
        const peer = yield* speaking(
          version,
          Effect.map(both, ([age, fine]) => [age, fine === undefined])
        )
        const { answer, asked } = yield* conversation(peer, ({ message }) => accept(message === "Fine?" ? {} : { value: 7 })())
        assert.deepStrictEqual(
          asked.map(({ requestedSchema }) => Object.keys(requestedSchema.properties)),
          [["value"], []]
        )
        assert.deepStrictEqual(JSON.parse(textOf(answer)), [7, true])
      })
    )

    it.effect("that needs no field may be answered without content", () =>
      Effect.gen(function* () {
        const late = Elicitation.form({ key: "late", message: "Late?", schema: { late: Schema.optionalKey(Schema.Boolean) } })
        const both = Effect.zip(late, Elicitation.form({ key: "fine", message: "Fine?" }))
        const { answer } = yield* conversation(
          yield* speaking(
            version,
            Effect.map(both, ([late, fine]) => [late, fine === undefined])
          ),
          () => ({ action: "accept" })
        )
        assert.deepStrictEqual(JSON.parse(textOf(answer)), [{}, true])
      })
    )

    for (const [action, tag, said] of [
      ["decline", "Declined", 'the user declined to answer "booking"'],
      ["cancel", "Cancelled", 'the user did not answer "booking"']
    ] as const) {
      it.effect(`${action} is a failure, which orElse does not hide and the client is told of`, () =>
        Effect.gen(function* () {
          const orElse = { seat: "a", bags: 0 } as const
          const asked = Elicitation.form({ key: "booking", message: "Where?", schema: Booking, orElse })
          const caught = yield* speaking(
            version,
            Effect.catch(asked, ({ _tag }) => Effect.succeed(_tag))
          )
          assert.strictEqual(textOf((yield* conversation(caught, () => ({ action }))).answer), tag)
          const { answer } = yield* conversation(yield* speaking(version, asked), () => ({ action }))
          assert.deepStrictEqual([answer["result"].isError, textOf(answer)], [true, said])
        })
      )
    }

    it.effect("several are asked in one go, before any is answered", () =>
      Effect.gen(function* () {
        const questions = Elicitation.all({ a: { message: "a" }, b: { message: "b" } })
        const peer = yield* speaking(version, questions)
        if (version !== "2026-07-28") {
          peer.startCall("work")
          return assert.strictEqual(peer.notifications.length, 2)
        }
        const { asked } = yield* round(peer, { name: "work" })
        assert.deepStrictEqual(asked, ["a", "b"])
      })
    )

    it.effect("the answers of several are those of each", () =>
      Effect.gen(function* () {
        const all = Elicitation.all({
          seat: { message: "Seat?", schema: Seat },
          bags: { message: "Bags?", schema: Schema.Int, orElse: 0 }
        })
        const peer = yield* speaking(version, all)
        const { answer, asked } = yield* conversation(peer, ({ message }) => accept({ value: message === "Seat?" ? "a" : 1 })())
        assert.deepStrictEqual([asked.length, JSON.parse(textOf(answer))], [2, { seat: "a", bags: 1 }])
      })
    )

    it.effect("what a form cannot say is checked when the answer comes", () =>
      Effect.gen(function* () {
        const schema = Schema.String.check(Schema.isPattern(/^[a-z]+$/))
        const peer = yield* speaking(version, Elicitation.form({ key: "name", message: "Name?", schema }))
        const { answer, asked } = yield* conversation(peer, accept({ value: "A1" }))
        assert.deepStrictEqual(asked[0]?.["requestedSchema"].properties.value, { type: "string" })
        assert.isTrue(answer["result"].isError)
        assert.include(textOf(answer), 'the answer to "name" cannot be used:\nvalue: ')
      })
    )

    it.effect("fails with Unsupported when the client does not show forms, unless there is an orElse", () =>
      Effect.gen(function* () {
        for (const capabilities of [{}, ...(hasUrls(version) ? [{ elicitation: { url: {} } }] : [])]) {
          const orElse = Elicitation.form({ key: "k", message: "?", schema: Schema.Int, orElse: 5 })
          const peer = yield* speaking(version, orElse, capabilities)
          assert.strictEqual(textOf((yield* conversation(peer, () => ({}), capabilities)).answer), "5")
          const nothing = Effect.map(
            Elicitation.form({ key: "k", message: "?", orElse: undefined }),
            (gave) => gave === undefined
          )
          const fine = yield* speaking(version, nothing, capabilities)
          assert.strictEqual(textOf((yield* conversation(fine, () => ({}), capabilities)).answer), "true")
          const without = yield* speaking(version, booking, capabilities)
          const { answer, asked } = yield* conversation(without, () => ({}), capabilities)
          assert.deepStrictEqual(asked, [])
          if (version === "2026-07-28") assert.strictEqual(answer["error"].code, -32021)
          else
            assert.include(textOf(answer), "cannot ask the client (elicitation/create): the client did not declare elicitation")
        }
      })
    )

    it.effect("is defined by a Schema that forms can show: another one is a defect that names the place", () =>
      Effect.gen(function* () {
        const schema = { inner: Schema.Struct({ a: Schema.String }) }
        assert.throws(() => Elicitation.form({ key: "k", message: "?", schema }), /inner/)
        const nested = Effect.suspend(() => Elicitation.form({ key: "k", message: "?", schema }))
        const peer = yield* speaking(version, nested)
        const { answer } = yield* conversation(peer, accept({}))
        assert.match(textOf(answer), /^Internal error/)
      })
    )
  })
}

describe("a list of choices in 2025-06-18", () => {
  it.effect("has no words there, so the client cannot be asked", () =>
    Effect.gen(function* () {
      const schema = Schema.Array(Seat)
      const peer = yield* speaking("2025-06-18", Elicitation.form({ key: "k", message: "?", schema, orElse: ["a"] }))
      const { answer, asked } = yield* conversation(peer, accept({}))
      assert.deepStrictEqual([asked, JSON.parse(textOf(answer))], [[], ["a"]])
    })
  )
})

for (const version of versions.filter((version) => !hasForms(version))) {
  describe(`elicitation in ${version}`, () => {
    it.effect("does not exist", () =>
      Effect.gen(function* () {
        const peer = yield* speaking(version, booking)
        const { answer } = yield* conversation(peer, () => ({}))
        assert.strictEqual(textOf(answer), `cannot ask the client (elicitation/create): revision ${version} has no forms`)
      })
    )
  })
}

describe("a page", () => {
  const url = "https://example.com/pay?id=1"
  const visit = Elicitation.url({ key: "pay", message: "Pay, please", url })

  for (const version of versions.filter(hasUrls)) {
    it.effect(`in ${version}: the user is sent there, and the client is told when it is done`, () =>
      Effect.gen(function* () {
        const peer = yield* speaking(
          version,
          Effect.flatMap(visit, ({ complete }) => Effect.as(complete, "paid"))
        )
        const { answer, asked } = yield* conversation(peer, () => ({ action: "accept" }))
        assert.strictEqual(textOf(answer), "paid")
        const { elicitationId, ...rest } = asked[0] ?? {}
        assert.deepStrictEqual(rest, { mode: "url", message: "Pay, please", url })
        const told = peer.notifications.filter(({ method }) => method === "notifications/elicitation/complete")
        if (version !== "2025-11-25") return assert.deepStrictEqual([elicitationId, told], [undefined, []])
        assert.deepStrictEqual(
          told.map(({ params }) => params),
          [{ elicitationId }]
        )
        // On the way of the request, while that is open.
        assert.deepStrictEqual(peer.ways, ["request", "request", "answer"])
      })
    )

    it.effect(`in ${version}: where the user does not go, there is no visit`, () =>
      Effect.gen(function* () {
        for (const action of ["decline", "cancel"]) {
          const { answer } = yield* conversation(yield* speaking(version, visit), () => ({ action }))
          assert.match(textOf(answer), /^the user d(eclined to|id not) answer "pay"$/)
        }
        const asked = Elicitation.url({ key: "pay", message: "Pay, please", url: "https://EXAMPLE.com/ü ber" })
        const peer = yield* speaking(version, Effect.as(asked, "paid"))
        const [question] = (yield* conversation(peer, () => ({ action: "accept" }))).asked
        assert.strictEqual(question?.["url"], "https://example.com/%C3%BC%20ber")
      })
    )

    it.effect(`in ${version}: not for a client that opens none`, () =>
      Effect.gen(function* () {
        const capabilities = { elicitation: { form: {} } }
        const peer = yield* speaking(
          version,
          Effect.map(Elicitation.url({ key: "k", message: "?", url, orElse: "no" }), String),
          capabilities
        )
        assert.strictEqual(textOf((yield* conversation(peer, () => ({}), capabilities)).answer), "no")
      })
    )
  }

  it.effect("may be completed after the answer, on the way of the conversation", () =>
    Effect.gen(function* () {
      let complete: Effect.Effect<void> = Effect.void
      const peer = yield* speaking(
        "2025-11-25",
        Effect.map(visit, (made) => {
          complete = made.complete
          return "sent"
        })
      )
      const { asked } = yield* conversation(peer, () => ({ action: "accept" }))
      peer.clear()
      yield* complete
      assert.deepStrictEqual(
        [peer.ways, peer.notifications[0]?.["params"]],
        [["push"], { elicitationId: asked[0]?.["elicitationId"] }]
      )
    })
  )

  it.effect("is https, or on this machine", () =>
    Effect.gen(function* () {
      for (const [url, isFine] of [
        ["http://localhost:1/a", true],
        ["http://127.0.0.1/a", true],
        ["http://[::1]/a", true],
        ["http://example.com", false],
        ["javascript:alert(1)", false],
        ["ftp://localhost/a", false],
        ["nonsense", false]
      ] as const) {
        const peer = yield* speaking("2026-07-28", Effect.as(Elicitation.url({ key: "k", message: "?", url }), "fine"))
        const { answer } = yield* conversation(peer, () => ({ action: "accept" }))
        if (isFine) assert.strictEqual(textOf(answer), "fine", url)
        else assert.match(textOf(answer), /^Internal error/, url)
      }
    })
  )
})

describe("while a person answers, in a session", () => {
  it.effect("the time of the call stands still", () =>
    Effect.gen(function* () {
      const work = Effect.andThen(Effect.sleep("40 seconds"), booking)
      const peer = yield* speaking("2025-11-25", Effect.andThen(work, Effect.sleep("30 seconds")))
      const id = peer.startCall("work")
      yield* TestClock.adjust("40 seconds")
      const question = peer.messages.find(({ method }) => method === "elicitation/create")
      yield* TestClock.adjust("50 minutes")
      assert.isUndefined(peer.answerNow(id))
      peer.send({ jsonrpc: "2.0", id: question?.["id"], result: accept({ seat: "a", bags: 0 })() })
      yield* settle
      yield* TestClock.adjust("19 seconds")
      assert.isUndefined(peer.answerNow(id))
      yield* TestClock.adjust("2 seconds")
      assert.include(textOf(yield* peer.answer(id)), "took longer than 1m and was stopped")
    })
  )

  it.effect("the time of the call stands still, question after question", () =>
    Effect.gen(function* () {
      const ask = (key: string) => Elicitation.form({ key, message: key })
      const work = Effect.andThen(Effect.delay(Effect.zip(ask("a"), ask("b")), "50 seconds"), Effect.sleep("5 seconds"))
      const peer = yield* speaking("2025-11-25", Effect.as(work, "done"))
      const id = peer.startCall("work")
      yield* TestClock.adjust("50 seconds")
      for (const key of ["a", "b"]) {
        yield* TestClock.adjust("40 minutes")
        const question = peer.messages.find(({ params }) => params?.message === key)
        peer.send({ jsonrpc: "2.0", id: question?.["id"], result: accept({})() })
        yield* settle
      }
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(textOf(yield* peer.answer(id)), "done")
    })
  )

  it.effect("the question has an end, and the client is told", () =>
    Effect.gen(function* () {
      const handler = Effect.catch(booking, ({ message }) => Effect.succeed(message))
      const peer = yield* speaking("2025-11-25", handler, form, { answerTimeout: "5 minutes" })
      const id = peer.startCall("work")
      yield* settle
      const question = peer.messages.find(({ method }) => method === "elicitation/create")
      yield* TestClock.adjust("5 minutes")
      assert.include(textOf(yield* peer.answer(id)), "no answer within 5m")
      const told = peer.notifications.find(({ method }) => method === "notifications/cancelled")
      assert.deepStrictEqual(told?.["params"], { requestId: question?.["id"] })
    })
  )

  it.effect("a question that lost a race is cancelled, and can be asked again", () =>
    Effect.gen(function* () {
      const race = Effect.raceFirst(Effect.map(booking, String), Effect.as(Effect.sleep(10), "late"))
      const peer = yield* speaking("2025-11-25", Effect.zip(race, booking))
      const fiber = yield* Effect.forkChild(peer.call("work"), { startImmediately: true })
      yield* settle
      yield* TestClock.adjust(10)
      const questions = () => peer.messages.filter(({ method }) => method === "elicitation/create")
      assert.strictEqual(questions().length, 2)
      peer.send({ jsonrpc: "2.0", id: questions()[1]?.["id"], result: accept({ seat: "a", bags: 0 })() })
      assert.deepStrictEqual(JSON.parse(textOf(yield* Fiber.join(fiber))), ["late", { seat: "a", bags: 0 }])
    })
  )

  it.effect("the same question twice is put once", () =>
    Effect.gen(function* () {
      const peer = yield* speaking("2025-11-25", Effect.all([booking, booking, booking], { concurrency: "unbounded" }))
      const { answer, asked } = yield* conversation(peer, accept({ seat: "a", bags: 0 }))
      assert.deepStrictEqual([asked.length, JSON.parse(textOf(answer)).length], [1, 3])
    })
  )
})
