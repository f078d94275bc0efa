/**
 * What the compiler infers and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import * as Elicitation from "../src/Elicitation.ts"
import type * as Handlers from "../src/Handlers.ts"
import * as McpError from "../src/McpError.ts"
import * as McpGroup from "../src/McpGroup.ts"
import * as Middleware from "../src/Middleware.ts"
import type * as Name from "../src/Name.ts"
import * as Progress from "../src/Progress.ts"
import * as Prompt from "../src/Prompt.ts"
import * as PromptMessage from "../src/PromptMessage.ts"
import type { CallToolResult } from "../src/protocol/Tools.ts"
import { RequestContext } from "../src/RequestContext.ts"
import * as Resource from "../src/Resource.ts"
import * as SamplingTools from "../src/SamplingTools.ts"
import * as Tool from "../src/Tool.ts"
import * as UriTemplate from "../src/UriTemplate.ts"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** True when the two types are the same type. */
type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class Db extends Context.Service<Db, { readonly find: (city: string) => Effect.Effect<number> }>()("Db") {}
class Cache extends Context.Service<Cache, { readonly get: Effect.Effect<number> }>()("Cache") {}
class User extends Context.Service<User, { readonly id: string }>()("User") {}
class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { city: Schema.String }) {}
class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}
class Timing extends Middleware.make<Timing>()("Timing") {}

class Weather extends McpGroup.make(
  "weather",
  Tool.make("forecast", {
    parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) },
    success: Schema.Struct({ celsius: Schema.Finite }),
    failure: NotFound
  }),
  Tool.make("reindex", { success: Schema.String }),
  Resource.template("daily", "weather://{city}/daily{?unit,lang}", { parameters: { unit: Schema.Literals(["c", "f"]) } }),
  Prompt.make("packing", { parameters: { city: Schema.String } })
).middleware(Auth) {}

const daily = ({ city }: { readonly city: string }) => Effect.succeed(city)
const packing = ({ city }: { readonly city: string }) => Effect.succeed(`pack for ${city}`)
const reindex = () => Effect.succeed("done")
const forecast = ({ city }: { readonly city: string }) => Effect.as(Effect.succeed(city), { celsius: 1 })

