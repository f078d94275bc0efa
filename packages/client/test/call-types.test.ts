/**
 * What the compiler infers of calls, streams and suggestions, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import type { Completion } from "@effect-mcp/core/protocol/Completion"
import type { Tool as Listed } from "@effect-mcp/core/protocol/Tools"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Difference } from "../src/Difference.ts"
import * as ListedTool from "../src/ListedTool.ts"
import * as McpClient from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}

class Weather extends McpGroup.make(
  "weather",
  Tool.make("forecast", { parameters: { city: Schema.String }, success: Schema.Finite, failure: Busy }),
  Resource.make("today", "weather://today"),
  Resource.template("daily", "weather://{city}/daily{?unit}", { success: Schema.Struct({ c: Schema.Finite }), failure: Busy }),
  Prompt.make("packing", { parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) } }),
  Prompt.make("bare")
) {}

type Contracts = McpGroup.Contracts<typeof Weather>

describe("a check of a contract", () => {
  it("fails only where it is asked to", () => {
    const none = McpClient.of(Weather)
    check<Eq<typeof none, Effect.Effect<McpClient.Typed<Contracts>, never, McpClient.McpClient>>>()
    const warn = McpClient.of(Weather, { check: "warn", names: (name) => `a_${name}` })
    check<Eq<Effect.Error<typeof warn>, never>>()
    const fail = McpClient.of(Weather, { check: "fail" })
    check<Eq<typeof fail, Effect.Effect<McpClient.Typed<Contracts>, McpClientError, McpClient.McpClient>>>()
    const differences = McpClient.check(Weather, { uris: (uri) => uri })
    check<Eq<typeof differences, Effect.Effect<ReadonlyArray<Difference>, McpClientError, McpClient.McpClient>>>()
    // @ts-expect-error: there is no such way
    compile(() => McpClient.of(Weather, { check: "ignore" }))
  })
})

describe("a call without a contract", () => {
  it("is typed by the Schemas that it brings", () => {
    const bare = McpClient.call("search")
    check<Eq<typeof bare, Effect.Effect<unknown, McpClientError, McpClient.McpClient>>>()
    const read = McpClient.call("search", { q: "x" }, { success: Schema.Array(Schema.Date), timeout: "1 second" })
    check<Eq<typeof read, Effect.Effect<ReadonlyArray<Date>, McpClientError, McpClient.McpClient>>>()
    const failing = McpClient.call("search", undefined, { success: Schema.Int, failure: Busy })
    check<Eq<Effect.Error<typeof failing>, Busy | McpClientError>>()
    const needy = Schema.Int as unknown as Schema.Codec<number, number, "Service">
    compile(() => [
      // @ts-expect-error: a Schema of results needs no services
      McpClient.call("a", {}, { success: needy }),
      // @ts-expect-error: arguments are an object
      McpClient.call("a", [1])
    ])
  })

  it("of a listed tool is a function without requirements", () => {
    compile(() =>
      Effect.gen(function* () {
        const tool = {} as Listed
        const bare = yield* ListedTool.make(tool)
        check<Eq<typeof bare, ListedTool.ListedTool<unknown, never>>>()
        const read = yield* ListedTool.make(tool, { success: Schema.Date, failure: Busy, checkArguments: true })
        const called = read({ a: 1 }, { timeout: "1 second" })
        check<Eq<typeof called, Effect.Effect<Date, Busy | McpClientError>>>()
      })
    )
    const made = ListedTool.make({} as Listed)
    check<Eq<Effect.Services<typeof made>, McpClient.McpClient>>()
  })
})

describe("a typed client", () => {
  it("suggests arguments of prompts and variables of templates, and no others", () => {
    compile(() =>
      Effect.gen(function* () {
        const { prompts, resources } = yield* McpClient.of(Weather)
        const completion = prompts.packing.complete("city", "Os", { days: "2" })
        check<Eq<typeof completion, Effect.Effect<Completion, McpClientError>>>()
        yield* resources.daily.complete("unit", "C", { city: "Oslo" })
        // @ts-expect-error: there is no such argument
        yield* prompts.packing.complete("town", "Os")
        // @ts-expect-error: what is completed is not known yet
        yield* prompts.packing.complete("city", "Os", { city: "Oslo" })
        // @ts-expect-error: known arguments are texts
        yield* prompts.packing.complete("city", "Os", { days: 2 })
        // @ts-expect-error: it has no arguments
        yield* prompts.bare.complete("city", "Os")
        // @ts-expect-error: a fixed URI has no variables
        yield* resources.today.complete("city", "Os")
      })
    )
  })

  it("reads resources as before, and tells when they change", () => {
    compile(() =>
      Effect.gen(function* () {
        const { resources } = yield* McpClient.of(Weather)
        const read = resources.daily({ city: "Oslo" }, { timeout: "1 second" })
        check<Eq<typeof read, Effect.Effect<{ readonly c: number }, Busy | McpClientError>>>()
        const updates = resources.daily.updates({ city: "Oslo" })
        check<Eq<typeof updates, Stream.Stream<string, McpClientError>>>()
        resources.today.updates()
        // @ts-expect-error: the city is needed
        resources.daily.updates()
      })
    )
  })

  it("passes calls of all kinds to withProgress", () => {
    compile(() =>
      Effect.gen(function* () {
        const { tools } = yield* McpClient.of(Weather)
        const steps = McpClient.withProgress((options) => tools.forecast({ city: "Oslo" }, options))
        check<Eq<typeof steps, Stream.Stream<Tool.Step<number>, Busy | McpClientError>>>()
        const untyped = McpClient.withProgress((options) => McpClient.call("a", {}, { success: Schema.Int, ...options }))
        check<Eq<Stream.Services<typeof untyped>, McpClient.McpClient>>()
        const scoped = McpClient.withProgress(() => Effect.scope)
        check<Eq<typeof scoped, Stream.Stream<Tool.Step<Scope.Scope>>>>()
      })
    )
  })
})
