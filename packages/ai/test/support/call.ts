/**
 * Calls tools of toolkits as a model does: by name, with JSON.
 */
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

type Results = ReadonlyArray<AiTool.HandlerResult<AiTool.Any>>

/** All results of a call, the last one last. The types of the tools are forgotten. */
export const results = (
  toolkit: Toolkit.Any,
  live: Layer.Layer<any>,
  name: string,
  args: unknown = {}
): Effect.Effect<Results, unknown> =>
  Effect.gen(function* () {
    const { handle } = yield* toolkit as unknown as Effect.Effect<Toolkit.WithHandler<Record<string, AiTool.Any>>>
    return yield* Effect.flatMap(handle(name, args, "call-1"), Stream.runCollect)
  }).pipe(Effect.provide(live)) as Effect.Effect<Results, unknown>

/** The last result of a call. */
export const call = (toolkit: Toolkit.Any, live: Layer.Layer<any>, name: string, args?: unknown) =>
  Effect.map(results(toolkit, live, name, args), (all) => all.at(-1)!)
