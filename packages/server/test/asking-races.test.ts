/** What happens to questions, and to what is recorded, when a round or its request ends at any moment. */
import type { Asking, AskingError } from "@effect-mcp/core/Asking"
import * as KeyRing from "@effect-mcp/core/KeyRing"
import * as Replay from "@effect-mcp/core/Replay"
import * as Revision from "@effect-mcp/core/Revision"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { type Asker, Round } from "../src/internal/round.ts"
import * as McpServer from "../src/McpServer.ts"
import { capture, captureMetrics } from "./support/logs.ts"
import { key, type RawPeer, serve, settle } from "./support/peer.ts"
import { ask, everything, round, rounds, textOf } from "./support/rounds.ts"

const Work = Tool.make("work", { success: Schema.Unknown, failure: Schema.String })
const Easy = Tool.make("easy")

type Handler = Effect.Effect<unknown, string | AskingError, RequestServices>

const log: Array<string> = []
const note = (text: string) => Effect.sync(() => void log.push(text))

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const capabilities = { [key("clientCapabilities")]: everything }

const start = (peer: RawPeer) =>
  peer.start("tools/call", { name: "work", ...(peer.version === "2026-07-28" ? { _meta: capabilities } : {}) })

const serving = Effect.fnUntraced(function* (
  handler: Handler,
  options: Partial<McpServer.Options> = {},
  services: Layer.Layer<never> = Layer.empty,
  version: Revision.Version = "2026-07-28"
) {
  log.length = 0
  const logs = capture()
  const layer = McpServer.layer({ name: "s", version: "1", ...options }, Work, Easy).pipe(
    // A handler may fail with what its contract does not declare, when it has asked.
    Layer.provide([
      Work.toLayer(() => handler as Effect.Effect<unknown, string, RequestServices>),
      Easy.toLayer(() => Effect.void)
    ]),
    Layer.provide([services, logs.layer])
  )
  const served = yield* serve(layer)
  const scope = yield* Scope.fork(yield* Effect.scope)
  const peer = yield* Scope.provide(served.open(), scope)
  yield* peer.speak(version, everything)
  const logged = () => logs.entries.map(({ cause, message }) => `${message} ${cause}`).join("\n")
  return { peer, served, logged, close: Scope.close(scope, Exit.void) }
})

/** A key ring that is slow, or odd. */
const ringWith = (around: (current: Effect.Effect<KeyRing.Key>) => Effect.Effect<KeyRing.Key>): Layer.Layer<never> =>
  Layer.effect(
    KeyRing.KeyRing,
    Effect.map(KeyRing.KeyRing, ({ current, find }) => ({ current: around(Effect.orDie(current)), find }))
  ).pipe(Layer.provide(KeyRing.layerProcess)) as Layer.Layer<never> // it is looked up when there is one

