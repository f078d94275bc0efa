import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Form from "../src/Form.ts"
import { type Answer, type Form as FormOf, make } from "../src/internal/form.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"
import * as Protocol from "../src/protocol/Elicitation.ts"
import * as Revision from "../src/Revision.ts"
import { UnrepresentableSchema } from "../src/UnrepresentableSchema.ts"

type Input = Parameters<typeof make>[0]

const schemaOf = (schema: Input) => make(schema).schema

/** The one field of a form and whether it is required. */
const fieldOf = (schema: Schema.Codec<unknown, unknown>): JsonObject => {
  const { properties, required } = schemaOf({ a: schema })
  return { ...properties["a"], required: required !== undefined }
}

const value = <A>(form: FormOf<A>, content: unknown): A => {
  const decoded = form.decode(content)
  return decoded._tag === "Success" ? decoded.value : assert.fail(decoded.text)
}

const lines = <A>(form: FormOf<A>, content: unknown): ReadonlyArray<string> => {
  const decoded = form.decode(content)
  return decoded._tag === "Failure" ? decoded.text.split("\n") : assert.fail("it was decoded")
}

const refusal = (schema: Input): string => {
  try {
    make(schema)
  } catch (error) {
    assert.instanceOf(error, UnrepresentableSchema)
    return (error as UnrepresentableSchema).message
  }
  return assert.fail("it was not refused")
}

