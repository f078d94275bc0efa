/**
 * Toolkits of `effect/ai` as groups: what was written for a language model is served to every client of MCP, and the layer that
 * implements the toolkit serves unchanged.
 */
import type { Codec } from "@effect-mcp/core/Contract"
import type * as Handlers from "@effect-mcp/core/Handlers"
import type { Arguments } from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import type * as Tool from "@effect-mcp/core/Tool"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type Approval, toContract } from "./internal/contracts.ts"
import type { OriginId } from "./internal/origin.ts"
import { handlerOf } from "./internal/toolkitHandlers.ts"

type CodecOf<S> = S extends Codec ? S : never

// Arguments of MCP are an object, also where a dynamic tool takes anything.
type ParametersOf<S extends Codec> = unknown extends S["Type"] ? typeof Arguments : S

/** The contract of a tool of `effect/ai`. It remembers the tool, so `GroupToolkit` gives that very tool back. */
export type ContractOf<T> =
  T extends AiTool.Tool<infer Name, infer Config, infer _Requirements>
    ? Tool.Tool<Name, ParametersOf<CodecOf<Config["parameters"]>>, CodecOf<Config["success"]>, CodecOf<Config["failure"]>> & {
        readonly [K in OriginId]: T
      }
    : never

/** The tools of a toolkit, by name. */
export type AnyTools = { readonly [name: string]: AiTool.Any }

/** A group that was made from a toolkit. */
export interface ToolkitGroup<
  in out Id extends string,
  in out Tools extends Record<string, AiTool.Any>
> extends McpGroup.McpGroup<Id, ContractOf<Tools[keyof Tools]>> {
  readonly toolkit: Toolkit.Toolkit<Tools>
}

// What the compiler can say of a tool that cannot be served.
type Fault<T> = T extends { readonly "~effect/ai/Tool/ProviderDefined": unknown; readonly name: infer Name extends string }
  ? `"${Name}" is defined by a model's provider: MCP has nothing to show for it`
  : T extends AiTool.Tool<infer Name, infer Config, infer _Requirements>
    ? [Config["parameters"] | Config["success"] | Config["failure"]] extends [Codec]
      ? never
      : `the Schemas of "${Name}" need services: what crosses the wire must be readable anywhere`
    : never

type Faultless<Tools> = [Fault<Tools[keyof Tools]>] extends [never] ? unknown : Fault<Tools[keyof Tools]>

/** How a toolkit becomes a group. */
export interface Options {
  /**
   * What becomes of tools that need approval. MCP knows no approval of the server's: its hosts ask their users before they call a tool,
   * or do not. `refuse`, the default, refuses such a toolkit; `host` serves its tools all the same, and `needsApproval` is not asked.
   */
  readonly approval?: Approval
}

/**
 * Makes a group of a toolkit: each tool becomes a contract of the same name, description, Schemas and annotations (`Title`, `Meta`,
 * `Readonly`, `Destructive`, `Idempotent`, `OpenWorld`). `toModelOutput` becomes `render`. Dynamic tools with a JSON Schema are shown
 * with that very schema, and arguments are validated against it.
 *
 * Both failure modes are the same in MCP: a declared failure is a result with `isError`, and reaches a typed client's error channel.
 * An `AiError` that the tool does not declare is a fault of the program, as any other: it is logged, and the client is told its id.
 *
 * Throws `Inexpressible` for tools that are defined by a model's provider, and for tools that need approval unless told otherwise;
 * `UnrepresentableSchema` for a Schema that cannot be shown, such as parameters that are no object; an error for names that MCP does not
 * allow.
 *
 * @example
 * class Search extends ToolkitGroup.make("search", SearchToolkit) {}
 * const Server = McpServer.layer({ name: "search", version: "1.0.0" }, Search).pipe(
 *   Layer.provide(ToolkitGroup.layer(Search)),
 *   Layer.provide(SearchToolkitLive)
 * )
 */
export const make = <const Id extends string, Tools extends Record<string, AiTool.Any>>(
  id: Id,
  toolkit: Toolkit.Toolkit<Tools> & Faultless<Tools>,
  options: Options = {}
): ToolkitGroup<Id, Tools> => {
  const contracts = Object.values<AiTool.Any>(toolkit.tools).map((tool) => toContract(tool, options.approval ?? "refuse"))
  // The contracts were made from the tools one by one, as the type says.
  return Object.assign(McpGroup.make(id, ...contracts), { toolkit }) as unknown as ToolkitGroup<Id, Tools>
}

/** The handlers of a group, as they are made from those of a toolkit. */
export type HandlersOf<Tools extends Record<string, AiTool.Any>> = {
  readonly tools: {
    readonly [Name in keyof Tools]: (
      args: AiTool.Parameters<Tools[Name]>
    ) => Effect.Effect<AiTool.Success<Tools[Name]>, AiTool.Failure<Tools[Name]>, AiTool.Requirements<Tools[Name]>>
  }
}

/**
 * Makes the handlers of a group from those of a toolkit, for the group's own `toLayer`: there the services that tools ask for with
 * `dependencies` may come from middleware.
 *
 * @example
 * class Search extends ToolkitGroup.make("search", SearchToolkit).middleware(Auth) {}
 * const SearchLive = Search.toLayer(ToolkitGroup.handlers(SearchToolkit))
 */
export const handlers = <Tools extends Record<string, AiTool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>
): Effect.Effect<HandlersOf<Tools>, never, AiTool.HandlersFor<Tools>> =>
  Effect.contextWith((context: Context.Context<AiTool.HandlersFor<Tools>>) => {
    const built = context as Context.Context<never> // what is in it is looked up by the ids of tools
    const tools = Object.values<AiTool.Any>(toolkit.tools).map((tool) => [tool.name, handlerOf(tool, built)] as const)
    // Each handler is that of the tool whose name it stands under.
    return Effect.succeed({ tools: Object.fromEntries(tools) } as unknown as HandlersOf<Tools>)
  })

/**
 * Implements the group with the handlers of its toolkit: it requires what the toolkit's `toLayer` provides, and the services that tools
 * ask for with `dependencies`, apart from those that every request brings along.
 *
 * What a handler sends with `preliminary` counts as progress of the request; the values are not sent. `toolCallId` is the id of the
 * request.
 */
export const layer = <const Id extends string, Tools extends Record<string, AiTool.Any>>(
  group: ToolkitGroup<Id, Tools>
): Layer.Layer<
  Handlers.Handlers<Id>,
  never,
  AiTool.HandlersFor<Tools> | Exclude<AiTool.Requirements<Tools[keyof Tools]>, RequestServices>
> =>
  // The signature of `toLayer` cannot look into tools that are not known yet.
  (group.toLayer as (handlers: unknown) => ReturnType<typeof layer<Id, Tools>>)(handlers(group.toolkit))
