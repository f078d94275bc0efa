/**
 * Makes the fields of a form from the JSON Schema of a struct, or refuses what a form cannot ask for.
 *
 * A form has texts, numbers, booleans, choices of texts and lists of choices, and few constraints. Other constraints are left out: the
 * Schema checks them when the answer is decoded.
 */
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import type { FormField, FormOption, FormSchema } from "../protocol/Elicitation.ts"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { isFormat } from "./formats.ts"
import { ruleOf } from "./formRules.ts"
import { abbreviate, alternatives, Problems, render } from "./problems.ts"

const allowed = "a form asks for texts, numbers, booleans, choices of texts and lists of choices"

/** The form for the JSON Schema of an object, as `toolJsonSchema` writes it. Throws {@link UnrepresentableSchema}. */
export const toFormSchema = (schema: JsonObject, where: string): FormSchema => {
  const refuse: Refuse = (path, found, advice) => {
    throw new UnrepresentableSchema({ where, path, detail: `it is ${found}, but ${allowed}: ${advice}` })
  }
  if (isRecord(schema)) refuse("", "a record", "name the fields that the form has")
  const needed: ReadonlyArray<unknown> = Array.isArray(schema["required"]) ? schema["required"] : []
  const fields: Array<readonly [name: string, field: FormField]> = []
  const required: Array<string> = []
  for (const [name, value] of Object.entries(asObject(schema["properties"]))) {
    const property = asObject(value)
    const field = withDefault(toField(property, name, refuse), property, name, where)
    fields.push([name, field])
    if (field.default === undefined && needed.includes(name)) required.push(name)
  }
  return { type: "object", properties: Object.fromEntries(fields), ...(required.length === 0 ? {} : { required }) }
}

type Refuse = (path: string, found: string, advice: string) => never

const asObject = (schema: unknown): JsonObject => (isObject(schema) ? schema : {})

const toField = (schema: JsonObject, path: string, refuse: Refuse): FormField => {
  const options = optionsOf(schema)
  if (options !== undefined) return { type: "string", ...said(schema), ...choiceOf(options) }
  if (isFixed(schema) || typeof schema["type"] !== "string") return refuse(path, describe(schema), adviceFor(schema))
  switch (schema["type"]) {
    case "string":
      return { type: "string", ...said(schema), ...numbers(schema, ["minLength", "maxLength"]), ...formatOf(schema) }
    case "integer":
      return { type: "integer", ...said(schema), ...bounds(schema, 1) }
    case "number":
      return { type: "number", ...said(schema), ...bounds(schema, 0) }
    case "boolean":
      return { type: "boolean", ...said(schema) }
    case "array": {
      const chosen = itemOptions(schema)
      if (chosen === undefined) return refuse(path, describe(schema), adviceFor(schema))
      const list = { type: "array", ...said(schema), ...numbers(schema, ["minItems", "maxItems"]) } as const
      return isTitled(chosen)
        ? { ...list, items: { anyOf: titled(chosen) } }
        : { ...list, items: { type: "string", enum: values(chosen) } }
    }
    default:
      return refuse(path, describe(schema), adviceFor(schema))
  }
}

const said = ({ description, title }: JsonObject) => ({
  ...(typeof title === "string" ? { title } : {}),
  ...(typeof description === "string" ? { description } : {})
})

const formatOf = ({ format }: JsonObject) => (isFormat(format) ? { format } : {})

const numbers = <const Key extends string>(schema: JsonObject, keys: ReadonlyArray<Key>): { readonly [K in Key]?: number } => {
  const out: { [K in Key]?: number } = {}
  for (const key of keys) {
    const value = schema[key]
    if (typeof value === "number" && Number.isFinite(value)) out[key] = value
  }
  return out
}

// A form has no exclusive bounds. For integers the next one says the same; for other numbers the bound itself is left to the Schema.
const bounds = (schema: JsonObject, step: 0 | 1): { readonly minimum?: number; readonly maximum?: number } => {
  const { minimum = -Infinity, maximum = Infinity } = numbers(schema, ["minimum", "maximum"])
  const { exclusiveMinimum: over, exclusiveMaximum: under } = numbers(schema, ["exclusiveMinimum", "exclusiveMaximum"])
  const above = over === undefined ? -Infinity : step === 0 ? over : Math.floor(over) + 1
  const below = under === undefined ? Infinity : step === 0 ? under : Math.ceil(under) - 1
  return numbers({ minimum: Math.max(minimum, above), maximum: Math.min(maximum, below) }, ["minimum", "maximum"])
}

// --- choices

interface Option {
  readonly value: string
  readonly title: string | undefined
}