describe("the form of a Schema", () => {
  it("has texts with lengths and formats", () => {
    const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(20)).annotate({
      title: "Name",
      description: "Full"
    })
    assert.deepStrictEqual(fieldOf(Name), {
      type: "string",
      title: "Name",
      description: "Full",
      minLength: 1,
      maxLength: 20,
      required: true
    })
    for (const format of ["email", "uri", "date", "date-time"]) {
      assert.deepStrictEqual(fieldOf(Schema.String.annotate({ format })), { type: "string", format, required: true })
    }
    assert.deepStrictEqual(fieldOf(Schema.Date), { type: "string", format: "date-time", required: true })
    for (const text of [Schema.FiniteFromString, Schema.BigInt, Schema.URL, Schema.TemplateLiteral(["v", Schema.Int])]) {
      assert.deepStrictEqual(fieldOf(text), { type: "string", required: true })
    }
  })

  it("has numbers with bounds", () => {
    assert.deepStrictEqual(fieldOf(Schema.Finite), { type: "number", required: true })
    const Age = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 150 }))
    assert.deepStrictEqual(fieldOf(Age), { type: "integer", minimum: 0, maximum: 150, required: true })
    const Exclusive = Schema.Int.check(Schema.isGreaterThan(1.5), Schema.isLessThan(5))
    assert.deepStrictEqual(fieldOf(Exclusive), { type: "integer", minimum: 2, maximum: 4, required: true })
    const Positive = Schema.Finite.check(Schema.isGreaterThan(0))
    assert.deepStrictEqual(fieldOf(Positive), { type: "number", minimum: 0, required: true })
    assert.deepStrictEqual(lines(make({ a: Positive }), { a: 0 }), ["a: expected a value greater than 0, received 0"])
  })

  it("has booleans", () => {
    assert.deepStrictEqual(fieldOf(Schema.Boolean.annotate({ title: "Sure?", default: true })), {
      type: "boolean",
      title: "Sure?",
      default: true,
      required: false
    })
  })

  it("has choices", () => {
    const choice = { type: "string", enum: ["a", "b"], required: true }
    assert.deepStrictEqual(fieldOf(Schema.Literals(["a", "b"])), choice)
    assert.deepStrictEqual(fieldOf(Schema.Enum({ A: "a", B: "b" })), choice)
    assert.deepStrictEqual(fieldOf(Schema.Union([Schema.Literal("a"), Schema.Literals(["b", "a"])])), choice)
    assert.deepStrictEqual(fieldOf(Schema.Literal("a").annotate({ title: "One" })), {
      type: "string",
      title: "One",
      enum: ["a"],
      required: true
    })
  })

  it("has choices with titles", () => {
    const oneOf = [
      { const: "s", title: "Small" },
      { const: "m", title: "m" }
    ]
    const Half = Schema.Union([Schema.Literal("s").annotate({ title: "Small" }), Schema.Literal("m")])
    assert.deepStrictEqual(fieldOf(Half.annotate({ title: "Size" })), { type: "string", title: "Size", oneOf, required: true })
    const Size = Form.choices({ s: "Small", m: "m" }).annotate({ default: "m" })
    assert.deepStrictEqual(fieldOf(Size), { type: "string", oneOf, default: "m", required: false })
  })

  it("has lists of choices", () => {
    const Tags = Schema.Array(Schema.Literals(["a", "b"])).check(Schema.isMinLength(1), Schema.isMaxLength(2))
    const items = { type: "string", enum: ["a", "b"] }
    assert.deepStrictEqual(fieldOf(Tags), { type: "array", minItems: 1, maxItems: 2, items, required: true })
    assert.deepStrictEqual(fieldOf(Schema.NonEmptyArray(Schema.Literals(["a", "b"]))), {
      type: "array",
      minItems: 1,
      items,
      required: true
    })
    assert.deepStrictEqual(fieldOf(Schema.ReadonlySet(Schema.Literals(["a", "b"]))), { type: "array", items, required: true })
    const Titled = Schema.Array(Form.choices({ a: "A" })).annotate({ default: ["a"] })
    assert.deepStrictEqual(fieldOf(Titled), {
      type: "array",
      items: { anyOf: [{ const: "a", title: "A" }] },
      default: ["a"],
      required: false
    })
  })

  it("does not require what may be left out", () => {
    const form = make({
      a: Schema.optionalKey(Schema.String),
      b: Schema.optional(Schema.Int),
      c: Schema.UndefinedOr(Schema.Boolean),
      d: Schema.String
    })
    assert.deepStrictEqual(form.schema.required, ["d"])
    assert.deepStrictEqual(value(form, { d: "" }), { c: undefined, d: "" })
  })

  it("has defaults of annotations and of decoding, which are filled in", () => {
    const form = make({
      name: Schema.String.annotate({ default: "Ada" }),
      age: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(36))),
      born: Schema.Date.annotate({ default: new Date(0) }),
      nick: Schema.optionalKey(Schema.String.annotate({ default: "A" })),
      now: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.sync(() => 7)))
    })
    assert.deepStrictEqual(form.schema, {
      type: "object",
      properties: {
        name: { type: "string", default: "Ada" },
        age: { type: "integer", default: 36 },
        born: { type: "string", format: "date-time", default: "1970-01-01T00:00:00.000Z" },
        nick: { type: "string", default: "A" },
        now: { type: "integer" }
      }
    })
    assert.deepStrictEqual(value(form, {}), { name: "Ada", age: 36, born: new Date(0), nick: "A", now: 7 })
    assert.deepStrictEqual(value(form, { name: "", age: 1, nick: "" }), { name: "", age: 1, born: new Date(0), nick: "", now: 7 })
  })

  it("of a scalar has one field, which is unwrapped", () => {
    const form = make(Schema.Int.annotate({ title: "How many?" }))
    assert.deepStrictEqual(form.schema, {
      type: "object",
      properties: { value: { type: "integer", title: "How many?" } },
      required: ["value"]
    })
    assert.strictEqual(value(form, { value: 3 }), 3)
    assert.deepStrictEqual(lines(form, { value: "3" }), ['value: expected an integer, received "3"'])
    assert.deepStrictEqual(lines(form, {}), ["value: missing, expected an integer"])
    assert.deepStrictEqual(value(make(Schema.Array(Schema.Literals(["a", "b"]))), { value: ["b"] }), ["b"])
    assert.deepStrictEqual(value(make(Schema.Date), { value: "1970-01-01T00:00:00Z" }), new Date(0))
    assert.strictEqual(value(make(Schema.String.annotate({ default: "x" })), {}), "x")
    assert.strictEqual(value(make(Schema.UndefinedOr(Schema.String)), {}), undefined)
  })

  it("of nothing is a confirmation", () => {
    for (const schema of [undefined, {}, Schema.Struct({}), Schema.Void]) {
      const form = make(schema)
      assert.deepStrictEqual(form.schema, { type: "object", properties: {} })
      for (const content of [{}, undefined, null]) assert.strictEqual(form.decode(content)._tag, "Success")
      assert.deepStrictEqual(lines(form, { a: 1 }), ["a: unexpected key"])
      assert.deepStrictEqual(lines(form, [1]), ["content: expected an object, received [1]"])
    }
    assert.strictEqual(value(make(), {}), undefined)
    assert.deepStrictEqual(value(make({}), {}), {})
  })

  it("of a class decodes to an instance", () => {
    class Person extends Schema.Class<Person>("Person")({ name: Schema.String, age: Schema.FiniteFromString }) {}
    const form = make(Person)
    assert.deepStrictEqual(form.schema.required, ["name", "age"])
    assert.deepStrictEqual(value(form, { name: "Ada", age: "36" }), new Person({ name: "Ada", age: 36 }))
  })

  it("keeps the names of prototypes", () => {
    const form = make(JSON.parse('{"__proto__":1}', (key, u) => (key === "__proto__" ? Schema.String : u)))
    assert.deepStrictEqual(form.schema.required, ["__proto__"])
    assert.strictEqual(
      JSON.stringify(form.decode(JSON.parse('{"__proto__":"x"}'))),
      '{"_tag":"Success","value":{"__proto__":"x"}}'
    )
  })
})

