/**
 * The tools of many servers, given to a language model.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Content from "@effect-mcp/core/Content"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Servers from "../src/Servers.ts"
import * as ServersToolkit from "../src/ServersToolkit.ts"
import { clientInfo, connected } from "./support/connected.ts"
import { fakes } from "./support/fake.ts"
import { scripted, uses } from "./support/model.ts"

const Celsius = Schema.Struct({ celsius: Schema.Finite })
const Forecast = Tool.make("forecast", {
  description: "Forecast for a city",
  parameters: { city: Schema.String },
  success: Celsius,
  annotations: { readOnlyHint: true }
})
const ForecastLive = Forecast.toLayer(({ city }) => Effect.succeed({ celsius: city === "Oslo" ? 17 : 25 }))
const Picture = Tool.make("picture", { success: Tool.Contents })
const PictureLive = Picture.toLayer(() => Effect.succeed([Content.text("a sun"), Content.image("AAAA", "image/png")]))

const serve = (server: Layer.Layer<Dispatcher>) => ({ transport: MemoryTransport.layer().pipe(Layer.provide(server)) })
const Weather = McpServer.layer({ name: "weather", version: "1" }, Forecast).pipe(Layer.provide(ForecastLive))
const Camera = McpServer.layer({ name: "camera", version: "1" }, Picture).pipe(Layer.provide(PictureLive))
const Connected = Servers.layer({ weather: serve(Weather), camera: serve(Camera) }, clientInfo)

/** Asks a model once that says this, and gives what came of the uses of tools. */
const ask = (options: ServersToolkit.Options, ...says: ReadonlyArray<Response.PartEncoded>) =>
  Effect.gen(function* () {
    const model = scripted(says)
    const { content } = yield* LanguageModel.generateText({ prompt: "?", toolkit: ServersToolkit.make(options) }).pipe(
      Effect.provide(model.layer)
    )
    const results = content.flatMap((part) => (part.type === "tool-result" ? [part] : []))
    return { results, offered: model.asked[0]!.tools, content }
  })

describe("a toolkit of many servers", () => {
  it.effect("gives a model all tools, with what their servers say of them", () =>
    Effect.gen(function* () {
      const { offered, results } = yield* ask({}, uses("weather_forecast", { city: "Oslo" }))
      assert.deepStrictEqual(
        offered.map(({ name }) => name),
        ["weather_forecast", "camera_picture"]
      )
      const [{ isFailure, modelOutput, result }] = results as [(typeof results)[0]]
      assert.deepStrictEqual([isFailure, result], [false, { celsius: 17 }])
      assert.deepStrictEqual(
        modelOutput?.map((part) => part.type === "text" && part.text),
        ['{"celsius":17}']
      )
    }).pipe(Effect.provide(Connected))
  )

  it.effect("lets images reach the model, also in what it is told later", () =>
    Effect.gen(function* () {
      const model = scripted([uses("camera_picture", {})], [{ type: "text", text: "nice" }])
      const chat = yield* Chat.empty
      yield* Effect.gen(function* () {
        yield* chat.generateText({ prompt: "?", toolkit: ServersToolkit.make() })
        yield* chat.generateText({ prompt: "and?", toolkit: ServersToolkit.make() })
      }).pipe(Effect.provide(model.layer))
      const told = model.asked[1]!.prompt.content.flatMap((message) => (message.role === "tool" ? message.content : []))
      const [part] = told
      assert.ok(part?.type === "tool-result")
      assert.strictEqual(part.result, "a sun")
      assert.deepStrictEqual(
        part.modelOutput?.map((output) => (output.type === "file" ? output.mediaType : output.text)),
        ["a sun", "image/png"]
      )
    }).pipe(Effect.provide(Connected))
  )

  it.effect("tells the model what fails, and the program goes on", () =>
    Effect.gen(function* () {
      const { results } = yield* ask({}, uses("weather_forecast", { town: "Oslo" }))
      assert.isTrue(results[0]!.isFailure)
      assert.match(String(results[0]!.result), /city/)
      const odd = yield* ask({}, uses("weather_forecast", [1]))
      assert.isTrue(odd.results[0]!.isFailure)
      assert.strictEqual(odd.results[0]!.result, "the arguments of weather_forecast must be an object with a member for each")
      const servers = yield* Servers.Servers
      const toolkit = yield* ServersToolkit.make()
      yield* servers.close("weather")
      const [gone] = yield* Effect.flatMap(toolkit.handle("weather_forecast", { city: "Oslo" }), Stream.runCollect)
      assert.deepStrictEqual(
        [gone!.isFailure, gone!.failureOrigin, gone!.result],
        [true, "handler", 'server "weather" was closed; reconnect it first']
      )
      assert.match((yield* Effect.flip(toolkit.handle("no_such", {}))).message, /no_such/)
      assert.match((yield* Effect.flip(toolkit.handle("constructor", {}))).message, /constructor/)
      assert.deepStrictEqual(Object.keys((yield* ServersToolkit.make()).tools), ["camera_picture"])
    }).pipe(Effect.provide(Connected))
  )

  it.effect("takes missing arguments for none", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { tools: ["run"] } }))
      const { handle } = yield* Effect.provideService(ServersToolkit.make(), Servers.Servers, servers)
      const [result] = yield* Effect.flatMap(handle("one_run", undefined), Stream.runCollect)
      assert.strictEqual(result!.result, "one ran run with {}")
    })
  )

  it.effect("has the tools that are selected, and those need approval that are said to", () =>
    Effect.gen(function* () {
      const { content, offered, results } = yield* ask(
        { select: ({ server }) => server === "camera", needsApproval: ({ originalName }) => originalName === "picture" },
        uses("camera_picture", {})
      )
      assert.deepStrictEqual(
        offered.map(({ name }) => name),
        ["camera_picture"]
      )
      assert.deepStrictEqual(results, [])
      assert.include(
        content.map(({ type }) => type),
        "tool-approval-request"
      )
    }).pipe(Effect.provide(Connected))
  )
})
