/** Questions that are not simply asked by the handler of a tool. */
import * as Completion from "@effect-mcp/core/Completion"
import * as KeyRing from "@effect-mcp/core/KeyRing"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { key, serve, settle } from "./support/peer.ts"
import { ask, everything, round, rounds } from "./support/rounds.ts"

const Work = Tool.make("work", { success: Schema.Unknown })
const Other = Tool.make("other", { success: Schema.Unknown })

type Handler = Effect.Effect<unknown, never, RequestServices>

const info = { name: "s", version: "1" }
const asking = (...keys: ReadonlyArray<string>): Handler => Effect.orDie(Effect.forEach(keys, (key) => ask(key)))
const WorkLive = Work.toLayer(() => asking("work"))
const OtherLive = Other.toLayer(() => asking("other", "last"))

describe("middleware", () => {
  class Gate extends Middleware.make<Gate>()("Gate") {}

  it.effect("asks before and after the handler: a round each", () =>
    Effect.gen(function* () {
      const GateLive = Gate.layer({
        "tools/call": (request, next) =>
          Effect.gen(function* () {
            yield* Effect.orDie(ask("before"))
            const result = yield* next(request)
            yield* Effect.orDie(ask("after"))
            return result
          })
      })
      const layer = McpServer.layer(info, McpServer.use(Gate), Work).pipe(Layer.provide([WorkLive, GateLive]))
      const { answer, asked } = yield* rounds(yield* (yield* serve(layer)).speak("2026-07-28"), { name: "work" })
      assert.deepStrictEqual([asked, answer["result"].structuredContent], [[["before"], ["work"], ["after"]], ["work"]])
    })
  )

  it.effect("sends a call on to another tool, as it was answered: the rounds go on there", () =>
    Effect.gen(function* () {
      const GateLive = Gate.layer({
        "tools/call": (request, next) => Effect.flatMap(Effect.orDie(ask("which")), (name) => next({ ...request, name }))
      })
      const layer = McpServer.layer(info, McpServer.use(Gate), Work, Other).pipe(Layer.provide([WorkLive, OtherLive, GateLive]))
      const peer = yield* (yield* serve(layer)).speak("2026-07-28")
      const reply = (key: string) => ({ roots: [{ uri: `file:///${key === "which" ? "other" : key}` }] })
      const { answer, asked } = yield* rounds(peer, { name: "work" }, reply)
      assert.deepStrictEqual(asked, [["which"], ["other"], ["last"]])
      assert.deepStrictEqual(answer["result"].structuredContent, ["other", "last"])
    })
  )

  it.effect("asks while it sends a call on to a tool with another timeout: the time of the call stands still all the same", () =>
    Effect.gen(function* () {
      const Short = Tool.make("short", { timeout: "1 minute" })
      const GateLive = Gate.layer({
        "tools/call": (request, next) =>
          Effect.map(
            Effect.all([Effect.orDie(ask("a")), next({ ...request, name: "short" })], { concurrency: "unbounded" }),
            ([, result]) => result
          )
      })
      const layer = McpServer.layer(info, McpServer.use(Gate), Work, Short).pipe(
        Layer.provide([WorkLive, Short.toLayer(() => Effect.void), GateLive])
      )
      const peer = yield* (yield* serve(layer)).open()
      yield* peer.speak("2025-11-25", everything)
      const id = peer.startCall("work")
      yield* settle
      yield* TestClock.adjust("30 minutes")
      peer.send({ jsonrpc: "2.0", id: peer.notifications[0]?.["id"], result: { roots: [{ uri: "file:///a" }] } })
      assert.isUndefined((yield* peer.answer(id))["result"].isError)
    })
  )
})

