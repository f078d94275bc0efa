/**
 * What the compiler infers of clients of tests and of fake servers, and refuses. Nothing runs here: `npm run check` is what proves these
 * tests.
 */
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as McpClient from "@effect-mcp/client/McpClient"
import type { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import type * as McpServer from "@effect-mcp/server/McpServer"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { FailedInRevisions } from "../src/EachRevision.ts"
import * as FakeServer from "../src/FakeServer.ts"
import * as Faults from "../src/Faults.ts"
import * as McpTest from "../src/McpTest.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { city: Schema.String }) {}
class Broken extends Schema.TaggedError<Broken>()("Broken", {}) {}
class Database extends Context.Service<Database, { readonly rows: number }>()("test/Database") {}

class Weather extends McpGroup.make(
  "weather",
  Tool.make("forecast", {
    parameters: { city: Schema.String },
    success: Schema.Struct({ celsius: Schema.Finite }),
    failure: NotFound
  }),
  Tool.make("refresh"),
  Resource.template("daily", "weather://{city}/daily{?days}", { parameters: { days: Schema.NumberFromString } }),
  Prompt.make("packing", { parameters: { city: Schema.String } })
) {}

declare const Server: Layer.Layer<McpServer.McpServer | Dispatcher, Broken, Database>

describe("a client of a test", () => {
  it("requires and fails with what its server does, and a scope", () => {
    compile(() => {
      const client = McpTest.client(Server)
      check<Eq<Effect.Error<typeof client>, Broken | McpClientError>>()
      check<Eq<Effect.Services<typeof client>, Database | Scope.Scope>>()
      const connected = McpTest.connect()
      check<Eq<Effect.Services<typeof connected>, Dispatcher | Scope.Scope>>()
      const made = McpTest.make()
      check<Eq<Effect.Services<typeof made>, ClientTransport | Scope.Scope>>()
      const layer = McpTest.layer(Server)
      check<Eq<typeof layer, Layer.Layer<McpClient.McpClient, Broken | McpClientError, Database>>>()
      // @ts-expect-error a server is what is connected to
      McpTest.client(Layer.succeed(Database, { rows: 1 }))
    })
  })

  it("is typed by a contract, and still a client", () => {
    compile(() =>
      Effect.gen(function* () {
        const weather = yield* McpTest.typed(Weather, Server)
        const forecast = weather.tools.forecast({ city: "Oslo" })
        check<Eq<Effect.Success<typeof forecast>, { readonly celsius: number }>>()
        check<Eq<Effect.Error<typeof forecast>, NotFound | McpClientError>>()
        McpClient.typed(Weather, weather)
        yield* Effect.provideService(McpClient.of(Weather), McpClient.McpClient, weather)
        // @ts-expect-error the contract has no such tool
        void weather.tools.other
        // @ts-expect-error the city is missing
        weather.tools.forecast({})
      })
    )
  })

  it("is told eras and revisions that exist, and answers that forms can hold", () => {
    compile(() => {
      McpTest.client(Server, { era: "2025-11-25", user: McpTest.answers({ a: "x", b: 1, c: true, d: ["x"] }) })
      // @ts-expect-error there is no such revision
      McpTest.client(Server, { era: "2025-11-26" })
      // @ts-expect-error a form holds no objects
      McpTest.answers({ a: {} })
      // @ts-expect-error values are not what a user does
      McpTest.inOrder({ sure: true })
      McpTest.inOrder(McpTest.accept({ sure: true }), McpTest.decline, Effect.never)
      McpTest.revisions("both")
      // @ts-expect-error there are two eras
      McpTest.revisions("neither")
    })
  })

  it("of each revision needs no scope of its own, and fails with the revisions", () => {
    compile(() => {
      const test = McpTest.client(Server).pipe(McpTest.eachRevision("both"))
      check<Eq<typeof test, Effect.Effect<void, FailedInRevisions, Database>>>()
    })
  })

  it("keeps what a transport requires behind faults", () => {
    compile(() => {
      const transport = {} as Layer.Layer<ClientTransport, Broken, Database>
      const flaky = transport.pipe(Faults.inject(Faults.flaky()))
      check<Eq<typeof flaky, typeof transport>>()
    })
  })
})

describe("a fake server", () => {
  it("requires nothing by itself, and what its own handlers need", () => {
    compile(() => {
      const plain = FakeServer.layer(Weather)
      check<Eq<typeof plain, Layer.Layer<McpServer.McpServer | Dispatcher>>>()
      const needy = FakeServer.layer(Weather, {
        tools: {
          forecast: ({ city }) => {
            check<Eq<typeof city, string>>()
            return Effect.map(Database, ({ rows }) => ({ celsius: rows }))
          },
          refresh: () => Progress.report(1)
        },
        resources: { daily: ({ city, days }, uri) => Effect.succeed(`${city} ${(days ?? 0) + 1} ${uri.length}`) }
      })
      check<Eq<typeof needy, Layer.Layer<McpServer.McpServer | Dispatcher, never, Database>>>()
    })
  })

  it("refuses handlers that do not exist, or answer something else", () => {
    compile(() => {
      // @ts-expect-error the group has no such tool
      FakeServer.layer(Weather, { tools: { other: () => Effect.void } })
      // @ts-expect-error that is no forecast
      FakeServer.layer(Weather, { tools: { forecast: () => Effect.succeed({ celsius: "warm" }) } })
      // @ts-expect-error the contract does not declare that failure
      FakeServer.layer(Weather, { tools: { refresh: () => Effect.fail(new Broken()) } })
      const empty = FakeServer.layer(Weather, {}, { seed: "x" })
      check<Eq<typeof empty, Layer.Layer<McpServer.McpServer | Dispatcher>>>()
    })
  })

  it("knows the arguments of each call by its kind and name", () => {
    compile(() =>
      Effect.gen(function* () {
        const { calls } = yield* FakeServer.make(Weather)
        const [call] = calls.all
        if (call?.kind === "tools" && call.name === "forecast") check<Eq<typeof call.args, { readonly city: string }>>()
        if (call?.kind === "resources") check<Eq<typeof call.name, "daily">>()
        // @ts-expect-error the group has no such prompt
        return call?.kind === "prompts" && call.name === "other"
      })
    )
  })
})
