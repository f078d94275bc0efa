import { assert, describe, it } from "@effect/vitest"
import * as Completion from "@effect-mcp/core/Completion"
import * as Content from "@effect-mcp/core/Content"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Progress from "@effect-mcp/core/Progress"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as FakeServer from "../src/FakeServer.ts"
import * as McpTest from "../src/McpTest.ts"

class Nowhere extends Schema.TaggedError<Nowhere>()("Nowhere", { city: Schema.String }) {}

const Forecast = Schema.Struct({
  city: Schema.String,
  celsius: Schema.Int.check(Schema.isBetween({ minimum: -60, maximum: 60 })),
  at: Schema.DateTimeUtcFromString,
  sky: Schema.Literals(["clear", "grey"]),
  wind: Schema.optionalKey(Schema.Array(Schema.Finite))
})

class User extends Context.Service<User, { readonly name: string }>()("test/User") {}

class Auth extends Middleware.make<Auth>()("test/Auth", { provides: User }) {}

class Weather extends McpGroup.make(
  "weather",
  Tool.make("forecast", { parameters: { city: Schema.String }, success: Forecast, failure: Nowhere }),
  Tool.make("pictures", { success: Tool.Contents }),
  Tool.make("refresh"),
  Tool.make("mood", { success: Schema.String.annotate({ examples: ["sunny", "gloomy"] }) }),
  JsonSchemaTool.make("raw", {
    inputSchema: { type: "object" },
    outputSchema: {
      type: "object",
      properties: { id: { type: "integer", minimum: 7 }, tags: { type: "array", items: { type: "string" } } },
      required: ["id", "tags"]
    }
  }),
  Resource.make("map", "weather://map", { success: Schema.Uint8Array }),
  Resource.template("daily", "weather://{city}/daily{?days}", {
    parameters: { days: Schema.FiniteFromString },
    success: Forecast
  }),
  Resource.make("parts", "weather://parts", { success: Resource.Contents }),
  Prompt.make("packing", { parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) } })
) {}

