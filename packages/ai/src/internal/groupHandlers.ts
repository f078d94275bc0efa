/**
 * Runs the handlers of a group as handlers of a toolkit.
 */
import { isAskingError } from "@effect-mcp/core/Asking"
import { toMillis } from "@effect-mcp/core/Deadlines"
import * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import type { Principal } from "@effect-mcp/core/Principal"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import type * as Tool from "@effect-mcp/core/Tool"
import * as AiError from "effect/ai/AiError"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { Inexpressible } from "../Inexpressible.ts"
import { Given } from "./given.ts"
import { LocalRequest } from "./localRequest.ts"
import { asServed } from "./refuse.ts"
import { run } from "./steps.ts"

type Given = Toolkit.HandlerContext<AiTool.Any>

/** The handlers of a group that stand in a context. */
export const implementationOf = (group: McpGroup.Any, context: Context.Context<never>): Handlers.Implementation => {
  const contracts = McpGroup.contractsOf(group)
  const found = Context.getOrUndefined(context, Handlers.key(group.id))
  const refuse = (detail: string): never => {
    throw new Inexpressible({ where: `group "${group.id}"`, detail })
  }
  if (found === undefined) return refuse("it has no handlers: provide the layer that its toLayer makes")
  const isSame = contracts.length === found.contracts.length && contracts.every((contract, i) => contract === found.contracts[i])
  return isSame ? found : refuse("its handlers implement another group of that id; ids must be unique")
}

/** What a handler keeps of the fiber that calls it, over what its own layer has captured. */
const ofTheCall = [Tracer.ParentSpan, References.CurrentLogAnnotations, References.CurrentLogSpans] as const

const contextOf = (
  captured: Context.Context<never>,
  calling: Context.Context<never>,
  request: LocalRequest,
  given: Given
): Context.Context<never> => {
  const services = new Map([...calling.mapUnsafe, ...captured.mapUnsafe])
  for (const { key } of ofTheCall) {
    if (calling.mapUnsafe.has(key)) services.set(key, calling.mapUnsafe.get(key))
    else services.delete(key)
  }
  services.set(RequestContext.key, request)
  services.set(Given.key, given)
  return Context.makeUnsafe(services)
}

const withTimeout = (effect: Effect.Effect<unknown, unknown>, { name, timeout }: Tool.Any): Effect.Effect<unknown, unknown> => {
  const millis = timeout === undefined ? undefined : toMillis(timeout)
  if (millis === undefined || millis === Infinity) return effect
  const description = `tool "${name}" was interrupted after ${millis} ms`
  return Effect.timeoutOrElse(effect, { duration: millis, orElse: () => Effect.fail(new AiError.UnknownError({ description })) })
}

// Of a tool that shows a JSON Schema of results; for all others the toolkit looks at the Schema.
const checked = (contract: Tool.Any): ((success: unknown) => unknown) => {
  if (contract.raw?.outputSchema === undefined) return (success) => success
  const { encodeSuccess } = asServed(contract)
  return (success) => {
    encodeSuccess(success)
    return success
  }
}

// Every handler may fail with a question that got no answer, also where its contract does not say so; a toolkit could not write that.
const withAskingErrors = (effect: Effect.Effect<unknown, unknown>, { failure }: Tool.Any): Effect.Effect<unknown, unknown> => {
  const isDeclared: (u: unknown) => boolean = Schema.is(failure)
  return Effect.mapError(effect, (error) =>
    isAskingError(error) && !isDeclared(error) ? new AiError.UnknownError({ description: error.message }) : error
  )
}

/**
 * The handler of a toolkit for a contract. It runs in a scope of its own and with what the group's layer captured; the span and the
 * annotations of logs are those of the call.
 */
export const toAiHandler = (contract: Tool.Any, implementation: Handlers.Implementation, principal: Principal) => {
  const handler = implementation.handlers.get(contract)!
  const check = checked(contract)
  return (args: unknown, given: Given): Effect.Effect<unknown, unknown> =>
    Effect.suspend(() => {
      const request = new LocalRequest(given.toolCallId ?? 0, principal)
      const result = Effect.suspend(() => run(handler(args as never, undefined as never))) // tools have no URI
      const done = Effect.map(withTimeout(withAskingErrors(Effect.scoped(result), contract), contract), check)
      return Effect.updateContext(done, (calling: Context.Context<never>) =>
        contextOf(implementation.context, calling, request, given)
      ).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            request.isOpen = false
          })
        )
      )
    })
}
