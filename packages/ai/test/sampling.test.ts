import * as Sampling from "@effect-mcp/core/protocol/Sampling"
import { Fallback } from "@effect-mcp/core/Sampling"
import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as Model from "effect/ai/Model"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as AiTool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { CannotSample } from "../src/CannotSample.ts"
import * as LanguageModelSampling from "../src/LanguageModelSampling.ts"
import { finish, scripted, Temperature } from "./support/model.ts"

type Params = Sampling.CreateMessageParams

const hi: Params = { messages: [{ role: "user", content: { type: "text", text: "hi" } }], maxTokens: 100 }
const text = (text: string): Response.PartEncoded => ({ type: "text", text })

/** What the model answers when it says this. */
const answer = (parts: ReadonlyArray<Response.PartEncoded>, params: Partial<Params> = {}) =>
  LanguageModelSampling.createMessage({ ...hi, ...params }).pipe(
    Effect.tap((result) => Schema.decodeUnknownEffect(Sampling.CreateMessageResult)(result)),
    Effect.provide(scripted(parts).layer)
  )

/** What the model is asked for such a request. */
const asked = (params: Partial<Params>) => {
  const { asked, layer } = scripted([text("ok")])
  return LanguageModelSampling.createMessage({ ...hi, ...params }).pipe(
    Effect.map(() => asked[0]!),
    Effect.provide(layer)
  )
}

// Without the marks of classes.
const plain = (prompt: Prompt.Prompt): unknown =>
  JSON.parse(JSON.stringify(prompt.content, (key, value) => (key.startsWith("~") || key === "options" ? undefined : value)))

const weather = {
  name: "weather",
  title: "Weather",
  description: "Tells the weather",
  inputSchema: { type: "object", properties: { city: { type: "string" } } },
  annotations: { readOnlyHint: true }
} as const

describe("what the model is asked", () => {
  it.effect("is the system prompt, and what was said", () =>
    Effect.gen(function* () {
      const { prompt, toolChoice, tools } = yield* asked({
        systemPrompt: "Be brief",
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "what is this?" },
              { type: "image", data: "AQID", mimeType: "image/png" },
              { type: "audio", data: "BAUG", mimeType: "audio/wav" }
            ]
          },
          { role: "assistant", content: { type: "text", text: "a cat" } },
          { role: "user", content: { type: "text", text: "sure?" } }
        ]
      })
      assert.deepStrictEqual(plain(prompt), [
        { role: "system", content: "Be brief" },
        {
          role: "user",
          content: [
            { type: "text", text: "what is this?" },
            { type: "file", mediaType: "image/png", data: "AQID" },
            { type: "file", mediaType: "audio/wav", data: "BAUG" }
          ]
        },
        { role: "assistant", content: [{ type: "text", text: "a cat" }] },
        { role: "user", content: [{ type: "text", text: "sure?" }] }
      ])
      assert.deepStrictEqual(tools, [])
      assert.strictEqual(toolChoice, "none")
    })
  )

  it.effect("uses and results of tools go into messages of their own", () =>
    Effect.gen(function* () {
      const { prompt } = yield* asked({
        messages: [
          {
            role: "assistant",
            content: [
              { type: "text", text: "let me see" },
              { type: "tool_use", id: "1", name: "weather", input: { city: "Oslo" } },
              { type: "tool_use", id: "2", name: "clock", input: {} }
            ]
          },
          {
            role: "user",
            content: [
              {
                type: "tool_result",
                toolUseId: "1",
                content: [{ type: "text", text: "rain" }],
                structuredContent: { rain: true }
              },
              { type: "tool_result", toolUseId: "2", content: [{ type: "text", text: "broken" }], isError: true },
              { type: "text", text: "so?" }
            ]
          }
        ]
      })
      assert.deepStrictEqual(plain(prompt), [
        {
          role: "assistant",
          content: [
            { type: "text", text: "let me see" },
            { type: "tool-call", id: "1", name: "weather", params: { city: "Oslo" }, providerExecuted: false },
            { type: "tool-call", id: "2", name: "clock", params: {}, providerExecuted: false }
          ]
        },
        {
          role: "tool",
          content: [
            {
              type: "tool-result",
              id: "1",
              name: "weather",
              isFailure: false,
              result: { rain: true },
              modelOutput: [{ type: "text", text: "rain" }],
              providerExecuted: false
            },
            {
              type: "tool-result",
              id: "2",
              name: "clock",
              isFailure: true,
              result: "broken",
              modelOutput: [{ type: "text", text: "broken" }],
              providerExecuted: false
            }
          ]
        },
        { role: "user", content: [{ type: "text", text: "so?" }] }
      ])
    })
  )

  it.effect("tools are offered as they are described", () =>
    Effect.gen(function* () {
      for (const mode of ["auto", "required", "none"] as const) {
        const { toolChoice, tools } = yield* asked({ tools: [weather], toolChoice: { mode } })
        assert.strictEqual(toolChoice, mode)
        const tool = tools[0]!
        assert.strictEqual(tool.name, "weather")
        assert.strictEqual(tool.description, "Tells the weather")
        assert.strictEqual(AiTool.getJsonSchema(tool), weather.inputSchema)
        assert.strictEqual(Context.get(tool.annotations as Context.Context<AiTool.Title>, AiTool.Title), "Weather")
        assert.isTrue(Context.get(tool.annotations, AiTool.Readonly))
        assert.isFalse(AiTool.getStrictMode(tool))
      }
      assert.strictEqual((yield* asked({ tools: [weather] })).toolChoice, "auto")
    })
  )

  it.effect("what models have no common words for is told as the program says", () =>
    Effect.gen(function* () {
      const { layer, temperatures } = scripted([text("ok")], [text("ok")])
      const configure: NonNullable<LanguageModelSampling.Options["configure"]> =
        ({ temperature }) =>
        (call) =>
          Effect.provideService(call, Temperature, temperature)
      for (const params of [{ ...hi, temperature: 0.5 }, hi]) {
        yield* Effect.provide(LanguageModelSampling.createMessage(params, { configure }), layer)
      }
      assert.deepStrictEqual(temperatures, [0.5, undefined])
    })
  )
})