describe("a fake server", () => {
  it.effect("answers everything with what the contract says, in every revision", () =>
    Effect.gen(function* () {
      const { prompts, resources, tools } = yield* McpTest.typed(Weather, FakeServer.layer(Weather))
      const forecast = yield* tools.forecast({ city: "Oslo" })
      assert.isTrue(Schema.is(Forecast)(forecast))
      assert.strictEqual((yield* tools.pictures())[0]?.type, "text")
      assert.isUndefined(yield* tools.refresh())
      assert.include(["sunny", "gloomy"], yield* tools.mood())
      assert.deepStrictEqual(yield* tools.raw({}), { id: 107, tags: ["tags", "tags 2"] })
      assert.instanceOf(yield* resources.map(), Uint8Array)
      assert.isTrue(Schema.is(Forecast)(yield* resources.daily({ city: "Oslo", days: 2 })))
      assert.deepStrictEqual(yield* resources.parts(), [{ uri: "weather://parts", text: "parts" }])
      const { messages } = yield* prompts.packing({ city: "Oslo", days: 3 })
      assert.deepStrictEqual(messages, [{ role: "user", content: { type: "text", text: 'packing {"city":"Oslo","days":3}' } }])
    }).pipe(McpTest.eachRevision())
  )

  it.effect("gives the same answer to the same call, whatever else was called, and other ones for another seed", () =>
    Effect.gen(function* () {
      const ask = (city: string, options?: FakeServer.Options, before: ReadonlyArray<string> = []) =>
        Effect.gen(function* () {
          const { tools } = yield* McpTest.typed(Weather, FakeServer.layer(Weather, {}, options))
          for (const city of before) yield* tools.forecast({ city })
          return JSON.stringify(yield* tools.forecast({ city }))
        })
      const oslo = yield* ask("Oslo")
      assert.strictEqual(yield* ask("Oslo", {}, ["Bergen", "Oslo"]), oslo)
      assert.notStrictEqual(yield* ask("Bergen"), oslo)
      assert.notStrictEqual(yield* ask("Oslo", { seed: "another" }), oslo)
    })
  )

  it.effect("lets handlers of its own answer, fail, ask and report, and keeps what was called", () =>
    Effect.gen(function* () {
      class Prices extends Context.Service<Prices, number>()("test/Prices") {}
      const weather = yield* FakeServer.make(Weather, {
        tools: {
          forecast: ({ city }) => Effect.fail(new Nowhere({ city })),
          refresh: () => Progress.report(1),
          mood: () => Effect.map(Prices, String)
        },
        resources: { map: (_, uri) => Effect.succeed(new TextEncoder().encode(uri)) }
      })
      const client = yield* McpTest.typed(Weather, Layer.provide(weather.layer, Layer.succeed(Prices, 7)))
      assert.deepStrictEqual(yield* Effect.flip(client.tools.forecast({ city: "Oslo" })), new Nowhere({ city: "Oslo" }))
      yield* client.tools.refresh()
      assert.strictEqual(client.received.progress.all.length, 1)
      assert.strictEqual(yield* client.tools.mood(), "7")
      assert.strictEqual(new TextDecoder().decode(yield* client.resources.map()), "weather://map")
      yield* client.resources.daily({ city: "Oslo", days: 2 })
      yield* client.prompts.packing({ city: "Oslo" })
      assert.deepStrictEqual(weather.calls.all, [
        { kind: "tools", name: "forecast", args: { city: "Oslo" } },
        { kind: "tools", name: "refresh", args: {} },
        { kind: "tools", name: "mood", args: {} },
        { kind: "resources", name: "map", args: undefined, uri: "weather://map" },
        { kind: "resources", name: "daily", args: { city: "Oslo", days: 2 }, uri: "weather://Oslo/daily?days=2" },
        { kind: "prompts", name: "packing", args: { city: "Oslo" } }
      ])
    })
  )

  it.effect("is of one contract, too, has no middleware, and its handlers go into other servers", () =>
    Effect.gen(function* () {
      const add = Tool.make("add", { parameters: { a: Schema.Finite }, success: Schema.Finite })
      const one = yield* FakeServer.make(add, { tools: { add: ({ a }) => Effect.succeed(a + 1) } })
      assert.strictEqual(yield* (yield* McpTest.typed(add, one.layer)).tools.add({ a: 1 }), 2)

      const Guarded = McpGroup.make("guarded", Tool.make("secret", { success: Schema.Int })).middleware(Auth)
      const { tools } = yield* McpTest.typed(Guarded, FakeServer.layer(Guarded))
      assert.isNumber(yield* tools.secret())

      const both = McpServer.layer({ name: "both", version: "1" }, add, Weather).pipe(
        Layer.provide([one.handlers, (yield* FakeServer.make(Weather)).handlers])
      )
      const client = yield* McpTest.client(both)
      assert.strictEqual(Content.textOf(yield* client.callTool("add", { a: 2 })), "3")
      assert.strictEqual(one.calls.all.length, 2)
    })
  )

  it.effect("suggests what its handlers suggest", () =>
    Effect.gen(function* () {
      const packing = Completion.suggesting(({ city }: { readonly city: string }) => Effect.succeed(city), {
        city: () => Effect.succeed(["Oslo"])
      })
      const client = yield* McpTest.client(FakeServer.layer(Weather, { prompts: { packing } }))
      const { values } = yield* client.complete({ type: "ref/prompt", name: "packing" }, { name: "city", value: "" })
      assert.deepStrictEqual(values, ["Oslo"])
    })
  )

  it.effect("does not start where no answer can be made up, and says for what and what to do", () =>
    Effect.gen(function* () {
      const Odd = Schema.String.check(Schema.makeFilter((text) => text === "exactly this"))
      const group = McpGroup.make("odd", Tool.make("one", { success: Odd }), Tool.make("two", { success: Odd }))
      const exit = yield* Effect.exit(McpTest.client(FakeServer.layer(group)))
      const message = exit._tag === "Failure" ? String(Cause.squash(exit.cause)) : ""
      assert.include(message, 'no answers can be made up for the group "odd":\n  tools.one:')
      assert.include(message, "\n  tools.two:")
      assert.include(message, "{ tools: { one: () => Effect.succeed(...) } }")
      const { tools } = yield* McpTest.typed(
        group,
        FakeServer.layer(group, {
          tools: { one: () => Effect.succeed("exactly this"), two: () => Effect.succeed("exactly this") }
        })
      )
      assert.strictEqual(yield* tools.two(), "exactly this")
    })
  )
})