describe("toLayer of a group", () => {
  it("requires what the handlers use, apart from what requests and middleware bring", () => {
    const live = Weather.toLayer({
      tools: {
        forecast: ({ city, days }) =>
          Effect.gen(function* () {
            check<Eq<typeof city, string>>()
            check<Eq<typeof days, number | undefined>>()
            const user = yield* User
            const request = yield* RequestContext
            yield* Progress.report(1)
            yield* Effect.addFinalizer(() => Effect.void)
            const db = yield* Db
            if (days === 0) return yield* new NotFound({ city: user.id })
            return { celsius: (yield* db.find(city)) + request.revision.version.length }
          }),
        reindex: () => Effect.map(Cache, () => "done")
      },
      resources: {
        daily: ({ city, lang, unit }) => {
          check<Eq<typeof city, string>>()
          check<Eq<typeof unit, "c" | "f" | undefined>>()
          check<Eq<typeof lang, string | undefined>>()
          return Effect.succeed(city)
        }
      },
      prompts: { packing: ({ city }) => Effect.succeed([PromptMessage.user(city)]) }
    })
    check<Eq<Layer.Success<typeof live>, Handlers.Handlers<"weather">>>()
    check<Eq<Layer.Services<typeof live>, Db | Cache>>()
    check<Eq<Layer.Error<typeof live>, never>>()
  })

  it("requires nothing when the handlers use nothing", () => {
    const live = Weather.toLayer({ tools: { forecast, reindex }, resources: { daily }, prompts: { packing } })
    check<Eq<Layer.Services<typeof live>, never>>()
  })

  it("takes an Effect that makes the handlers, with its own needs and failures, and a scope for free", () => {
    const live = Weather.toLayer(
      Effect.gen(function* () {
        const cache = yield* Cache
        yield* Effect.addFinalizer(() => Effect.void)
        if (Math.random() > 2) return yield* new NotFound({ city: "" })
        return Weather.of({
          tools: {
            forecast: ({ city }) => Effect.flatMap(Db, (db) => Effect.map(db.find(city), (celsius) => ({ celsius }))),
            reindex: () => Effect.as(cache.get, "done")
          },
          resources: { daily },
          prompts: { packing }
        })
      })
    )
    check<Eq<Layer.Services<typeof live>, Cache | Db>>()
    check<Eq<Layer.Error<typeof live>, NotFound>>()
  })

  it("without the middleware its service is a requirement", () => {
    const Bare = McpGroup.make("bare", Tool.make("who", { success: Schema.String }))
    const handlers = { tools: { who: () => Effect.map(User, ({ id }) => id) } }
    const live = Bare.toLayer(handlers)
    const behind = Bare.middleware(Auth).toLayer(handlers)
    const timed = Bare.middleware(Timing).toLayer(handlers)
    check<Eq<Layer.Services<typeof live>, User>>()
    check<Eq<Layer.Services<typeof behind>, never>>()
    check<Eq<Layer.Services<typeof timed>, User>>()
  })

  const One = McpGroup.make(
    "one",
    Tool.make("a", { parameters: { x: Schema.String }, success: Schema.Finite, failure: NotFound })
  )

  it("refuses a forgotten handler, one too many, and kinds that are not there", () => {
    compile(() => {
      // @ts-expect-error: the handler of `a` is forgotten
      One.toLayer({ tools: {} })
      // @ts-expect-error: all tools are forgotten
      One.toLayer({})
      // @ts-expect-error: there is no tool `b`
      One.toLayer({ tools: { a: () => Effect.succeed(1), b: () => Effect.succeed(1) } })
      // @ts-expect-error: there are no prompts
      One.toLayer({ tools: { a: () => Effect.succeed(1) }, prompts: { p: () => Effect.succeed("") } })
      // @ts-expect-error: the same for handlers that an Effect makes
      One.toLayer(Effect.succeed({ tools: {} }))
      // @ts-expect-error: the same for `of`
      One.of({ tools: { a: () => Effect.succeed(1), b: () => Effect.succeed(1) } })
    })
  })

  it("refuses a wrong success, an undeclared failure, arguments that are not there, and what is no Effect", () => {
    compile(() => {
      // @ts-expect-error: a string is no number
      One.toLayer({ tools: { a: ({ x }) => Effect.succeed(x) } })
      // @ts-expect-error: an `Error` is not declared
      One.toLayer({ tools: { a: () => Effect.fail(new Error("no")) } })
      // @ts-expect-error: the same among declared ones
      One.toLayer({ tools: { a: ({ x }) => (x === "" ? new NotFound({ city: x }) : Effect.fail("no")) } })
      // @ts-expect-error: there is no argument `y`
      One.toLayer({ tools: { a: ({ y }) => Effect.succeed(y) } })
      // @ts-expect-error: a number is no Effect
      One.toLayer({ tools: { a: () => 1 } })
      // @ts-expect-error: a Promise is no Effect
      One.toLayer({ tools: { a: async () => 1 } })
      // @ts-expect-error: a Stream of something else than steps
      One.toLayer({ tools: { a: () => Stream.make(1) } })
      One.toLayer({ tools: { a: ({ x }) => (x === "" ? Effect.succeed(1) : Effect.fail(new NotFound({ city: x }))) } })
    })
  })
})

