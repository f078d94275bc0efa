/**
 * URI templates: their variables, which the compiler reads from the literal type, and the URIs that they stand for, in both directions.
 *
 * Levels 1 to 3 of RFC 6570, and `*` for values that are several segments. Where the RFC leaves reading open, a template is refused
 * when it could be read in two ways.
 *
 * Source: RFC 6570; RFC 3986 for what is equal to what.
 */
import * as Matching from "./internal/uriTemplateMatch.ts"
import { type Plan, plan as makePlan } from "./internal/uriTemplatePlan.ts"
import * as Syntax from "./internal/uriTemplateSyntax.ts"
import * as Text from "./internal/uriTemplateText.ts"

type Strip<V extends string> = V extends `${"?" | "&" | "+" | "#" | "/" | ";" | "."}${infer Rest}` ? Rest : V
type Clean<V extends string> = V extends `${infer A}*` ? A : V
type Split<V extends string> = V extends `${infer A},${infer B}` ? Clean<A> | Split<B> : Clean<V>

/** The names of all variables of a template; of one that only run time knows, any name. Source: RFC 6570 section 2.3. */
export type Variables<T extends string> = string extends T
  ? string
  : T extends `${string}{${infer V}}${infer Rest}`
    ? Split<Strip<V>> | Variables<Rest>
    : never

/**
 * The names of the variables that may be missing, because the URI names those that are there: `{?a,b}`, `{&c}` and `{;d}`.
 * Source: RFC 6570 sections 3.2.7 to 3.2.9.
 */
export type Optional<T extends string> = string extends T
  ? string
  : T extends `${string}{${infer V}}${infer Rest}`
    ? (V extends `${"?" | "&" | ";"}${infer Q}` ? Split<Q> : never) | Optional<Rest>
    : never

type TypeOf<P, K> = K extends keyof P ? (P[K] extends { readonly Type: infer A } ? A : string) : string

/**
 * The values of a template's variables: strings, unless `P` has a Schema for the variable. Of a template that only run time knows,
 * each may be missing.
 */
export type Values<T extends string, P> = string extends T
  ? { readonly [name: string]: string | TypeOf<P, keyof P> | undefined }
  : {
      readonly [K in Exclude<Variables<T>, Optional<T>>]: TypeOf<P, K>
    } & {
      readonly [K in Optional<T>]?: TypeOf<P, K>
    }

/** The longest URI that matches, in UTF-16 code units: 8,192. Longer ones are no match, so that reading has a bound. */
export const maxLength = 8192

/** A variable of a template, in the order of the template. Source: RFC 6570 section 2.3. */
export interface Variable {
  readonly name: string
  /** It may be missing: `{?a}`, `{&a}` and `{;a}`. All others match at least one character. */
  readonly optional: boolean
  /** Its value may have slashes between segments: `{a*}`, `{/a*}` and `{+a}`. A fragment, `{#a}`, has no segments. */
  readonly spansSegments: boolean
}

/** What matching found: the values of all variables that are there, decoded, or the first one whose value is not safe and why. */
export type Match =
  | { readonly _tag: "Match"; readonly values: { readonly [name: string]: string } }
  | { readonly _tag: "Refused"; readonly variable: string; readonly detail: string }

/** How a template is read. */
export interface Options {
  /** Lets values be what can escape from a directory. Those with NUL are refused all the same. False by default. */
  readonly unsafe?: boolean
}

/** A template, ready to be used. It has no state. */
export interface UriTemplate {
  readonly source: string
  readonly variables: ReadonlyArray<Variable>
  /**
   * The URI for these values. Never fails: a variable without a value is left out, lone surrogates become U+FFFD, and safety is not
   * looked at.
   *
   * A value of `{a*}` or `{/a*}` is several segments with slashes between them, encoded one by one. In other expressions `*` changes
   * nothing. Two things are not as in the RFC, so that `match` gives the values back: in `{?a}{&b}` without `a`, `b` gets the `?`, and
   * where a value has the text that follows its variable, as `x-y` in `{a}-{b}`, that is percent-encoded, which makes no other URI.
   *
   * Source: RFC 6570 section 3.2.
   */
  readonly expand: (values: { readonly [name: string]: string | undefined }) => string
  /**
   * The values for a URI, or `undefined` when it is none of this template: also when it is longer than {@link maxLength} or has what
   * cannot be decoded. Never throws. The time is linear in the length of the URI.
   *
   * Literal text, scheme and host included, must be the same but for the case of percent-encoded digits. A variable ends where the text
   * after it begins for the first time. It matches no `/`, unless it spans segments, and no `?` and `#`, except for `{+a}` where the
   * template has no query or fragment, and `{#a}`. Parameters may come in any order, and the first of two with the same name counts.
   * Those that `{?a}` and `{&a}` do not know are ignored, those that `{;a}` does not know are no match. Parameters may be empty.
   *
   * Values are `Refused` when they contain NUL, have a segment `.` or `..` between slashes or backslashes, or stand in the path and
   * begin with `/`, `\` or a drive letter or have a `/` or `\` inside of a segment, encoded or not.
   *
   * `expand` and `match` undo each other, except that `{+a}` and `{#a}` do not encode reserved characters nor what looks percent-encoded.
   *
   * Source: RFC 6570 section 1.4 leaves matching open; RFC 3986 sections 2.1 and 6.2.2.1 for case.
   */
  readonly match: (uri: string) => Match | undefined
}

