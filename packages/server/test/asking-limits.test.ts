import type { AskingFailed, Question, Unsupported } from "@effect-mcp/core/Asking"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { PeerState } from "../src/internal/peer.ts"
import * as McpServer from "../src/McpServer.ts"
import { sessionVersions, versions } from "./support/fixture.ts"
import { envelope, key, serve, settle } from "./support/peer.ts"

type Method = Question["method"]
type Answer = Result.Result<JsonObject, Unsupported | AskingFailed>

const question = (method: Method): Question => ({ key: "q", method, params: { for: method } })

/** A server whose tools ask: one waits for the answer, one leaves the asking to others, one lets nobody interrupt it. */
const asking = () => {
  const answers: Array<Answer> = []
  const requests: Array<RequestContext["Service"]> = []
  const gate = Deferred.makeUnsafe<void>()
  let method: Method = "elicitation/create"
  const ask = Effect.flatMap(RequestContext, (request) => request.asking.ask(question(method))).pipe(
    Effect.result,
    Effect.map((answer) => answers.push(answer))
  )
  const Ask = Tool.make("ask")
  const Leave = Tool.make("leave")
  const Stubborn = Tool.make("stubborn")
  const Hold = Tool.make("hold")
  const layer = McpServer.layer({ name: "s", version: "1" }, Ask, Leave, Stubborn, Hold).pipe(
    Layer.provide([
      Ask.toLayer(() => Effect.asVoid(ask)),
      Leave.toLayer(() => Effect.asVoid(Effect.forkDetach(ask, { startImmediately: true }))),
      Stubborn.toLayer(() => Effect.asVoid(Effect.uninterruptible(ask))),
      Hold.toLayer(() =>
        Effect.flatMap(RequestContext, (request) => {
          requests.push(request)
          return Deferred.await(gate)
        })
      )
    ])
  )
  return {
    layer,
    answers,
    requests,
    about: (next: Method) => (method = next),
    open: () => Deferred.doneUnsafe(gate, Exit.void)
  }
}

const everything = { roots: {}, sampling: {}, elicitation: {} }

/** What an answer says, in short. */
const shown = (answer: Answer | undefined): unknown =>
  answer === undefined
    ? undefined
    : Result.isSuccess(answer)
      ? answer.success
      : answer.failure._tag === "Unsupported"
        ? ["Unsupported", answer.failure.method, answer.failure.detail]
        : ["AskingFailed", answer.failure.code, answer.failure.detail]

const methods: ReadonlyArray<readonly [method: Method, capability: string]> = [
  ["roots/list", "roots"],
  ["sampling/createMessage", "sampling"],
  ["elicitation/create", "elicitation"]
]

const hasElicitation = (version: string) => version === "2025-06-18" || version === "2025-11-25"

describe("a client is asked what it said it can answer", () => {
  for (const version of sessionVersions) {
    for (const [method, capability] of methods) {
      const exists = capability !== "elicitation" || hasElicitation(version)

      it.effect(`${version}, ${method}: ${exists ? "asked when it declared it, and not otherwise" : "never asked"}`, () =>
        Effect.gen(function* () {
          const { about, answers, layer } = asking()
          about(method)
          const served = yield* serve(layer)
          const able = yield* served.open()
          yield* able.speak(version, everything)
          const id = able.startCall("ask")
          if (exists) {
            const [asked] = able.notifications
            assert.deepStrictEqual([asked?.["method"], asked?.["params"]], [method, { for: method }])
            able.send({ jsonrpc: "2.0", id: asked?.["id"], result: { fine: true } })
          }
          yield* able.answer(id)
          const { [capability as "roots"]: _, ...others } = everything
          const unable = yield* served.open()
          yield* unable.speak(version, others)
          yield* unable.call("ask")
          assert.strictEqual(unable.lines.length, 1)
          const without = `revision ${version} does not have it`
          assert.deepStrictEqual(answers.map(shown), [
            exists ? { fine: true } : ["Unsupported", method, without],
            ["Unsupported", method, exists ? `the client did not declare ${capability}` : without]
          ])
        })
      )
    }
  }

  it.effect("2026-07-28: asked by the answer to its request, never by a request, whatever it declared", () =>
    Effect.gen(function* () {
      const { about, answers, layer } = asking()
      const peer = yield* (yield* serve(layer)).speak("2026-07-28")
      for (const [method] of methods) {
        about(method)
        const _meta = envelope({ [key("clientCapabilities")]: everything })
        peer.send({ jsonrpc: "2.0", id: method, method: "tools/call", params: { name: "ask", _meta } })
      }
      for (const [method] of methods) {
        const { result } = yield* peer.answer(method)
        assert.strictEqual(result.resultType, "input_required")
        assert.deepStrictEqual(result.inputRequests, { q: { method, params: { for: method } } })
      }
      assert.deepStrictEqual([answers, peer.notifications], [[], []])
    })
  )

  it.effect("without a way back nobody is asked", () =>
    Effect.gen(function* () {
      const { answers, layer } = asking()
      const peer = yield* (yield* serve(layer)).open({ canAsk: false })
      yield* peer.speak("2025-11-25", everything)
      yield* peer.call("ask")
      assert.deepStrictEqual(answers.map(shown), [["Unsupported", "elicitation/create", "there is no way back to the client"]])
    })
  )
})

