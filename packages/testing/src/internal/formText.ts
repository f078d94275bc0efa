/**
 * Forms as texts, for errors of tests: what is asked, and what could be answered.
 */
import * as Form from "@effect-mcp/core/Form"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { FormField, FormSchema, FormValue } from "@effect-mcp/core/protocol/Elicitation"

const maxFields = 20

const rangeOf = (least: unknown, most: unknown, unit = ""): string => {
  const parts = [
    ...(least === undefined ? [] : [`at least ${String(least)}`]),
    ...(most === undefined ? [] : [`at most ${String(most)}`])
  ]
  return parts.length === 0 ? "" : ` of ${parts.join(" and ")}${unit}`
}

/** What a field takes, in words. */
const described = (field: FormField): string => {
  const options = Form.options(field)?.map(({ value }) => JSON.stringify(value))
  const { format, maximum, maxItems, maxLength, minimum, minItems, minLength } = field as JsonObject // a field is one
  if (field.type === "array") return `a list${rangeOf(minItems, maxItems, " items")} out of ${options?.join(", ") ?? "texts"}`
  if (options !== undefined) return `one of ${options.join(", ")}`
  switch (field.type) {
    case "boolean":
      return "true or false"
    case "integer":
      return `an integer${rangeOf(minimum, maximum)}`
    case "number":
      return `a number${rangeOf(minimum, maximum)}`
    case "string":
      return `a text${format === undefined ? "" : ` (${String(format)})`}${rangeOf(minLength, maxLength, " characters")}`
  }
}

const formats: { readonly [format: string]: string } = {
  email: "ada@example.com",
  uri: "https://example.com/",
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z"
}

/** Something that a field takes. */
const exampleOf = (name: string, field: FormField): FormValue => {
  if (field.default !== undefined) return field.default
  const first = Form.options(field)?.[0]?.value
  const { format, minimum } = field as JsonObject // as above
  if (field.type === "array") return first === undefined ? [] : [first]
  if (first !== undefined) return first
  if (field.type === "boolean") return true
  if (field.type === "string") return (typeof format === "string" ? formats[format] : undefined) ?? name
  return typeof minimum === "number" ? minimum : 1
}

/** Its fields, a line for each, at most 20. */
export const fieldLines = (form: FormSchema): ReadonlyArray<string> => {
  const fields = Object.entries(form.properties)
  const lines = fields.slice(0, maxFields).map(([name, field]) => {
    const required = form.required?.includes(name) === true && field.default === undefined
    const filled = field.default === undefined ? "" : `, ${JSON.stringify(field.default)} by default`
    return `  ${name}: ${described(field)}${required ? "" : `${filled} (may be left out)`}`
  })
  return fields.length > maxFields ? [...lines, `  and ${fields.length - maxFields} more`] : lines
}

const key = (name: string): string => (/^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name))

/** Values for the fields that have to be filled in, as they stand in a program. */
export const exampleValues = (form: FormSchema): string => {
  const required = new Set(form.required ?? Object.keys(form.properties))
  const fields = Object.entries(form.properties)
    .filter(([name]) => required.has(name))
    .map(([name, field]) => `${key(name)}: ${JSON.stringify(exampleOf(name, field))}`)
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`
}