describe("decode", () => {
  it("checks what a form cannot say", () => {
    const Range = Schema.Struct({
      from: Schema.Int.check(Schema.isMultipleOf(5)),
      to: Schema.Int,
      code: Schema.String.check(Schema.isPattern(/^[a-z]+$/))
    }).check(Schema.makeFilter(({ from, to }) => from <= to || "`from` must not be after `to`"))
    const form = make(Range)
    assert.deepStrictEqual(form.schema.properties, {
      from: { type: "integer" },
      to: { type: "integer" },
      code: { type: "string" }
    })
    assert.deepStrictEqual(lines(form, { from: 3, to: 10, code: "A" }), [
      "from: expected a value that is a multiple of 5, received 3",
      'code: expected a string matching the RegExp ^[a-z]+$, received "A"'
    ])
    assert.match(lines(form, { from: 15, to: 10, code: "a" }).join(), /^content: `from` must not be after `to`/)
  })

  it("says what was received, also where a text becomes something else", () => {
    const form = make({ born: Schema.Date, ratio: Schema.FiniteFromString, age: Schema.Int })
    assert.deepStrictEqual(lines(form, { born: "soon", ratio: "half", other: 1 }), [
      "other: unexpected key, the known keys are born, ratio, age",
      'born: expected a string that will be decoded as a Date, received "soon"',
      'ratio: expected a finite number, received "half"',
      "age: missing, expected an integer"
    ])
  })

  it("accepts nothing that the form does not, though the Schema would", () => {
    const form = make({ mail: Schema.String.annotate({ format: "email" }), n: Schema.Number, when: Schema.Date })
    assert.deepStrictEqual(lines(form, { mail: "nope", n: "NaN", when: "2026" }), [
      'mail: expected an email address, received "nope"',
      'n: expected a number, received "NaN"',
      'when: expected a date and time with its offset (2026-07-28T12:00:00Z), received "2026"'
    ])
    assert.deepStrictEqual(lines(make({ a: Schema.optionalKey(Schema.Int) }), { a: null }), [
      "a: expected an integer, received null"
    ])
  })

  it("survives any content", () => {
    let deep: unknown = 1
    for (let i = 0; i < 50_000; i++) deep = [deep]
    const form = make({ a: Schema.String, b: Schema.optionalKey(Schema.Array(Schema.Literals(["x"]))) })
    for (const content of [deep, { a: deep }, { a: "", b: deep }, { a: "", c: deep }, 1, "", true]) lines(form, content)
  })
})

