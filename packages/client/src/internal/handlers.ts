/**
 * The services that answer what servers ask. A client uses those that are there when it is made; what makes them is in modules of
 * their own, so that a client which answers nothing loads none of it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Responder } from "./responder.ts"

/** Answers servers that ask the user: `elicitation/create`. */
export class ElicitationHandler extends Context.Service<ElicitationHandler, Responder>()(
  "@effect-mcp/client/ElicitationHandler"
) {}

/** Answers servers that ask the model: `sampling/createMessage`. */
export class SamplingHandler extends Context.Service<SamplingHandler, Responder>()("@effect-mcp/client/SamplingHandler") {}

/** Answers servers that ask what the user has opened: `roots/list`. */
export class RootsHandler extends Context.Service<
  RootsHandler,
  Responder & {
    /** Tells each time the roots have changed, until telling fails; absent when they do not change. */
    readonly announce: (<E>(tell: Effect.Effect<void, E>) => Effect.Effect<void, E>) | undefined
  }
>()("@effect-mcp/client/RootsHandler") {}

/** The handlers of a client. */
export interface Handlers {
  readonly elicitation: Responder | undefined
  readonly sampling: Responder | undefined
  readonly roots: RootsHandler["Service"] | undefined
}

/** The handlers that are there. */
export const find: Effect.Effect<Handlers> = Effect.gen(function* () {
  return {
    elicitation: Option.getOrUndefined(yield* Effect.serviceOption(ElicitationHandler)),
    sampling: Option.getOrUndefined(yield* Effect.serviceOption(SamplingHandler)),
    roots: Option.getOrUndefined(yield* Effect.serviceOption(RootsHandler))
  }
})
