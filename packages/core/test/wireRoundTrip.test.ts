import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { explain } from "../src/internal/explain.ts"
import { toolJsonSchema } from "../src/internal/jsonSchema.ts"
import { compile, explainProblems } from "../src/internal/rawJsonSchema.ts"
import { makeDecoder, makeEncoder } from "../src/internal/toolArguments.ts"

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

class Point extends Schema.Class<Point>("Point")({
  x: Schema.Finite,
  y: Schema.optionalKey(Schema.Finite),
  label: Schema.optional(Schema.NonEmptyString)
}) {}

// `toISOString` of other years is not what JSON Schema calls a date-time.
const Moment = Schema.Date.check(
  Schema.isBetweenDate({ minimum: new Date("0000-01-01T00:00:00.000Z"), maximum: new Date("9999-12-31T23:59:59.999Z") })
)

class Node extends Schema.Class<Node>("Node")({
  name: Schema.String,
  next: Schema.optional(Schema.suspend((): Schema.Codec<Node, NodeEncoded> => Node)),
  others: Schema.optionalKey(Schema.Array(Schema.suspend((): Schema.Codec<Node, NodeEncoded> => Node)))
}) {}
interface NodeEncoded {
  readonly name: string
  readonly next?: NodeEncoded | undefined
  readonly others?: ReadonlyArray<NodeEncoded>
}

class Failure extends Schema.TaggedError<Failure>()("Failure", { city: Schema.String, code: Schema.optional(Schema.Int) }) {}

/** Schemas whose plain JSON codec never writes `null` for `undefined`. */
const plain = {
  scalars: Schema.Struct({
    string: Schema.String,
    long: Schema.String.check(Schema.isMinLength(3), Schema.isMaxLength(20)),
    code: Schema.String.check(Schema.isPattern(/^[a-z]{2,5}-\d+$/)),
    int: Schema.Int.check(Schema.isBetween({ minimum: -5, maximum: 5 })),
    natural: Schema.Natural,
    finite: Schema.Finite.check(Schema.isGreaterThan(0)),
    boolean: Schema.Boolean,
    literal: Schema.Literal("a"),
    literals: Schema.Literals(["a", "b", 1]),
    enum: Schema.Enum({ A: "x", B: "y" }),
    nullable: Schema.NullOr(Schema.String),
    big: Schema.BigInt,
    template: Schema.TemplateLiteral(["v", Schema.Int]),
    uuid: Schema.String.check(Schema.isUUID(4))
  }),
  keys: Schema.Struct({
    optional: Schema.optionalKey(Schema.NullOr(Schema.Int)),
    defaulted: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(1))),
    odd: Schema.Struct({ "a b": Schema.Int, "": Schema.Boolean })
  }),
  collections: Schema.Struct({
    array: Schema.Array(Schema.Int),
    some: Schema.NonEmptyArray(Schema.String),
    unique: Schema.UniqueArray(Schema.Int),
    tuple: Schema.Tuple([Schema.String, Schema.optionalKey(Schema.Int)]),
    rest: Schema.TupleWithRest(Schema.Tuple([Schema.Boolean]), [Schema.Int, Schema.String]),
    record: Schema.Record(Schema.String, Schema.Array(Schema.Int)),
    prefixed: Schema.Record(Schema.TemplateLiteral(["x-", Schema.String]), Schema.Int),
    set: Schema.ReadonlySet(Schema.String),
    map: Schema.ReadonlyMap(Schema.String, Schema.Int)
  }),
  open: Schema.StructWithRest(Schema.Struct({ a: Schema.Int }), [
    Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.String]))
  ]),
  decoded: Schema.Struct({
    when: Moment,
    number: Schema.FiniteFromString,
    option: Schema.Option(Schema.Int),
    orNull: Schema.OptionFromNullOr(Schema.Int),
    ifKey: Schema.OptionFromOptionalKey(Schema.Int),
    bytes: Schema.Uint8ArrayFromBase64,
    duration: Schema.Duration,
    url: Schema.URL,
    json: Schema.fromJsonString(Schema.Struct({ a: Schema.Int }))
  }),
  tree: Tree,
  shapes: Schema.Struct({
    shape: Schema.Union([
      Schema.Struct({ type: Schema.tag("circle"), radius: Schema.Finite }),
      Schema.Struct({ type: Schema.tag("square"), side: Schema.Finite })
    ]),
    any: Schema.Unknown,
    mixed: Schema.Union([Schema.Int, Schema.String, Schema.Array(Schema.Boolean)])
  })
}

