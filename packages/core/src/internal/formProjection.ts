/**
 * A form as a revision can say it.
 */
import type { JsonObject } from "../Jsonrpc.ts"
import type { FormField, FormSchema } from "../protocol/Elicitation.ts"
import type { Revision } from "../Revision.ts"
import { abbreviate } from "./problems.ts"

/** A value, or why there is none. */
export type Outcome<A> = { readonly _tag: "Success"; readonly value: A } | { readonly _tag: "Failure"; readonly text: string }

/**
 * The `requestedSchema` of a form. Titles of options become `enumNames` and defaults are left out where the revision says so. Fails
 * for what cannot be said in other words: a list of choices, or forms at all.
 */
export const projectForm = (form: FormSchema, revision: Revision): Outcome<JsonObject> => {
  const { elicitation, elicitationChoices, version } = revision
  if (elicitation === "none") return { _tag: "Failure", text: `revision ${version} has no forms` }
  const entries = Object.entries(form.properties)
  const list = elicitationChoices === "titled" ? undefined : entries.find(([, field]) => field.type === "array")
  if (list !== undefined) {
    return { _tag: "Failure", text: `revision ${version} has no lists of choices, but the field ${abbreviate(list[0])} is one` }
  }
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, projectField(field, revision)]))
  return { _tag: "Success", value: { ...form, properties } }
}

const projectField = (field: FormField, { elicitationChoices, elicitationDefaults }: Revision): JsonObject => {
  const { default: value, ...rest } = field
  const isShown = elicitationDefaults === "all" || (elicitationDefaults === "boolean" && field.type === "boolean")
  const shown = value === undefined || !isShown ? {} : { default: value }
  if (!("oneOf" in rest) || elicitationChoices === "titled") return { ...rest, ...shown }
  const { oneOf, ...own } = rest
  return { ...own, enum: oneOf.map((option) => option.const), enumNames: oneOf.map(({ title }) => title), ...shown }
}
