import { Unsupported } from "@effect-mcp/core/Asking"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Principal from "@effect-mcp/core/Principal"
import * as Replay from "@effect-mcp/core/Replay"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import { UnrepresentableSchema } from "@effect-mcp/core/UnrepresentableSchema"
import { assert, describe, it } from "@effect/vitest"
import { AiError } from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as GroupToolkit from "../src/GroupToolkit.ts"
import { Inexpressible } from "../src/Inexpressible.ts"
import { call as callTool } from "./support/call.ts"
import { finish, scripted } from "./support/model.ts"
import { blocks, CityNotFound, closed, day, Db, Weather, WeatherLive } from "./support/weather.ts"

const toolkit = GroupToolkit.make(Weather)
const strict = GroupToolkit.make(Weather, { failureMode: "error" })
const Live = GroupToolkit.layer(Weather).pipe(Layer.provide(WeatherLive))

const names = Object.keys(toolkit.tools)

const call = (name: string, args?: unknown, live: Layer.Layer<any> = Live, kit: Toolkit.Any = toolkit) =>
  callTool(kit, live, name, args)

describe("the toolkit of a group", () => {
  it("has its tools, and neither its resources nor its prompts", () => {
    assert.deepStrictEqual(names, [
      "forecast",
      "add",
      "hello",
      "nothing",
      "gallery",
      "rendered",
      "plain",
      "search",
      "context",
      "ask",
      "wait",
      "scoped"
    ])
  })

  it("says what the contracts say", () => {
    const { forecast, hello } = toolkit.tools
    assert.strictEqual(forecast.description, "Forecast for a city")
    assert.strictEqual(Context.get(forecast.annotations as Context.Context<AiTool.Title>, AiTool.Title), "Forecast")
    assert.strictEqual(Context.get(hello.annotations as Context.Context<AiTool.Title>, AiTool.Title), "Hello")
    assert.isTrue(Context.get(forecast.annotations, AiTool.Readonly))
    assert.isFalse(Context.get(forecast.annotations, AiTool.OpenWorld))
    assert.isTrue(Context.get(forecast.annotations, AiTool.Destructive))
    assert.deepStrictEqual(Context.get(forecast.annotations as Context.Context<AiTool.Meta>, AiTool.Meta), {
      "example.com/team": "sky",
      "effect-mcp/tags": ["weather"],
      "effect-mcp/version": "1.2.0"
    })
  })

  it("shows models the JSON Schemas of the contracts", () => {
    const contracts = McpGroup.contractsOf(Weather).filter(Tool.isTool)
    for (const { name, parameters, raw, success } of contracts) {
      const tool: AiTool.Any = (toolkit as Toolkit.Any).tools[name]!
      const hasNone = Object.keys((parameters as Schema.Struct<{}>).fields ?? {}).length === 0
      const shown = raw?.inputSchema ?? AiTool.getJsonSchemaFromSchema(hasNone ? AiTool.EmptyParams : parameters)
      assert.deepStrictEqual(AiTool.getJsonSchema(tool), shown, name)
      assert.deepStrictEqual(AiTool.getJsonSchemaFromSchema(tool.successSchema), AiTool.getJsonSchemaFromSchema(success), name)
    }
  })

  it("shows an object to models for a tool without arguments", () => {
    assert.deepStrictEqual(AiTool.getJsonSchema(toolkit.tools.nothing), { type: "object", additionalProperties: false })
  })

  it("of one tool is that of a group of one", () => {
    const one = GroupToolkit.make(Tool.make("one", { success: Schema.Int }))
    assert.deepStrictEqual(Object.keys(one.tools), ["one"])
  })

  it("is refused for what a server would refuse", () => {
    const text = Tool.make("text", { parameters: Schema.String })
    assert.throws(() => GroupToolkit.make(text), UnrepresentableSchema, "parameters must be an object")
  })

  it("is refused for a group that asks for middleware", () => {
    class Auth extends Middleware.make<Auth>()("Auth") {}
    class Guarded extends McpGroup.make("guarded", Tool.make("secret")).middleware(Auth) {}
    // The compiler refuses it, too.
    assert.throws(() => GroupToolkit.make(Guarded as never), Inexpressible, "middleware")
    assert.throws(() => GroupToolkit.layer(Guarded as never), Inexpressible, "middleware")
  })
})

