/**
 * The forms of elicitation as they are on the wire: whether an answer is what a form asks for, and the answer with what was left out.
 *
 * A server makes its forms from Schemas. A client is given the JSON of a form and is to give back what fits: it shows the form, calls
 * {@link problems} before it sends what the user put in, and {@link filled} to send the defaults along.
 *
 * Both take any form and any content, also hostile ones, never throw, and take time in proportion to what they are given.
 *
 * Source: "Requested Schema" of elicitation in the client features since 2025-06-18.
 */
import * as Schema from "effect/Schema"
import { ruleOf } from "./internal/formRules.ts"
import { append, abbreviate, Problems, render } from "./internal/problems.ts"
import { isObject, type JsonObject } from "./Jsonrpc.ts"
import type { FormField, FormSchema, FormValue } from "./protocol/Elicitation.ts"

/**
 * What is wrong with the content of an answer, a line for each problem, at most 20: `age: expected an integer, received "x"`.
 * `undefined` when it is what the form asks for.
 *
 * - A member that the form does not have is a problem; one that is `undefined` is not there.
 * - Lengths are counted in characters, so an emoji is one. Formats are `email`, `uri`, `date` and `date-time`.
 * - Integers are those that JSON carries exactly, up to 2^53.
 * - A field outside of the vocabulary of forms accepts anything, and what a form says beyond that vocabulary is not looked at.
 *
 * @example
 * const form = { type: "object", properties: { age: { type: "integer", minimum: 0 } }, required: ["age"] }
 * Form.problems(form, { age: -1 }) // 'age: expected an integer of at least 0, received -1'
 */
export const problems = (form: FormSchema | JsonObject, content: unknown): string | undefined => {
  const found = new Problems()
  check(form, content, found)
  return found.count === 0 ? undefined : render(found.first, found.count, "content")
}

/**
 * The content with the defaults of the fields that it does not have. A default that its own field does not accept is not used. What is
 * no object counts as content without any member. Values of content that are those of forms stay so for the compiler.
 */
export function filled(
  form: FormSchema | JsonObject,
  content: { readonly [field: string]: FormValue }
): { readonly [field: string]: FormValue }
export function filled(form: FormSchema | JsonObject, content: unknown): JsonObject
export function filled(form: FormSchema | JsonObject, content: unknown): JsonObject {
  const given = isObject(content) ? Object.entries(content).filter(([, value]) => value !== undefined) : []
  const names = new Set(given.map(([name]) => name))
  const defaults = Object.entries(propertiesOf(form)).flatMap(([name, field]) => {
    const value = names.has(name) ? undefined : defaultOf(field)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries([...given, ...defaults]) // defines its keys, `__proto__` like any other
}

/**
 * A choice whose options have titles: the keys are the values, and what the user reads stands beside them. In an array, any number of
 * them can be chosen. Revisions that have no titles of their own get them as `enumNames`.
 *
 * The same as `Schema.Literals`, with a `title` on each of the literals. Keys that look like integers come first.
 *
 * @example
 * const Size = Form.choices({ s: "Small", m: "Medium", l: "Large" })
 * const Toppings = Schema.Array(Form.choices({ basil: "Fresh basil", olives: "Black olives" }))
 */
export const choices = <const Titles extends { readonly [value: string]: string }>(
  titles: Titles
): Schema.Codec<Extract<keyof Titles, string>> => {
  const options = Object.entries(titles).map(([value, title]) => Schema.Literal(value).annotate({ title }))
  return Schema.Union(options) as Schema.Codec<string> as Schema.Codec<Extract<keyof Titles, string>> // `entries` forgets the keys
}

/** One option of a choice. */
export interface Option {
  /** What goes into the answer. */
  readonly value: string
  /** What the user reads: the value itself where it has no title. */
  readonly title: string
}

const optionsIn = ({ anyOf, enum: values, enumNames, oneOf }: JsonObject): ReadonlyArray<Option> | undefined => {
  const names: ReadonlyArray<unknown> = Array.isArray(enumNames) ? enumNames : []
  const titled: ReadonlyArray<unknown> = [oneOf, anyOf].find((u) => Array.isArray(u)) ?? []
  const all: ReadonlyArray<readonly [value: unknown, title: unknown]> = Array.isArray(values)
    ? values.map((value, i) => [value, names[i]])
    : titled.map((option) => (isObject(option) ? [option["const"], option["title"]] : [undefined, undefined]))
  const options = all.flatMap(([value, title]) =>
    typeof value === "string" ? [{ value, title: typeof title === "string" ? title : value }] : []
  )
  return options.length === 0 || options.length < all.length ? undefined : options
}

/**
 * The options of a field that is a choice, or a list of choices, in whichever of the words of the revisions it says them. `undefined` for
 * any other field. For clients that show forms.
 *
 * @example
 * Form.options({ type: "string", oneOf: [{ const: "s", title: "Small" }] }) // [{ value: "s", title: "Small" }]
 * Form.options({ type: "string", enum: ["s"], enumNames: ["Small"] }) // the same
 */
export const options = (field: FormField | JsonObject): ReadonlyArray<Option> | undefined => {
  const json = field as JsonObject // a field is one
  if (json["type"] === "string") return optionsIn(json)
  return json["type"] === "array" && isObject(json["items"]) ? optionsIn(json["items"]) : undefined
}

const propertiesOf = ({ properties }: FormSchema | JsonObject): JsonObject => (isObject(properties) ? properties : {})

const requiredOf = ({ required }: FormSchema | JsonObject): ReadonlySet<string> =>
  new Set(Array.isArray(required) ? required.filter((name) => typeof name === "string") : [])

const memberOf = (object: JsonObject, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : undefined)

const check = (form: FormSchema | JsonObject, content: unknown, out: Problems): void => {
  if (!isObject(content)) return out.add("", () => `expected an object, received ${abbreviate(content)}`)
  const properties = propertiesOf(form)
  const required = requiredOf(form)
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined || Object.hasOwn(properties, name) || required.has(name)) continue
    out.add(append("", name), () => unexpected(Object.keys(properties)))
  }
  for (const [name, field] of Object.entries(properties)) {
    const value = memberOf(content, name)
    if (value !== undefined) ruleOf(field)?.check(value, append("", name), out)
  }
  for (const name of required) {
    if (memberOf(content, name) !== undefined) continue
    out.add(append("", name), () => `missing, expected ${ruleOf(memberOf(properties, name))?.expected() ?? "a value"}`)
  }
}

const unexpected = (known: ReadonlyArray<string>): string =>
  known.length === 0
    ? "unexpected key"
    : `unexpected key, the known keys are ${known
        .slice(0, 12)
        .map((name) => append("", name))
        .join(", ")}`

const isFormValue = (u: unknown): u is FormValue =>
  typeof u === "string" ||
  typeof u === "boolean" ||
  Number.isFinite(u) ||
  (Array.isArray(u) && u.every((item) => typeof item === "string"))

/** The default of a field, when it is one that the field accepts. */
const defaultOf = (field: unknown): FormValue | undefined => {
  const value = isObject(field) ? memberOf(field, "default") : undefined
  if (!isFormValue(value)) return undefined
  const found = new Problems()
  ruleOf(field)?.check(value, "", found)
  return found.count === 0 ? value : undefined
}
