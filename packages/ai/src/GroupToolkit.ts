/**
 * Groups as toolkits of `effect/ai`: the tools that a server offers to its clients, given to a language model of this program, without
 * a server between them.
 */
import type * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import { anonymous, type Principal } from "@effect-mcp/core/Principal"
import * as Tool from "@effect-mcp/core/Tool"
import type * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import { toAiTool } from "./internal/aiTools.ts"
import { implementationOf, toAiHandler } from "./internal/groupHandlers.ts"
import { Inexpressible } from "./Inexpressible.ts"
import type { OriginId } from "./internal/origin.ts"

/** The tool of a contract: the one that the contract was made from, where it was. */
export type ToolOf<T extends Tool.Any, Mode extends AiTool.FailureMode> = T extends { readonly [K in OriginId]: infer Origin }
  ? Extract<Origin, AiTool.Any>
  : AiTool.Tool<
      T["name"],
      {
        readonly parameters: Extract<T["parameters"], Schema.Top>
        readonly success: Extract<T["success"], Schema.Top>
        readonly failure: Extract<T["failure"], Schema.Top>
        readonly failureMode: Mode
      }
    >

/** The tools of a toolkit that is made from a group, by name. */
export type ToolsOf<G extends McpGroup.Any, Mode extends AiTool.FailureMode = "return"> = {
  readonly [T in McpGroup.Tools<McpGroup.Contracts<G>> as T["name"]]: ToolOf<T, Mode>
}

/** A sentence for a group that asks for middleware, which a toolkit cannot run. */
export type WithoutMiddleware<G extends McpGroup.Any> = [McpGroup.MiddlewareIds<G>] extends [never]
  ? unknown
  : "the group asks for middleware, which runs around requests to a server: make the toolkit of a group without it, or call a server"

/** How a group becomes a toolkit. */
export interface Options<Mode extends AiTool.FailureMode> {
  /**
   * What becomes of failures: told to the model as the result of the call, `return`, as hosts of MCP do and therefore the default; or
   * failures of the program that asks the model, `error`. Tools that were made from those of a toolkit keep their own mode.
   */
  readonly failureMode?: Mode
}

/** On whose behalf a model calls the tools. */
export interface LayerOptions {
  /** The principal that handlers see. Anonymous by default. */
  readonly principal?: Principal
}

const toolsOf = (group: McpGroup.Any): ReadonlyArray<Tool.Any> => {
  if (McpGroup.middlewaresOf(group).length > 0) {
    const detail = "it asks for middleware, which runs around requests to a server and would be left out of a toolkit"
    throw new Inexpressible({ where: `group "${group.id}"`, detail })
  }
  return McpGroup.contractsOf(group).filter(Tool.isTool)
}

/**
 * Makes a toolkit of the tools of a group: each contract becomes a tool of the same name, description and Schemas, its title and hints
 * become annotations, `_meta` becomes `Meta`, and `render` becomes `toModelOutput`. Resources and prompts are left out: a model has no
 * use for them. A tool that is described by JSON Schema becomes a dynamic one, whose arguments are validated all the same.
 *
 * Where the encoded form of a Schema is not JSON, as with `Schema.Date`, its JSON codec takes its place at run time; what it decodes to
 * is the same.
 *
 * Throws `Inexpressible` for a group that asks for middleware: it could not be run, and must not be skipped. The compiler says so, too.
 * Throws `UnrepresentableSchema` for what a server would refuse, too.
 *
 * @example
 * const toolkit = GroupToolkit.make(Weather)
 * const answer = LanguageModel.generateText({ prompt: "Will it rain in Oslo?", toolkit }).pipe(
 *   Effect.provide(GroupToolkit.layer(Weather)),
 *   Effect.provide(WeatherLive)
 * )
 */
export const make = <G extends McpGroup.Any, Mode extends AiTool.FailureMode = "return">(
  group: G & WithoutMiddleware<G>,
  options: Options<Mode> = {}
): Toolkit.Toolkit<ToolsOf<G, Mode>> => {
  const tools = toolsOf(group).map((contract) => toAiTool(contract, options.failureMode ?? "return"))
  return Toolkit.make(...tools) as unknown as Toolkit.Toolkit<ToolsOf<G, Mode>> // made one by one, as the type says
}

/**
 * The handlers of such a toolkit, from those of the group: it requires what the group's `toLayer` provides.
 *
 * Handlers see a request of their own: of the latest revision and the given principal, without a session and without a client. Asking
 * fails with `Unsupported`, progress and logs for the client go nowhere. The request's scope closes when the handler is done. A handler
 * that fails with a question that got no answer, which its contract need not declare, fails the call with an `AiError` that says so. A
 * tool's own timeout interrupts it, and the call fails with an `AiError`; there is no other.
 */
export const layer = <G extends McpGroup.Any>(
  group: G & WithoutMiddleware<G>,
  options: LayerOptions = {}
): Layer.Layer<AiTool.HandlersFor<ToolsOf<G>>, never, Handlers.Handlers<McpGroup.Id<G>>> => {
  const contracts = toolsOf(group)
  const toolkit = Toolkit.make(...contracts.map((contract) => toAiTool(contract, "return")))
  const build = Effect.contextWith((context: Context.Context<never>) => {
    const implementation = implementationOf(group, context)
    const handlers = contracts.map(
      (contract) => [contract.name, toAiHandler(contract, implementation, options.principal ?? anonymous)] as const
    )
    return toolkit.toHandlers(Object.fromEntries(handlers) as never) // erased, as the tools are
  })
  return Layer.effectContext(build) as unknown as ReturnType<typeof layer<G>> // as above
}
