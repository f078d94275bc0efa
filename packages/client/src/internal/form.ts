/** Stands in until core has it. */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { FormSchema } from "@effect-mcp/core/protocol/Elicitation"

export const filled = (form: FormSchema, given: unknown): JsonObject => {
  const content = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined))
  const defaults = Object.entries(form.properties).flatMap(([name, field]) =>
    field.default === undefined || Object.hasOwn(content, name) ? [] : [[name, field.default] as const]
  )
  return { ...content, ...Object.fromEntries(defaults) }
}

export const problems = (form: FormSchema, content: JsonObject): string | undefined => {
  for (const name of form.required ?? []) if (!Object.hasOwn(content, name)) return `${name}: missing`
  for (const [name, value] of Object.entries(content)) {
    const field = Object.hasOwn(form.properties, name) ? form.properties[name] : undefined
    if (field === undefined) return `${name}: unexpected`
    const type = field.type === "integer" ? "number" : field.type === "array" ? "object" : field.type
    if (typeof value !== type) return `${name}: expected ${field.type}`
  }
  return undefined
}
