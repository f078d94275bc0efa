/**
 * `prompts/get`: finds the prompt, reads its arguments, runs the handler inside of its middleware, writes the messages.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import { InvalidParams, invalidParams, McpError } from "@effect-mcp/core/McpError"
import type { Implementation } from "@effect-mcp/core/Middleware"
import type { GetPromptResult } from "@effect-mcp/core/protocol/Prompts"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { PromptComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import { type Inner, wrap } from "./chain.ts"
import { callOf, endingsOf, enter, handle, namedRequest, timeoutOf, within } from "./handling.ts"
import type { Find } from "./registry.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"

/** A prompt made ready to be got: what does not depend on the request is done. */
export interface Ready {
  readonly component: PromptComponent
  readonly operation: Operation<GetPromptResult>
  readonly invoke: Inner<"prompts/get">
  /** The same for a handler that gets it in a call of its own, whose time it leaves alone. */
  readonly within: Inner<"prompts/get">
}

/** What `prompts/get` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly logDefect: LogDefect
}

const operationOf = (timeout: number | undefined, name?: string): Operation<GetPromptResult> => ({
  subject: subjectOf("prompts/get", name === undefined ? undefined : { kind: "prompt", name }),
  timeout,
  needsPlace: true,
  encode: (call, result) => call.engine.wire.promptResult(call.annotated(result)),
  errorType: () => undefined,
  timedOut: undefined
})

/** Serves `prompts/get`. */
export interface PromptCalls {
  /** Makes a prompt ready to be got. */
  readonly prepare: (component: PromptComponent) => Ready
  /** Serves one call from what the registry has. */
  readonly serve: (find: Find<Ready>) => (call: Call) => Effect.Effect<Outcome>
  /** Gets one for a handler of the server. */
  readonly within: (find: Find<Ready>) => Inner<"prompts/get">
}

/** See {@link PromptCalls}. */
export const makeGet = ({ logDefect, middlewares, run, settings }: Options): PromptCalls => {
  const { failed, succeeded } = endingsOf("prompts/get", logDefect)

  const inner = (component: PromptComponent): Inner<"prompts/get"> => {
    const toResult = {
      onSuccess: (value: unknown) => succeeded(component, () => component.codec.encodeSuccess(value)),
      onFailure: (cause: Cause.Cause<unknown>) => failed(component, cause, component.codec.encodeFailure)
    }
    return (request, brought) => {
      const decoded = component.codec.decodeArguments(request.arguments)
      return decoded._tag === "Failure"
        ? Effect.fail(invalidParams(`Invalid arguments for prompt "${component.name}":\n${decoded.text}`))
        : Effect.matchCauseEffect(handle(component, decoded.value, brought), toResult)
    }
  }

  const prepare = (component: PromptComponent): Ready => {
    const chain = wrap("prompts/get", component.middlewares, inner(component))
    const timeout = timeoutOf(component, settings)
    return {
      component,
      operation: operationOf(timeout, component.name),
      within: (request, brought) => within(component, chain(request, brought)),
      invoke: (request, brought) => {
        enter(component, callOf(brought), timeout)
        return chain(request, brought)
      }
    }
  }

  const unknownPrompt = (name: string) =>
    Effect.fail(new McpError({ reason: new InvalidParams({ detail: `Unknown prompt: ${name}`, data: { name } }) }))
  const unknownOperation = operationOf(settings.toolTimeout)

  // Middleware may change the name, so the prompt is looked up inside of it.
  const lookUp = (find: Find<Ready>, how: "invoke" | "within"): Inner<"prompts/get"> =>
    wrap("prompts/get", middlewares, (request, brought) => {
      const ready = find(request.name)
      return ready === undefined ? unknownPrompt(request.name) : ready[how](request, brought)
    })

  const serve = (find: Find<Ready>) => {
    const outer = lookUp(find, "invoke")
    return (call: Call): Effect.Effect<Outcome> => {
      const request = namedRequest("prompts/get", call)
      if (typeof request === "string") return Effect.succeed(refuse(call, new InvalidParams({ detail: request })))
      return run(call, find(request.name)?.operation ?? unknownOperation, (brought) => outer(request, brought))
    }
  }

  return { prepare, serve, within: (find) => lookUp(find, "within") }
}