describe("servers that are mounted", () => {
  const keys = Layer.orDie(KeyRing.layer([Redacted.make(Buffer.alloc(32, 1).toString("base64"))]))
  const child = McpServer.layer({ name: "child", version: "1" }, Work)
  const parent = McpServer.layer({ name: "parent", version: "1" }, McpServer.mount(undefined, child))
  const provided = <A, E, R>(layer: Layer.Layer<A, E, R>) => layer.pipe(Layer.provide([WorkLive, keys]))

  it.effect("ask through the server on which they are mounted; its states are none for themselves, and theirs none for it", () =>
    Effect.gen(function* () {
      const alone = yield* (yield* serve(provided(child))).speak("2026-07-28")
      const mounted = yield* (yield* serve(provided(parent))).speak("2026-07-28")
      for (const [one, other] of [
        [alone, mounted],
        [mounted, alone]
      ] as const) {
        const { state } = yield* round(one, { name: "work" })
        const brought = { requestState: state, inputResponses: { work: { roots: [] } } }
        assert.strictEqual((yield* round(other, { name: "work" }, brought)).answer["error"].code, -32602)
        assert.deepStrictEqual((yield* round(one, { name: "work" }, brought)).answer["result"].structuredContent, [""])
      }
    })
  )
})

describe("a stream of steps", () => {
  it.effect("asks between them", () =>
    Effect.gen(function* () {
      const steps = Stream.concat(
        Stream.make(Tool.progress(1)),
        Stream.mapEffect(Stream.make("a", "b"), (key, i) =>
          Effect.map(Effect.orDie(ask(key)), (answer) => (i === 0 ? Tool.progress(2) : Tool.result(answer)))
        )
      )
      const layer = McpServer.layer(info, Work).pipe(Layer.provide(Work.toLayer(() => steps)))
      const { answer, asked } = yield* rounds(yield* (yield* serve(layer)).speak("2026-07-28"), { name: "work" })
      assert.deepStrictEqual([asked, answer["result"].structuredContent], [[["a"], ["b"]], "b"])
    })
  )
})

describe("a batch of 2025-03-26", () => {
  it.effect("is answered when all questions of its calls are, which may come in another one", () =>
    Effect.gen(function* () {
      const layer = McpServer.layer(info, Work, Other).pipe(Layer.provide([WorkLive, OtherLive]))
      const peer = yield* (yield* serve(layer)).open()
      yield* peer.speak("2025-03-26", everything)
      peer.send(["work", "other"].map((name, id) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } })))
      for (let seen = 0; seen < 3;) {
        const questions = peer.notifications.slice(seen)
        seen += questions.length
        peer.send(questions.map(({ id }) => ({ jsonrpc: "2.0", id, result: { roots: [{ uri: `file:///${id}` }] } })))
        yield* settle
      }
      const answers = peer.messages.find((message) => Array.isArray(message)) as unknown as ReadonlyArray<{ result: any }>
      assert.deepStrictEqual(
        answers.map(({ result }) => result.content[0].text),
        ['["1"]', '["2","3"]']
      )
    })
  )
})

describe("suggestions", () => {
  const Greet = Prompt.make("greet", { parameters: { name: Schema.String } })
  const GreetLive = Greet.toLayer(
    Completion.suggesting(({ name }) => Effect.succeed(name), {
      name: () =>
        Effect.orDie(
          Effect.map(
            Effect.catch(ask("a"), ({ message }) => Effect.succeed(message)),
            (text) => [text]
          )
        )
    })
  )
  const layer = McpServer.layer(info, Greet).pipe(Layer.provide(GreetLive))
  const params = { ref: { type: "ref/prompt", name: "greet" }, argument: { name: "name", value: "" } }

  for (const version of versions) {
    it.effect(`${version}: ${version === "2026-07-28" ? "cannot ask" : "may ask"}`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(layer)).open()
        yield* peer.speak(version, everything)
        const id = peer.start("completion/complete", {
          ...params,
          // Of rounds that there are not: nobody looks at it.
          ...(version === "2026-07-28" ? { requestState: "x", _meta: { [key("clientCapabilities")]: everything } } : {})
        })
        yield* settle
        for (const { id } of peer.notifications) peer.send({ jsonrpc: "2.0", id, result: { roots: [{ uri: "file:///b" }] } })
        const { result } = yield* peer.answer(id)
        const told = "cannot ask the client (roots/list): completion/complete cannot ask"
        assert.deepStrictEqual(result.completion.values, [version === "2026-07-28" ? told : "b"])
      })
    )
  }
})