/** Schemas whose values may be `undefined`: only the wire codec leaves those out. */
const withUndefined = {
  optional: Schema.Struct({
    a: Schema.optional(Schema.String),
    b: Schema.UndefinedOr(Schema.Int),
    c: Schema.optional(Schema.NullOr(Schema.Boolean)),
    d: Schema.optional(Schema.Struct({ e: Schema.UndefinedOr(Moment) })),
    f: Schema.NullishOr(Schema.String),
    g: Schema.OptionFromOptional(Schema.Int),
    h: Schema.OptionFromUndefinedOr(Schema.Int),
    i: Schema.OptionFromNullishOr(Schema.Int),
    j: Schema.Int.pipe(Schema.withDecodingDefault(Effect.succeed(1)))
  }),
  nodes: Node,
  errors: Schema.Struct({
    error: Schema.Union([Failure, Schema.TaggedStruct("Other", { why: Schema.UndefinedOr(Schema.String) })]),
    branded: Schema.String.pipe(Schema.brand("Id"))
  }),
  classes: Schema.Struct({
    points: Schema.Array(Point),
    at: Schema.optional(Point),
    either: Schema.Union([Point, Schema.String])
  })
}

const run = <A>(exit: Exit.Exit<A, Schema.SchemaError>): A => (Exit.isSuccess(exit) ? exit.value : assert.fail(String(exit)))

const validates = (json: unknown, schema: Schema.Constraint) => {
  for (const kind of ["parameters", "success"] as const) {
    const shown = toolJsonSchema(schema, "test", kind)
    // To a model string lengths are shown as they were written, in UTF-16 units. Validators count code points.
    if (kind === "parameters" && /[\u{10000}-\u{10ffff}]/u.test(JSON.stringify(json))) continue
    const problems = compile(shown, "test").validate(json)
    if (problems !== undefined) assert.fail(`${explainProblems(problems)}\n${JSON.stringify(json)}\n${JSON.stringify(shown)}`)
  }
}

const options = { arbitrary: { runs: 150 } }

describe("what the wire codec encodes is valid, and decodes to the same", () => {
  for (const [name, schema] of Object.entries({ ...plain, ...withUndefined })) {
    const codec = schema as Schema.Codec<unknown> // one of many
    const encoder = makeEncoder(codec)
    const decoder = makeDecoder(codec)
    it.effect.prop(
      name,
      { value: codec },
      ({ value }) =>
        Effect.sync(() => {
          const encoded = run(encoder.encode(value))
          validates(encoded, codec)
          const sent: unknown = JSON.parse(JSON.stringify(encoded))
          validates(sent, codec)
          let repairs = 0
          const decoded = run(decoder.decode(sent, (count) => (repairs += count)))
          assert.strictEqual(repairs, 0)
          // Encoded once more, because `undefined` and an absent key are the same on the wire.
          assert.deepStrictEqual(JSON.parse(JSON.stringify(run(encoder.encode(decoded)))), sent)
        }),
      options
    )
  }
})

describe("what the plain JSON codec encodes is valid too", () => {
  for (const [name, schema] of Object.entries(plain)) {
    const codec = schema as Schema.Codec<unknown> // one of many
    const encode = Schema.encodeUnknownExit(Schema.toCodecJson(codec))
    const decoder = makeDecoder(codec)
    it.effect.prop(
      name,
      { value: codec },
      ({ value }) =>
        Effect.sync(() => {
          const encoded = run(encode(value))
          validates(encoded, codec)
          assert.isTrue(Exit.isSuccess(decoder.decode(encoded)))
        }),
      options
    )
  }
})

describe("whatever is sent gets an answer", () => {
  for (const [name, schema] of Object.entries({ ...plain, ...withUndefined })) {
    const codec = schema as Schema.Codec<unknown> // one of many
    const decoder = makeDecoder(codec, { lenient: true })
    const validator = compile(toolJsonSchema(codec, "test", "parameters"), "test")
    const keys = Object.keys(toolJsonSchema(codec, "test", "parameters")["properties"] ?? {})
    it.effect.prop(
      name,
      { values: Schema.Array(Schema.Json), rest: Schema.Json },
      ({ rest, values }) =>
        Effect.sync(() => {
          const args = Object.fromEntries(
            keys.map((key, i) => [key, values[i % Math.max(1, values.length)] ?? JSON.stringify(rest)])
          )
          for (const sent of [rest, args, JSON.stringify(args)]) {
            const exit = decoder.decode(sent)
            if (Exit.isFailure(exit)) {
              const error = Cause.findErrorOption(exit.cause)
              const text = Option.isSome(error) ? explain(error.value.issue) : assert.fail(String(exit.cause))
              const lines = text.split("\n")
              assert.isTrue(text !== "" && lines.length <= 21 && lines.every((line) => line.length < 400), text)
            }
            const problems = validator.validate(sent)
            if (problems !== undefined) assert.isAbove(explainProblems(problems).length, 0)
          }
        }),
      options
    )
  }
})