describe("refusals", () => {
  const allowed = "but a form asks for texts, numbers, booleans, choices of texts and lists of choices"
  const flat = "forms are flat, so put what it has beside it, as fields of the form"

  it("name the field, what it is and what to write", () => {
    const list = "write Schema.Array(Schema.Literals([...])), or ask for one text"
    const literals = "write the options as texts, or a number with bounds, or Schema.Boolean"
    const refused: ReadonlyArray<readonly [schema: Schema.Codec<unknown, unknown>, found: string, advice: string]> = [
      [Schema.Struct({ b: Schema.Int }), "an object", flat],
      [Schema.Record(Schema.String, Schema.Int), "a record", flat],
      [Schema.Array(Schema.String), "an array whose items are a string", list],
      [Schema.Array(Schema.Array(Schema.Int)), "an array whose items are an array whose items are an integer", list],
      [Schema.Tuple([Schema.Literal("a"), Schema.Literal("b")]), "a tuple", list],
      [Schema.Literals([1, 2]), "a choice of 1 or 2", literals],
      [Schema.Literal(true), "the literal true", literals],
      [Schema.Union([Schema.String, Schema.Int]), "a string or an integer", "write one of them, or a field for each"],
      [Schema.Literals(["a", 1]), 'the literal "a" or the literal 1', "write one of them, or a field for each"],
      [
        Schema.NullOr(Schema.String),
        "a string or null",
        "a field is never null, write Schema.optionalKey(...) for one that may be left out"
      ],
      [Schema.Null, "null", "write the kind of field that it is"],
      [Schema.Json, "any JSON value", "write the kind of field that it is"]
    ]
    for (const [schema, found, advice] of refused) {
      assert.strictEqual(refusal({ a: schema }), `form, at a: it is ${found}, ${allowed}: ${advice}`)
    }
  })

  it("name the field of a scalar, and the form", () => {
    const union = Schema.Union([Schema.Struct({ a: Schema.Int }), Schema.Struct({ b: Schema.Int })])
    assert.strictEqual(refusal(union), `form, at value: it is an object, ${allowed}: write one of them, or a field for each`)
    assert.throws(() => make(Schema.Null, 'form "sure"'), /^form "sure", at value: it is null, but a form asks for/)
    assert.strictEqual(
      refusal(Schema.optionalKey(Schema.String)),
      "form: a value that is asked for by itself cannot be an optional key: write Schema.UndefinedOr(...)"
    )
  })

  it("know records, recursion and what has no JSON form", () => {
    assert.strictEqual(
      refusal(Schema.Record(Schema.String, Schema.Int)),
      `form: it is a record, ${allowed}: name the fields that the form has`
    )
    interface Tree {
      readonly next?: Tree
    }
    const Tree: Schema.Codec<Tree> = Schema.Struct({ next: Schema.optionalKey(Schema.suspend(() => Tree)) })
    assert.strictEqual(refusal(Tree), `form, at next: it is a recursive type, ${allowed}: ${flat}`)
    assert.match(refusal({ a: Schema.Symbol }), /^form, at a: a symbol has no JSON form/)
    assert.match(refusal({ [Symbol.iterator]: Schema.String }), /^form: it has no JSON form .*: use only strings as keys$/)
  })

  it("know secrets", () => {
    const message = "it is redacted, but a form never asks for secrets: send the user to a page that does"
    const Password = Schema.Redacted(Schema.String)
    for (const a of [Password, Schema.optionalKey(Password), Schema.optional(Password)]) {
      assert.strictEqual(refusal({ a }), `form, at a: ${message}`)
    }
    assert.strictEqual(refusal(Password), `form, at value: ${message}`)
  })

  it("know defaults that are not accepted", () => {
    const Short = Schema.String.check(Schema.isMaxLength(3)).annotate({ default: "long" })
    assert.strictEqual(
      refusal({ a: Short }),
      'form, at a: its default is not what the form accepts: it: expected at most 3 characters, received "long"'
    )
    const Lower = Schema.String.check(Schema.isPattern(/^[a-z]*$/)).annotate({ default: "A" })
    assert.strictEqual(
      refusal({ a: Lower }),
      'form, at a: its default is not what the Schema accepts: it: expected a string matching the RegExp ^[a-z]*$, received "A"'
    )
  })
})

