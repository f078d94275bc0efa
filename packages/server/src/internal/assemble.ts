/**
 * Makes components of a group's contracts and the handlers that stand in a context.
 */
import { toMillis } from "@effect-mcp/core/Deadlines"
import * as Handlers from "@effect-mcp/core/Handlers"
import * as IconRules from "@effect-mcp/core/IconRules"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptCodec from "@effect-mcp/core/PromptCodec"
import * as Resource from "@effect-mcp/core/Resource"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { Running } from "../Component.ts"
import type { Offer } from "../Provider.ts"

/** How components are made. */
export interface Options {
  /** Gives a component's context what the server adds to all of them. */
  readonly prepare: (context: Context.Context<never>) => Context.Context<never>
  readonly tools: ToolCodec.ServerOptions
  /** Told what is left out of the server while it runs, for its log. */
  readonly warn: (message: string) => void
}

/** Refuses icons that no client should show. `owner` is what they belong to, as in `tool "add"`. */
export const refuseIcons = (owner: string, icons: unknown): void => {
  const fault = IconRules.fault(icons)
  if (fault !== undefined) throw new Error(`${owner}: ${fault}`)
}

const implementationOf = (group: McpGroup.Any, context: Context.Context<never>): Handlers.Implementation => {
  const contracts = McpGroup.contractsOf(group)
  const found = Context.getOrUndefined(context, Handlers.key(group.id))
  if (found === undefined) throw new Error(`group "${group.id}" has no handlers: provide the layer that its toLayer makes`)
  const isSame = found.contracts.length === contracts.length && contracts.every((contract, i) => contract === found.contracts[i])
  if (!isSame) {
    throw new Error(
      `the handlers of "${group.id}" implement another contract of that name; names of groups and of single contracts must be unique`
    )
  }
  return found
}

/** The middleware behind a key of the context. */
export const middlewareOf = (
  middleware: Middleware.Any,
  context: Context.Context<never>,
  prepare: Options["prepare"]
): Middleware.Implementation => {
  const found = Context.getOrUndefined(context, Middleware.key(middleware.id))
  if (found === undefined) throw new Error(`middleware "${middleware.id}" is not implemented: provide its layer`)
  if (found.token !== middleware.token) {
    throw new Error(`the layer of middleware "${middleware.id}" implements another middleware of that id; ids must be unique`)
  }
  return { ...found, context: prepare(found.context) }
}

const timeoutOf = ({ timeout }: Tool.Any): number | undefined =>
  timeout === undefined ? undefined : (toMillis(timeout) ?? Infinity)

// What provides a service to handlers must be around all of them.
const refuseGap = (
  group: McpGroup.Any,
  method: "tools/call" | "resources/read" | "prompts/get",
  middleware: Middleware.Implementation,
  id: string
) => {
  if (middleware.provides === undefined) return
  if (middleware.hooks.all !== undefined || middleware.hooks[method] !== undefined) return
  throw new Error(
    `middleware "${id}" provides "${middleware.provides}" to the handlers of group "${group.id}", but has no hook for "${method}": add it, or "all"`
  )
}

const methods = { Tool: "tools/call", Resource: "resources/read", Prompt: "prompts/get" } as const

/**
 * The components of a group, and how to wait for their calls. Throws when a handler is missing, when a Schema cannot be shown, when an icon is bad, or when a
 * middleware does not provide what it says: faults of the program.
 */
export const components = (
  group: McpGroup.Any,
  context: Context.Context<never>,
  { prepare, tools: options }: Options
): { readonly offer: Partial<Offer>; readonly idle: Effect.Effect<void> } => {
  const implementation = implementationOf(group, context)
  const captured = prepare(implementation.context)
  const running = new Running()
  const { contracts } = implementation
  const middlewares = McpGroup.middlewaresOf(group).map((middleware) => {
    const found = middlewareOf(middleware, context, prepare)
    for (const { _tag } of contracts) refuseGap(group, methods[_tag], found, middleware.id)
    return found
  })
  const common = (contract: Tool.Any | Resource.Any | Prompt.Any) => {
    const handler = implementation.handlers.get(contract)
    const owner = `${contract._tag.toLowerCase()} "${contract.name}"`
    if (handler === undefined) throw new Error(`${owner} has no handler`)
    refuseIcons(owner, contract.icons)
    return { name: contract.name, handler, context: captured, middlewares, running }
  }
  return {
    idle: running.idle,
    offer: {
      tools: contracts.filter(Tool.isTool).map((contract) => ({
        ...common(contract),
        contract,
        codec: ToolCodec.server(contract, options),
        timeout: timeoutOf(contract)
      })),
      resources: contracts.filter(Resource.isResource).map((contract) => ({
        ...common(contract),
        contract,
        uri: contract.uri,
        template: contract.template,
        codec: ResourceCodec.server(contract),
        timeout: undefined
      })),
      prompts: contracts.filter(Prompt.isPrompt).map((contract) => ({
        ...common(contract),
        contract,
        codec: PromptCodec.server(contract),
        timeout: undefined
      }))
    }
  }
}
