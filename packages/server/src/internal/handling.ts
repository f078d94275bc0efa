/**
 * What calls of all kinds of components have in common: they name one, are counted by it, run its handler, and end.
 */
import { type AskingError, isAskingError } from "@effect-mcp/core/Asking"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Custom, Internal, InvalidParams, McpError, MissingCapability, type Reason } from "@effect-mcp/core/McpError"
import { declaredCode } from "@effect-mcp/core/wire/declared"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Component } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import { type Brought, over } from "./brought.ts"
import type { Call } from "./call.ts"
import type { LogDefect } from "./run.ts"
import { runSteps } from "./steps.ts"

/** A request that names a component and has arguments for it. */
export class NamedRequest<M extends string> {
  readonly method: M
  readonly name: string
  readonly arguments: JsonObject
  readonly meta: JsonObject

  constructor(method: M, name: string, args: JsonObject, meta: JsonObject) {
    this.method = method
    this.name = name
    this.arguments = args
    this.meta = meta
  }
}

const noArguments: JsonObject = {}

/** Reads such a request, or says what is wrong with it. */
export const namedRequest = <M extends string>(method: M, call: Call): NamedRequest<M> | string => {
  const name = call.params?.["name"]
  const args = call.params?.["arguments"]
  if (typeof name !== "string") return "Invalid params: `name` must be a string"
  if (args !== undefined && !isObject(args)) return "Invalid params: `arguments` must be an object"
  return new NamedRequest(method, name, args ?? noArguments, call.meta)
}

/** The call behind what was brought: the request is the first thing that is. */
export const callOf = (brought: Brought | undefined): Call => {
  let first = brought
  while (first?.outer !== undefined) first = first.outer
  return first?.value as Call
}

/** After which time calls of a component end, in milliseconds; `undefined` for never. */
export const timeoutOf = ({ timeout }: Component, { toolTimeout }: Settings): number | undefined => {
  const own = timeout ?? toolTimeout
  return own === Infinity ? undefined : own
}

/** Counts the call among those of the component, and gives it the component's time: middleware may have sent it here. */
export const enter = (component: Component, call: Call, timeout: number | undefined): void => {
  call.enter(component.running)
  if (call.timeout !== timeout && !call.keepsTime) call.setTimeout(timeout)
}

/** Counts among the calls of a component for as long as the effect runs: of what a handler uses that has a call of its own. */
export const within = <A>(component: Component, effect: Effect.Effect<A, McpError>): Effect.Effect<A, McpError> =>
  Effect.uninterruptibleMask((restore) => {
    component.running.enter()
    return Effect.ensuring(
      restore(effect),
      Effect.sync(() => component.running.leave())
    )
  })

const start = (make: () => unknown): Effect.Effect<unknown, unknown> => {
  try {
    const effect = make()
    return Effect.isEffect(effect)
      ? (effect as Effect.Effect<unknown, unknown>) // the context below has what the component's code requires
      : runSteps(effect)
  } catch (error) {
    return Effect.die(error)
  }
}

/** Runs code of a component, with what was brought, in a scope of its own. */
export const inContext = (
  component: Component,
  make: () => unknown,
  brought: Brought | undefined
): Effect.Effect<unknown, unknown> =>
  Effect.updateContext(Effect.scoped(start(make)), (_: Context.Context<never>) => over(component.context, brought))

/** Runs the handler of a component with arguments that the contract's Schema has decoded; that of a resource with its URI, too. */
export const handle = (
  component: Component,
  args: unknown,
  brought: Brought | undefined,
  uri?: string
): Effect.Effect<unknown, unknown> => inContext(component, () => component.handler(args as never, uri as never), brought) // as its type says

/** What a client is told of a question that got no answer, where that is no result. */
export const reasonOf = (error: AskingError): Reason => {
  if (error._tag === "Unsupported" && error.required !== undefined) return new MissingCapability({ required: error.required })
  if (error._tag === "InvalidAnswer") return new InvalidParams({ detail: error.message })
  return new Custom({ code: declaredCode, detail: error.message })
}

/** What becomes of a handler's end where no result tells of failures: of prompts, resources and suggestions. */
export interface Endings {
  /** Writes what a handler gave. What cannot be written is a defect like any other. */
  readonly succeeded: <A>(component: Component, write: () => A) => Effect.Effect<A, McpError>
  /** A failure that the contract does not declare is a defect, too. */
  readonly failed: (
    component: Component,
    cause: Cause.Cause<unknown>,
    encodeFailure: (error: unknown) => Custom | undefined
  ) => Effect.Effect<never, McpError>
}

/** See {@link Endings}. */
export const endingsOf = (method: string, logDefect: LogDefect): Endings => {
  const broken = ({ name }: Component, cause: Cause.Cause<unknown>) =>
    Effect.fail(new McpError({ reason: new Internal({ id: logDefect(`${method} ${name}`, cause) }) }))
  return {
    succeeded: (component, write) => {
      try {
        return Effect.succeed(write())
      } catch (error) {
        return broken(component, Cause.die(error))
      }
    },
    failed: (component, cause, encodeFailure) => {
      const reason = cause.reasons.find(Cause.isFailReason)
      if (reason === undefined) {
        return Cause.hasInterruptsOnly(cause)
          ? Effect.failCause(cause as Cause.Cause<never>) // it holds no failure
          : broken(component, cause)
      }
      if (reason.error instanceof McpError) return Effect.fail(reason.error)
      const declared = encodeFailure(reason.error)
      if (declared !== undefined) return Effect.fail(new McpError({ reason: declared }))
      return isAskingError(reason.error)
        ? Effect.fail(new McpError({ reason: reasonOf(reason.error) }))
        : broken(component, cause)
    }
  }
}