describe("after the answer", () => {
  for (const version of versions) {
    it.effect(`${version}: nobody is asked any more, through whatever was kept of the request`, () =>
      Effect.gen(function* () {
        const { layer, open, requests } = asking()
        const peer = yield* (yield* serve(layer)).open()
        yield* peer.speak(version, everything)
        const id = peer.startCall("hold")
        const [request] = requests
        const kept = request?.asking
        open()
        yield* peer.answer(id)
        peer.clear()
        for (const late of [kept, request?.asking]) {
          const asked = yield* Effect.result(late?.ask(question("roots/list")) ?? Effect.die("no request"))
          assert.strictEqual(Result.isFailure(asked) ? asked.failure._tag : undefined, "Unsupported")
        }
        assert.deepStrictEqual(peer.lines, [])
      })
    )
  }

  it.effect("nor is a question put that was only made before it", () =>
    Effect.gen(function* () {
      const { layer, open, requests } = asking()
      const peer = yield* (yield* serve(layer)).open()
      yield* peer.speak("2025-11-25", everything)
      const id = peer.startCall("hold")
      const made = requests[0]?.asking.ask(question("roots/list")) ?? Effect.die("no request")
      open()
      yield* peer.answer(id)
      peer.clear()
      const asked = yield* Effect.forkChild(Effect.result(made), { startImmediately: true })
      assert.deepStrictEqual(peer.lines, [])
      const answer = yield* Fiber.join(asked)
      assert.deepStrictEqual(shown(answer), ["Unsupported", "roots/list", "the request is answered already"])
    })
  )
})

describe("a peer that closes", () => {
  for (const [tool, who] of [
    ["leave", "of a fiber that outlives its call"],
    ["stubborn", "of a handler that lets nobody interrupt it"]
  ] as const) {
    it.effect(`ends the open question ${who}`, () =>
      Effect.gen(function* () {
        const { answers, layer } = asking()
        const served = yield* serve(layer)
        const scope = yield* Scope.make()
        const peer = yield* Scope.provide(served.open(), scope)
        yield* peer.speak("2025-11-25", everything)
        for (let i = 0; i < 3; i++) peer.startCall(tool)
        assert.strictEqual(peer.notifications.filter(({ method }) => method === "elicitation/create").length, 3)
        assert.deepStrictEqual(answers, [])
        yield* Scope.close(scope, Exit.void)
        yield* settle
        const over = ["AskingFailed", 0, "the conversation is over"]
        // A question can be interrupted even where nothing else can.
        assert.deepStrictEqual(answers.map(shown), tool === "stubborn" ? [] : [over, over, over])
        assert.strictEqual(peer.inFlight, 0)
      })
    )
  }

  it.effect("leaves those of others open", () =>
    Effect.gen(function* () {
      const { answers, layer } = asking()
      const served = yield* serve(layer)
      const scope = yield* Scope.make()
      const gone = yield* Scope.provide(served.open(), scope)
      const stays = yield* served.open()
      for (const peer of [gone, stays]) {
        yield* peer.speak("2025-11-25", everything)
        peer.startCall("stubborn")
      }
      const [asked] = stays.notifications
      yield* Scope.close(scope, Exit.void)
      stays.send({ jsonrpc: "2.0", id: asked?.["id"], result: { fine: true } })
      yield* settle
      assert.deepStrictEqual(answers.map(shown), [{ fine: true }])
    })
  )
})

describe("questions that nobody waits for any more", () => {
  it.effect("are forgotten: interrupted, failed to send, or answered", () =>
    Effect.gen(function* () {
      const sent: Array<unknown> = []
      const push = {
        canAsk: true,
        send: (message: unknown) => Effect.sync(() => void sent.push(message)),
        sendUnsafe: () => true
      }
      const peer = new PeerState(1, { transport: "memory", push }, { concurrencyPerPeer: 1, waiting: 1 })
      const open = (): number => (Reflect.get(peer, "questions") as ReadonlyMap<unknown, unknown>).size // not for anybody else
      const asked = yield* Effect.forkChild(peer.ask(push, "roots/list", {}), { startImmediately: true })
      assert.deepStrictEqual([sent.length, open()], [1, 1])
      yield* Fiber.interrupt(asked)
      assert.strictEqual(open(), 0)
      const broken = { ...push, send: () => Effect.die(new Error("no way")) }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(peer.ask(broken, "roots/list", {}))))
      assert.strictEqual(open(), 0)
      const answered = yield* Effect.forkChild(peer.ask(push, "roots/list", {}), { startImmediately: true })
      peer.answer({ _tag: "Success", id: 3, result: { roots: [] } })
      assert.deepStrictEqual(yield* Fiber.join(answered), { roots: [] })
      assert.strictEqual(open(), 0)
    })
  )
})
