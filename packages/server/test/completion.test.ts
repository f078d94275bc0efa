import * as Completion from "@effect-mcp/core/Completion"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, info, refusal, versions } from "./support/fixture.ts"
import { type Json, key, serve } from "./support/peer.ts"

class Cities extends Context.Service<Cities, { readonly names: ReadonlyArray<string> }>()("test/Cities") {}

const Packing = Prompt.make("packing", { parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) } })

class Travel extends McpGroup.make(
  "travel",
  Packing,
  Prompt.make("plain", { parameters: { city: Schema.String } }),
  Prompt.make("broken", { parameters: { city: Schema.String } }),
  Resource.template("daily", "travel://{city}/daily{?date}"),
  Resource.make("all", "travel://all")
) {}

const TravelLive = Travel.toLayer({
  prompts: {
    packing: Completion.suggesting(({ city, days }) => Effect.succeed(`${city} ${days ?? 1}`), {
      city: (value) =>
        Effect.map(Cities, ({ names }) => names.filter((name) => name.toLowerCase().startsWith(value.toLowerCase()))),
      days: (_, { city }) => Effect.succeed(city === "Oslo" ? ["2", "3"] : ["7"])
    }),
    plain: ({ city }) => Effect.succeed(city),
    broken: Completion.suggesting(({ city }) => Effect.succeed(city), { city: () => Effect.die(new Error("secret")) })
  },
  resources: {
    daily: Completion.suggesting(({ city, date }) => Effect.succeed(`${city} ${date ?? "today"}`), {
      city: () => Effect.succeed(Array.from({ length: 250 }, (_, i) => `city ${i}`))
    }),
    all: () => Effect.succeed("all")
  }
})

const Server = McpServer.layer(info, Travel).pipe(
  Layer.provide(TravelLive),
  Layer.provide(Layer.succeed(Cities, { names: ["Oslo", "Ottawa", "Rome"] }))
)
// What suggestions need is required like what handlers need.
const needsCities: [Layer.Services<typeof TravelLive>] extends [Cities] ? true : false = true
const cannotDoWithout: [Cities] extends [Layer.Services<typeof TravelLive>] ? true : false = true

const quiet = Effect.provide(Logger.layer([]))

describe.each(versions)("completion in %s", (version) => {
  const connected = Effect.flatMap(serve(Server), ({ speak }) => speak(version))
  const prompt = (name: string) => ({ type: "ref/prompt", name })
  const template = { type: "ref/resource", uri: "travel://{city}/daily{?date}" }

  it.effect("suggests what the handler says, which sees what is known already", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const cases: ReadonlyArray<readonly [params: Json, values: ReadonlyArray<string>]> = [
        [{ ref: prompt("packing"), argument: { name: "city", value: "o" } }, ["Oslo", "Ottawa"]],
        [{ ref: prompt("packing"), argument: { name: "city", value: "x" } }, []],
        [{ ref: prompt("packing"), argument: { name: "days", value: "" } }, ["7"]],
        [{ ref: prompt("packing"), argument: { name: "days", value: "" }, context: { arguments: { city: "Oslo" } } }, ["2", "3"]],
        [{ ref: prompt("packing"), argument: { name: "nobody", value: "" } }, []],
        [{ ref: prompt("packing"), argument: { name: "constructor", value: "" } }, []],
        [{ ref: prompt("plain"), argument: { name: "city", value: "o" } }, []],
        [{ ref: template, argument: { name: "date", value: "" } }, []],
        [{ ref: { type: "ref/resource", uri: "travel://all" }, argument: { name: "city", value: "" } }, []]
      ]
      for (const [i, [params, values]] of cases.entries()) {
        assert.deepStrictEqual(
          yield* peer.request("completion/complete", params, i + 1),
          answer(version, i + 1, { completion: { values, total: values.length, hasMore: false } })
        )
      }
    })
  )

  it.effect("sends at most 100 values, and says how many there are", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const { result } = yield* peer.request("completion/complete", { ref: template, argument: { name: "city", value: "" } })
      assert.strictEqual(result.completion.values.length, 100)
      assert.deepInclude(result.completion, { total: 250, hasMore: true })
    })
  )

  it.effect("refuses what names nothing, and tells nothing of a defect", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const argument = { name: "city", value: "" }
      const malformed = "Invalid params: `completion/complete` needs `ref`, and `argument` with `name` and `value`"
      const cases: ReadonlyArray<readonly [params: Json, message: string]> = [
        [{ ref: prompt("nobody"), argument }, "Unknown reference: nobody"],
        [{ ref: { type: "ref/resource", uri: "travel://Oslo/daily" }, argument }, "Unknown reference: travel://Oslo/daily"],
        [{ ref: { type: "ref/tool", name: "packing" }, argument }, malformed],
        [{ ref: prompt("packing") }, malformed],
        [{ ref: prompt("packing"), argument: { name: "city", value: 1 } }, malformed]
      ]
      for (const [i, [params, message]] of cases.entries()) {
        assert.deepStrictEqual(yield* peer.request("completion/complete", params, i + 1), refusal(i + 1, -32602, message))
      }
      const { error } = yield* peer.request("completion/complete", { ref: prompt("broken"), argument })
      assert.strictEqual(error.code, -32603)
      assert.match(error.message, /^Internal error \([0-9a-f-]{36}\)$/)
    }).pipe(quiet)
  )

  it.effect("a handler with suggestions is a handler like any other", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const { result } = yield* peer.request("prompts/get", { name: "packing", arguments: { city: "Oslo", days: "2" } })
      assert.strictEqual(result.messages[0].content.text, "Oslo 2")
      const read = yield* peer.request("resources/read", { uri: "travel://Rome/daily" })
      assert.strictEqual(read["result"].contents[0].text, "Rome today")
    })
  )
})

