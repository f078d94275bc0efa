/**
 * What a Schema says that a form accepts is what an answer is accepted for: by the check on the wire, by the Schema, and by a validator
 * of JSON Schema that knows neither.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { filled, problems, choices } from "../src/Form.ts"
import { make } from "../src/internal/form.ts"
import { compile } from "../src/internal/rawJsonSchema.ts"
import { makeEncoder } from "../src/internal/toolArguments.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"
import * as Protocol from "../src/protocol/Elicitation.ts"
import * as Revision from "../src/Revision.ts"

type AnyCodec = Schema.Codec<unknown, unknown>

/** The Schema of a field, and values of it. */
interface Field {
  readonly schema: AnyCodec
  readonly values: Arbitrary.Arbitrary<unknown>
}

// --- fields, with constraints of all sizes

// Effect counts UTF-16 units and the wire characters. Of these characters both count the same.
const Character = Schema.Literals(["a", "b", " ", "é", "漢", '"', "\\", "\n", "@", "0"])
const Text = Arbitrary.map(Arbitrary.array(Arbitrary.schema(Character), { maxLength: 9 }), (all) => all.join(""))
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const names = ["a", "b", "c", "d", "e"] as const
type Names = (typeof names)[number]
const options = (count: number): ReadonlyArray<Names> => names.slice(0, count)

const textOf = (min: number, length: number): Field => ({
  schema: Schema.String.check(Schema.isMinLength(min), Schema.isMaxLength(min + length)),
  values: Arbitrary.map(Text, (text) => text.slice(0, min + length).padEnd(min, "x"))
})

const derived = (schema: AnyCodec): Field => ({ schema, values: Arbitrary.schema(schema) })

const numberOf = (min: number, length: number): Field =>
  derived(Schema.Finite.check(Schema.isBetween({ minimum: min - 0.5, maximum: min + length })))

const titlesOf = (count: number): { readonly [name: string]: string } =>
  Object.fromEntries(options(count).map((name) => [name, name.toUpperCase()]))

const listOf = (item: AnyCodec, min: number, length: number): Field =>
  derived(Schema.Array(item).check(Schema.isMinLength(min), Schema.isMaxLength(min + length)))

const Spec = Schema.Struct({
  kind: Schema.Literals(["text", "integer", "number", "boolean", "choice", "titled", "list", "titledList"]),
  min: between(0, 4),
  length: between(0, 4),
  presence: Schema.Literals(["required", "optional", "defaulted"])
})
type Spec = typeof Spec.Type

const fieldOf = ({ kind, length, min }: Spec): Field => {
  switch (kind) {
    case "text":
      return textOf(min, length)
    case "integer":
      return derived(between(min - 2, min - 2 + length))
    case "number":
      return numberOf(min, length)
    case "boolean":
      return derived(Schema.Boolean)
    case "choice":
      return derived(Schema.Literals(options(1 + length)))
    case "titled":
      return derived(choices(titlesOf(2 + min)))
    case "list":
      return listOf(Schema.Literals(options(1 + length)), min, length)
    case "titledList":
      return listOf(choices(titlesOf(1 + min)), 0, length)
  }
}

// --- forms, with values

interface Case {
  readonly schema: AnyCodec
  readonly value: JsonObject
}

const Given = Schema.Array(Schema.Boolean).check(Schema.isMinLength(5), Schema.isMaxLength(5))

/** A form of up to five fields, and a value of it. The default of a field is a value of it, too. */
const Cases: Arbitrary.Arbitrary<Case> = Arbitrary.flatMap(Arbitrary.array(Arbitrary.schema(Spec), { maxLength: 5 }), (specs) => {
  const fields = specs.map((spec) => fieldOf(spec))
  const values = Arbitrary.all(fields.map((field) => field.values))
  return Arbitrary.map(Arbitrary.all([values, values, Arbitrary.schema(Given)]), ([values, defaults, given]) => {
    const struct: Record<string, AnyCodec> = {}
    const value: Record<string, unknown> = {}
    for (const [i, { schema }] of fields.entries()) {
      const name = `f${i}`
      const { presence } = specs[i] ?? { presence: "required" }
      const own = presence === "defaulted" ? schema.annotate({ default: defaults[i] }) : schema
      struct[name] = presence === "optional" ? Schema.optionalKey(own) : own
      if (presence !== "optional" || given[i] === true) value[name] = values[i]
    }
    return { schema: Schema.Struct(struct), value }
  })
})

const encoded = ({ schema, value }: Case): JsonObject => {
  const exit = makeEncoder(schema).encode(value)
  // What came over a wire has no `-0`.
  return Exit.isSuccess(exit) ? JSON.parse(JSON.stringify(exit.value)) : assert.fail("it was not encoded")
}

const strictly = (schema: AnyCodec) => Schema.decodeUnknownExit(Schema.toCodecJson(schema), { onExcessProperty: "error" })

/** A member that is set to something else, added or removed. */
const Replaced = Schema.Struct({
  name: Schema.Literals(["f0", "f1", "f2", "f3", "f4", "other", "__proto__"]),
  to: Schema.Union([
    Schema.Literals(["a", "e", "f", "", "true", "1", 0, 1, 2.5, true, "removed"]),
    Schema.Null,
    Schema.Array(Schema.Literals(["a", "f", 1])),
    Schema.Json
  ])
})
/** A member that becomes a little more, a little less, or is removed. */
const Nudged = Schema.Struct({ at: between(0, 4), by: Schema.Literals([-1, 1, 0.5]), isRemoved: Schema.Boolean })
const Changes = Arbitrary.all([
  Arbitrary.array(Arbitrary.schema(Nudged), { maxLength: 2 }),
  Arbitrary.array(Arbitrary.schema(Replaced), { maxLength: 1 })
])