describe("what the model answers", () => {
  it.effect("is one text, when it is text", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* answer([text("a "), { type: "reasoning", text: "hm" }, text("cat"), finish("stop")]), {
        role: "assistant",
        content: { type: "text", text: "a cat" },
        model: "unknown",
        stopReason: "endTurn"
      })
    })
  )

  it.effect("is an empty text, when it is nothing", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* answer([])).content, { type: "text", text: "" })
    })
  )

  it.effect("is images and sounds", () =>
    Effect.gen(function* () {
      const { content } = yield* answer([
        text("look"),
        { type: "file", mediaType: "image/png", data: "AQID" },
        { type: "file", mediaType: "audio/wav", data: "BAUG" }
      ])
      assert.deepStrictEqual(content, [
        { type: "text", text: "look" },
        { type: "image", data: "AQID", mimeType: "image/png" },
        { type: "audio", data: "BAUG", mimeType: "audio/wav" }
      ])
    })
  )

  it.effect("is uses of tools, which nobody has run", () =>
    Effect.gen(function* () {
      const use: Response.PartEncoded = { type: "tool-call", id: "1", name: "weather", params: { city: "Oslo" } }
      for (const reason of ["tool-calls", "stop", "unknown"] as const) {
        const result = yield* answer([text("let me see"), use, finish(reason)], { tools: [weather] })
        assert.deepStrictEqual(result.content, [
          { type: "text", text: "let me see" },
          { type: "tool_use", id: "1", name: "weather", input: { city: "Oslo" } }
        ])
        assert.strictEqual(result.stopReason, "toolUse")
      }
    })
  )

  it.effect("a tool that was not offered is an error of the model", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        answer([{ type: "tool-call", id: "1", name: "other", params: {} }, finish("tool-calls")], { tools: [weather] })
      )
      assert.instanceOf(error, AiError.AiError)
    })
  )

  it.effect("the reason of its end has the name that MCP gives it", () =>
    Effect.gen(function* () {
      const reasons = {
        stop: "endTurn",
        length: "maxTokens",
        "tool-calls": "toolUse",
        "content-filter": "contentFilter",
        error: "error",
        pause: "pause",
        other: "other",
        unknown: undefined
      } as const
      for (const [reason, expected] of Object.entries(reasons)) {
        const { stopReason } = yield* answer([text("a"), finish(reason as Response.FinishReason)])
        assert.strictEqual(stopReason, expected, reason)
      }
    })
  )

  it.effect("ends before the first of the sequences that stop it", () =>
    Effect.gen(function* () {
      const stopped = yield* answer([text("one END two"), text(" STOP three"), finish("stop")], {
        stopSequences: ["STOP", "", "END", "absent"]
      })
      assert.deepStrictEqual(stopped.content, { type: "text", text: "one " })
      assert.strictEqual(stopped.stopReason, "stopSequence")
      const across = yield* answer([text("one E"), text("ND two")], { stopSequences: ["END"] })
      assert.deepStrictEqual(across.content, { type: "text", text: "one " })
      const before = yield* answer(
        [text("END"), { type: "tool-call", id: "1", name: "weather", params: {} }, finish("tool-calls")],
        { stopSequences: ["END"], tools: [weather] }
      )
      assert.deepStrictEqual(before.content, { type: "text", text: "" })
      assert.strictEqual(before.stopReason, "stopSequence")
      assert.strictEqual((yield* answer([text("a"), finish("stop")], { stopSequences: ["END"] })).stopReason, "endTurn")
    })
  )

  it.effect("has the name of the model: its own, or that of the context", () =>
    Effect.gen(function* () {
      const metadata: Response.PartEncoded = {
        type: "response-metadata",
        id: "1",
        modelId: "cat-1",
        timestamp: undefined
      }
      assert.strictEqual((yield* answer([metadata, text("a")])).model, "cat-1")
      const named = answer([text("a")]).pipe(Effect.provideService(Model.ModelName, "cat-2"))
      assert.strictEqual((yield* named).model, "cat-2")
      const both = answer([metadata, text("a")]).pipe(Effect.provideService(Model.ModelName, "cat-2"))
      assert.strictEqual((yield* both).model, "cat-1")
    })
  )
})