describe("a tool whose handler returns a Stream of steps", () => {
  const One = McpGroup.make(
    "one",
    Tool.make("a", { parameters: { x: Schema.String }, success: Schema.Literals(["yes", "no"]), failure: NotFound }),
    Prompt.make("p"),
    Resource.make("r", "file:///r")
  )
  const rest = { prompts: { p: () => Effect.succeed("") }, resources: { r: () => Effect.succeed("") } }

  it("requires what the stream uses, apart from what requests and middleware bring", () => {
    const handlers = {
      tools: {
        a: ({ x }: { readonly x: string }) =>
          Stream.make(Tool.progress(1, 2, "half"), Tool.progress(2)).pipe(
            Stream.tap(() => Effect.flatMap(Db, (db) => db.find(x))),
            Stream.concat(Stream.fromEffect(Effect.andThen(User, Effect.as(RequestContext, Tool.result("yes"))))),
            Stream.tap(() => Effect.addFinalizer(() => Effect.void))
          )
      },
      ...rest
    }
    const live = One.toLayer(handlers)
    check<Eq<Layer.Services<typeof live>, Db | User>>()
    const behind = One.middleware(Auth).toLayer(handlers)
    check<Eq<Layer.Services<typeof behind>, Db>>()
    const made = One.toLayer(Effect.map(Cache, () => One.of(handlers)))
    check<Eq<Layer.Services<typeof made>, Cache | Db | User>>()
    const nothing = One.toLayer({ tools: { a: () => Stream.make(Tool.progress(1), Tool.result("no")) }, ...rest })
    check<Eq<Layer.Services<typeof nothing>, never>>()
    const either = One.toLayer({
      tools: {
        a: ({ x }) => {
          check<Eq<typeof x, string>>()
          if (x === "") return Effect.as(Cache, "yes" as const)
          return Stream.fromEffect(Effect.as(Db, Tool.result("no")))
        }
      },
      ...rest
    })
    check<Eq<Layer.Services<typeof either>, Cache | Db>>()
  })

  it("is typed by its success and failure", () => {
    const steps = [Tool.progress(1), Tool.result("yes"), Tool.result({ n: [1] })] as const
    check<Eq<(typeof steps)[0], Tool.Step<never>>>()
    check<Eq<(typeof steps)[1], Tool.Step<"yes">>>()
    check<Eq<(typeof steps)[2], Tool.Step<{ readonly n: readonly [1] }>>>()
    compile(() => {
      One.toLayer({ tools: { a: ({ x }) => Stream.fail(new NotFound({ city: x })) }, ...rest })
      // @ts-expect-error: there is no "perhaps"
      One.toLayer({ tools: { a: () => Stream.make(Tool.result("perhaps")) }, ...rest })
      // @ts-expect-error: an `Error` is not declared
      One.toLayer({ tools: { a: () => Stream.fail(new Error("no")) }, ...rest })
      // @ts-expect-error: the results themselves are no steps
      One.toLayer({ tools: { a: () => Stream.make("yes" as const) }, ...rest })
      // @ts-expect-error: an Effect gives the result itself
      One.toLayer({ tools: { a: () => Effect.succeed(Tool.result("yes")) }, ...rest })
      // @ts-expect-error: a prompt has no steps
      One.toLayer({ tools: { a: () => Effect.succeed("yes") }, ...rest, prompts: { p: () => Stream.make(Tool.result("")) } })
      // @ts-expect-error: nor has a resource
      One.toLayer({ tools: { a: () => Effect.succeed("yes") }, ...rest, resources: { r: () => Stream.make(Tool.result("")) } })
    })
  })

  it("the same for a tool that stands alone", () => {
    const Count = Tool.make("count", { parameters: { to: Schema.Int }, success: Schema.Finite, failure: NotFound })
    const live = Count.toLayer(({ to }) => Stream.fromEffect(Effect.as(Db, Tool.result(to))))
    check<Eq<Layer.Success<typeof live>, Handlers.Handlers<"tool/count">>>()
    check<Eq<Layer.Services<typeof live>, Db>>()
    const made = Count.toLayer(
      Effect.map(
        Cache,
        () =>
          ({ to }: { readonly to: number }) =>
            Stream.fromEffect(Effect.as(Db, Tool.result(to)))
      )
    )
    check<Eq<Layer.Services<typeof made>, Cache | Db>>()
    const either = Count.toLayer(({ to }) =>
      to === 0
        ? Effect.as(Cache, 0)
        : Stream.concat(Stream.make(Tool.progress(1)), Stream.fromEffect(Effect.as(Db, Tool.result(1))))
    )
    check<Eq<Layer.Services<typeof either>, Cache | Db>>()
    compile(() => {
      Tool.make("nothing").toLayer(() => Stream.make(Tool.result(undefined)))
      // @ts-expect-error: a string is no number
      Count.toLayer(() => Stream.make(Tool.result("1")))
      // @ts-expect-error: a number is no step
      Count.toLayer(() => Stream.make(1))
      // @ts-expect-error: an `Error` is not declared
      Count.toLayer(() => Stream.fail(new Error("no")))
    })
  })
})

