/**
 * Makes components of a group's contracts and the handlers that stand in a context.
 */
import * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Context from "effect/Context"
import type { ToolComponent } from "../Component.ts"
import { toMillis } from "../Settings.ts"

/** How components are made. */
export interface Options {
  /** Gives a component's context what the server adds to all of them. */
  readonly prepare: (context: Context.Context<never>) => Context.Context<never>
  readonly lenient: boolean
  readonly onRepaired: (count: number) => void
}

const implementationOf = (group: McpGroup.Any, context: Context.Context<never>): Handlers.Implementation => {
  const contracts = McpGroup.contractsOf(group)
  const found = Context.getOrUndefined(context, Handlers.key(group.id))
  if (found === undefined) throw new Error(`group "${group.id}" has no handlers: provide the layer that its toLayer makes`)
  const isSame = found.contracts.length === contracts.length && contracts.every((contract, i) => contract === found.contracts[i])
  if (!isSame) throw new Error(`the handlers of group "${group.id}" implement another group of that id; ids must be unique`)
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
  return { hooks: found.hooks, context: prepare(found.context) }
}

const timeoutOf = ({ timeout }: Tool.Any): number | undefined =>
  timeout === undefined ? undefined : (toMillis(timeout) ?? Infinity)

/** The tools of a group. Throws when a handler is missing or a Schema cannot be shown: faults of the program. */
export const tools = (
  group: McpGroup.Any,
  context: Context.Context<never>,
  { lenient, onRepaired, prepare }: Options
): ReadonlyArray<ToolComponent> => {
  const implementation = implementationOf(group, context)
  const captured = prepare(implementation.context)
  const middlewares = McpGroup.middlewaresOf(group).map((middleware) => middlewareOf(middleware, context, prepare))
  return implementation.contracts.filter(Tool.isTool).map((contract) => {
    const handler = implementation.handlers.get(contract)
    if (handler === undefined) throw new Error(`tool "${contract.name}" has no handler`)
    return {
      name: contract.name,
      contract,
      codec: ToolCodec.server(contract, { lenient, onRepaired }),
      handler,
      context: captured,
      middlewares,
      timeout: timeoutOf(contract)
    }
  })
}
