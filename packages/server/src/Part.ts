/**
 * Parts: what a server is made of. A group, a single contract, a mounted server, a provider, an extension and a server-wide middleware
 * are parts: values that are typed by what they still require, and that do nothing until a server is built from them.
 */
import type * as McpGroup from "@effect-mcp/core/McpGroup"
import type * as Middleware from "@effect-mcp/core/Middleware"
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Types from "effect/Types"
import type { Provider } from "./Provider.ts"
import type { ServedExtension } from "./ServedExtension.ts"

/** What a part becomes when a server is built. */
export interface Opened {
  readonly providers: ReadonlyArray<Provider>
  /** Around every request of the server. */
  readonly middlewares: ReadonlyArray<Middleware.Implementation>
  readonly extensions?: ReadonlyArray<ServedExtension>
}

/** How a server opens its parts: in its own scope, with the layers that are built already. */
export interface Opening {
  readonly memo: Layer.MemoMap
  readonly scope: Scope.Scope
  readonly context: Context.Context<never>
  /** Gives the context of a handler or a middleware what the server adds to all of them. */
  readonly prepare: (context: Context.Context<never>) => Context.Context<never>
  /** Told what is left out of the server while it runs, for its log. */
  readonly warn: (message: string) => void
}

/** A part that may fail with `E` when the server is built, and requires `R`. */
export interface Part<out E, out R> {
  readonly "~part": { readonly E: Types.Covariant<E>; readonly R: Types.Covariant<R> }
  readonly open: (opening: Opening) => Effect.Effect<Opened, unknown>
}

/** Anything that a server can be made of. */
export type Any = McpGroup.Any | Part<unknown, unknown>

/** With what a part may fail. */
export type Failure<P> = P extends Part<infer E, infer _R> ? E : never
/** What a part requires. */
export type Requirements<P> = P extends Part<infer _E, infer R> ? R : P extends McpGroup.Any ? McpGroup.Requirements<P> : never

const variance = { E: (_: never) => _, R: (_: never) => _ }

/** Makes a part. `open` gets the context of the server in which everything is that the part requires. */
export const make = <E, R>(open: (opening: Opening) => Effect.Effect<Opened, E>): Part<E, R> => ({ "~part": variance, open })

/** Tells parts from groups and contracts. */
export const isPart = (part: Any): part is Part<unknown, unknown> => "~part" in part