describe("toLayer of a single contract", () => {
  it("is that of a group of one", () => {
    const Add = Tool.make("add", { parameters: { a: Schema.Finite }, success: Schema.Finite, failure: NotFound })
    const live = Add.toLayer(({ a }) => Effect.map(Db, () => a))
    check<Eq<Layer.Success<typeof live>, Handlers.Handlers<"tool/add">>>()
    check<Eq<Layer.Services<typeof live>, Db>>()
    const made = Add.toLayer(Effect.map(Cache, () => () => Effect.andThen(Db, Effect.andThen(RequestContext, Effect.succeed(1)))))
    check<Eq<Layer.Services<typeof made>, Db | Cache>>()
    const page = Resource.make("page", "file:///page").toLayer(() => Effect.succeed("text"))
    check<Eq<Layer.Success<typeof page>, Handlers.Handlers<"resource/page">>>()
    const prompt = Prompt.make("p", { parameters: { n: Schema.NumberFromString } }).toLayer(({ n }) => {
      check<Eq<typeof n, number>>()
      return Effect.succeed("")
    })
    check<Eq<Layer.Success<typeof prompt>, Handlers.Handlers<"prompt/p">>>()
    compile(() => {
      // @ts-expect-error: a string is no number
      Add.toLayer(() => Effect.succeed("1"))
      // @ts-expect-error: an `Error` is not declared
      Add.toLayer(() => Effect.fail(new Error("no")))
    })
  })

  it("by default a tool takes nothing, returns nothing and does not fail", () => {
    const Nothing = Tool.make("nothing")
    check<Eq<Tool.Args<typeof Nothing>, {}>>()
    check<Eq<Tool.Success<typeof Nothing>, void>>()
    check<Eq<Tool.Failure<typeof Nothing>, never>>()
    compile(() => {
      Nothing.toLayer(() => Effect.void)
      // @ts-expect-error: it does not fail
      Nothing.toLayer(() => Effect.fail("no"))
    })
  })

  it("`render` gets what the handler returned; a Schema that needs services is refused", () => {
    compile(() => {
      Tool.make("r", { success: Schema.Struct({ n: Schema.Int }), render: ({ n }) => `n is ${n}` })
      // @ts-expect-error: there is no member `m`
      Tool.make("r", { success: Schema.Struct({ n: Schema.Int }), render: ({ m }) => `m is ${m}` })
      const Needy = Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: needsDb, encode: needsDb }))
      // @ts-expect-error: what crosses the wire must be readable anywhere
      Tool.make("needy", { parameters: { needy: Needy } })
    })
  })
})

declare const needsDb: import("effect/SchemaGetter").Getter<string, string, Db>

