/** Source: "Multi Round-Trip Requests" of 2026-07-28; section 6 of the design: what runs again, and what does not. */
import * as Replay from "@effect-mcp/core/Replay"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { capture } from "./support/logs.ts"
import { serve, settle } from "./support/peer.ts"
import { ask, round, rounds } from "./support/rounds.ts"

const Work = Tool.make("work", { success: Schema.Unknown, failure: Schema.String })

const log: Array<string> = []
const note = (text: string) => Effect.sync(() => void log.push(text))
const slow = (millis: number, text: string) => Effect.andThen(Effect.sleep(millis), note(text))

/** Serves a handler as a tool, to a peer of 2026-07-28. */
const serving = (handler: Effect.Effect<unknown, unknown, RequestServices>, options: Partial<McpServer.Options> = {}) =>
  Effect.gen(function* () {
    log.length = 0
    const logs = capture()
    const layer = McpServer.layer({ name: "s", version: "1", ...options }, Work).pipe(
      Layer.provide(Work.toLayer(() => handler as Effect.Effect<unknown, string, RequestServices>)), // what fails otherwise is a defect
      Layer.provide(logs.layer)
    )
    const peer = yield* (yield* serve(layer)).speak("2026-07-28")
    return { peer, logs }
  })

/** The rounds of a handler: what was asked in each of them, what it gave, and what it did besides. */
const run = (handler: Effect.Effect<unknown, unknown, RequestServices>) =>
  Effect.gen(function* () {
    const { peer } = yield* serving(handler)
    const { answer, asked } = yield* rounds(peer, { name: "work" })
    const { result } = answer
    return { asked, gave: result?.structuredContent ?? result?.content?.[0]?.text ?? answer["error"]?.code, log: [...log] }
  })

