/**
 * Elicitation: a server asks the client's user, with a form (since 2025-06-18) or by sending the user to a URL (since
 * 2025-11-25). A request of its own in the session era, a question inside an answer since 2026-07-28.
 *
 * A form is a flat object whose properties are strings, numbers, booleans or choices. Other keywords of JSON Schema are outside
 * of the vocabulary and are dropped.
 *
 * Source: client/elicitation, SEP-1034 (defaults), SEP-1330 (choices), SEP-1036 (URLs).
 */
import * as Schema from "effect/Schema"
import { metaField } from "./Common.ts"
import { requestFields, taskFields } from "./Params.ts"

const describedFields = {
  title: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String)
}

/** A line of text. Since 2025-06-18, `default` since 2025-11-25. */
export interface StringField extends Schema.Schema.Type<typeof stringField> {}
const stringField = Schema.Struct({
  type: Schema.tag("string"),
  ...describedFields,
  /** In characters. */
  minLength: Schema.optionalKey(Schema.Int),
  /** In characters. */
  maxLength: Schema.optionalKey(Schema.Int),
  format: Schema.optionalKey(Schema.Literals(["email", "uri", "date", "date-time"])),
  default: Schema.optionalKey(Schema.String)
})
export const StringField: Schema.Codec<StringField> = stringField

/** A number. Since 2025-06-18, `default` since 2025-11-25. */
export interface NumberField extends Schema.Schema.Type<typeof numberField> {}
const numberField = Schema.Struct({
  type: Schema.Literals(["number", "integer"]),
  ...describedFields,
  minimum: Schema.optionalKey(Schema.Finite),
  maximum: Schema.optionalKey(Schema.Finite),
  default: Schema.optionalKey(Schema.Finite)
})
export const NumberField: Schema.Codec<NumberField> = numberField

/** Yes or no. Since 2025-06-18. */
export interface BooleanField extends Schema.Schema.Type<typeof booleanField> {}
const booleanField = Schema.Struct({
  type: Schema.tag("boolean"),
  ...describedFields,
  default: Schema.optionalKey(Schema.Boolean)
})
export const BooleanField: Schema.Codec<BooleanField> = booleanField

/** One option of a choice: the value and what the user reads. Since 2025-11-25. */
export interface FormOption extends Schema.Schema.Type<typeof formOption> {}
const formOption = Schema.Struct({ const: Schema.String, title: Schema.String })
export const FormOption: Schema.Codec<FormOption> = formOption

/** One of several values that are shown as they are. Since 2025-06-18, `default` since 2025-11-25. */
export interface ChoiceField extends Schema.Schema.Type<typeof choiceField> {}
const choiceField = Schema.Struct({
  type: Schema.tag("string"),
  ...describedFields,
  enum: Schema.Array(Schema.String),
  /** What the user reads for each value. Since 2025-06-18; later revisions prefer {@link TitledChoiceField}. */
  enumNames: Schema.optionalKey(Schema.Array(Schema.String)),
  default: Schema.optionalKey(Schema.String)
})
export const ChoiceField: Schema.Codec<ChoiceField> = choiceField

/** One of several titled options. Since 2025-11-25. */
export interface TitledChoiceField extends Schema.Schema.Type<typeof titledChoiceField> {}
const titledChoiceField = Schema.Struct({
  type: Schema.tag("string"),
  ...describedFields,
  oneOf: Schema.Array(FormOption),
  default: Schema.optionalKey(Schema.String)
})
export const TitledChoiceField: Schema.Codec<TitledChoiceField> = titledChoiceField

const selectionFields = {
  ...describedFields,
  minItems: Schema.optionalKey(Schema.Int),
  maxItems: Schema.optionalKey(Schema.Int),
  default: Schema.optionalKey(Schema.Array(Schema.String))
}

/** Any of several values that are shown as they are. Since 2025-11-25. */
export interface SelectionField extends Schema.Schema.Type<typeof selectionField> {}
const selectionField = Schema.Struct({
  type: Schema.tag("array"),
  ...selectionFields,
  items: Schema.Struct({ type: Schema.tag("string"), enum: Schema.Array(Schema.String) })
})
export const SelectionField: Schema.Codec<SelectionField> = selectionField

