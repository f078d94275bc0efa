/**
 * The fields of a form on a terminal: how each is shown, and what a line means that was typed for it.
 */
import * as Form from "@effect-mcp/core/Form"
import type { FormField, FormValue } from "@effect-mcp/core/protocol/Elicitation"
import { Result } from "effect"
import { visible } from "./visible.ts"

/** One field of a form. */
export interface Field {
  readonly name: string
  readonly json: FormField
  readonly isRequired: boolean
}

const defaultOf = ({ json, name }: Field): FormValue | undefined =>
  Form.filled({ type: "object", properties: { [name]: json } }, {})[name]

const bounds = ({ maximum, minimum }: { readonly minimum?: number; readonly maximum?: number }): string =>
  `${minimum === undefined ? "" : `, at least ${minimum}`}${maximum === undefined ? "" : `, at most ${maximum}`}`

const kind = ({ json }: Field): string => {
  if (Form.options(json) !== undefined) return json.type === "array" ? "any of these, with commas between them" : "one of these"
  if (json.type === "boolean") return "yes or no"
  if (json.type === "integer") return `a whole number${bounds(json)}`
  if (json.type === "number") return `a number${bounds(json)}`
  return "format" in json && json.format !== undefined ? `a text, ${visible(json.format)}` : "a text"
}

/** What a person reads before the prompt. */
export const describe = (field: Field): string => {
  const { isRequired, json, name } = field
  const about = json.description === undefined ? "" : ` - ${visible(json.description)}`
  const fallback = defaultOf(field)
  const empty =
    fallback !== undefined ? `, or nothing for ${visible(JSON.stringify(fallback))}` : isRequired ? "" : ", or nothing"
  const options = Form.options(json)?.map(({ title }, at) => `    ${at + 1} ${visible(title)}\n`) ?? []
  return `  ${visible(json.title ?? name)}${about}: ${kind(field)}${empty}\n${options.join("")}`
}

/** The option that was meant: by its number, its title or its value. */
const chosen = (options: ReadonlyArray<Form.Option>, typed: string): string =>
  (options[Number(typed) - 1] ?? options.find(({ title, value }) => [title, value].includes(typed)))?.value ?? typed

const valueOf = (json: FormField, typed: string): FormValue => {
  const options = Form.options(json)
  if (options !== undefined) {
    if (json.type !== "array") return chosen(options, typed)
    return typed.split(",").map((one) => chosen(options, one.trim()))
  }
  if (json.type === "boolean" && /^(y|yes|n|no)$/i.test(typed)) return /^y/i.test(typed)
  return (json.type === "integer" || json.type === "number") && typed.trim() !== "" && Number.isFinite(Number(typed))
    ? Number(typed)
    : typed
}

/** The value that a line means, `undefined` for none; or what is wrong with it. */
export const read = (field: Field, typed: string): Result.Result<FormValue | undefined, string> => {
  const { isRequired, json, name } = field
  // A required list may be empty.
  const none = isRequired && json.type === "array" ? [] : undefined
  const value = typed === "" ? (defaultOf(field) ?? none) : valueOf(json, typed)
  const content = value === undefined ? {} : { [name]: value }
  const problems = Form.problems({ type: "object", properties: { [name]: json }, required: isRequired ? [name] : [] }, content)
  return problems === undefined ? Result.succeed(value) : Result.fail(visible(problems))
}