const encodeValue = (value: string, operator: Syntax.Operator, explode: boolean): string => {
  if (operator === "+" || operator === "#") return Text.encodeReserved(value)
  if (explode && (operator === "" || operator === "/")) return value.split("/").map(Text.encode).join("/")
  return Text.encode(value)
}

const separators = { "": ",", "+": ",", "#": ",", ".": ".", "/": "/", ";": ";", "?": "&", "&": "&" } as const

const expandParts = (
  parts: ReadonlyArray<Syntax.Part>,
  plan: Plan,
  values: { readonly [name: string]: string | undefined }
): string => {
  let out = ""
  let index = 0
  let begin: string = plan.parameters?.begin ?? "&"
  for (const part of parts) {
    if (part._tag === "Literal") {
      out += Text.encodeReserved(part.text)
      continue
    }
    const { operator, variables } = part
    const isQuery = operator === "?" || operator === "&"
    let lead: string = operator === "+" ? "" : isQuery ? begin : operator
    for (const { explode, name } of variables) {
      const end = plan.ends.get(index++)
      const value: unknown = values[name]
      if (typeof value !== "string") continue // also what every object inherits, such as `constructor`
      const encoded = encodeValue(value, operator, explode)
      out += lead
      if (isQuery) out += `${name}=${encoded}`
      else if (operator === ";") out += encoded === "" ? name : `${name}=${encoded}`
      else out += end === undefined ? encoded : Text.keepApart(encoded, end)
      lead = separators[operator]
      if (isQuery) begin = "&"
    }
  }
  return out
}

const matchPlan = (plan: Plan, uri: string, isUnsafe: boolean): Match | undefined => {
  if (uri.length > maxLength) return undefined
  const text = Text.normal(uri)
  const raw = text === undefined ? undefined : Matching.read(plan, text)
  if (raw === undefined) return undefined
  const values: Array<readonly [name: string, value: string]> = []
  let refused: Match | undefined
  for (let i = 0; i < plan.variables.length; i++) {
    const { inPath, name } = plan.variables[i]!
    const written = raw[i]
    if (written === undefined) continue
    const value = Text.decode(written)
    if (value === undefined) return undefined
    const detail = Matching.refusal(written, value, inPath, isUnsafe)
    if (detail !== undefined) refused ??= { _tag: "Refused", variable: name, detail }
    values.push([name, value])
  }
  return refused ?? { _tag: "Match", values: Object.fromEntries(values) }
}

/**
 * Reads a template of levels 1 to 3. Throws an `Error` that names the template, the position from 0 and what was expected there, for
 * braces that do not belong together, empty expressions, names that are none, a variable that is there twice, prefix modifiers (level
 * 4), reserved operators, a `%` that encodes nothing, and whatever cannot be told apart when URIs are matched: expressions side by side,
 * two variables of several segments in one part of the URI, and a query in two places.
 *
 * Source: RFC 6570 section 2.
 *
 * @example
 * const files = UriTemplate.parse("file:///{path*}{?line}")
 * files.match("file:///src/a%20b.ts?line=7") // { _tag: "Match", values: { path: "src/a b.ts", line: "7" } }
 */
export const parse = (source: string, options: Options = {}): UriTemplate => {
  const fault: Syntax.Fault = (at, expected) =>
    new Error(`The URI template ${JSON.stringify(source)} is not valid at position ${at}: expected ${expected}`)
  const parts = Syntax.read(source, fault)
  const plan = makePlan(parts, fault)
  const isUnsafe = options.unsafe === true
  return {
    source,
    variables: plan.variables.map(({ name, optional, spansSegments }) => ({ name, optional, spansSegments })),
    expand: (values) => expandParts(parts, plan, values),
    match: (uri) => matchPlan(plan, uri, isUnsafe)
  }
}
