/**
 * What calls of all kinds of components have in common: they name one, are counted by it, and run its handler.
 */
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Component } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import { type Brought, over } from "./brought.ts"
import type { Call } from "./call.ts"
import { setTimeoutOf } from "./run.ts"

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
export const enter = (component: Component, call: Call, timeout: number | undefined, deadlines: Deadlines): void => {
  call.enter(component.running)
  if (call.timeout !== timeout) setTimeoutOf(deadlines, call, timeout)
}

const start = (make: () => unknown): Effect.Effect<unknown, unknown> => {
  try {
    const effect = make()
    return Effect.isEffect(effect)
      ? (effect as Effect.Effect<unknown, unknown>) // the context below has what the component's code requires
      : Effect.die(new Error("the handler returned something that is no Effect"))
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

/** Runs the handler of a component with arguments that the contract's Schema has decoded. */
export const handle = (component: Component, args: unknown, brought: Brought | undefined): Effect.Effect<unknown, unknown> =>
  inContext(component, () => component.handler(args as never), brought) // as its type says
