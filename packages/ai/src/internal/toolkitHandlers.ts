/**
 * Runs the handlers of a toolkit as handlers of a group.
 */
import type { Handler } from "@effect-mcp/core/Handlers"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Inexpressible } from "../Inexpressible.ts"
import { Given } from "./given.ts"

type Given = Toolkit.HandlerContext<AiTool.Any>

// MCP has no results before the last: each one counts as progress, which keeps the client waiting.
const inServer = (request: RequestContext["Service"] | undefined): Given => {
  let count = 0
  return {
    ...(request === undefined ? {} : { toolCallId: String(request.id) }),
    preliminary: () =>
      request === undefined
        ? Effect.void
        : Effect.provideService(
            Effect.suspend(() => Progress.report(++count)),
            RequestContext,
            request
          )
  }
}

/** What is there now and was not when the layer was built: the request, and what middleware has provided. */
const brought = (built: Context.Context<never>, now: Context.Context<never>): Context.Context<never> => {
  const services = new Map<string, unknown>()
  for (const [key, value] of now.mapUnsafe) {
    if (key !== Given.key && built.mapUnsafe.get(key) !== value) services.set(key, value)
  }
  return Context.makeUnsafe(services)
}

/**
 * The handler of a tool, which the layer of its toolkit has put into the context. It runs with what that layer captured; over that lies
 * what the call brings.
 */
export const handlerOf = (tool: AiTool.Any, built: Context.Context<never>): Handler => {
  const found = built.mapUnsafe.get(tool.id) as AiTool.Handler<string> | undefined // a toolkit puts it there
  if (found === undefined) {
    const detail = "it has no handler: provide the layer that its toolkit's toLayer makes"
    throw new Inexpressible({ where: `tool "${tool.name}"`, detail })
  }
  const captured = Context.merge(built, found.context)
  return (args) =>
    Effect.contextWith((now: Context.Context<never>) => {
      const given = Context.get(now, Given) ?? inServer(Context.getOrUndefined(now, RequestContext))
      return Effect.updateContext(found.handler(args, given), (inside: Context.Context<never>) =>
        Context.merge(captured, brought(built, inside))
      )
    })
}