describe("what cannot be carried is said", () => {
  const use = { type: "tool_use", id: "1", name: "weather", input: {} } as const
  const result = { type: "tool_result", toolUseId: "1", content: [] } as const
  const refused: ReadonlyArray<readonly [string, string, Partial<Params>]> = [
    [
      "a result of the assistant",
      "messages[0]: results of tools are said by the user",
      { messages: [{ role: "assistant", content: result }] }
    ],
    ["a use of the user", "messages[0]: tools are used by the assistant", { messages: [{ role: "user", content: [use] }] }],
    [
      "a result without a use",
      'messages[0]: nothing before it has used a tool with the id "1"',
      { messages: [{ role: "user", content: [result] }] }
    ],
    [
      "two uses of one id",
      'messages[1]: two uses of tools have the id "1"',
      {
        messages: [
          { role: "assistant", content: use },
          { role: "assistant", content: use }
        ]
      }
    ],
    ...["file-abc123", "https://example.com/a.png", "data:image/png;base64,AQID"].map(
      (data): readonly [string, string, Partial<Params>] => [
        `the image "${data}"`,
        "messages[0]: the data of an image or a sound is no base64",
        { messages: [{ role: "user", content: [{ type: "image", data, mimeType: "image/png" }] }] }
      ]
    ),
    [
      "a sound of the assistant that is the name of a file",
      "messages[0]: the data of an image or a sound is no base64",
      { messages: [{ role: "assistant", content: { type: "audio", data: "file-abc123", mimeType: "audio/wav" } }] }
    ],
    [
      "a result with a resource that is the name of a file",
      "messages[1]: the data of a resource is no base64",
      {
        messages: [
          { role: "assistant", content: use },
          {
            role: "user",
            content: { ...result, content: [{ type: "resource", resource: { uri: "a:b", blob: "file-abc123" } }] }
          }
        ]
      }
    ],
    ["a tool that is required and not there", "toolChoice: a tool is required", { toolChoice: { mode: "required" } }],
    ["two tools of one name", 'tools: two of them are called "weather"', { tools: [weather, weather] }]
  ]
  it.effect.each(refused)("%s", ([_, message, params]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(asked(params))
      assert.instanceOf(error, CannotSample)
      assert.include(error.message, message)
    })
  )

  it.effect("a file that is neither image nor sound, or arguments that are no object", () =>
    Effect.gen(function* () {
      const file = yield* Effect.flip(answer([{ type: "file", mediaType: "application/pdf", data: "AQID" }]))
      assert.include(file.message, '"application/pdf"')
      const call: Response.PartEncoded = { type: "tool-call", id: "1", name: "weather", params: "Oslo" }
      const args = yield* Effect.flip(answer([call, finish("tool-calls")], { tools: [weather] }))
      assert.include(args.message, "not an object")
    })
  )

  it.effect("the model's own error stays what it is", () =>
    Effect.gen(function* () {
      const error = AiError.make({ module: "Test", method: "generateText", reason: new AiError.RateLimitError({}) })
      const failed = yield* Effect.flip(LanguageModelSampling.createMessage(hi).pipe(Effect.provide(scripted(error).layer)))
      assert.strictEqual(failed, error)
    })
  )
})

