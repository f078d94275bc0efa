/**
 * What the compiler infers of servers, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { DuplicateName } from "../src/DuplicateName.ts"
import * as McpServer from "../src/McpServer.ts"
import type * as Provider from "../src/Provider.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class Db extends Context.Service<Db, { readonly n: number }>()("Db") {}
class User extends Context.Service<User, { readonly id: string }>()("User") {}
class NoDb extends Schema.TaggedError<NoDb>()("NoDb", {}) {}
class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}
class Timing extends Middleware.make<Timing>()("Timing") {}

class Weather extends McpGroup.make("weather", Tool.make("forecast", { success: Schema.Finite }), Tool.make("radar")).middleware(
  Auth
) {}
const Add = Tool.make("add", { success: Schema.Finite })

const info = { name: "s", version: "1" }

describe("McpServer.layer", () => {
  it("requires the handlers and the middleware of its parts, and nothing else", () => {
    const server = McpServer.layer(info, Weather, Add, McpServer.use(Timing))
    check<Eq<Layer.Success<typeof server>, McpServer.McpServer | Dispatcher>>()
    type Required = Handlers.Handlers<"weather"> | Handlers.Handlers<"tool/add"> | Auth | Timing
    check<Eq<Layer.Services<typeof server>, Required>>()
    check<Eq<Layer.Error<typeof server>, never>>()
    const empty = McpServer.layer(info)
    check<Eq<Layer.Services<typeof empty>, never>>()
  })

  const WeatherLive = Weather.toLayer({
    tools: { forecast: () => Effect.map(Effect.all([Db, User]), ([{ n }]) => n), radar: () => Effect.void }
  })
  const AddLive = Add.toLayer(() => Effect.succeed(1))
  const AuthLive = Auth.layer({
    "tools/call": (request, next) => Effect.provideService(next(request), User, { id: "ada" })
  })

  it("what handlers need is left over, and nothing when all is provided", () => {
    const server = McpServer.layer(info, Weather, Add).pipe(Layer.provide([WeatherLive, AddLive, AuthLive]))
    check<Eq<Layer.Services<typeof server>, Db>>()
    const complete = server.pipe(Layer.provide(Layer.succeed(Db, { n: 1 })))
    check<Eq<Layer.Services<typeof complete>, never>>()
    const failing = server.pipe(Layer.provide(Layer.effect(Db, Effect.fail(new NoDb()))))
    check<Eq<Layer.Error<typeof failing>, NoDb>>()
  })

  it("shows a forgotten handler layer, and a forgotten middleware layer", () => {
    const noHandler = McpServer.layer(info, Weather, Add).pipe(Layer.provide([WeatherLive, AuthLive]))
    check<Eq<Layer.Services<typeof noHandler>, Db | Handlers.Handlers<"tool/add">>>()
    const noMiddleware = McpServer.layer(info, Weather).pipe(Layer.provide(WeatherLive))
    check<Eq<Layer.Services<typeof noMiddleware>, Db | Auth>>()
  })

  it("a mounted server brings along what it still requires and how it may fail", () => {
    const child = McpServer.layer(info, Weather).pipe(Layer.provide([WeatherLive, AuthLive]))
    const parent = McpServer.layer(info, McpServer.mount("w", child), Add)
    check<Eq<Layer.Services<typeof parent>, Db | Handlers.Handlers<"tool/add">>>()
    const failing = child.pipe(Layer.provide(Layer.effect(Db, Effect.fail(new NoDb()))))
    const above = McpServer.layer(info, McpServer.mount(undefined, failing))
    check<Eq<Layer.Services<typeof above>, never>>()
    check<Eq<Layer.Error<typeof above>, NoDb>>()
  })

  it("a provider requires nothing", () => {
    compile(() => {
      const server = McpServer.layer(info, McpServer.provide({} as Provider.Provider))
      check<Eq<Layer.Services<typeof server>, never>>()
    })
  })

  it("refuses what is no part, and options that do not exist", () => {
    compile(() => {
      // @ts-expect-error: a handler layer is no part
      McpServer.layer(info, AddLive)
      // @ts-expect-error: a middleware is used with `use`
      McpServer.layer(info, Timing)
      // @ts-expect-error: a server is mounted with `mount`
      McpServer.layer(info, McpServer.layer(info))
      // @ts-expect-error: a version is needed
      McpServer.layer({ name: "s" })
      // @ts-expect-error: there is no such policy
      McpServer.layer({ ...info, onDuplicate: "first" })
    })
  })
})

describe("adding at run time", () => {
  it("requires what the handlers need and a scope, and may fail as they do or with a duplicate", () => {
    const add = Effect.gen(function* () {
      const server = yield* McpServer.McpServer
      return yield* server.add(
        Add,
        Add.toLayer(() => Effect.map(Db, ({ n }) => n))
      )
    })
    check<Eq<Effect.Services<typeof add>, McpServer.McpServer | Db | Scope.Scope>>()
    check<Eq<Effect.Error<typeof add>, DuplicateName>>()
    const failing = Effect.flatMap(McpServer.McpServer, (server) => server.add(Add, Add.toLayer(Effect.fail(new NoDb()))))
    check<Eq<Effect.Error<typeof failing>, DuplicateName | NoDb>>()
  })

  it("refuses handlers of another group, and those without their middleware", () => {
    compile(() =>
      Effect.gen(function* () {
        const server = yield* McpServer.McpServer
        // @ts-expect-error: these are the handlers of `weather`
        yield* server.add(Add, Weather.toLayer({ tools: { forecast: () => Effect.succeed(1), radar: () => Effect.void } }))
        // @ts-expect-error: `Auth` is not there
        yield* server.add(Weather, Weather.toLayer({ tools: { forecast: () => Effect.succeed(1), radar: () => Effect.void } }))
      })
    )
  })
})