describe("middleware", () => {
  it("has a layer that requires what its hooks use, apart from what requests bring", () => {
    const live = Auth.layer({
      "tools/call": (request, next) => {
        check<Eq<typeof request.name, string>>()
        return Effect.flatMap(Db, () =>
          Effect.andThen(RequestContext, Effect.provideService(next(request), User, { id: request.name }))
        )
      },
      "tools/list": (request, next) =>
        Effect.map(Effect.provideService(next(request), User, { id: "" }), (result) => ({
          ...result,
          tools: result.tools.slice(1)
        }))
    })
    check<Eq<Layer.Success<typeof live>, Auth>>()
    check<Eq<Layer.Services<typeof live>, Db>>()
  })

  it("that does not provide what it promises requires it", () => {
    const live = Auth.layer({ "tools/call": (request, next) => next(request) })
    check<Eq<Layer.Services<typeof live>, User>>()
    compile(() => {
      // @ts-expect-error: it must be around every call
      Auth.layer({ "tools/list": (request, next) => Effect.provideService(next(request), User, { id: "" }) })
    })
  })

  it("may be made by an Effect, and may fail with an McpError alone", () => {
    const live = Timing.layer(
      Effect.map(Cache, () => ({ all: <A>(_: unknown, next: Effect.Effect<A, McpError.McpError>) => next }))
    )
    check<Eq<Layer.Services<typeof live>, Cache>>()
    compile(() => {
      Timing.layer({ "tools/call": () => Effect.fail(McpError.invalidParams("no")) })
      // @ts-expect-error: an `Error` has no code
      Timing.layer({ "tools/call": () => Effect.fail(new Error("no")) })
      // @ts-expect-error: a call has a result
      Timing.layer({ "tools/call": () => Effect.void })
      // @ts-expect-error: there is no such method
      Timing.layer({ "tools/cal": (request: never, next: (request: never) => never) => next(request) })
      const result: CallToolResult = { content: [] }
      Timing.layer({ "tools/call": () => Effect.succeed(result) })
    })
  })

  it("shows in the requirements of the groups that ask for it", () => {
    check<Eq<McpGroup.Requirements<typeof Weather>, Handlers.Handlers<"weather"> | Auth>>()
    const Both = McpGroup.make("both", Tool.make("a")).middleware(Auth).middleware(Timing)
    check<Eq<McpGroup.Requirements<typeof Both>, Handlers.Handlers<"both"> | Auth | Timing>>()
    const Alone = Tool.make("alone")
    check<Eq<McpGroup.Requirements<typeof Alone>, Handlers.Handlers<"tool/alone">>>()
  })
})

