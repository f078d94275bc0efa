/**
 * What the compiler infers of typed clients, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import type { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import { invalidParams } from "@effect-mcp/core/McpError"
import * as Tool from "@effect-mcp/core/Tool"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as McpClient from "../src/McpClient.ts"
import * as RootsHandler from "../src/RootsHandler.ts"
import * as SamplingHandler from "../src/SamplingHandler.ts"
import type { McpClientError } from "../src/McpClientError.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { city: Schema.String }) {}

class Weather extends McpGroup.make(
  "weather",
  Tool.make("forecast", {
    parameters: { city: Schema.String, day: Schema.optionalKey(Schema.Date) },
    success: Schema.Struct({ celsius: Schema.Finite }),
    failure: NotFound
  }),
  Tool.make("reindex"),
  Tool.make("search", { parameters: { q: Schema.optionalKey(Schema.String) }, success: Schema.Array(Schema.String) })
) {}

describe("a typed client", () => {
  it("has a function for each tool: arguments, result and failures are those of the contract", () => {
    const program = Effect.gen(function* () {
      const { tools } = yield* McpClient.of(Weather)
      check<Eq<keyof typeof tools, "forecast" | "reindex" | "search">>()
      const call = tools.forecast({ city: "Oslo", day: new Date() })
      check<Eq<Effect.Success<typeof call>, { readonly celsius: number }>>()
      check<Eq<Effect.Error<typeof call>, NotFound | McpClientError>>()
      check<Eq<Effect.Services<typeof call>, never>>()
      const nothing = tools.reindex()
      check<Eq<Effect.Success<typeof nothing>, void>>()
      check<Eq<Effect.Error<typeof nothing>, McpClientError>>()
      const found = yield* tools.search()
      check<Eq<typeof found, ReadonlyArray<string>>>()
      return yield* call
    })
    check<Eq<Effect.Services<typeof program>, McpClient.McpClient>>()
    const caught = Effect.catchTag(program, "NotFound", ({ city }) => Effect.succeed(city))
    check<Eq<Effect.Error<typeof caught>, McpClientError>>()
  })

  it("of a single tool is that of a group of one", () => {
    compile(() =>
      Effect.gen(function* () {
        const { tools } = yield* McpClient.of(Tool.make("add", { parameters: { a: Schema.Finite }, success: Schema.Finite }))
        check<Eq<keyof typeof tools, "add">>()
        const sum = yield* tools.add({ a: 1 })
        check<Eq<typeof sum, number>>()
      })
    )
  })

  it("takes options behind the arguments, which may be left out when all of them may", () => {
    compile(() =>
      Effect.gen(function* () {
        const { tools } = yield* McpClient.of(Weather)
        yield* tools.search({ q: "x" }, { timeout: "1 second" })
        yield* tools.search(undefined, { onProgress: () => Effect.void })
        yield* tools.reindex({}, { meta: { a: 1 } })
        // @ts-expect-error: `city` is needed
        yield* tools.forecast()
      })
    )
  })

  it("refuses tools that are not there, and wrong arguments", () => {
    compile(() =>
      Effect.gen(function* () {
        const { tools } = yield* McpClient.of(Weather)
        // @ts-expect-error: there is no such tool
        yield* tools.nope()
        // @ts-expect-error: a number is no city
        yield* tools.forecast({ city: 1 })
        // @ts-expect-error: there is no argument `cty`
        yield* tools.forecast({ city: "Oslo", cty: "Oslo" })
        // @ts-expect-error: a string is no Date
        yield* tools.forecast({ city: "Oslo", day: "2026-01-01" })
      })
    )
  })

  it("McpClient.layer requires a transport and may fail", () => {
    type Client = ReturnType<typeof McpClient.layer>
    check<Eq<Layer.Success<Client>, McpClient.McpClient>>()
    check<Eq<Layer.Services<Client>, ClientTransport>>()
    check<Eq<Layer.Error<Client>, McpClientError>>()
  })
})

class Ui extends Context.Service<Ui, { readonly show: Effect.Effect<ElicitationHandler.Answer> }>()("test/Ui") {}
class Browser extends Context.Service<Browser, { readonly open: Effect.Effect<ElicitationHandler.Answer> }>()("test/Browser") {}

describe("handlers of questions", () => {
  it("require what their functions require, without the scope that each question has", () => {
    const form = () =>
      Effect.andThen(
        Effect.scope,
        Ui.use(({ show }) => show)
      )
    const url = () => Browser.use(({ open }) => open)
    const both = ElicitationHandler.layer({ form, url })
    check<Eq<Layer.Services<typeof both>, Ui | Browser>>()
    const one = ElicitationHandler.layer({ form })
    check<Eq<Layer.Services<typeof one>, Ui>>()
    const none = ElicitationHandler.layer({ form: () => Effect.succeed(ElicitationHandler.accept({ tags: ["a"] })) })
    compile(() =>
      ElicitationHandler.layer({
        form: ({ requestedSchema }) => Effect.succeed(ElicitationHandler.accept(Form.filled(requestedSchema, { nights: 2 })))
      })
    )
    check<Eq<typeof none, Layer.Layer<ElicitationHandler.ElicitationHandler>>>()
  })

  it("may fail with an error that servers understand, and with no other", () => {
    compile(() => [
      SamplingHandler.layer(() => SamplingHandler.reject("no")),
      ElicitationHandler.layer({ form: () => Effect.fail(invalidParams("no")) }),
      // @ts-expect-error: nobody would know what to tell the server
      ElicitationHandler.layer({ form: () => Effect.fail("no") }),
      // @ts-expect-error: a form has no nested content
      ElicitationHandler.accept({ name: { first: "Ada" } })
    ])
  })

  it("are not required by a client, and may be provided to it", () => {
    const client = McpClient.layer({ name: "c", version: "1" })
    check<Eq<Layer.Services<typeof client>, ClientTransport>>()
    const answering = Layer.provide(client, RootsHandler.layer([{ uri: "file:///a" }]))
    check<Eq<Layer.Services<typeof answering>, ClientTransport>>()
  })
})