const nudge = (value: unknown, by: number): unknown => {
  if (typeof value === "number") return value + by
  if (typeof value === "string") return by < 0 ? value.slice(1) : `${value}a`
  if (Array.isArray(value)) return by < 0 ? value.slice(1) : [...value, "b"]
  return !(value === true)
}

type Changed = readonly [nudged: ReadonlyArray<typeof Nudged.Type>, replaced: ReadonlyArray<typeof Replaced.Type>]

const changed = (content: JsonObject, [nudged, replaced]: Changed): JsonObject => {
  const members = new Map(Object.entries(content))
  for (const { at, by, isRemoved } of nudged) {
    const [name, value] = [...members][at % Math.max(1, members.size)] ?? []
    if (name === undefined) continue
    if (isRemoved) members.delete(name)
    else members.set(name, nudge(value, by))
  }
  for (const { name, to } of replaced) {
    if (to === "removed") members.delete(name)
    else members.set(name, to)
  }
  return JSON.parse(JSON.stringify(Object.fromEntries(members)))
}

const many = { arbitrary: { runs: 500 } }

describe("answers to generated forms", () => {
  it.prop(
    "that are values of the Schema are accepted on the wire, and decode to the value again",
    { sample: Cases },
    ({ sample }) => {
      const form = make(sample.schema)
      const content = encoded(sample)
      assert.isUndefined(problems(form.schema, content))
      const decoded = form.decode(content)
      assert.deepStrictEqual(decoded._tag === "Success" ? encoded({ ...sample, value: decoded.value as JsonObject }) : decoded, {
        ...filled(form.schema, content)
      })
    },
    many
  )

  it.prop(
    "that are changed are accepted on the wire when the Schema accepts them, and when a validator of JSON Schema does",
    { sample: Cases, changes: Changes },
    ({ changes, sample }) => {
      const form = make(sample.schema)
      const content = changed(encoded(sample), changes)
      const isAccepted = problems(form.schema, content) === undefined
      const complete = filled(form.schema, content)
      const message = JSON.stringify([form.schema, content])
      const { validate } = compile({ ...form.schema, additionalProperties: false }, "form")
      assert.strictEqual(isAccepted, validate(content) === undefined, message)
      // A struct without fields accepts whatever is there.
      if (Object.keys(form.schema.properties).length > 0) {
        assert.strictEqual(isAccepted, Exit.isSuccess(strictly(sample.schema)(complete)), message)
      }
      assert.strictEqual(isAccepted, form.decode(content)._tag === "Success", message)
    },
    many
  )

  it.prop("are the same for all revisions that can ask", { sample: Cases, changes: Changes }, ({ changes, sample }) => {
    const form = make(sample.schema)
    const contents = [encoded(sample), changed(encoded(sample), changes)]
    for (const revision of Revision.all) {
      const requested = form.requestedSchema(revision)
      const isSayable =
        revision.elicitation !== "none" &&
        (revision.elicitationChoices === "titled" || Object.values(form.schema.properties).every(({ type }) => type !== "array"))
      assert.strictEqual(requested._tag, isSayable ? "Success" : "Failure")
      if (requested._tag === "Failure") continue
      assert.deepStrictEqual(Schema.decodeUnknownSync(Protocol.FormSchema)(requested.value), requested.value)
      for (const content of contents) {
        assert.strictEqual(problems(requested.value, content), problems(form.schema, content))
      }
    }
  })

  it.prop("are decoded or explained, whatever they are", { sample: Cases, json: Schema.Json }, ({ json, sample }) => {
    const decoded = make(sample.schema).decode(json)
    assert.isTrue(decoded._tag === "Success" || decoded.text.length > 0)
  })
})

describe("texts that become something else", () => {
  // `toISOString` of other years is not what the wire calls a date-time.
  const Moment = Schema.Date.check(
    Schema.isBetweenDate({ minimum: new Date("0000-01-01T00:00:00.000Z"), maximum: new Date("9999-12-31T23:59:59.999Z") })
  )
  const Model = Schema.Struct({
    date: Moment,
    big: Schema.BigInt,
    number: Schema.FiniteFromString,
    tags: Schema.ReadonlySet(Character)
  })

  it.prop("come back as they were", { value: Model }, ({ value }) => {
    const form = make(Model)
    const content = Schema.encodeSync(Schema.toCodecJson(Model))(value)
    assert.isUndefined(problems(form.schema, content))
    const decoded = form.decode(content)
    assert.isTrue(decoded._tag === "Success" && Schema.toEquivalence(Model)(decoded.value, value))
  })

  it.prop("days are accepted when the calendar has them", { moment: Moment, day: between(1, 31) }, ({ day, moment }) => {
    const month = moment.toISOString().slice(0, 7)
    const date = `${month}-${String(day).padStart(2, "0")}`
    const form = make({ day: Schema.String.annotate({ format: "date" }) })
    const isDay = new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) === date
    assert.strictEqual(form.decode({ day: date })._tag === "Success", isDay, date)
  })
})