/** The options of a choice. The title of a single literal is that of the field, those of several literals are titles of options. */
const optionsOf = (schema: JsonObject): ReadonlyArray<Option> | undefined => {
  const { anyOf, const: value } = schema
  if (typeof value === "string") return [{ value, title: undefined }]
  return Array.isArray(anyOf) && schema["type"] === undefined ? unique(anyOf.map(memberOptions)) : memberOptions(schema)
}

const memberOptions = (schema: unknown): ReadonlyArray<Option> | undefined => {
  const { anyOf, const: value, enum: values, title } = asObject(schema)
  if (typeof value === "string") return [{ value, title: typeof title === "string" ? title : undefined }]
  if (Array.isArray(anyOf)) return unique(anyOf.map(memberOptions))
  if (!Array.isArray(values) || !values.every((value) => typeof value === "string")) return undefined
  return values.map((value) => ({ value, title: undefined }))
}

const unique = (members: ReadonlyArray<ReadonlyArray<Option> | undefined>): ReadonlyArray<Option> | undefined => {
  const all = new Map<string, Option>()
  for (const options of members) {
    if (options === undefined) return undefined
    for (const option of options) if (!all.has(option.value)) all.set(option.value, option)
  }
  return [...all.values()]
}

const isTitled = (options: ReadonlyArray<Option>): boolean => options.some(({ title }) => title !== undefined)

const values = (options: ReadonlyArray<Option>): ReadonlyArray<string> => options.map(({ value }) => value)

const titled = (options: ReadonlyArray<Option>): ReadonlyArray<FormOption> =>
  options.map(({ title, value }) => ({ const: value, title: title ?? value }))

const choiceOf = (options: ReadonlyArray<Option>) => (isTitled(options) ? { oneOf: titled(options) } : { enum: values(options) })

/** The options of an array whose items are all of one choice. */
const itemOptions = ({ items, prefixItems }: JsonObject): ReadonlyArray<Option> | undefined => {
  const first = JSON.stringify(items)
  const isSame = !Array.isArray(prefixItems) || prefixItems.every((item) => JSON.stringify(item) === first)
  return isSame ? memberOptions(items) : undefined
}

// --- defaults

// Its type is that of the field, which has just been found out.
const withDefault = (field: FormField, { default: value }: JsonObject, path: string, where: string): FormField => {
  if (value === undefined) return field
  const found = new Problems()
  ruleOf(field)?.check(value, "", found)
  if (found.count === 0) return { ...field, default: value } as FormField
  const detail = `its default is not what the form accepts: ${render(found.first.slice(0, 1), 1, "it")}`
  throw new UnrepresentableSchema({ where, path, detail })
}

// --- refusals

/** True for literals: numbers or booleans, those of texts are choices. */
const isFixed = (schema: JsonObject): boolean => schema["const"] !== undefined || schema["enum"] !== undefined

const isRecord = ({ additionalProperties, patternProperties }: JsonObject): boolean =>
  (additionalProperties !== undefined && additionalProperties !== false) || patternProperties !== undefined

const describe = (schema: JsonObject, depth = 0): string => {
  const { $ref, anyOf, const: value, enum: literals, items, prefixItems, type } = schema
  if ($ref !== undefined) return "a recursive type"
  if (value !== undefined) return `the literal ${abbreviate(value)}`
  if (Array.isArray(literals)) return `a choice of ${alternatives(literals.map((literal) => abbreviate(literal)))}`
  if (Array.isArray(anyOf)) {
    return depth > 2 ? "a union" : alternatives(anyOf.map((member) => describe(asObject(member), depth + 1)))
  }
  switch (type) {
    case "object":
      return isRecord(schema) ? "a record" : "an object"
    case "array":
      if (Array.isArray(prefixItems)) return "a tuple"
      return depth > 2 ? "an array" : `an array whose items are ${describe(asObject(items), depth + 1)}`
    case "integer":
      return "an integer"
    case "string":
    case "number":
    case "boolean":
      return `a ${type}`
    case "null":
      return "null"
    default:
      return "any JSON value"
  }
}

const adviceFor = (schema: JsonObject): string => {
  const { $ref, anyOf, type } = schema
  if (type === "object" || $ref !== undefined) return "forms are flat, so put what it has beside it, as fields of the form"
  if (type === "array") return "write Schema.Array(Schema.Literals([...])), or ask for one text"
  if (isFixed(schema)) return "write the options as texts, or a number with bounds, or Schema.Boolean"
  if (Array.isArray(anyOf) && anyOf.some((member) => asObject(member)["type"] === "null")) {
    return "a field is never null, write Schema.optionalKey(...) for one that may be left out"
  }
  return Array.isArray(anyOf) ? "write one of them, or a field for each" : "write the kind of field that it is"
}
