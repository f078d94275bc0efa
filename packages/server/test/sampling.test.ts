/** Source: "Sampling" in the client features of every revision. */
import { AskingFailed } from "@effect-mcp/core/Asking"
import * as Content from "@effect-mcp/core/Content"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import * as Revision from "@effect-mcp/core/Revision"
import * as Sampling from "@effect-mcp/core/Sampling"
import * as SamplingObject from "@effect-mcp/core/SamplingObject"
import * as SamplingTools from "@effect-mcp/core/SamplingTools"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { type Json, key, serve } from "./support/peer.ts"
import { conversation, everything, textOf } from "./support/rounds.ts"

const Work = Tool.make("work", { success: Schema.Unknown })

const speaking = Effect.fnUntraced(function* (
  version: Revision.Version,
  handler: Effect.Effect<unknown, unknown, RequestServices>,
  capabilities: Json = everything,
  services: Layer.Layer<never> = Layer.empty
) {
  // What fails otherwise than a handler may is a defect.
  const live = Work.toLayer(() => handler as Effect.Effect<unknown, never, RequestServices>).pipe(Layer.provide(services))
  const server = McpServer.layer({ name: "s", version: "1" }, Work).pipe(Layer.provide(live), Layer.provide(services))
  const peer = yield* (yield* serve(server)).open()
  yield* peer.speak(version, capabilities)
  return peer
})

/** A model that gives one answer after the other. */
const scripted = (...answers: ReadonlyArray<string | Json>) => {
  let n = 0
  return (): Json => {
    const answer = answers[n++] ?? "nothing more"
    return typeof answer === "string"
      ? { role: "assistant", content: { type: "text", text: answer }, model: "m" }
      : { role: "assistant", content: answer, model: "m", stopReason: "toolUse" }
  }
}

const use = (name: string, input: Json, id = `id-${name}`): Json => ({ type: "tool_use", id, name, input })

const lastOf = (question: Json | undefined): Json | undefined =>
  (question?.["messages"] as ReadonlyArray<Json> | undefined)?.at(-1)

const hasTools = (version: Revision.Version) => Revision.byVersion[version].samplingTools

