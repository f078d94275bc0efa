/**
 * Groups: named sets of contracts. A group is what handlers implement, servers serve and typed clients are made from.
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { AskingError } from "./Asking.ts"
import * as Handlers from "./Handlers.ts"
import type { McpError } from "./McpError.ts"
import type * as Middleware from "./Middleware.ts"
import type * as Prompt from "./Prompt.ts"
import type { RequestServices } from "./RequestContext.ts"
import type * as Resource from "./Resource.ts"
import type * as Tool from "./Tool.ts"
import type * as ToolStep from "./ToolStep.ts"

/** Anything that can be served as a group: a group, or one contract. The phantom is covariant, so that all groups fit. */
export interface Any {
  readonly id: string
  readonly "~group": {
    readonly id: string
    readonly contracts: Handlers.AnyContract
    readonly middleware: unknown
  }
}

/** The id of a group. */
export type Id<G extends Any> = G["~group"]["id"]
/** The contracts of a group, as a union. */
export type Contracts<G extends Any> = G["~group"]["contracts"]
/** The ids of the middleware that a group asks for. */
export type MiddlewareIds<G extends Any> = G["~group"]["middleware"]
/** What a server that serves the group requires. */
export type Requirements<G extends Any> = Handlers.Handlers<Id<G>> | MiddlewareIds<G>

/** The tools of a set of contracts. */
export type Tools<C> = Extract<C, Tool.Any>
/** The resources of a set of contracts. */
export type Resources<C> = Extract<C, Resource.Any>
/** The prompts of a set of contracts. */
export type Prompts<C> = Extract<C, Prompt.Any>

type ToolHandlers<C> = {
  readonly [T in Tools<C> as T["name"]]: (args: Tool.Args<T>) => Tool.Returned<Tool.Success<T>, Tool.Failure<T> | AskingError>
}
type ResourceHandlers<C> = {
  readonly [T in Resources<C> as T["name"]]: (
    args: Resource.Args<T>,
    uri: string
  ) => Handlers.Returned<Resource.Success<T>, Resource.Failure<T> | McpError | AskingError>
}
type PromptHandlers<C> = {
  readonly [T in Prompts<C> as T["name"]]: (
    args: Prompt.Args<T>
  ) => Handlers.Returned<Prompt.Messages, Prompt.Failure<T> | McpError | AskingError>
}

/** One handler for each contract, by kind and name. Kinds that the group does not have are left out. */
export type HandlersOf<C> = ([Tools<C>] extends [never] ? {} : { readonly tools: ToolHandlers<C> }) &
  ([Resources<C>] extends [never] ? {} : { readonly resources: ResourceHandlers<C> }) &
  ([Prompts<C>] extends [never] ? {} : { readonly prompts: PromptHandlers<C> })

/** The handlers of a group: a type for code that makes them elsewhere. */
export type HandlersFor<G extends Any> = HandlersOf<Contracts<G>>

type NamesOf<C, Kind> = Kind extends "tools"
  ? Tools<C>["name"]
  : Kind extends "resources"
    ? Resources<C>["name"]
    : Kind extends "prompts"
      ? Prompts<C>["name"]
      : never

// Handlers of contracts that do not exist are refused by asking for a sentence in their place.
type NoneElse<C, H> = {
  readonly [Kind in keyof H]: {
    readonly [K in Exclude<keyof H[Kind], NamesOf<C, Kind>>]: `the group has no "${K & string}" among its ${Kind & string}`
  }
}

/** What a record of handlers needs, apart from what requests and middleware provide. */
type ServicesOf<H> = {
  [Kind in keyof H]: {
    [K in keyof H[Kind]]: H[Kind][K] extends (...args: never) => infer Returned ? ToolStep.Services<Returned> : never
  }[keyof H[Kind]]
}[keyof H]