describe("a handler that asks, in the request era", () => {
  it.effect("sequential questions: one round each, and all that is between them runs again", () =>
    Effect.gen(function* () {
      const handler = Effect.gen(function* () {
        yield* note("before")
        const a = yield* ask("a")
        yield* note("between")
        return [a, yield* ask("b")]
      })
      assert.deepStrictEqual(yield* run(handler), {
        asked: [["a"], ["b"]],
        gave: ["a", "b"],
        log: ["before", "before", "between", "before", "between"]
      })
    })
  )

  it.effect("what is recorded runs once", () =>
    Effect.gen(function* () {
      const handler = Effect.gen(function* () {
        yield* Replay.once("before", Schema.Void, note("before"))
        const a = yield* ask("a")
        yield* Replay.once("between", Schema.Void, note("between"))
        const b = yield* ask("b")
        yield* Replay.once("after", Schema.Void, note("after"))
        return [a, b]
      })
      const { asked, log } = yield* run(handler)
      assert.deepStrictEqual(
        [asked, log],
        [
          [["a"], ["b"]],
          ["before", "between", "after"]
        ]
      )
    })
  )

  it.effect("Effect.all: sequential asks in turn, concurrent in one round", () =>
    Effect.gen(function* () {
      const sequential = yield* run(Effect.all([ask("a"), ask("b")]))
      const concurrent = yield* run(Effect.all([ask("a"), ask("b"), ask("c")], { concurrency: "unbounded" }))
      assert.deepStrictEqual([sequential.asked, concurrent.asked], [[["a"], ["b"]], [["a", "b", "c"]]])
      assert.deepStrictEqual(
        [sequential.gave, concurrent.gave],
        [
          ["a", "b"],
          ["a", "b", "c"]
        ]
      )
    })
  )

  it.effect("a question that comes later than the first one has a round of its own", () =>
    Effect.gen(function* () {
      const later = Effect.andThen(Effect.sleep(5), ask("b"))
      const { peer } = yield* serving(Effect.all([ask("a"), later], { concurrency: "unbounded" }))
      const first = yield* round(peer, { name: "work" })
      assert.deepStrictEqual(first.asked, ["a"])
    })
  )

  it.effect("the end of a round waits for what is being recorded", () =>
    Effect.gen(function* () {
      const gate = Deferred.makeUnsafe<void>()
      const recorded = Replay.once(
        "delete",
        Schema.String,
        Effect.as(Effect.andThen(Deferred.await(gate), note("deleted")), "done")
      )
      const { peer } = yield* serving(Effect.all([ask("a"), recorded], { concurrency: "unbounded" }))
      const { answer } = yield* Effect.map(
        Effect.all([rounds(peer, { name: "work" }), Effect.andThen(settle, Deferred.succeed(gate, undefined))], {
          concurrency: "unbounded"
        }),
        ([all]) => all
      )
      assert.deepStrictEqual(answer["result"]?.structuredContent, ["a", "done"])
      assert.deepStrictEqual(log, ["deleted"])
    })
  )

  it.effect("also for what runs in a fiber of its own", () =>
    Effect.gen(function* () {
      const gate = Deferred.makeUnsafe<void>()
      const recorded = Replay.once("delete", Schema.Void, Effect.andThen(Deferred.await(gate), note("deleted")))
      const handler = Effect.gen(function* () {
        yield* Effect.forkChild(recorded, { startImmediately: true })
        return yield* ask("a")
      })
      const { peer } = yield* serving(handler)
      const id = peer.start("tools/call", {
        name: "work",
        _meta: { "io.modelcontextprotocol/clientCapabilities": { roots: {} } }
      })
      yield* settle
      assert.isUndefined(peer.answerNow(id))
      yield* Deferred.succeed(gate, undefined)
      const { result } = yield* peer.answer(id)
      assert.deepStrictEqual([Object.keys(result.inputRequests), log], [["a"], ["deleted"]])
    })
  )

  it.effect("finalizers run at the end of each round", () =>
    Effect.gen(function* () {
      const handler = Effect.scoped(
        Effect.gen(function* () {
          yield* Effect.acquireRelease(note("open"), () => note("close"))
          return yield* Effect.onInterrupt(ask("a"), () => note("rolled back"))
        })
      )
      const { log } = yield* run(handler)
      assert.deepStrictEqual(log, ["open", "rolled back", "close", "open", "close"])
    })
  )

  for (const [name, around] of [
    ["catchCause", (self: ReturnType<typeof ask>) => Effect.catchCause(self, () => Effect.succeed("swallowed"))],
    [
      "exit",
      (self: ReturnType<typeof ask>) =>
        Effect.map(Effect.exit(self), (exit) => (exit._tag === "Success" ? exit.value : "swallowed"))
    ],
    [
      "timeoutOption",
      (self: ReturnType<typeof ask>) =>
        Effect.map(Effect.timeoutOption(self, 1000), (o) => (o._tag === "Some" ? o.value : "late"))
    ],
    ["a race with a default", (self: ReturnType<typeof ask>) => Effect.raceFirst(self, Effect.as(Effect.sleep(1), "default"))],
    ["uninterruptible", (self: ReturnType<typeof ask>) => Effect.uninterruptible(self)],
    [
      "what swallows the interruption",
      (self: ReturnType<typeof ask>) => Effect.uninterruptible(Effect.catchCause(self, () => Effect.succeed("swallowed")))
    ],
    ["acquireRelease", (self: ReturnType<typeof ask>) => Effect.scoped(Effect.acquireRelease(self, () => note("release")))],
    [
      "a semaphore",
      (self: ReturnType<typeof ask>) => Effect.flatMap(Semaphore.make(1), (semaphore) => semaphore.withPermits(1)(self))
    ]
  ] as const) {
    it.effect(`${name} around a question: it is asked, and the handler gets the answer`, () =>
      Effect.gen(function* () {
        const { asked, gave } = yield* run(around(ask("a")))
        assert.deepStrictEqual([asked, gave], [[["a"]], "a"])
      })
    )
  }

  it.effect("a key may depend on an earlier answer", () =>
    Effect.gen(function* () {
      const { asked, gave } = yield* run(Effect.flatMap(ask("a"), (a) => ask(`b-${a}`)))
      assert.deepStrictEqual([asked, gave], [[["a"], ["b-a"]], "b-a"])
    })
  )

  it.effect("who asks the same in all rounds is told nothing", () =>
    Effect.gen(function* () {
      const { logs, peer } = yield* serving(Effect.all([ask("a"), ask("b"), ask("a")]))
      const { asked } = yield* rounds(peer, { name: "work" })
      assert.deepStrictEqual([asked, logs.entries], [[["a"], ["b"]], []])
    })
  )

  it.effect("a question of a fiber that nobody waits for does not hold up a handler that is done", () =>
    Effect.gen(function* () {
      const { asked, gave } = yield* run(Effect.as(Effect.forkChild(ask("a"), { startImmediately: true }), "done"))
      assert.deepStrictEqual([asked, gave], [[], "done"])
    })
  )

  it.effect("a failure in the same turn as a question is the answer", () =>
    Effect.gen(function* () {
      const { asked, gave } = yield* run(Effect.all([ask("a"), Effect.fail("no")], { concurrency: "unbounded" }))
      assert.deepStrictEqual([asked, gave], [[], "no"])
    })
  )

  it.effect("recorded results are what their Schema says: nothing, a date", () =>
    Effect.gen(function* () {
      const handler = Effect.gen(function* () {
        const nothing = yield* Replay.once("nothing", Schema.Void, Effect.void)
        const at = yield* Replay.once(
          "at",
          Schema.Date,
          Effect.sync(() => new Date(0))
        )
        yield* ask("a")
        return [nothing === undefined, at instanceof Date && at.getTime()]
      })
      assert.deepStrictEqual((yield* run(handler)).gave, [true, 0])
    })
  )

  it.effect("failures are not recorded", () =>
    Effect.gen(function* () {
      let attempts = 0
      const flaky = Effect.suspend(() => (++attempts === 1 ? Effect.fail("not yet") : Effect.succeed("done")))
      const handler = Effect.gen(function* () {
        const first = yield* Effect.result(Replay.once("flaky", Schema.String, flaky))
        const answer = yield* ask("a")
        return [answer, first._tag, attempts]
      })
      assert.deepStrictEqual((yield* run(handler)).gave, ["a", "Success", 2])
    })
  )

  it.effect("what two fibers record under one key runs once", () =>
    Effect.gen(function* () {
      const recorded = Replay.once("k", Schema.Finite, Effect.as(slow(0, "ran"), 1))
      const { peer } = yield* serving(Effect.all([recorded, recorded], { concurrency: "unbounded" }))
      const id = peer.startCall("work")
      yield* settle
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* peer.answer(id))["result"].structuredContent, [1, 1])
      assert.deepStrictEqual(log, ["ran"])
    })
  )

  it.effect("the same question twice is asked once", () =>
    Effect.gen(function* () {
      const { asked, gave } = yield* run(Effect.all([ask("a"), ask("a")], { concurrency: "unbounded" }))
      assert.deepStrictEqual([asked, gave], [[["a"]], ["a", "a"]])
    })
  )
})