describe("a model that is asked", () => {
  for (const version of versions) {
    it.effect(`${version}: gets what was said, and answers`, () =>
      Effect.gen(function* () {
        const text = Sampling.text({
          key: "q",
          messages: [Sampling.user("Hi"), Sampling.assistant("Hello"), Sampling.user("How are you?")],
          systemPrompt: "Be kind",
          maxTokens: 100,
          temperature: 0.5,
          stopSequences: ["."],
          modelPreferences: { hints: [{ name: "small" }], speedPriority: 1 },
          metadata: { a: 1 }
        })
        const peer = yield* speaking(version, text)
        const { answer, asked } = yield* conversation(peer, scripted("Fine"))
        assert.strictEqual(textOf(answer), "Fine")
        const said = (role: string, text: string) => ({ role, content: { type: "text", text } })
        assert.deepStrictEqual(asked, [
          {
            systemPrompt: "Be kind",
            temperature: 0.5,
            stopSequences: ["."],
            modelPreferences: { hints: [{ name: "small" }], speedPriority: 1 },
            metadata: { a: 1 },
            maxTokens: 100,
            messages: [said("user", "Hi"), said("assistant", "Hello"), said("user", "How are you?")]
          }
        ])
      })
    )

    it.effect(`${version}: messages of several blocks, and sounds, as the revision has them`, () =>
      Effect.gen(function* () {
        const { audio } = Revision.byVersion[version]
        const blocks = [Content.text("Look"), Content.image(new Uint8Array([1]), "image/png")]
        const heard = audio ? [Content.audio(new Uint8Array([2]), "audio/wav")] : []
        const peer = yield* speaking(version, Sampling.text({ key: "q", messages: [Sampling.user([...blocks, ...heard])] }))
        const { asked } = yield* conversation(peer, scripted("I see"))
        const messages = asked[0]?.["messages"] as ReadonlyArray<Json>
        assert.strictEqual(messages.length, hasTools(version) ? 1 : blocks.length + heard.length)
        assert.deepStrictEqual(
          messages.flatMap(({ content }) => content),
          [...blocks, ...heard]
        )
        if (audio) return
        const sound = Sampling.user(Content.audio(new Uint8Array([2]), "audio/wav"))
        const unheard = yield* speaking(version, Sampling.text({ key: "q", messages: [sound] }))
        assert.include(textOf((yield* conversation(unheard, scripted())).answer), `revision ${version} has no audio`)
      })
    )

    it.effect(`${version}: of a client that has none, is unsupported; a fallback answers, once`, () =>
      Effect.gen(function* () {
        let calls = 0
        const fallback = Layer.succeed(Sampling.Fallback, {
          create: ({ maxTokens }) =>
            Effect.sync(() => {
              calls++
              return { role: "assistant" as const, content: { type: "text" as const, text: `fallback ${maxTokens}` }, model: "f" }
            })
        })
        const two = Effect.zip(
          Sampling.text({ key: "a", messages: "Hi" }),
          Effect.map(Sampling.text({ key: "a", messages: "Hi" }), String)
        )
        const peer = yield* speaking(version, two, {}, fallback)
        const { answer } = yield* conversation(peer, scripted(), {})
        assert.deepStrictEqual([JSON.parse(textOf(answer)), calls], [["fallback 1024", "fallback 1024"], 1])
        const without = yield* speaking(version, Sampling.text({ key: "a", messages: "Hi" }), {})
        const refused = yield* conversation(without, scripted(), {})
        if (version === "2026-07-28")
          assert.deepStrictEqual(refused.answer["error"].data, { requiredCapabilities: { sampling: {} } })
        else assert.include(textOf(refused.answer), "the client did not declare sampling")
      })
    )

    const none: ReadonlyArray<SamplingTools.Bound<never>> = []

    it.effect(`${version}: tools only where the revision and the client have them`, () =>
      Effect.gen(function* () {
        const asked = SamplingTools.run({ key: "q", messages: "Hi", tools: none })
        const peer = yield* speaking(version, asked, { sampling: {} })
        const { answer } = yield* conversation(peer, scripted("Hi"), { sampling: {} })
        if (version === "2026-07-28")
          assert.deepStrictEqual(answer["error"].data, { requiredCapabilities: { sampling: { tools: {} } } })
        else {
          const why = hasTools(version)
            ? "the client did not declare sampling.tools"
            : `revision ${version} does not have tools in sampling`
          assert.include(textOf(answer), why)
        }
      })
    )
  }

  it.effect("a fallback that fails, fails", () =>
    Effect.gen(function* () {
      const create = () => Effect.fail(new AskingFailed({ method: "sampling/createMessage", code: 0, detail: "no credit" }))
      const peer = yield* speaking(
        "2026-07-28",
        Sampling.text({ key: "a", messages: "Hi" }),
        {},
        Layer.succeed(Sampling.Fallback, { create })
      )
      assert.include(textOf((yield* conversation(peer, scripted(), {})).answer), "no credit")
    })
  )

  it.effect("a fallback whose answer is none, fails", () =>
    Effect.gen(function* () {
      const create = () => Effect.succeed({ role: "assistant" } as unknown as Sampling.CreateMessageResult)
      const services = Layer.succeed(Sampling.Fallback, { create })
      const peer = yield* speaking("2026-07-28", Sampling.text({ key: "a", messages: "Hi" }), {}, services)
      assert.include(textOf((yield* conversation(peer, scripted(), {})).answer), "its answer is not what the protocol says")
    })
  )

  it.effect("uses and results of tools have no words in old revisions", () =>
    Effect.gen(function* () {
      for (const block of [
        { type: "tool_use", id: "1", name: "a", input: {} },
        { type: "tool_result", toolUseId: "1", content: [] }
      ] as const) {
        const peer = yield* speaking("2025-06-18", Sampling.text({ key: "a", messages: [Sampling.assistant(block)] }))
        const { answer, asked } = yield* conversation(peer, scripted())
        assert.deepStrictEqual(asked, [])
        assert.include(textOf(answer), "revision 2025-06-18 has no tools in sampling")
      }
    })
  )

  it("content of tools and prompts is told as it is, or in words", () => {
    const text = Content.text("a")
    const image = Content.image(new Uint8Array([1]), "image/png")
    const link = { type: "resource_link", uri: "a://b", name: "b" } as const
    const resource = (resource: object) => ({ type: "resource", resource: { uri: "a://b", ...resource } }) as Content.ContentBlock
    assert.deepStrictEqual([text, image, link, { ...link, title: "B" }, resource({ text: "c" })].map(Sampling.blockOf), [
      text,
      image,
      Content.text("[b](a://b)"),
      Content.text("[B](a://b)"),
      Content.text("c")
    ])
    assert.deepStrictEqual([resource({ blob: "", mimeType: "image/png" }), resource({ blob: "" })].map(Sampling.blockOf), [
      Content.text("a://b: image/png"),
      Content.text("a://b: bytes")
    ])
  })

  it.effect("an answer that is none is a failure", () =>
    Effect.gen(function* () {
      for (const version of ["2025-11-25", "2026-07-28"] as const) {
        const peer = yield* speaking(version, Sampling.text({ key: "a", messages: "Hi" }))
        const { answer } = yield* conversation(peer, () => ({ role: "assistant", content: { type: "odd" }, model: "m" }))
        assert.include(textOf(answer), "its answer is not what the protocol says")
      }
    })
  )
})