describe("fibers of their own, when a round ends", () => {
  for (const [name, fork] of [
    ["forkChild", Effect.forkChild],
    ["forkDetach", Effect.forkDetach]
  ] as const) {
    it.effect(`${name}: a question inside of what is being recorded ends with it`, () =>
      Effect.gen(function* () {
        const recorded = Replay.once("k", Schema.String, Effect.orDie(ask("b")))
        const handler = Effect.flatMap(fork(recorded, { startImmediately: true }), (fiber) =>
          Effect.zip(ask("a"), Fiber.join(fiber))
        )
        const { peer } = yield* serving(handler)
        const { answer, asked } = yield* rounds(peer, { name: "work" })
        assert.deepStrictEqual([asked, answer["result"].structuredContent], [[["b", "a"]], ["a", "b"]])
      })
    )

    it.effect(`${name}: nothing is recorded after the end, so nothing that is recorded runs twice`, () =>
      Effect.gen(function* () {
        const gate = Deferred.makeUnsafe<void>()
        const first = Replay.once("1", Schema.Void, Effect.andThen(Deferred.await(gate), note("1")))
        const second = Replay.once("2", Schema.Void, Effect.andThen(Effect.yieldNow, note("2")))
        const handler = Effect.gen(function* () {
          const fiber = yield* fork(Effect.andThen(first, second), { startImmediately: true })
          const a = yield* ask("a")
          yield* Fiber.join(fiber)
          return a
        })
        const { peer } = yield* serving(handler)
        const fiber = yield* Effect.forkChild(rounds(peer, { name: "work" }), { startImmediately: true })
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        const { answer } = yield* Fiber.join(fiber)
        assert.deepStrictEqual([log, answer["result"].structuredContent], [["1", "2"], "a"])
      })
    )
  }

  it.effect("what waits for the next round is interrupted, with its finalizers, also for a question that others wait for", () =>
    Effect.gen(function* () {
      const waiting = Effect.onInterrupt(ask("b"), () => note("interrupted"))
      const detached = Effect.forkDetach(waiting, { startImmediately: true })
      const { peer } = yield* serving(Effect.andThen(Effect.zip(detached, detached), ask("a")))
      const { asked } = yield* round(peer, { name: "work" })
      assert.deepStrictEqual([asked.join(), log.join()], ["b,a", "interrupted,interrupted"])
    })
  )

  it.effect("what waits for a next round that does not come is told so", () =>
    Effect.gen(function* () {
      const told = Effect.catch(ask("b"), ({ message }) => note(message))
      const { peer } = yield* serving(Effect.as(Effect.forkDetach(told, { startImmediately: true }), "done"))
      const { answer } = yield* round(peer, { name: "work" })
      yield* settle
      assert.strictEqual(answer["result"].structuredContent, "done")
      assert.deepStrictEqual(log, ["cannot ask the client (roots/list): the request is answered already"])
    })
  )

  it.effect("what is asked while the state is being sealed is not part of the round", () =>
    Effect.gen(function* () {
      const sealing = Deferred.makeUnsafe<void>()
      const late = Deferred.makeUnsafe<void>()
      const asking = Effect.forkDetach(Effect.andThen(Deferred.await(late), ask("b")), { startImmediately: true })
      const slow = ringWith((current) => Effect.andThen(Deferred.await(sealing), current))
      const { peer } = yield* serving(Effect.andThen(asking, ask("a")), {}, slow)
      const id = start(peer)
      yield* settle
      yield* Deferred.succeed(late, undefined)
      yield* settle
      yield* Deferred.succeed(sealing, undefined)
      assert.deepStrictEqual(Object.keys((yield* peer.answer(id))["result"].inputRequests), ["a"])
    })
  )
})

describe("the end of a round", () => {
  for (const end of ["cancelled", "closed"] as const) {
    it.effect(`of a request that is ${end} meanwhile is not answered`, () =>
      Effect.gen(function* () {
        const sealing = Deferred.makeUnsafe<void>()
        const metrics = captureMetrics()
        const slow = ringWith((current) => Effect.andThen(Deferred.await(sealing), current))
        const { close, peer } = yield* serving(ask("a"), {}, Layer.merge(slow, metrics.layer))
        const requestId = start(peer)
        yield* settle
        const closing = yield* Effect.forkChild(end === "closed" ? close : Effect.void, { startImmediately: true })
        if (end === "cancelled") peer.notify("notifications/cancelled", { requestId })
        yield* Deferred.succeed(sealing, undefined)
        yield* peer.until(({ inFlight }) => (inFlight === 0 ? true : undefined))
        yield* Fiber.join(closing)
        assert.deepStrictEqual([peer.lines, peer.outcomes.at(-1)], [[], "NoReply"])
        const [series] = metrics.series("mcp.server.operation.duration")
        assert.strictEqual(series?.attributes["error.type"], end)
      })
    )
  }

  it.effect("is not disturbed by a key ring that can be interrupted", () =>
    Effect.gen(function* () {
      const ring = ringWith((current) => Effect.interruptible(Effect.andThen(Effect.yieldNow, current)))
      const { peer } = yield* serving(ask("a"), {}, ring)
      assert.strictEqual((yield* rounds(peer, { name: "work" })).answer["result"].structuredContent, "a")
    })
  )

  it.effect("a finalizer that breaks is in the log, and the questions are asked", () =>
    Effect.gen(function* () {
      const { logged, peer } = yield* serving(Effect.onInterrupt(ask("a"), () => Effect.die(new Error("cannot roll back"))))
      assert.deepStrictEqual((yield* round(peer, { name: "work" })).asked, ["a"])
      assert.include(logged(), "cannot roll back")
    })
  )

  it.effect("who fails before its questions is not accused of asking something else", () =>
    Effect.gen(function* () {
      let runs = 0
      const { logged, peer } = yield* serving(
        Effect.suspend((): Handler => (++runs === 1 ? ask("a") : Effect.fail("no database")))
      )
      const { answer } = yield* rounds(peer, { name: "work" })
      assert.deepStrictEqual([answer["result"].isError, logged()], [true, ""])
    })
  )
})

