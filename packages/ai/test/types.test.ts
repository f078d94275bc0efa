/**
 * What the compiler infers of groups and toolkits, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import type * as Handlers from "@effect-mcp/core/Handlers"
import type { Arguments } from "@effect-mcp/core/JsonSchemaTool"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { describe, it } from "@effect/vitest"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { LanguageModel } from "effect/ai/LanguageModel"
import type { AiError } from "effect/ai/AiError"
import type { CannotSample } from "../src/CannotSample.ts"
import * as GroupToolkit from "../src/GroupToolkit.ts"
import * as LanguageModelSampling from "../src/LanguageModelSampling.ts"
import * as ToolkitGroup from "../src/ToolkitGroup.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {}) {}
class Db extends Context.Service<Db, { readonly n: number }>()("Db") {}
class User extends Context.Service<User, { readonly id: string }>()("User") {}
class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}

const find = AiTool.make("find", { parameters: Schema.Struct({ q: Schema.String }), success: Schema.Date, failure: NotFound })
const raw = AiTool.dynamic("raw", { parameters: { type: "object" }, success: Schema.Int })
const whoami = AiTool.make("whoami", { success: Schema.String, dependencies: [User] })
const here = AiTool.make("here", { dependencies: [RequestContext] })

const Kit = Toolkit.make(find, raw)

describe("ToolkitGroup", () => {
  class Group extends ToolkitGroup.make("kit", Kit) {}
  type Contracts = McpGroup.Contracts<typeof Group>

  it("has contracts with the types of the tools", () => {
    type Find = Extract<Contracts, { readonly name: "find" }>
    check<Eq<Tool.Args<Find>, { readonly q: string }>>()
    check<Eq<Tool.Success<Find>, Date>>()
    check<Eq<Tool.Failure<Find>, NotFound>>()
    type Raw = Extract<Contracts, { readonly name: "raw" }>
    check<Eq<Raw["parameters"], typeof Arguments>>()
    check<Eq<Tool.Success<Raw>, number>>()
    check<Eq<McpGroup.Id<typeof Group>, "kit">>()
  })

  it("makes typed clients", () => {
    compile(() => {
      type Tools = McpClient.Tools<Contracts>
      type Find = ReturnType<Tools["find"]>
      check<Eq<Effect.Success<Find>, Date>>()
      check<Eq<Extract<Effect.Error<Find>, NotFound>, NotFound>>()
      return McpClient.of(Group)
    })
  })

  it("requires what the layer of the toolkit provides, and what tools depend on apart from the request", () => {
    const layer = ToolkitGroup.layer(Group)
    check<Eq<Layer.Success<typeof layer>, Handlers.Handlers<"kit">>>()
    check<Eq<Layer.Services<typeof layer>, AiTool.Handler<"find"> | AiTool.Handler<"raw">>>()
    const people = ToolkitGroup.layer(ToolkitGroup.make("people", Toolkit.make(whoami, here)))
    check<Eq<Layer.Services<typeof people>, AiTool.Handler<"whoami"> | AiTool.Handler<"here"> | User>>()
  })

  it("takes from middleware what tools depend on", () => {
    const People = Toolkit.make(whoami)
    class Guarded extends ToolkitGroup.make("people", People).middleware(Auth) {}
    const layer = Guarded.toLayer(ToolkitGroup.handlers(People))
    check<Eq<Layer.Services<typeof layer>, AiTool.Handler<"whoami">>>()
  })

  it("refuses tools that cannot be served", () => {
    const search = AiTool.providerDefined({ id: "a.b", customName: "Search", providerName: "b" })(undefined)
    const needy = AiTool.make("needy", {
      success: Schema.String as unknown as Schema.Codec<string, string, Db, never>
    })
    compile(() => {
      // @ts-expect-error: it is defined by a model's provider
      ToolkitGroup.make("g", Toolkit.make(search, find))
      // @ts-expect-error: its Schemas need services
      ToolkitGroup.make("g", Toolkit.make(needy))
    })
  })
})

describe("GroupToolkit", () => {
  class Group extends McpGroup.make(
    "group",
    Tool.make("find", { parameters: { q: Schema.String }, success: Schema.Date, failure: NotFound }),
    Tool.make("nothing")
  ) {}

  it("has tools with the types of the contracts", () => {
    const { tools } = GroupToolkit.make(Group)
    check<Eq<keyof typeof tools, "find" | "nothing">>()
    check<Eq<AiTool.Parameters<typeof tools.find>, { readonly q: string }>>()
    check<Eq<AiTool.Success<typeof tools.find>, Date>>()
    check<Eq<AiTool.Failure<typeof tools.find>, NotFound>>()
    check<Eq<(typeof tools.find)["failureMode"], AiTool.FailureMode>>()
    const strict = GroupToolkit.make(Group, { failureMode: "error" })
    check<Eq<AiTool.HandlerError<typeof strict.tools.find>, NotFound | AiError>>()
    check<Eq<AiTool.HandlerError<typeof tools.find>, never>>()
  })

  it("gives the tools back that contracts were made from", () => {
    const { tools } = GroupToolkit.make(ToolkitGroup.make("kit", Kit))
    check<Eq<typeof tools.find, typeof find>>()
    check<Eq<typeof tools.raw, typeof raw>>()
  })

  it("requires the handlers of the group, and provides those of the toolkit", () => {
    const layer = GroupToolkit.layer(Group)
    check<Eq<Layer.Success<typeof layer>, AiTool.Handler<"find"> | AiTool.Handler<"nothing">>>()
    check<Eq<Layer.Services<typeof layer>, Handlers.Handlers<"group">>>()
    const one = GroupToolkit.layer(Tool.make("one"))
    check<Eq<Layer.Services<typeof one>, Handlers.Handlers<"tool/one">>>()
  })

  it("refuses a group that asks for middleware", () => {
    class Guarded extends McpGroup.make("guarded", Tool.make("secret")).middleware(Auth) {}
    compile(() => {
      // @ts-expect-error: it asks for middleware
      GroupToolkit.make(Guarded)
      // @ts-expect-error: it asks for middleware
      GroupToolkit.layer(Guarded)
    })
  })
})

describe("LanguageModelSampling", () => {
  it("requires a model, and fails as it does", () => {
    const asked = (_: Parameters<typeof LanguageModelSampling.createMessage>[0]) => LanguageModelSampling.createMessage(_)
    check<Eq<Effect.Services<ReturnType<typeof asked>>, LanguageModel>>()
    check<Eq<Effect.Error<ReturnType<typeof asked>>, AiError | CannotSample>>()
  })
})