describe("messages without end", () => {
  it.effect("are as many messages of a prompt as they are", () =>
    Effect.gen(function* () {
      const use = { type: "tool_use" as const, id: "1", name: "t", input: {} }
      const result = { type: "tool_result" as const, toolUseId: "1", content: [] }
      const mixed = Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? result : { type: "text" as const, text: "" }))
      const { asked, layer } = scripted([text("hello")])
      const messages = [
        { role: "assistant" as const, content: [use] },
        { role: "user" as const, content: mixed }
      ]
      yield* LanguageModelSampling.createMessage({ messages, maxTokens: 1 }).pipe(Effect.provide(layer))
      assert.strictEqual(asked[0]?.prompt.content.length, 200_001)
    })
  )
})

describe("the language model as a fallback", () => {
  const create = Effect.flatMap(Fallback, (fallback) => fallback.create(hi))

  it.effect("answers", () =>
    Effect.gen(function* () {
      const layer = Layer.provide(LanguageModelSampling.layerFallback(), scripted([text("hello")]).layer)
      const { content } = yield* Effect.provide(create, layer)
      assert.deepStrictEqual(content, { type: "text", text: "hello" })
    })
  )

  it.effect("tells no more than that it gave no answer; the log has the reason", () =>
    Effect.gen(function* () {
      const layer = Layer.provide(LanguageModelSampling.layerFallback(), scripted([text("hello")]).layer)
      const odd = {
        ...hi,
        messages: [{ role: "user" as const, content: { type: "tool_result" as const, toolUseId: "x", content: [] } }]
      }
      const error = yield* Effect.flip(Effect.flatMap(Fallback, (fallback) => fallback.create(odd)).pipe(Effect.provide(layer)))
      assert.include(error.message, "the fallback model gave no answer")
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("logs the reason as a cause, of which clients that read the log see nothing", () =>
    Effect.gen(function* () {
      const causes: Array<string> = []
      const messages: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ cause, message }) => {
        causes.push(Cause.pretty(cause))
        messages.push(message)
      })
      const odd = { ...hi, tools: [], toolChoice: { mode: "required" as const } }
      const layer = Layer.provide(LanguageModelSampling.layerFallback(), scripted([text("hello")]).layer)
      yield* Effect.flatMap(Fallback, (fallback) => fallback.create(odd)).pipe(
        Effect.provide(layer),
        Effect.flip,
        Effect.provide(Logger.layer([logger]))
      )
      assert.deepStrictEqual(messages, [["the fallback model cannot answer"]])
      assert.include(causes[0], "a tool is required, and none is offered")
    })
  )
})