describe("questions of a session", () => {
  const answering = Effect.fnUntraced(function* (peer: RawPeer, id: ReturnType<typeof start>, reply: object) {
    let asked = 0
    for (;;) {
      yield* settle
      const questions = peer.notifications.filter((message) => "id" in message).slice(asked)
      if (questions.length === 0) return { asked, answer: yield* peer.answer(id) }
      for (const question of questions) {
        asked++
        peer.send({ jsonrpc: "2.0", id: question["id"], ...reply })
      }
    }
  })

  it.effect("that fail count, too: there are at most 100", () =>
    Effect.gen(function* () {
      const { logged, peer } = yield* serving(Effect.retry(ask("a"), { while: () => true }), {}, Layer.empty, "2025-11-25")
      const { answer, asked } = yield* answering(peer, start(peer), { error: { code: -1, message: "no" } })
      assert.deepStrictEqual([asked, answer["result"].isError], [100, true])
      assert.include(logged(), "no more than 100 questions")
    })
  )

  for (const [what, reply] of [
    ["an error whose code is no safe integer", { error: { code: 1e20, message: "no" } }],
    ["an error without a message", { error: { code: 1 } }],
    ["a result that is no object", { result: 1 }]
  ] as const) {
    it.effect(`${what} ends its question`, () =>
      Effect.gen(function* () {
        const handler = Effect.catch(ask("a"), ({ message }) => Effect.succeed(message))
        const { peer } = yield* serving(handler, {}, Layer.empty, "2025-11-25")
        const { answer } = yield* answering(peer, start(peer), reply)
        assert.include(textOf(answer), "roots/list got no answer: Invalid Request: a malformed")
      })
    )
  }
})