/** Any of several titled options. Since 2025-11-25. */
export interface TitledSelectionField extends Schema.Schema.Type<typeof titledSelectionField> {}
const titledSelectionField = Schema.Struct({
  type: Schema.tag("array"),
  ...selectionFields,
  items: Schema.Struct({ anyOf: Schema.Array(FormOption) })
})
export const TitledSelectionField: Schema.Codec<TitledSelectionField> = titledSelectionField

/** One property of a form. Choices go before plain strings, which accept them too. */
export const FormField: Schema.Codec<FormField> = Schema.Union([
  TitledChoiceField,
  ChoiceField,
  StringField,
  NumberField,
  BooleanField,
  TitledSelectionField,
  SelectionField
])
export type FormField =
  | TitledChoiceField
  | ChoiceField
  | StringField
  | NumberField
  | BooleanField
  | TitledSelectionField
  | SelectionField

/** The schema of a form. */
export interface FormSchema extends Schema.Schema.Type<typeof formSchema> {}
const formSchema = Schema.Struct({
  /** Since 2025-11-25. */
  $schema: Schema.optionalKey(Schema.String),
  type: Schema.tag("object"),
  properties: Schema.Record(Schema.String, FormField),
  required: Schema.optionalKey(Schema.Array(Schema.String))
})
export const FormSchema: Schema.Codec<FormSchema> = formSchema

/** What the user put into one property. Lists since 2025-11-25. */
export const FormValue = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Array(Schema.String)])
export type FormValue = typeof FormValue.Type

/** Asks the user to fill in a form. Never for secrets. */
export interface ElicitFormParams extends Schema.Schema.Type<typeof elicitFormParams> {}
const elicitFormParams = Schema.Struct({
  /** Absent means the same. Since 2025-11-25. */
  mode: Schema.optionalKey(Schema.Literal("form")),
  message: Schema.String,
  requestedSchema: FormSchema,
  ...taskFields,
  ...requestFields
})
export const ElicitFormParams: Schema.Codec<ElicitFormParams> = elicitFormParams

/** Asks the user to visit a URL. Since 2025-11-25. */
export interface ElicitUrlParams extends Schema.Schema.Type<typeof elicitUrlParams> {}
const elicitUrlParams = Schema.Struct({
  mode: Schema.Literal("url"),
  message: Schema.String,
  url: Schema.String,
  /** Names the interaction. 2025-11-25 only, where it is required. */
  elicitationId: Schema.optionalKey(Schema.String),
  ...taskFields,
  ...requestFields
})
export const ElicitUrlParams: Schema.Codec<ElicitUrlParams> = elicitUrlParams

/** Params of `elicitation/create`. */
export const ElicitParams: Schema.Codec<ElicitParams> = Schema.Union([ElicitUrlParams, ElicitFormParams])
export type ElicitParams = ElicitUrlParams | ElicitFormParams

/** True for an elicitation that sends the user to a URL. */
export const isUrl = (params: ElicitParams): params is ElicitUrlParams => params.mode === "url"

/** Result of `elicitation/create`. For a URL, `accept` is consent only: whether the user did it is for the server to find out. */
export interface ElicitResult extends Schema.Schema.Type<typeof elicitResult> {}
const elicitResult = Schema.Struct({
  action: Schema.Literals(["accept", "decline", "cancel"]),
  /** What the user put in; only with `accept` of a form. */
  content: Schema.optionalKey(Schema.Record(Schema.String, FormValue)),
  ...metaField
})
export const ElicitResult: Schema.Codec<ElicitResult> = elicitResult

/** Params of `notifications/elicitation/complete`. 2025-11-25 only. */
export interface ElicitationCompleteParams extends Schema.Schema.Type<typeof elicitationCompleteParams> {}
const elicitationCompleteParams = Schema.Struct({
  elicitationId: Schema.String,
  ...metaField
})
export const ElicitationCompleteParams: Schema.Codec<ElicitationCompleteParams> = elicitationCompleteParams

/** The `data` of -32042: the URLs to visit before the request is repeated. 2025-11-25 only. */
export interface UrlElicitationRequiredData extends Schema.Schema.Type<typeof urlElicitationRequiredData> {}
const urlElicitationRequiredData = Schema.Struct({ elicitations: Schema.Array(ElicitUrlParams) })
export const UrlElicitationRequiredData: Schema.Codec<UrlElicitationRequiredData> = urlElicitationRequiredData