describe("names", () => {
  it("are checked by the compiler, with a sentence that says what is wrong", () => {
    check<Eq<Name.Valid<"get_weather-2.0">, "get_weather-2.0">>()
    check<Eq<Name.Valid<string>, string>>()
    check<Eq<Name.Valid<"bad name!">, '"bad name!" has characters outside [A-Za-z0-9_.-]'>>()
    check<Eq<Name.Valid<"">, "a name must not be empty">>()
    compile(() => {
      const long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" as const
      check<Eq<Name.Valid<typeof long>, `"${typeof long}" is longer than 64 characters`>>()
      // @ts-expect-error: longer than 64 characters
      Tool.make(long)
      Tool.make("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
      // @ts-expect-error: a blank
      Tool.make("bad name")
      // @ts-expect-error: a letter that is not ASCII
      Prompt.make("größe")
      // @ts-expect-error: empty
      Resource.make("", "file:///a")
      // @ts-expect-error: a slash
      Resource.template("a/b", "file:///{a}")
      Tool.make(String(Math.random()))
    })
  })
})

describe("templates", () => {
  it("give their variables to the handler; those of the query may be missing", () => {
    check<Eq<UriTemplate.Variables<"a://{x}/{+y}{?z,w*}{#f}">, "x" | "y" | "z" | "w" | "f">>()
    check<Eq<UriTemplate.Optional<"a://{x}{?z,w}{&v}">, "z" | "w" | "v">>()
    check<Eq<UriTemplate.Variables<"a://b">, never>>()
    check<Eq<UriTemplate.Variables<"a://{x,y}{/p*}{;m,n}{.t}">, "x" | "y" | "p" | "m" | "n" | "t">>()
    check<Eq<UriTemplate.Optional<"a://{x,y}{/p*}{;m,n}{.t}{?q}{#f}">, "m" | "n" | "q">>()
    check<Eq<UriTemplate.Values<"a://{x}{;m}", {}>["x"], string>>()
    check<Eq<UriTemplate.Values<"a://{x}{;m}", {}>["m"], string | undefined>>()
    const Page = Resource.template("page", "book://{isbn}/{page}{?dark}", { parameters: { page: Schema.NumberFromString } })
    type Args = Resource.Args<typeof Page>
    check<Eq<Args["isbn"], string>>()
    check<Eq<Args["page"], number>>()
    check<Eq<Args["dark"], string | undefined>>()
    check<Eq<keyof Args, "isbn" | "page" | "dark">>()
  })

  it("that only run time knows have any variables, and each may be missing", () => {
    check<Eq<UriTemplate.Values<string, {}>, { readonly [name: string]: string | undefined }>>()
    const template = UriTemplate.parse(String(Math.random()))
    check<Eq<Parameters<typeof template.expand>[0], { readonly [name: string]: string | undefined }>>()
    const match = template.match("")
    check<Eq<typeof match, UriTemplate.Match | undefined>>()
    if (match?._tag === "Match") check<Eq<typeof match.values, { readonly [name: string]: string }>>()
    if (match?._tag === "Refused") check<Eq<typeof match.variable, string>>()
  })

  it("refuse a Schema for what is no variable", () => {
    compile(() => {
      // @ts-expect-error: there is no variable `b`
      Resource.template("r", "x://{a}", { parameters: { b: Schema.String } })
      // @ts-expect-error: there is no variable `b`
      Resource.template("r", "x://{a}", { parameters: { a: Schema.String, b: Schema.String } })
    })
  })

  it("a resource at a fixed URI has no arguments", () => {
    const Page = Resource.make("page", "file:///page", { success: Schema.Uint8Array, failure: NotFound })
    check<Eq<Resource.Args<typeof Page>, void>>()
    check<Eq<Resource.Failure<typeof Page>, NotFound>>()
    compile(() => {
      Page.toLayer(() => Effect.succeed(new Uint8Array()))
      // @ts-expect-error: a text is no bytes
      Page.toLayer(() => Effect.succeed("text"))
    })
  })
})

describe("several questions", () => {
  const Seat = Schema.Literals(["aisle", "window"])
  const Meal = { meals: Schema.Array(Schema.String) }

  it("are answered each by its own Schema, or by its orElse", () => {
    compile(() => {
      const all = Elicitation.all({
        seat: { message: "Seat?", schema: Seat, orElse: "aisle" },
        meal: { message: "Meal?", schema: Meal, orElse: { meals: ["none"] } },
        sure: { message: "Sure?" }
      })
      type Answers = Effect.Success<typeof all>
      check<Eq<Answers["seat"], "aisle" | "window">>()
      check<Eq<Answers["meal"]["meals"], ReadonlyArray<string>>>()
      check<Eq<Answers["sure"], void>>()
      const some: Elicitation.Questions = { seat: { message: "Seat?" } }
      return [all, Elicitation.all(some)]
    })
  })

  it("refuse an orElse that is no answer, and what questions do not have", () => {
    compile(() => [
      // @ts-expect-error: there is no such seat
      Elicitation.all({ seat: { message: "Seat?", schema: Seat, orElse: "roof" } }),
      // @ts-expect-error: meals are several
      Elicitation.all({ meal: { message: "Meal?", schema: Meal, orElse: { meals: "none" } } }),
      // @ts-expect-error: a question without a Schema gives nothing
      Elicitation.all({ sure: { message: "Sure?", orElse: true } }),
      // @ts-expect-error: a key is misspelt
      Elicitation.all({ seat: { message: "Seat?", shema: Seat } })
    ])
  })
})

describe("the tools of a model", () => {
  it("may each need something else, and all of it is required", () => {
    compile(() => {
      const Find = Tool.make("find", { success: Schema.Finite })
      const find = SamplingTools.bind(Find, () => Effect.flatMap(Db, (db) => db.find("Oslo")))
      const get = SamplingTools.bind(Find, () => Effect.flatMap(Cache, (cache) => cache.get))
      const one = SamplingTools.bind(Find, () => Effect.succeed(1))
      const asked = SamplingTools.run({ key: "k", messages: "?", tools: [find, get, one] })
      check<Eq<Effect.Services<typeof asked>, Db | Cache | RequestContext>>()
      const alone = SamplingTools.run({ key: "k", messages: "?", tools: [one] })
      check<Eq<Effect.Services<typeof alone>, RequestContext>>()
      const none = SamplingTools.run({ key: "k", messages: "?", tools: [] })
      check<Eq<Effect.Services<typeof none>, RequestContext>>()
    })
  })
})
