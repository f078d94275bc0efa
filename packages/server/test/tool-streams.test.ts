import type { AskingError } from "@effect-mcp/core/Asking"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, info, refusal, type Since, versions } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { type Json, serve, settle } from "./support/peer.ts"
import { ask, rounds } from "./support/rounds.ts"

class Prefix extends Context.Service<Prefix, string>()("Prefix") {}
class Missing extends Schema.TaggedError<Missing>()("Missing", { file: Schema.String }) {}

class Files extends McpGroup.make(
  "files",
  Tool.make("index", { parameters: { files: Schema.Array(Schema.String) }, success: Schema.String, failure: Missing })
) {}

const FilesLive = Files.toLayer({
  tools: {
    index: ({ files }) =>
      Stream.fromIterable(files).pipe(
        Stream.mapEffect((file, i) =>
          file === "" ? Effect.fail(new Missing({ file })) : Effect.succeed(Tool.progress(i + 1, files.length, file))
        ),
        Stream.concat(Stream.fromEffect(Effect.map(Prefix, (prefix) => Tool.result(`${prefix}${files.length}`))))
      )
  }
})

const Server = McpServer.layer(info, Files).pipe(Layer.provide(FilesLive), Layer.provide(Layer.succeed(Prefix, "files: ")))

const progress = (params: Json): Json => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: "t", ...params }
})

const step = (n: number, total: number, message: string): Since<Json> => ({
  "2024-11-05": progress({ progress: n, total }),
  "2025-03-26": progress({ progress: n, total, message })
})

const token = { progressToken: "t" }

describe.each(versions)("a tool that returns a stream in %s", (version) => {
  it.effect("tells its progress on the way of the request, then its result", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const params = { name: "index", arguments: { files: ["a", "b"] }, _meta: token }
      const answered = yield* peer.request("tools/call", params, 1)
      assert.deepStrictEqual(answered, answer(version, 1, { content: [{ type: "text", text: "files: 2" }] }))
      assert.deepStrictEqual(peer.messages, [at(step(1, 2, "a"), version), at(step(2, 2, "b"), version), answered])
      assert.deepStrictEqual(peer.ways, ["request", "request", "answer"])
    })
  )

  it.effect("tells no progress to who does not want it, and fails with what it declares", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const { result } = yield* peer.call("index", { files: ["a", ""] })
      assert.isTrue(result.isError)
      assert.deepStrictEqual(result.content, [{ type: "text", text: '{"_tag":"Missing","file":""}' }])
      assert.deepStrictEqual(peer.notifications, [])
      peer.clear()
      yield* peer.call("index", { files: ["a", ""] }, token)
      assert.deepStrictEqual(peer.notifications, [at(step(1, 2, "a"), version)])
    })
  )
})

const Work = Tool.make("work", { success: Schema.Finite, timeout: "5 seconds" })

const serveWork = (
  handler: () => Stream.Stream<Tool.Step<number>, AskingError, RequestContext | Scope.Scope>,
  logs = capture()
) => serve(McpServer.layer(info, Work).pipe(Layer.provide(Work.toLayer(handler)), Layer.provide(logs.layer)))

/** A stream that notes its steps and its end. */
const noted = () => {
  const made: Array<number> = []
  const ended: Array<string> = []
  const stream = Stream.fromIterable([1, 2, 3]).pipe(
    Stream.rechunk(1),
    Stream.tap((n) => Effect.sync(() => made.push(n))),
    Stream.map((n) => (n === 3 ? Tool.result(n) : Tool.progress(n))),
    Stream.onExit(({ _tag }) => Effect.sync(() => ended.push(_tag)))
  )
  return { made, ended, stream }
}

describe("the stream of a tool", () => {
  it.effect("waits while the way to the client is full", () =>
    Effect.gen(function* () {
      const { ended, made, stream } = noted()
      const peer = yield* (yield* serveWork(() => stream)).speak()
      peer.isFull = true
      const id = peer.startCall("work", undefined, token)
      yield* settle
      assert.deepStrictEqual(made, [1])
      peer.isFull = false
      const { result } = yield* peer.answer(id)
      assert.deepStrictEqual(result.structuredContent, { result: 3 })
      assert.deepStrictEqual(made, [1, 2, 3])
      assert.deepStrictEqual(ended, ["Success"])
      assert.deepStrictEqual(peer.notifications, [progress({ progress: 1 }), progress({ progress: 2 })])
    })
  )

  it.effect("is interrupted when the client cancels, and when its time is over; its finalizers run", () =>
    Effect.gen(function* () {
      const { ended, made, stream } = noted()
      const stuck = Stream.tap(stream, () => Effect.never)
      const peer = yield* (yield* serveWork(() => stuck)).speak()
      const id = peer.startCall("work")
      yield* settle
      assert.deepStrictEqual(made, [1])
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.deepStrictEqual(ended, ["Failure"])
      assert.deepStrictEqual(peer.outcomes, ["NoReply", "Accepted"])
      const late = peer.startCall("work")
      yield* TestClock.adjust("6 seconds")
      const { result } = yield* peer.answer(late)
      assert.deepStrictEqual(result.content, [{ type: "text", text: "It took longer than 5s and was stopped" }])
      assert.deepStrictEqual(ended, ["Failure", "Failure"])
    })
  )

  it.effect("runs in the scope and the context of the call", () =>
    Effect.gen(function* () {
      const closed: Array<string> = []
      const peer = yield* (yield* serveWork(() =>
        Stream.fromEffect(
          Effect.gen(function* () {
            yield* Effect.addFinalizer(() => Effect.sync(() => closed.push("closed")))
            return Tool.result((yield* RequestContext).method.length)
          })
        )
      )).speak()
      const { result } = yield* peer.call("work")
      assert.deepStrictEqual(result.structuredContent, { result: "tools/call".length })
      assert.deepStrictEqual(closed, ["closed"])
    })
  )

  it.effect("may ask: in the request era it runs again from its start", () =>
    Effect.gen(function* () {
      let starts = 0
      const steps = Stream.fromEffect(Effect.sync(() => Tool.progress(++starts))).pipe(
        Stream.concat(Stream.fromEffect(Effect.map(ask("abc"), ({ length }) => Tool.result(length))))
      )
      const peer = yield* (yield* serveWork(() => steps)).speak("2026-07-28")
      const { answer, asked } = yield* rounds(peer, { name: "work", _meta: token })
      assert.deepStrictEqual(asked, [["abc"]])
      assert.strictEqual(answer["result"].structuredContent, 3)
      assert.strictEqual(starts, 2)
    })
  )

  it.effect("may tell progress after its result; progress that does not grow is not sent", () =>
    Effect.gen(function* () {
      const steps = Stream.make(Tool.progress(2), Tool.result(7), Tool.progress(1), Tool.progress(3, undefined, "tidied up"))
      const peer = yield* (yield* serveWork(() => steps)).speak()
      const { result } = yield* peer.call("work", undefined, token)
      assert.deepStrictEqual(result.structuredContent, { result: 7 })
      assert.deepStrictEqual(peer.notifications, [progress({ progress: 2 }), progress({ progress: 3, message: "tidied up" })])
    })
  )
})

