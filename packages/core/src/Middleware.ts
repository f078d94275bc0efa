/**
 * Middleware: `(request, next) => result`, typed per method. It may look at the request and the result and replace both, provide
 * services to the handlers inside, or answer by itself.
 *
 * A middleware is declared like a service; its layer implements it. Groups ask for it with `Group.middleware(Auth)`, servers with
 * `McpServer.use(Timing)`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Handlers from "./Handlers.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import type { McpError } from "./McpError.ts"
import type { CompleteResult, CompletionReference } from "./protocol/Completion.ts"
import type { GetPromptResult, ListPromptsResult } from "./protocol/Prompts.ts"
import type { ListResourcesResult, ListResourceTemplatesResult, ReadResourceResult } from "./protocol/Resources.ts"
import type { CallToolResult, ListToolsResult } from "./protocol/Tools.ts"
import type { RequestServices } from "./RequestContext.ts"

/** A call, before its arguments were decoded. */
export interface CallToolRequest {
  readonly method: "tools/call"
  readonly name: string
  readonly arguments: JsonObject
  readonly meta: JsonObject
}

/** A request for one page of the list of tools. */
export interface ListToolsRequest {
  readonly method: "tools/list"
  readonly cursor: string | undefined
  readonly meta: JsonObject
}

/** A request for the messages of a prompt, before its arguments were decoded: the wire has texts. */
export interface GetPromptRequest {
  readonly method: "prompts/get"
  readonly name: string
  readonly arguments: JsonObject
  readonly meta: JsonObject
}

/** A request for one page of the list of prompts. */
export interface ListPromptsRequest {
  readonly method: "prompts/list"
  readonly cursor: string | undefined
  readonly meta: JsonObject
}

/** A request for the contents of a resource. */
export interface ReadResourceRequest {
  readonly method: "resources/read"
  readonly uri: string
  readonly meta: JsonObject
}

/** A request for one page of the list of resources. */
export interface ListResourcesRequest {
  readonly method: "resources/list"
  readonly cursor: string | undefined
  readonly meta: JsonObject
}

/** A request for one page of the list of templates. */
export interface ListResourceTemplatesRequest {
  readonly method: "resources/templates/list"
  readonly cursor: string | undefined
  readonly meta: JsonObject
}

/** A request for suggestions. */
export interface CompleteRequest {
  readonly method: "completion/complete"
  readonly ref: CompletionReference
  readonly argument: { readonly name: string; readonly value: string }
  /** Arguments that are filled in already. */
  readonly known: { readonly [name: string]: string }
  readonly meta: JsonObject
}

/** A request of an extension, before its params were decoded. What it asks for is not changed by its `name`. */
export interface ExtensionRequest {
  readonly method: "extension"
  /** The id of the extension. */
  readonly extension: string
  /** The method as it was received, such as `clipboard/paste`. */
  readonly name: string
  /** Without `_meta`. */
  readonly params: JsonObject
  readonly meta: JsonObject
}

/** The methods that have a hook, with their neutral requests and results. */
export interface Methods {
  readonly "tools/call": { readonly request: CallToolRequest; readonly result: CallToolResult }
  readonly "tools/list": { readonly request: ListToolsRequest; readonly result: ListToolsResult }
  readonly "resources/read": { readonly request: ReadResourceRequest; readonly result: ReadResourceResult }
  readonly "resources/list": { readonly request: ListResourcesRequest; readonly result: ListResourcesResult }
  readonly "resources/templates/list": {
    readonly request: ListResourceTemplatesRequest
    readonly result: ListResourceTemplatesResult
  }
  readonly "completion/complete": { readonly request: CompleteRequest; readonly result: CompleteResult }
  readonly "prompts/get": { readonly request: GetPromptRequest; readonly result: GetPromptResult }
  readonly "prompts/list": { readonly request: ListPromptsRequest; readonly result: ListPromptsResult }
  /** All requests of extensions. */
  readonly extension: { readonly request: ExtensionRequest; readonly result: JsonObject }
}

/** Any request that has a hook. */
export type AnyRequest = Methods[keyof Methods]["request"]

/** Goes on with the next middleware, or with the handler. */
export type Next<M extends keyof Methods, Provides> = (
  request: Methods[M]["request"]
) => Effect.Effect<Methods[M]["result"], McpError, Provides>

