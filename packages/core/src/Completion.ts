/**
 * Suggestions for the arguments of a prompt and for the variables of a resource template, while a user types them.
 *
 * Source: server/utilities/completion of every revision.
 */
import type * as Effect from "effect/Effect"
import type * as Handlers from "./Handlers.ts"
import { maxValues, type Completion } from "./protocol/Completion.ts"

/**
 * Suggests values of one argument, the best first. `value` is what was typed so far, `known` holds other arguments as texts, since
 * 2025-06-18. Clients see the first 100, and how many there are.
 */
export type Completer<Args> = (
  value: string,
  known: { readonly [K in keyof Args]?: string }
) => Handlers.Returned<ReadonlyArray<string>, never>

/** Completers for some of the arguments. */
export type Suggestions<Args> = { readonly [K in keyof Args]?: Completer<Args> }

type ServicesOf<S> = {
  [K in keyof S]-?: NonNullable<S[K]> extends (...args: never) => infer Returned ? Effect.Services<Returned> : never
}[keyof S]

const completers = Symbol.for("@effect-mcp/core/Completion")

/** Completers whose types were forgotten. */
export type Completers = { readonly [argument: string]: Completer<{ readonly [name: string]: string }> | undefined }

/**
 * Gives the handler of a prompt, or of a resource template, suggestions for its arguments. What the suggestions need is required like
 * what the handler needs.
 *
 * @example
 * const BooksLive = Book.toLayer(
 *   Completion.suggesting(({ isbn }) => read(isbn), { isbn: (value) => isbnsThatStartWith(value) })
 * )
 */
export const suggesting = <Args, Uri extends readonly [uri?: string], A, E, R, S extends Suggestions<NoInfer<Args>>>(
  handler: (args: Args, ...uri: Uri) => Effect.Effect<A, E, R>,
  suggestions: S
): ((args: Args, ...uri: Uri) => Effect.Effect<A, E, R | ServicesOf<S>>) =>
  Object.assign((args: Args, ...uri: Uri) => handler(args, ...uri), { [completers]: suggestions })

/** The completers of a handler, if it has any. */
export const completersOf = (handler: unknown): Completers | undefined =>
  typeof handler === "function" && completers in handler ? (handler[completers] as Completers) : undefined // put there above

/** What a client sees of suggestions. */
export const toCompletion = (values: ReadonlyArray<string>): Completion => ({
  values: values.slice(0, maxValues),
  total: values.length,
  hasMore: values.length > maxValues
})