describe("its handlers", () => {
  it.effect("give results, as JSON for the model", () =>
    Effect.gen(function* () {
      const forecast = yield* call("forecast", { city: "Oslo", on: "2020-01-01T00:00:00.000Z" })
      const on = new Date("2020-01-01T00:00:00.000Z")
      assert.deepStrictEqual(forecast.result, { city: "Oslo", celsius: 21, day: on })
      assert.deepStrictEqual(forecast.encodedResult, { city: "Oslo", celsius: 21, day: "2020-01-01T00:00:00.000Z" })
      assert.strictEqual((yield* call("add", { a: 1, b: 2 })).encodedResult, 3)
      assert.strictEqual((yield* call("hello")).encodedResult, "hello")
      assert.strictEqual((yield* call("nothing")).encodedResult, undefined)
      assert.deepStrictEqual((yield* call("plain")).encodedResult, { n: 5 })
      assert.deepStrictEqual((yield* call("search", { q: "abc" })).encodedResult, { n: 3 })
    })
  )

  it.effect("what was rendered for models is what they read, the result stays what it is", () =>
    Effect.gen(function* () {
      const rendered = yield* call("rendered")
      assert.deepStrictEqual(rendered.result, { n: 4 })
      assert.deepStrictEqual(
        rendered.modelOutput?.map((part) => (part.type === "text" ? part.text : part.mediaType)),
        ["n is 4"]
      )
      const gallery = yield* call("gallery")
      assert.deepStrictEqual(gallery.result, blocks)
      assert.deepStrictEqual(
        gallery.modelOutput?.map((part) => (part.type === "text" ? part.text : `${part.mediaType} ${String(part.data)}`)),
        ["a text", "image/png AQID", "audio/wav AQID", "The first letter: file:///a.txt", "b", "application/octet-stream AQID"]
      )
    })
  )

  it.effect("failures are told to the model, or fail the call", () =>
    Effect.gen(function* () {
      const told = yield* call("forecast", { city: "Atlantis" })
      assert.isTrue(told.isFailure)
      assert.deepStrictEqual(told.result, new CityNotFound({ city: "Atlantis", at: day }))
      assert.deepStrictEqual(told.encodedResult, { _tag: "CityNotFound", city: "Atlantis", at: day.toISOString() })
      const failed = yield* Effect.flip(call("forecast", { city: "Atlantis" }, Live, strict))
      assert.deepStrictEqual(failed as unknown, new CityNotFound({ city: "Atlantis", at: day }))
    })
  )

  it.effect("arguments are held against the Schema, or against the JSON Schema", () =>
    Effect.gen(function* () {
      for (const [name, args] of [
        ["add", { a: "x" }],
        ["search", { q: "a" }],
        ["search", {}]
      ] as const) {
        const { failureOrigin, isFailure } = yield* call(name, args)
        assert.isTrue(isFailure)
        assert.strictEqual(failureOrigin, "parameters")
      }
    })
  )

  it.effect("a result that its JSON Schema does not allow is a fault of the program", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(call("search", { q: "bad" }))
      assert.include(String(exit), "outputSchema")
    })
  )

  it.effect("see a request of their own", () =>
    Effect.gen(function* () {
      const expected = {
        mode: "unavailable",
        clientCapabilities: {},
        id: "call-1",
        isOpen: true,
        method: "tools/call",
        subject: null,
        version: Revision.latest.version
      }
      assert.deepStrictEqual((yield* call("context")).result as unknown, expected)
      const asAda = GroupToolkit.layer(Weather, { principal: Principal.make({ subject: "ada" }) }).pipe(
        Layer.provide(WeatherLive)
      )
      assert.deepStrictEqual((yield* call("context", {}, asAda)).result as unknown, { ...expected, subject: "ada" })
    })
  )

  it.effect("cannot ask, and are told why", () =>
    Effect.gen(function* () {
      const { result } = yield* call("ask")
      assert.include(String(result), "there is no client")
    })
  )

  it.effect("may be streams of steps", () =>
    Effect.gen(function* () {
      class Steps extends McpGroup.make(
        "steps",
        Tool.make("good", { success: Schema.Int }),
        Tool.make("bad", { success: Schema.Int, failure: Schema.String }),
        Tool.make("none", { success: Schema.Int }),
        Tool.make("two", { success: Schema.Int }),
        Tool.make("others", { success: Schema.Int })
      ) {}
      const StepsLive = Steps.toLayer({
        tools: {
          good: () => Stream.make(Tool.progress(1, 2), Tool.result(3)),
          bad: () => Stream.concat(Stream.make(Tool.progress(1)), Stream.fail("no luck")),
          none: () => Stream.make(Tool.progress(1)),
          two: () => Stream.make(Tool.result(1), Tool.result(2)),
          others: () => Stream.make(1) as never
        }
      })
      const live = GroupToolkit.layer(Steps).pipe(Layer.provide(StepsLive))
      const kit = GroupToolkit.make(Steps)
      assert.strictEqual((yield* call("good", {}, live, kit)).result as unknown, 3)
      assert.strictEqual((yield* call("bad", {}, live, kit)).result as unknown, "no luck")
      const faults = { none: "without a result", two: "a second result", others: "something else than steps" }
      for (const [name, fault] of Object.entries(faults)) {
        assert.include(String(yield* Effect.exit(call(name, {}, live, kit))), fault)
      }
    })
  )

  it.effect("record for one call, and not for the next", () =>
    Effect.gen(function* () {
      let runs = 0
      class Counting extends McpGroup.make("counting", Tool.make("count", { success: Schema.Int })) {}
      const once = Replay.once(
        "count",
        Schema.Int,
        Effect.sync(() => ++runs)
      )
      const CountingLive = Counting.toLayer({ tools: { count: () => Effect.andThen(once, once) } })
      const live = GroupToolkit.layer(Counting).pipe(Layer.provide(CountingLive))
      const kit = GroupToolkit.make(Counting)
      assert.strictEqual((yield* call("count", {}, live, kit)).encodedResult, 1)
      assert.strictEqual((yield* call("count", {}, live, kit)).encodedResult, 2)
    })
  )

  it.effect("that let a question fail tell the model why, or fail the call with an AiError", () =>
    Effect.gen(function* () {
      class Asking extends McpGroup.make("asking", Tool.make("ask"), Tool.make("declared", { failure: Unsupported })) {}
      const question = Elicitation.form({ key: "name", message: "Who?", schema: { name: Schema.String } })
      const AskingLive = Asking.toLayer({
        tools: {
          ask: () => Effect.asVoid(question),
          declared: () => Effect.fail(new Unsupported({ method: "m", detail: "d" }))
        }
      })
      const live = GroupToolkit.layer(Asking).pipe(Layer.provide(AskingLive))
      const told = yield* call("ask", {}, live, GroupToolkit.make(Asking))
      assert.isTrue(told.isFailure)
      assert.include(JSON.stringify(told.encodedResult), "there is no client")
      const failed = yield* Effect.flip(call("ask", {}, live, GroupToolkit.make(Asking, { failureMode: "error" })))
      assert.instanceOf(failed, AiError)
      assert.include(String(failed), "there is no client")
      const declared = yield* call("declared", {}, live, GroupToolkit.make(Asking))
      assert.deepStrictEqual(declared.result, new Unsupported({ method: "m", detail: "d" }))
    })
  )

  it.effect("have a scope that ends with the call", () =>
    Effect.gen(function* () {
      closed.length = 0
      yield* call("scoped")
      assert.deepStrictEqual(closed, ["scoped"])
    })
  )

  it.effect("end when the tool's own time is over", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(call("wait"), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const { isFailure, result } = yield* Fiber.join(fiber)
      assert.isTrue(isFailure)
      assert.include(String(result), 'tool "wait" was interrupted after 1000 ms')
    })
  )

  it.effect("run with what their own layer captured, and with the annotations of the call", () =>
    Effect.gen(function* () {
      class Here extends McpGroup.make("here", Tool.make("where", { success: Schema.Unknown })) {}
      const HereLive = Here.toLayer({
        tools: {
          where: () =>
            Effect.gen(function* () {
              return { celsius: (yield* Db).celsius, ...(yield* References.CurrentLogAnnotations) }
            })
        }
      }).pipe(Layer.provide(Layer.succeed(Db, { celsius: 1 })))
      const kit = GroupToolkit.make(Here)
      const { handle } = yield* kit.pipe(Effect.provide(GroupToolkit.layer(Here).pipe(Layer.provide(HereLive))))
      const results = yield* Effect.flatMap(handle("where", {}), Stream.runCollect).pipe(
        Effect.annotateLogs("from", "a call"),
        Effect.provideService(Db, { celsius: 2 })
      )
      assert.deepStrictEqual(results[0]?.result as unknown, { celsius: 1, from: "a call" })
    })
  )

  it.effect("are missed when they are not there, or those of another group", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.exit(Layer.build(GroupToolkit.layer(Weather) as Layer.Layer<never, never, any>))
      assert.include(String(missing), 'group "weather": it has no handlers')
      class Other extends McpGroup.make("weather", Tool.make("other")) {}
      const OtherLive = Other.toLayer({ tools: { other: () => Effect.void } })
      const wrong = yield* Effect.exit(Layer.build(GroupToolkit.layer(Weather).pipe(Layer.provide(OtherLive))))
      assert.include(String(wrong), "implement another group of that id")
    })
  )
})

describe("a language model", () => {
  it.effect("calls the tools of a group", () =>
    Effect.gen(function* () {
      const { asked, layer } = scripted([
        { type: "tool-call", id: "1", name: "forecast", params: { city: "Oslo" } },
        { type: "tool-call", id: "2", name: "forecast", params: { city: "Atlantis" } },
        { type: "tool-call", id: "3", name: "rendered", params: {} },
        finish("tool-calls")
      ])
      const response = yield* LanguageModel.generateText({ prompt: "Will it rain?", toolkit }).pipe(Effect.provide([Live, layer]))
      assert.deepStrictEqual(
        asked[0]?.tools.map(({ name }) => name),
        names
      )
      assert.deepStrictEqual(
        [...response.toolResults]
          .toSorted((a, b) => a.id.localeCompare(b.id))
          .map(({ encodedResult, id, isFailure }) => [id, isFailure, encodedResult]),
        [
          ["1", false, { city: "Oslo", celsius: 21, day: day.toISOString() }],
          ["2", true, { _tag: "CityNotFound", city: "Atlantis", at: day.toISOString() }],
          ["3", false, { n: 4 }]
        ]
      )
    })
  )
})