/**
 * What a middleware does: a hook per method, and `all` around every method that has none of its own. What hooks need is found out from
 * them.
 */
export type Hooks<Provides> = {
  readonly [M in keyof Methods]?: (
    request: Methods[M]["request"],
    next: Next<M, Provides>
  ) => Handlers.Returned<Methods[M]["result"], McpError>
} & {
  readonly all?: <A>(request: AnyRequest, next: Effect.Effect<A, McpError, Provides>) => Handlers.Returned<A, McpError>
}

// A hook for a method that does not exist would never run.
type NoneElse<H> = { readonly [K in Exclude<keyof H, keyof Methods | "all">]: `there is no hook for "${K & string}"` }

// What provides a service to handlers must be around every call.
type Providing<Provides> = [Provides] extends [never]
  ? unknown
  : Required<Pick<Hooks<Provides>, "tools/call">> | Required<Pick<Hooks<Provides>, "all">>

type ServicesOf<H> = {
  [K in keyof H]-?: NonNullable<H[K]> extends (...args: never) => infer Returned ? Effect.Services<Returned> : never
}[keyof H]

/** What stands behind a middleware's key: its hooks, and what was there when its layer was built. */
export interface Implementation {
  /** Which middleware it implements: two of one id are told apart. */
  readonly token: object
  /** The key of the service that it provides to what is inside. */
  readonly provides: string | undefined
  readonly hooks: Hooks<never>
  readonly context: Context.Context<never>
}

/** Any middleware. */
export interface Any {
  readonly id: string
  readonly token: object
  readonly "~middleware": { readonly identifier: unknown; readonly provides: unknown }
}

/** The service that a server requires for a middleware. */
export type Identifier<M extends Any> = M["~middleware"]["identifier"]
/** What a middleware provides to the handlers inside. */
export type Provides<M extends Any> = M["~middleware"]["provides"]

/** A middleware declared with {@link make}. */
export interface MiddlewareClass<in out Self, in out Id extends string, in out Prov> {
  new (_: never): { readonly "~effect-mcp/Middleware": Id }
  readonly id: Id
  readonly token: object
  readonly "~middleware": { readonly identifier: Self; readonly provides: Prov }
  /**
   * Implements the middleware: its hooks, or an Effect that makes them. What the hooks use becomes a requirement of the layer, and
   * so does what they should provide to `next` and do not.
   */
  readonly layer: <const H extends Hooks<Prov> & Providing<Prov>, EX = never, RX = never>(
    hooks: (H & NoneElse<H>) | Effect.Effect<H & NoneElse<H>, EX, RX>
  ) => Layer.Layer<Self, EX, Exclude<RX, Scope.Scope> | Exclude<ServicesOf<H>, RequestServices>>
}

/** The key under which an implementation is provided. */
export const key = (id: string): Context.Service<never, Implementation> =>
  Context.Service<never, Implementation>(`@effect-mcp/core/Middleware/${id}`)

/**
 * Declares a middleware. `provides` is the service that it gives to the handlers inside; its hooks must provide it to `next`.
 *
 * @example
 * class Auth extends Middleware.make<Auth>()("Auth", { provides: CurrentUser }) {}
 * const AuthLive = Auth.layer({
 *   "tools/call": (request, next) => Effect.provideService(next(request), CurrentUser, { id: "ada" })
 * })
 */
export const make =
  <Self>() =>
  <const Id extends string, Prov = never, Shape = never>(
    id: Id,
    options: { readonly provides?: Context.Key<Prov, Shape> } = {}
  ): MiddlewareClass<Self, Id, Prov> => {
    const token = {}
    class Middleware {
      static readonly id = id
      static readonly token = token
      static layer(hooks: unknown) {
        return Layer.effect(
          key(id),
          Effect.gen(function* () {
            // What is given is checked by the signature of `layer`; here its types are gone.
            const built = Effect.isEffect(hooks) ? yield* hooks as Effect.Effect<Implementation["hooks"]> : hooks
            const context = yield* Effect.context<never>()
            return { token, provides: options.provides?.key, hooks: built as Implementation["hooks"], context }
          })
        )
      }
    }
    return Middleware as unknown as MiddlewareClass<Self, Id, Prov> // the phantoms exist only as types
  }