const Mood = { mood: Schema.Literals(["good", "bad"]), score: Schema.Int }

describe("a value of a Schema", () => {
  const mood = SamplingObject.create({ key: "mood", messages: "I won!", schema: Mood, systemPrompt: "Judge" })

  for (const version of versions) {
    it.effect(`${version}: by a tool where the client has tools, otherwise as JSON`, () =>
      Effect.gen(function* () {
        const value = { mood: "good", score: 5 }
        const peer = yield* speaking(version, mood)
        const answer = hasTools(version) ? use("answer", value) : `Here it is: ${JSON.stringify(value)}. Well?`
        const ended = yield* conversation(peer, scripted(answer))
        assert.deepStrictEqual(JSON.parse(textOf(ended.answer)), value)
        const [question] = ended.asked
        if (hasTools(version)) {
          assert.deepStrictEqual(question?.["toolChoice"], { mode: "required" })
          assert.deepStrictEqual(question?.["tools"][0].inputSchema.required, ["mood", "score"])
          assert.strictEqual(question?.["systemPrompt"], "Judge")
        } else assert.match(question?.["systemPrompt"], /^Judge\n\nAnswer with JSON alone, as this JSON Schema says:\n\{/)
      })
    )

    it.effect(`${version}: a model that gets it wrong is told so, and may try again`, () =>
      Effect.gen(function* () {
        const peer = yield* speaking(version, mood)
        const wrong = { mood: "fine", score: 1.5 }
        const tries = hasTools(version)
          ? [use("answer", wrong), use("answer", { mood: "bad", score: 1 }, "2")]
          : ["good!", JSON.stringify({ mood: "bad", score: 1 })]
        const { answer, asked } = yield* conversation(peer, scripted(...tries))
        assert.deepStrictEqual(JSON.parse(textOf(answer)), { mood: "bad", score: 1 })
        const last = lastOf(asked[1])
        const told = JSON.stringify(last)
        if (hasTools(version)) {
          const [result] = [last?.["content"]].flat()
          assert.deepInclude(result, { type: "tool_result", toolUseId: "id-answer", isError: true })
          assert.include(told, "mood")
          assert.include(told, "score")
        } else assert.include(told, "it has no JSON object")
      })
    )
  }

  it.effect("of a client whose model has no tools, as JSON; each try is a question of its own", () =>
    Effect.gen(function* () {
      const capabilities = { [key("clientCapabilities")]: { sampling: {} } }
      const peer = yield* speaking("2026-07-28", SamplingObject.create({ key: "mood", messages: "?", schema: Mood }))
      const asked: Array<string> = []
      let brought: Json = {}
      for (const text of ["no", '{ "mood": "good", "score": "5" }']) {
        const { result } = yield* peer.request("tools/call", { name: "work", ...brought, _meta: capabilities })
        const [[name, { params }]] = Object.entries(result.inputRequests) as any
        asked.push(name)
        assert.match(params.systemPrompt, /^Answer with JSON alone/)
        const inputResponses = { [name]: { role: "assistant", content: { type: "text", text }, model: "m" } }
        brought = { inputResponses, requestState: result.requestState }
      }
      const { result } = yield* peer.request("tools/call", { name: "work", ...brought, _meta: capabilities })
      assert.deepStrictEqual([asked, result.structuredContent], [["mood", "mood/2"], { mood: "good", score: 5 }])
    })
  )

  it.effect("a model that never gets it right: the failure says what is wrong", () =>
    Effect.gen(function* () {
      const peer = yield* speaking("2025-11-25", SamplingObject.create({ key: "mood", messages: "?", schema: Mood, repairs: 1 }))
      const { answer, asked } = yield* conversation(peer, scripted("{}", "{}", "{}"))
      assert.strictEqual(asked.length, 2)
      assert.include(textOf(answer), 'the answer to "mood/2" cannot be used:\nmood: ')
    })
  )

  it.effect("by a tool of the fallback, where the client has no model", () =>
    Effect.gen(function* () {
      for (const version of ["2025-06-18", "2026-07-28"] as const) {
        const fallback = Layer.succeed(Sampling.Fallback, {
          create: ({ tools = [] }) =>
            Effect.succeed({
              role: "assistant",
              content: { type: "tool_use", id: "1", name: tools[0]?.name ?? "none", input: { mood: "bad", score: 2 } },
              model: "f"
            } as const)
        })
        const peer = yield* speaking(version, mood, {}, fallback)
        const { answer, asked } = yield* conversation(peer, scripted(), {})
        assert.deepStrictEqual([JSON.parse(textOf(answer)), asked], [{ mood: "bad", score: 2 }, []])
      }
    })
  )

  it.effect("that is no object is the member of one", () =>
    Effect.gen(function* () {
      const peer = yield* speaking(
        "2026-07-28",
        SamplingObject.create({ key: "n", messages: "?", schema: Schema.Array(Schema.Int) })
      )
      const { answer } = yield* conversation(peer, scripted(use("answer", { value: [1, 2] })))
      assert.deepStrictEqual(JSON.parse(textOf(answer)), [1, 2])
    })
  )
})

const Lookup = Tool.make("lookup", { parameters: { word: Schema.String }, success: Schema.String, failure: Schema.String })
const Broken = Tool.make("broken")

describe("a model that uses tools", () => {
  const runs: Array<string> = []
  const tools = [
    SamplingTools.bind(Lookup, ({ word }) =>
      Effect.suspend(() => {
        runs.push(word)
        return word === "odd" ? Effect.fail("no such word") : Effect.succeed(`${word} is a word`)
      })
    ),
    SamplingTools.bind(Broken, () => Effect.die(new Error("secret")))
  ]
  const Count = Tool.make("count", { parameters: { to: Schema.Int }, success: Schema.Int })

  it.effect("may write arguments as models do, but none that there are not", () =>
    Effect.gen(function* () {
      const count = SamplingTools.bind(Count, ({ to }) => Effect.succeed(to))
      const run = (input: Json) => Effect.map(count.run(input), ({ content, isError }) => [isError, (content[0] as Json)["text"]])
      assert.deepStrictEqual(yield* run({ to: "3" }), [undefined, "3"])
      assert.deepStrictEqual((yield* run({ to: 3, from: 1 }))[0], true)
      const broken = SamplingTools.bind(Count, () => Effect.interrupt)
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(broken.run({ to: 1 }))))
    })
  )

  const define = Effect.map(SamplingTools.run({ key: "q", messages: "Define it", tools, maxSteps: 3 }), ({ messages, text }) => ({
    text,
    said: messages.length
  }))

  for (const version of versions.filter(hasTools)) {
    it.effect(`${version}: hears what they give; each of them runs once`, () =>
      Effect.gen(function* () {
        runs.length = 0
        const peer = yield* speaking(version, define)
        const both = [use("lookup", { word: "a" }, "1"), use("lookup", { word: "b" }, "2")]
        const { answer, asked } = yield* conversation(peer, scripted(both as unknown as Json, "Done"))
        assert.deepStrictEqual(JSON.parse(textOf(answer)), { text: "Done", said: 4 })
        assert.deepStrictEqual(runs, ["a", "b"])
        assert.deepStrictEqual(
          asked.map(({ tools }) => tools.map(({ name }: Json) => name)),
          [
            ["lookup", "broken"],
            ["lookup", "broken"]
          ]
        )
        const results = lastOf(asked[1])
        const result = (toolUseId: string, text: string) => ({
          type: "tool_result",
          toolUseId,
          content: [{ type: "text", text }]
        })
        assert.deepStrictEqual(results, { role: "user", content: [result("1", "a is a word"), result("2", "b is a word")] })
      })
    )

    it.effect(`${version}: failures, bad arguments, unknown tools and defects are told, a defect without its reason`, () =>
      Effect.gen(function* () {
        const peer = yield* speaking(version, define)
        const all = [use("lookup", { word: "odd" }), use("lookup", {}), use("nope", {}), use("broken", {})]
        const { asked } = yield* conversation(peer, scripted(all as unknown as Json, "Done"))
        const { content } = lastOf(asked[1]) ?? {}
        const told = (content as ReadonlyArray<Json>).map(({ content, isError }) => [isError, content[0].text.split("\n")[0]])
        assert.deepStrictEqual(told, [
          [true, "no such word"],
          [true, "Invalid arguments:"],
          [true, "Unknown tool: nope"],
          [true, "Internal error"]
        ])
      })
    )

    it.effect(`${version}: has as many of them run at once as the program says, 4 by default`, () =>
      Effect.gen(function* () {
        const running = { now: 0, most: 0 }
        const slow = SamplingTools.bind(Lookup, ({ word }) =>
          Effect.gen(function* () {
            running.most = Math.max(running.most, ++running.now)
            yield* Effect.promise(async () => {})
            running.now--
            return word
          })
        )
        const uses = ["a", "b", "c", "d", "e", "f"].map((word) => use("lookup", { word }, word))
        for (const [options, most] of [
          [{}, 4],
          [{ concurrency: 1 }, 1],
          [{ concurrency: 6 }, 6]
        ] as const) {
          running.most = 0
          const asked = SamplingTools.run({ key: "q", messages: "Define", tools: [slow], ...options })
          const peer = yield* speaking(version, Effect.asVoid(asked))
          yield* conversation(peer, scripted(uses as unknown as Json, "Done"))
          assert.deepStrictEqual(running, { now: 0, most })
        }
      })
    )

    it.effect(`${version}: one step at a time, where the program decides what becomes of it`, () =>
      Effect.gen(function* () {
        const [lookup] = tools
        const step = Effect.gen(function* () {
          const offer = { tools: [lookup!.definition], toolChoice: { mode: "required" } as const }
          const { content } = yield* Sampling.create({ key: "first", messages: "Define a", ...offer })
          const wanted = [content].flat().find((block) => block.type === "tool_use")
          const given = yield* lookup!.run(wanted?.input ?? {})
          const results = [{ type: "tool_result" as const, toolUseId: wanted?.id ?? "", content: given.content }]
          const messages = [Sampling.user("Define a"), Sampling.assistant([content].flat()), Sampling.user(results)]
          return yield* Sampling.text({ key: "second", messages, ...offer, toolChoice: { mode: "none" } })
        })
        const peer = yield* speaking(version, step)
        const { answer, asked } = yield* conversation(peer, scripted(use("lookup", { word: "a" }), "A word"))
        assert.strictEqual(textOf(answer), "A word")
        assert.deepStrictEqual(
          asked.map(({ toolChoice }) => toolChoice),
          [{ mode: "required" }, { mode: "none" }]
        )
        assert.include(JSON.stringify(lastOf(asked[1])), "a is a word")
      })
    )

    it.effect(`${version}: that uses tools to the end gets no more chances`, () =>
      Effect.gen(function* () {
        const again = use("lookup", { word: "a" })
        const { answer, asked } = yield* conversation(yield* speaking(version, define), scripted(again, again, again, "more"))
        assert.deepStrictEqual([asked.length, JSON.parse(textOf(answer))], [3, { text: "", said: 6 }])
      })
    )

    it.effect(`${version}: uses 100 tools at once at most, and is told which were not run`, () =>
      Effect.gen(function* () {
        runs.length = 0
        const peer = yield* speaking(version, define)
        const many = Array.from({ length: 102 }, (_, i) => use("lookup", { word: "a" }, String(i)))
        const { asked } = yield* conversation(peer, scripted(many as unknown as Json, "Done"))
        const content = lastOf(asked[1])?.["content"] as ReadonlyArray<Json>
        const tooMany = [true, "Not run: at most 100 uses of tools at once"]
        assert.deepStrictEqual([runs.length, content.length], [100, 102])
        assert.deepStrictEqual(
          content.slice(99).map(({ content, isError }) => [isError, content[0].text]),
          [[undefined, "a is a word"], tooMany, tooMany]
        )
      })
    )

    it.effect(`${version}: has to answer in the end`, () =>
      Effect.gen(function* () {
        const peer = yield* speaking(version, define)
        const again = use("lookup", { word: "a" })
        const { asked } = yield* conversation(peer, scripted(again, again, "Enough", "more"))
        assert.deepStrictEqual(
          asked.map(({ toolChoice }) => toolChoice),
          [undefined, undefined, { mode: "none" }]
        )
      })
    )
  }
})
