/**
 * Steps of a tool that goes on for a while: its handler returns a Stream of them in place of an Effect. Handlers make them with
 * `Tool.progress` and `Tool.result`.
 */
import type * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"
import type * as Types from "effect/Types"
import type * as Handlers from "./Handlers.ts"

const TypeId = "~effect-mcp/core/ToolStep"

class ProgressStep {
  readonly [TypeId] = TypeId
  readonly _tag = "Progress"
  readonly progress: number
  readonly total: number | undefined
  readonly message: string | undefined

  constructor(progress: number, total: number | undefined, message: string | undefined) {
    this.progress = progress
    this.total = total
    this.message = message
  }
}

class ResultStep<out A> {
  readonly [TypeId] = TypeId
  readonly _tag = "Result"
  readonly value: A

  constructor(value: A) {
    this.value = value
  }
}

/** One step: how far the call is, or its result. */
export type Step<A> = ProgressStep | ResultStep<A>

/** Says how far the call is, as `Progress.report` does: `progress` must grow, and `total` is in the same unit. */
export const progress = (progress: number, total?: number, message?: string): Step<never> =>
  new ProgressStep(progress, total, message)

/** The result of the call. A stream has exactly one; it is sent when the stream has ended. */
export const result = <const A>(value: A): Step<A> => new ResultStep(value)

/** True for steps. */
export const isStep = (u: unknown): u is Step<unknown> => Predicate.hasProperty(u, TypeId)

/**
 * What the handler of a tool returns: an Effect, or a Stream of steps. As with other handlers, what it needs is not mentioned: see
 * `Handlers.Returned`.
 *
 * A Stream has any number of `Tool.progress`, which are sent as `Progress.report` sends them, each when the one before has gone out; and
 * one `Tool.result`. A stream without a result, or with two, is a fault of the program. Its failures are those of the tool.
 *
 * @example
 * const IndexLive = Index.toLayer(({ files }) =>
 *   Stream.fromIterable(files).pipe(
 *     Stream.mapEffect((file, i) => Effect.as(index(file), Tool.progress(i + 1, files.length, file))),
 *     Stream.concat(Stream.succeed(Tool.result(files.length)))
 *   )
 * )
 */
export type Returned<A, E> = Handlers.Returned<A, E> | ReturnedStream<A, E>

/** See {@link Returned}. */
export interface ReturnedStream<out A, out E> {
  readonly [Stream.TypeId]: { readonly _A: Types.Covariant<Step<A>>; readonly _E: Types.Covariant<E> }
}

/** What a handler needs that returns `T`. */
export type Services<T> = Effect.Services<T> | Stream.Services<T>