describe("a stream that is none of steps with one result", () => {
  const one = "it must have exactly one Tool.result"
  const cases: ReadonlyArray<readonly [name: string, stream: Stream.Stream<unknown>, said: string]> = [
    ["ends without a result", Stream.make(Tool.progress(1)), `ended without a result: ${one}`],
    ["is empty", Stream.empty, `ended without a result: ${one}`],
    [
      "has two results, even when it never ends",
      Stream.concat(Stream.make(Tool.result(1), Tool.result(2)), Stream.never),
      `with a second result: ${one}`
    ],
    ["has something else", Stream.make(1), "a stream of something else than steps: make them with Tool.progress and Tool.result"]
  ]
  for (const [name, stream, said] of cases) {
    it.effect(`${name}: the client gets an id, the log says why`, () =>
      Effect.gen(function* () {
        const logs = capture()
        // The compiler does not know how many results there are, and refuses the rest.
        const served = yield* serveWork(() => stream as Stream.Stream<Tool.Step<number>>, logs)
        const peer = yield* served.speak()
        const { result } = yield* peer.call("work")
        yield* settle
        const [entry] = logs.entries
        assert.deepStrictEqual(result.content, [{ type: "text", text: `Internal error (${entry?.annotations["mcp.error.id"]})` }])
        assert.include(entry?.cause, said)
      })
    )
  }
})

describe("prompts and resources", () => {
  it.effect("have no steps: their types say so", () =>
    Effect.gen(function* () {
      const Ask = Prompt.make("ask")
      const logs = capture()
      // @ts-expect-error: a prompt returns an Effect
      const live: Layer.Layer<any> = Ask.toLayer(() => Stream.make("ask"))
      const peer = yield* (yield* serve(McpServer.layer(info, Ask).pipe(Layer.provide(live), Layer.provide(logs.layer)))).speak(
        "2025-11-25"
      )
      const answered = yield* peer.request("prompts/get", { name: "ask" }, 1)
      yield* settle
      const id = String(logs.entries[0]?.annotations["mcp.error.id"])
      assert.deepStrictEqual(answered, refusal(1, -32603, `Internal error (${id})`))
    })
  )
})

describe("a stream that goes on after its result", () => {
  const After = Tool.make("after", { parameters: { what: Schema.String }, success: Schema.String, failure: Missing })
  const finished: Array<string> = []
  const rest: { readonly [what: string]: Stream.Stream<ReturnType<typeof Tool.result<string>>, Missing> } = {
    "a failure": Stream.fail(new Missing({ file: "late" })),
    "a second result": Stream.fromEffect(Effect.succeed(Tool.result("second"))),
    nothing: Stream.fromEffectDrain(Effect.sync(() => finished.push("drained")))
  }
  const AfterLive = After.toLayer(({ what }) => Stream.concat(Stream.succeed(Tool.result("first")), rest[what]!))

  it.effect("is run to its end: what it fails with counts, and so does a second result", () =>
    Effect.gen(function* () {
      const logs = capture()
      const server = McpServer.layer(info, After).pipe(Layer.provide([AfterLive, logs.layer]))
      const peer = yield* (yield* serve(server)).speak("2025-11-25")
      const failed = yield* peer.call("after", { what: "a failure" })
      assert.deepStrictEqual(failed["result"].content, [{ type: "text", text: '{"_tag":"Missing","file":"late"}' }])
      const twice = yield* peer.call("after", { what: "a second result" })
      assert.isTrue(twice["result"].isError)
      assert.include(logs.entries[0]?.cause, "a stream with a second result")
      const once = yield* peer.call("after", { what: "nothing" })
      assert.deepStrictEqual(once["result"].content, [{ type: "text", text: "first" }])
      assert.deepStrictEqual(finished, ["drained"])
    })
  )
})
