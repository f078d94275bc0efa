/**
 * A call as a stream: how far it is, then its result.
 */
import * as Tool from "@effect-mcp/core/Tool"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CallOptions } from "./callOptions.ts"

// Who is that far behind is told less of the progress, and of the result in any case: it is the last one.
const maxWaiting = 1024

/**
 * The progress and the result of a call in one stream, in the order in which they come: any number of `Progress`, then one `Result`. `call` is
 * given the options with which to call; its failure is that of the stream. Of progress that is not taken the last 1,024 are kept. Ending
 * the stream early cancels the call.
 *
 * The steps are those that a handler of a tool may return, so a tool that calls another one passes its progress on.
 *
 * @example
 * const steps = McpClient.withProgress((options) => weather.tools.forecast({ city: "Oslo" }, options))
 * yield* Stream.runForEach(steps, (step) =>
 *   step._tag === "Progress" ? Console.log(step.progress, step.total) : Console.log(step.value)
 * )
 */
export const withProgress = <A, E, R>(
  call: (options: Required<Pick<CallOptions, "onProgress">>) => Effect.Effect<A, E, R>
): Stream.Stream<Tool.Step<A>, E, Exclude<R, Scope.Scope>> =>
  Stream.callback<Tool.Step<A>, E, R>(
    (queue) => {
      const called = Effect.suspend(() =>
        call({
          onProgress: ({ message, progress, total }) =>
            Effect.sync(() => void Queue.offerUnsafe(queue, Tool.progress(progress, total, message)))
        })
      )
      return Effect.map(called, (value) => {
        Queue.offerUnsafe(queue, Tool.result(value))
        Queue.endUnsafe(queue)
      })
    },
    { bufferSize: maxWaiting, strategy: "sliding" }
  )
