/**
 * Runs what the handler of a tool has returned: an Effect, or a stream of steps.
 */
import { isStep } from "@effect-mcp/core/ToolStep"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const die = (detail: string) => Effect.die(new Error(detail))

// There is nobody to hear of progress.
const resultOf = (steps: Stream.Stream<unknown, unknown>): Effect.Effect<unknown, unknown> =>
  Stream.runFoldEffect(
    steps,
    () => Option.none<unknown>(),
    (found, step) => {
      if (!isStep(step)) {
        return die("the handler returned a stream of something else than steps: make them with Tool.progress and Tool.result")
      }
      if (step._tag === "Progress") return Effect.succeed(found)
      return Option.isNone(found)
        ? Effect.succeed(Option.some(step.value))
        : die("the handler returned a stream with a second result: it must have exactly one Tool.result")
    }
  ).pipe(
    Effect.flatMap((found) =>
      Option.isSome(found)
        ? Effect.succeed(found.value)
        : die("the handler returned a stream that ended without a result: it must have exactly one Tool.result")
    )
  )

/** The result of a handler, whatever it has returned. */
export const run = (returned: unknown): Effect.Effect<unknown, unknown> => {
  // The context in which it runs has what it requires.
  if (Effect.isEffect(returned)) return returned as Effect.Effect<unknown, unknown>
  if (Stream.isStream(returned)) return resultOf(returned as Stream.Stream<unknown, unknown>)
  return die("the handler returned something that is no Effect")
}