describe("at any moment", () => {
  // A fiber gives way after so many steps, and can be interrupted then.
  const yielding = <A, E, R>(effect: Effect.Effect<A, E, R>, steps: number) =>
    Effect.provideService(effect, Scheduler.MaxOpsBeforeYield, steps)

  /** The questions of a call in a session, and what they do with its time. */
  const questions = () => {
    const time: Array<"pause" | "resume"> = []
    const answers: Array<() => void> = []
    const way = { canAsk: true, send: () => Effect.void, sendUnsafe: () => true }
    const call: Asker = {
      revision: Revision.byVersion["2025-11-25"],
      clientCapabilities: everything,
      method: "tools/call",
      asks: true,
      emit: way,
      isOpen: true,
      peer: { push: way, ask: () => Effect.callback((resume) => void answers.push(() => resume(Effect.succeed({})))) },
      pause: () => void time.push("pause"),
      resume: () => Effect.sync(() => void time.push("resume")),
      endRound: () => {}
    }
    const asking: Asking = new Round(call, undefined)
    return { time, answers, ask: (key: string) => asking.ask({ key, method: "roots/list", params: {} }) }
  }

  it.effect("a question is interrupted: the time of the call goes on, and it can be asked again", () =>
    Effect.gen(function* () {
      for (let steps = 3; steps < 16; steps++) {
        for (let turns = 0; turns < 8; turns++) {
          const { ask, time } = questions()
          const asked = yielding(ask("a"), steps)
          const one = yield* Effect.forkChild(asked, { startImmediately: true })
          const other = yield* Effect.forkChild(asked, { startImmediately: true })
          for (let i = 0; i < turns; i++) yield* turn
          yield* Fiber.interrupt(one)
          for (let i = 0; i < 16; i++) yield* turn
          assert.strictEqual(time.at(-1), "pause", `${steps} steps, ${turns} turns`)
          yield* Fiber.interrupt(other)
          assert.strictEqual(time.at(-1), "resume", `${steps} steps, ${turns} turns`)
        }
      }
    })
  )

  it.effect("the time of the call stands still from the first question to the last answer", () =>
    Effect.gen(function* () {
      const { answers, ask, time } = questions()
      const all = yield* Effect.forkChild(Effect.all([ask("a"), ask("b"), ask("a")], { concurrency: "unbounded" }), {
        startImmediately: true
      })
      for (const answer of answers) {
        assert.deepStrictEqual(time, ["pause"])
        answer()
        yield* turn
      }
      yield* Fiber.join(all)
      assert.deepStrictEqual([answers.length, time], [2, ["pause", "resume"]])
    })
  )

  it.effect("waiting for a question can be interrupted where nothing else can, also when somebody else has asked it", () =>
    Effect.gen(function* () {
      const { ask } = questions()
      const asked = Effect.uninterruptible(ask("a"))
      const fibers = yield* Effect.all([asked, asked].map((effect) => Effect.forkChild(effect, { startImmediately: true })))
      for (const fiber of fibers.toReversed()) yield* Fiber.interrupt(fiber)
    })
  )

  const handlers: { readonly [what: string]: Handler } = {
    "a question": ask("a"),
    "questions and a record": Effect.all([ask("a"), ask("b"), Replay.once("k", Schema.Void, note("k"))], {
      concurrency: "unbounded"
    }),
    "a race": Effect.raceFirst(ask("a"), Effect.andThen(Effect.yieldNow, ask("b"))),
    "a fiber of its own": Effect.andThen(Effect.forkDetach(Replay.once("k", Schema.String, Effect.orDie(ask("b")))), ask("a"))
  }

  for (const version of ["2026-07-28", "2025-11-25"] as const) {
    for (const [what, handler] of Object.entries(handlers)) {
      for (const end of ["cancelled", "closed", "late"] as const) {
        it.effect(`${version}: a call is ${end} that asks ${what}: its place is free again`, () =>
          Effect.gen(function* () {
            for (const steps of [4, 7]) {
              for (let turns = 0; turns < 10; turns++) {
                const limits = { concurrency: 1, toolTimeout: "1 minute", answerTimeout: "2 minutes" } as const
                const { close, peer, served } = yield* serving(yielding(handler, steps), limits, Layer.empty, version)
                const [first, second] = [start(peer), start(peer)]
                for (let i = 0; i < turns; i++) yield* turn
                for (const requestId of [first, second]) {
                  if (end === "cancelled") peer.notify("notifications/cancelled", { requestId })
                }
                if (end === "closed") yield* close
                const isAnswered = () => [first, second].every((id) => peer.answerNow(id) !== undefined)
                if (end === "late") {
                  while (!isAnswered()) yield* Effect.andThen(TestClock.adjust("1 minute"), settle)
                }
                yield* (yield* served.speak()).call("easy")
                yield* peer.until(({ inFlight }) => (inFlight === 0 ? true : undefined))
              }
            }
          })
        )
      }
    }
  }
})