/** A group with this id and these contracts. `MW` are the middleware it asks for, `Provides` is what they provide to handlers. */
export interface McpGroup<in out GroupId extends string, C extends Handlers.AnyContract, MW = never, Provides = never> {
  new (_: never): {}
  readonly id: GroupId
  readonly contracts: ReadonlyArray<C>
  readonly middlewares: ReadonlyArray<Middleware.Any>
  readonly "~group": { readonly id: GroupId; readonly contracts: C; readonly middleware: MW }
  /**
   * Asks for a middleware around all calls of this group. The last one asked for is the outermost. What it provides is no
   * requirement of the handlers any more; its own layer becomes one of every server that serves the group.
   */
  readonly middleware: <M extends Middleware.Any>(
    middleware: M
  ) => McpGroup<GroupId, C, MW | Middleware.Identifier<M>, Provides | Middleware.Provides<M>>
  /**
   * The handlers themselves, typed by the group: for handlers that an Effect makes.
   *
   * @example
   * const WeatherLive = Weather.toLayer(Effect.gen(function* () {
   *   const db = yield* Database
   *   return Weather.of({ tools: { forecast: ({ city }) => db.forecast(city) } })
   * }))
   */
  readonly of: <const H extends HandlersOf<C>>(handlers: H & NoneElse<C, H>) => H
  /**
   * Implements the group: one handler for each contract, or an Effect that makes them. The services that handlers use become
   * requirements of the layer, apart from those that every request brings along and those that middleware provides.
   */
  readonly toLayer: <const H extends HandlersOf<C>, EX = never, RX = never>(
    handlers: (H & NoneElse<C, H>) | Effect.Effect<H & NoneElse<C, H>, EX, RX>
  ) => Layer.Layer<Handlers.Handlers<GroupId>, EX, Exclude<RX, Scope.Scope> | Exclude<ServicesOf<H>, RequestServices | Provides>>
}

type Kinds = {
  readonly [kind in "tools" | "resources" | "prompts"]?: { readonly [name: string]: Handlers.Handler }
}

const kindOf = { Tool: "tools", Resource: "resources", Prompt: "prompts" } as const

const toMap =
  (id: string, contracts: ReadonlyArray<Handlers.AnyContract>) =>
  (kinds: Kinds): ReadonlyMap<Handlers.AnyContract, Handlers.Handler> =>
    new Map(
      contracts.map((contract) => {
        const kind = kindOf[contract._tag]
        const handler = kinds[kind]?.[contract.name]
        if (handler === undefined) throw new Error(`group "${id}": ${kind}.${contract.name} has no handler`)
        return [contract, handler] as const
      })
    )

const build = (
  id: string,
  contracts: ReadonlyArray<Handlers.AnyContract>,
  middlewares: ReadonlyArray<Middleware.Any>
): unknown => {
  class Group {
    static readonly id = id
    static readonly contracts = contracts
    static readonly middlewares = middlewares
    static middleware(middleware: Middleware.Any) {
      return build(id, contracts, [middleware, ...middlewares])
    }
    static of(handlers: unknown) {
      return handlers
    }
    static toLayer(handlers: unknown) {
      return Handlers.layer<Kinds>(id, contracts, handlers, toMap(id, contracts))
    }
  }
  return Group
}

/**
 * Makes a group of contracts, in the manner of `RpcGroup` and `HttpApiGroup`. Names must be unique within each kind; a server
 * refuses to start otherwise.
 *
 * @example
 * class Weather extends McpGroup.make("weather",
 *   Tool.make("forecast", { parameters: { city: Schema.String }, success: Schema.String })
 * ) {}
 */
export const make = <const GroupId extends string, const C extends ReadonlyArray<Handlers.AnyContract>>(
  id: GroupId,
  ...contracts: C
): McpGroup<GroupId, C[number]> => build(id, contracts, []) as McpGroup<GroupId, C[number]> // `build` forgets the types

/** The contracts of a group; a single contract is a group of one. */
export const contractsOf = (group: Any): ReadonlyArray<Handlers.AnyContract> =>
  "contracts" in group
    ? (group as McpGroup<string, Handlers.AnyContract>).contracts // only groups have the member
    : [group as unknown as Handlers.AnyContract] // whatever is served and no group is a contract

/** The middleware that a group asks for, outermost first. */
export const middlewaresOf = (group: Any): ReadonlyArray<Middleware.Any> =>
  "middlewares" in group ? (group as McpGroup<string, Handlers.AnyContract>).middlewares : [] // as above