describe("the capability", () => {
  it("is typed by what suggestions need", () => assert.isTrue(needsCities && cannotDoWithout))

  it.effect("is declared where something is suggested, and the method exists nowhere else", () =>
    Effect.gen(function* () {
      const One = Tool.make("one")
      const Without = McpServer.layer(info, One).pipe(Layer.provide(One.toLayer(() => Effect.void)))
      const params = { ref: { type: "ref/prompt", name: "packing" }, argument: { name: "city", value: "" } }
      const peer = yield* Effect.flatMap(serve(Without), ({ speak }) => speak("2026-07-28"))
      assert.deepStrictEqual(
        yield* peer.request("completion/complete", params, 1),
        refusal(1, -32601, "Method not found: completion/complete")
      )
      const other = yield* Effect.flatMap(serve(Server), ({ speak }) => speak("2026-07-28"))
      const { result } = yield* other.request("server/discover", {})
      assert.deepStrictEqual(result.capabilities["completions"], {})
      assert.property(result._meta, key("serverInfo"))
    })
  )
})

describe("middleware around completion", () => {
  it.effect("may answer in its place", () =>
    Effect.gen(function* () {
      class Guard extends Middleware.make<Guard>()("test/Guard") {}
      const GuardLive = Guard.layer({
        "completion/complete": (request, next) =>
          request.argument.value === "secret"
            ? Effect.succeed({ completion: { values: ["no"] } })
            : next({ ...request, argument: { ...request.argument, value: "r" } })
      })
      const { speak } = yield* serve(
        McpServer.layer(info, McpServer.use(Guard), Packing).pipe(
          Layer.provide([
            GuardLive,
            Packing.toLayer(
              Completion.suggesting(({ city }) => Effect.succeed(city), { city: (value) => Effect.succeed([`${value}ome`]) })
            )
          ])
        )
      )
      const peer = yield* speak("2025-11-25")
      const ask = (value: string) =>
        Effect.map(
          peer.request("completion/complete", {
            ref: { type: "ref/prompt", name: "packing" },
            argument: { name: "city", value }
          }),
          ({ result }) => result.completion.values
        )
      assert.deepStrictEqual(yield* ask("secret"), ["no"])
      assert.deepStrictEqual(yield* ask("x"), ["rome"])
    })
  )
})
