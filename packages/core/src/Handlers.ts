/**
 * Handlers as services: what `toLayer` makes of an implementation, and what a server reads when it is built.
 *
 * Nothing registers here. A handler is a value that stands beside its contract, with the context that was there when its layer
 * was built; the server that names the contract looks it up by the contract's key.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type * as Types from "effect/Types"

/** The service that implements the group with this id. */
export interface Handlers<in out Id extends string> {
  readonly "~effect-mcp/Handlers": Id
}

/** The id of the group that a single tool is. */
export type ToolId<Name extends string> = `tool/${Name}`
/** The id of the group that a single resource is. */
export type ResourceId<Name extends string> = `resource/${Name}`
/** The id of the group that a single prompt is. */
export type PromptId<Name extends string> = `prompt/${Name}`

/** See {@link ToolId}. */
export const toolId = <Name extends string>(name: Name): ToolId<Name> => `tool/${name}`
/** See {@link ResourceId}. */
export const resourceId = <Name extends string>(name: Name): ResourceId<Name> => `resource/${name}`
/** See {@link PromptId}. */
export const promptId = <Name extends string>(name: Name): PromptId<Name> => `prompt/${name}`

/** Any contract: a tool, a resource or a prompt, told apart by `_tag`. */
export interface AnyContract {
  readonly _tag: "Tool" | "Resource" | "Prompt"
  readonly name: string
}

/**
 * An implementation whose types were forgotten; its contract knows them. Those of tools may return a Stream of steps, those of resources
 * are given the URI, too.
 */
export type Handler = (
  args: never,
  uri: never
) => Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>

/**
 * What a handler returns: an Effect that succeeds with `A`, may fail with `E`, and may need anything. What it needs is not mentioned, so
 * that the compiler finds it out from the handler and does not take it from here.
 */
export interface Returned<out A, out E> {
  readonly [Effect.TypeId]: { readonly _A: Types.Covariant<A>; readonly _E: Types.Covariant<E> }
}

/** What a server finds under a group's key. */
export interface Implementation {
  /** The contracts that are implemented: told apart by identity, so that two groups with one id are noticed. */
  readonly contracts: ReadonlyArray<AnyContract>
  readonly handlers: ReadonlyMap<AnyContract, Handler>
  /** What was there when the layer was built. */
  readonly context: Context.Context<never>
}

/** The key under which the handlers of a group are provided. */
export const key = <Id extends string>(id: Id): Context.Service<Handlers<Id>, Implementation> =>
  Context.Service<Handlers<Id>, Implementation>(`@effect-mcp/core/Handlers/${id}`)

/** The layer that provides handlers. `build` is a value, or an Effect that makes it. */
export const layer = <Build>(
  id: string,
  contracts: ReadonlyArray<AnyContract>,
  build: unknown,
  toMap: (build: Build) => ReadonlyMap<AnyContract, Handler>
): Layer.Layer<never> =>
  Layer.effect(
    key(id),
    Effect.gen(function* () {
      // What is given is checked by the signatures of `toLayer`; here its types are gone.
      const built = Effect.isEffect(build) ? yield* build as Effect.Effect<Build> : (build as Build)
      const context = yield* Effect.context<never>()
      return { contracts, handlers: toMap(built), context }
    })
  ) as Layer.Layer<never> // the callers know the id as a type

/** The layer of a contract that stands alone, a group of one. */
export const layerOne = (id: string, contract: AnyContract, handler: unknown): Layer.Layer<never> =>
  layer<Handler>(id, [contract], handler, (handle) => new Map([[contract, handle]]))