describe("requestedSchema", () => {
  const form = make({
    name: Schema.String.annotate({ default: "Ada" }),
    sure: Schema.Boolean.annotate({ default: true }),
    size: Form.choices({ s: "Small", m: "Medium" }).annotate({ default: "m" }),
    unit: Schema.Literals(["c", "f"])
  })

  const said = (of: FormOf<unknown>, version: Revision.Version) => {
    const out = of.requestedSchema(Revision.byVersion[version])
    return out._tag === "Success" ? out.value : out.text
  }

  it("is the whole form since 2025-11-25", () => {
    for (const version of ["2025-11-25", "2026-07-28"] as const) assert.deepStrictEqual(said(form, version), { ...form.schema })
  })

  it("has enumNames and defaults of booleans alone in 2025-06-18", () => {
    assert.deepStrictEqual(said(form, "2025-06-18"), {
      type: "object",
      properties: {
        name: { type: "string" },
        sure: { type: "boolean", default: true },
        size: { type: "string", enum: ["s", "m"], enumNames: ["Small", "Medium"] },
        unit: { type: "string", enum: ["c", "f"] }
      },
      required: ["unit"]
    })
    assert.deepStrictEqual(value(form, { unit: "c" }), { name: "Ada", sure: true, size: "m", unit: "c" })
  })

  it("fails for what a revision cannot say", () => {
    const lists = make({ tags: Schema.Array(Schema.Literals(["a"])) })
    assert.strictEqual(said(lists, "2025-06-18"), 'revision 2025-06-18 has no lists of choices, but the field "tags" is one')
    assert.deepStrictEqual(said(lists, "2025-11-25"), { ...lists.schema })
    for (const version of ["2025-03-26", "2024-11-05"] as const) {
      assert.strictEqual(said(make(), version), `revision ${version} has no forms`)
    }
  })

  it("is what the protocol calls a form", () => {
    const isForm = Schema.is(Protocol.FormSchema)
    for (const revision of Revision.all) {
      const out = form.requestedSchema(revision)
      if (out._tag === "Success") assert.isTrue(isForm(out.value))
    }
    assert.isTrue(isForm(form.schema))
  })
})

describe("types", () => {
  type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
  const check = <_ extends true>() => {}

  it("of answers are inferred", () => {
    const fields = make({
      name: Schema.String,
      age: Schema.optionalKey(Schema.Int),
      size: Form.choices({ s: "Small", m: "Medium" })
    })
    check<Eq<typeof fields, FormOf<{ readonly name: string; readonly age?: number; readonly size: "s" | "m" }>>>()
    const scalar = make(Schema.Literals(["a", "b"]))
    check<Eq<typeof scalar, FormOf<"a" | "b">>>()
    const date = make(Schema.Date)
    check<Eq<typeof date, FormOf<Date>>>()
    const list = make(Schema.Array(Schema.Literals(["a", "b"])))
    check<Eq<typeof list, FormOf<ReadonlyArray<"a" | "b">>>>()
    const nothing = make()
    check<Eq<typeof nothing, FormOf<void>>>()
    const nothingElse = make(undefined)
    check<Eq<typeof nothingElse, FormOf<void>>>()
    const empty = make({})
    check<Eq<typeof empty, FormOf<{}>>>()
    check<Eq<Answer<undefined>, void>>()
    check<Eq<Answer<typeof Schema.Int>, number>>()
    // @ts-expect-error: fields are Schemas
    assert.throws(() => make({ name: "text" }))
  })
})
