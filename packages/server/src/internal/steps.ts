/**
 * Handlers that return a stream of steps: progress is sent as it comes, and the one result is what the handler gives.
 */
import * as Progress from "@effect-mcp/core/Progress"
import type { RequestContext } from "@effect-mcp/core/RequestContext"
import { isStep, type Step } from "@effect-mcp/core/ToolStep"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

const die = (detail: string) => Effect.die(new Error(detail))

const isStream = (u: unknown): u is Stream.Stream<unknown, unknown> =>
  Predicate.hasProperty(u, "~effect/Stream" satisfies typeof Stream.TypeId)

type Open = (upstream: Pull.Pull<never>, scope: Scope.Scope) => Effect.Effect<Pull.Pull<ReadonlyArray<unknown>, unknown>>

// `Stream.toPull` is this line. Importing it would load Stream into every server, for the few that have it: 10 ms of their start.
const openOf = ({ channel }: Stream.Stream<unknown, unknown>): Open =>
  (channel as unknown as { readonly transform: Open }).transform // what `Channel.toTransform` gives

const consume = Effect.fnUntraced(function* (
  pull: Pull.Pull<ReadonlyArray<unknown>, unknown>
): Effect.fn.Return<unknown, unknown, RequestContext> {
  let result: Extract<Step<unknown>, { readonly _tag: "Result" }> | undefined
  while (true) {
    const steps = yield* Pull.catchDone(pull, () => Effect.undefined)
    if (steps === undefined) break
    for (const step of steps) {
      if (!isStep(step)) {
        return yield* die(
          "the handler returned a stream of something else than steps: make them with Tool.progress and Tool.result"
        )
      }
      if (step._tag === "Progress") yield* Progress.report(step.progress, step.total, step.message)
      else if (result === undefined) result = step
      else return yield* die("the handler returned a stream with a second result: it must have exactly one Tool.result")
    }
  }
  return result === undefined
    ? yield* die("the handler returned a stream that ended without a result: it must have exactly one Tool.result")
    : result.value
})

/** Runs what a handler returned and is no Effect: a stream of steps, or a fault. */
export const runSteps = (returned: unknown): Effect.Effect<unknown, unknown> => {
  if (!isStream(returned)) return die("the handler returned something that is no Effect")
  // The request is in the context of every handler, and so is its scope.
  return Effect.flatMap(Effect.scope, (scope) => Effect.flatMap(openOf(returned)(Cause.done(), scope), consume)) as Effect.Effect<
    unknown,
    unknown
  >
}
