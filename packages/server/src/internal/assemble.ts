/**
 * Makes components of a group's contracts and the handlers that stand in a context.
 */
import { toMillis } from "@effect-mcp/core/Deadlines"
import * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Context from "effect/Context"
import { Running, type ToolComponent } from "../Component.ts"

/** How components are made. */
export interface Options {
  /** Gives a component's context what the server adds to all of them. */
  readonly prepare: (context: Context.Context<never>) => Context.Context<never>
  readonly tools: ToolCodec.ServerOptions
  /** Told what a group has that is not served. */
  readonly warn: (message: string) => void
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

/** The tools of a group. Throws when a handler is missing or a Schema cannot be shown: faults of the program. */
export const tools = (
  group: McpGroup.Any,
  context: Context.Context<never>,
  { prepare, tools: options, warn }: Options
): ReadonlyArray<ToolComponent> => {
  const implementation = implementationOf(group, context)
  const captured = prepare(implementation.context)
  const running = new Running()
  const middlewares = McpGroup.middlewaresOf(group).map((middleware) => middlewareOf(middleware, context, prepare))
  const others = implementation.contracts.filter((contract) => !Tool.isTool(contract))
  if (others.length > 0) {
    warn(
      `group "${group.id}": ${others.map(({ _tag, name }) => `${_tag.toLowerCase()} "${name}"`).join(", ")} cannot be served yet`
    )
  }
  return implementation.contracts.filter(Tool.isTool).map((contract) => {
    const handler = implementation.handlers.get(contract)
    if (handler === undefined) throw new Error(`tool "${contract.name}" has no handler`)
    return {
      name: contract.name,
      contract,
      codec: ToolCodec.server(contract, options),
      handler,
      context: captured,
      middlewares,
      timeout: timeoutOf(contract),
      running
    }
  })
}
