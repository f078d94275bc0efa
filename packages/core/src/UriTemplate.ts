/**
 * The variables of an RFC 6570 URI template, parsed by the compiler from the literal type.
 */

type Strip<V extends string> = V extends `${"?" | "&" | "+" | "#" | "/" | ";" | "."}${infer Rest}` ? Rest : V
type Clean<V extends string> = V extends `${infer A}*` ? A : V
type Split<V extends string> = V extends `${infer A},${infer B}` ? Clean<A> | Split<B> : Clean<V>

/** The names of all variables of a template. */
export type Variables<T extends string> = T extends `${string}{${infer V}}${infer Rest}`
  ? Split<Strip<V>> | Variables<Rest>
  : never

/** The names of the variables that may be missing: those of the query, `{?a,b}` and `{&c}`. */
export type Optional<T extends string> = T extends `${string}{${infer V}}${infer Rest}`
  ? (V extends `${"?" | "&"}${infer Q}` ? Split<Q> : never) | Optional<Rest>
  : never

type TypeOf<P, K> = K extends keyof P ? (P[K] extends { readonly Type: infer A } ? A : string) : string

/** The values of a template's variables: strings, unless `P` has a Schema for the variable. */
export type Values<T extends string, P> = {
  readonly [K in Exclude<Variables<T>, Optional<T>>]: TypeOf<P, K>
} & {
  readonly [K in Optional<T>]?: TypeOf<P, K>
}
