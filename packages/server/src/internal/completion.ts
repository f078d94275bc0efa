/**
 * `completion/complete`: suggestions for an argument of a prompt or a variable of a template, from its handler.
 */
import * as Completion from "@effect-mcp/core/Completion"
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import { InvalidParams, invalidParams } from "@effect-mcp/core/McpError"
import type { CompleteRequest, Implementation } from "@effect-mcp/core/Middleware"
import { type CompleteResult, CompleteParams } from "@effect-mcp/core/protocol/Completion"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Component } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import { type Inner, wrap } from "./chain.ts"
import { callOf, endingsOf, enter, inContext, timeoutOf } from "./handling.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"

/** What `completion/complete` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly logDefect: LogDefect
  /** The component that a reference names. */
  readonly find: (ref: CompleteRequest["ref"]) => Component | undefined
}

const decode = Schema.decodeUnknownExit(CompleteParams)

const nameOf = (ref: CompleteRequest["ref"]): string => (ref.type === "ref/prompt" ? ref.name : ref.uri)

const nothing: CompleteResult = { completion: Completion.toCompletion([]) }

/** Serves `completion/complete`. */
export const makeComplete = ({ find, logDefect, middlewares, run, settings }: Options) => {
  const operation: Operation<CompleteResult> = {
    subject: subjectOf("completion/complete"),
    timeout: settings.toolTimeout,
    needsPlace: true,
    encode: (call, result) => call.engine.wire.completeResult(result),
    errorType: () => undefined,
    timedOut: undefined
  }

  const { failed } = endingsOf("completion/complete", logDefect)

  const inner =
    (component: Component): Inner<"completion/complete"> =>
    ({ argument, known }, brought) => {
      const completers = Completion.completersOf(component.handler) ?? {}
      const completer = Object.hasOwn(completers, argument.name) ? completers[argument.name] : undefined
      // An argument that nobody suggests anything for is no fault of the client.
      if (completer === undefined) return Effect.succeed(nothing)
      return Effect.matchCauseEffect(
        inContext(component, () => completer(argument.value, known), brought),
        {
          // Suggestions are an Effect of texts, by their type.
          onSuccess: (values) => Effect.succeed({ completion: Completion.toCompletion(values as ReadonlyArray<string>) }),
          onFailure: (cause) => failed(component, cause, () => undefined)
        }
      )
    }

  const outer = wrap("completion/complete", middlewares, (request, brought) => {
    const component = find(request.ref)
    if (component === undefined) return Effect.fail(invalidParams(`Unknown reference: ${nameOf(request.ref)}`))
    enter(component, callOf(brought), timeoutOf(component, settings))
    return wrap("completion/complete", component.middlewares, inner(component))(request, brought)
  })

  return (call: Call): Effect.Effect<Outcome> => {
    const params = decode(call.params)
    if (Exit.isFailure(params)) {
      const detail = "Invalid params: `completion/complete` needs `ref`, and `argument` with `name` and `value`"
      return Effect.succeed(refuse(call, new InvalidParams({ detail })))
    }
    const { argument, context, ref } = params.value
    const request: CompleteRequest = {
      method: "completion/complete",
      ref,
      argument,
      known: context?.arguments ?? {},
      meta: call.meta
    }
    return run(call, operation, (brought) => outer(request, brought))
  }
}