describe("faults of authors", () => {
  const faults = Effect.fnUntraced(function* (handler: Effect.Effect<unknown, unknown, RequestServices>) {
    const { logs, peer } = yield* serving(handler, { maxRounds: 3 })
    const { answer } = yield* rounds(peer, { name: "work" })
    return { answer, logged: logs.entries.map(({ cause, message }) => `${message} ${cause}`).join("\n") }
  })

  it.effect("one key for two questions", () =>
    Effect.gen(function* () {
      const { answer, logged } = yield* faults(Effect.all([ask("k"), ask("k", { other: 1 })], { concurrency: "unbounded" }))
      assert.isTrue(answer["result"].isError)
      assert.include(logged, '"k" is the key of two different questions')
    })
  )

  it.effect("a question that is not the same when the handler runs again", () =>
    Effect.gen(function* () {
      let n = 0
      const { answer, logged } = yield* faults(Effect.suspend(() => ask("k", { n: n++ })))
      assert.isTrue(answer["result"].isError)
      assert.include(logged, '"k" is the key of two different questions')
    })
  )

  it.effect("a question that was made to look the same: a hash of its text that others know would not tell it apart", () =>
    Effect.gen(function* () {
      const seen = new Map<number, string>()
      const paramsOf = (text: string) => ({ text: `Send ${text}?` })
      const hashOf = (text: string) => Hash.string(`roots/list ${JSON.stringify(paramsOf(text))}`)
      let text = ""
      for (let n = 0; !seen.has(hashOf((text = n.toString(36).padStart(6, "0")))); n++) seen.set(hashOf(text), text)
      const twins = [text, seen.get(hashOf(text)) ?? ""]
      let n = 0
      const { answer, logged } = yield* faults(Effect.suspend(() => ask("k", paramsOf(twins[n++]!))))
      assert.isTrue(answer["result"].isError)
      assert.include(logged, '"k" is the key of two different questions')
    })
  )

  it.effect("keys that change with every run: the rounds have an end, and the log names what is asked no more", () =>
    Effect.gen(function* () {
      let n = 0
      const { answer, logged } = yield* faults(Effect.suspend(() => ask(`a${n++}`)))
      assert.strictEqual(answer["error"].code, -32603)
      assert.include(logged, "the handler still asks after 3 rounds")
      assert.include(logged, "answered, but asked no more: a0, a1. Its questions")
    })
  )

  it.effect("a question that is asked no more is told to the author; the result stands", () =>
    Effect.gen(function* () {
      let n = 0
      const { answer, logged } = yield* faults(Effect.suspend(() => (n++ === 0 ? ask("a") : ask("b"))))
      assert.strictEqual(answer["result"].structuredContent, "b")
      assert.include(logged, 'without asking what it had asked in an earlier round: "a"')
    })
  )

  it.effect("the same key in a loop does not hang", () =>
    Effect.gen(function* () {
      const { answer, logged } = yield* faults(Effect.forever(ask("a")))
      assert.isTrue(answer["result"].isError)
      assert.include(logged, '"a" was asked more than 1000 times')
    })
  )

  it.effect("more questions than anybody answers", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 101 }, (_, i) => ask(`q${i}`))
      const { answer, logged } = yield* faults(Effect.all(many, { concurrency: "unbounded" }))
      assert.isTrue(answer["result"].isError)
      assert.include(logged, "no more than 100 questions")
    })
  )

  it.effect("more questions than that, over several rounds", () =>
    Effect.gen(function* () {
      const some = (from: number, to: number) =>
        Effect.all(
          Array.from({ length: to - from }, (_, i) => ask(`q${from + i}`)),
          { concurrency: "unbounded" }
        )
      const { answer } = yield* faults(Effect.andThen(some(0, 60), some(60, 100)))
      assert.isUndefined(answer["result"].isError)
      const tooMany = yield* faults(Effect.andThen(some(0, 60), some(60, 101)))
      assert.include(tooMany.logged, "no more than 100 questions")
    })
  )

  it.effect("a result that its Schema cannot write", () =>
    Effect.gen(function* () {
      const { answer } = yield* faults(Replay.once("k", Schema.Finite, Effect.succeed(Number.NaN)))
      assert.isTrue(answer["result"].isError)
    })
  )
})
