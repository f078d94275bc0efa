import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { explain } from "../src/internal/explain.ts"
import { makeDecoder, makeEncoder, type Options } from "../src/internal/toolArguments.ts"

const issueOf = (exit: Exit.Exit<unknown, Schema.SchemaError>) => {
  assert.isTrue(Exit.isFailure(exit))
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  return Option.isSome(error) ? error.value.issue : assert.fail("it did not fail with an issue")
}

const value = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, args: unknown, options?: Options): S["Type"] => {
  const exit = makeDecoder(schema, options).decode(args)
  return Exit.isSuccess(exit) ? exit.value : assert.fail(explain(issueOf(exit)))
}

const lines = (schema: Schema.ConstraintDecoder<unknown>, args: unknown, options?: Options): ReadonlyArray<string> =>
  explain(issueOf(makeDecoder(schema, options).decode(args))).split("\n")

const Forecast = Schema.Struct({
  city: Schema.String,
  days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 16 }))),
  unit: Schema.optional(Schema.Literals(["c", "f"])),
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  filter: Schema.optionalKey(Schema.Struct({ pattern: Schema.String, min: Schema.optionalKey(Schema.Number) })),
  exact: Schema.optionalKey(Schema.Boolean)
})

describe("decode", () => {
  it("decodes what the JSON codec does", () => {
    const schema = Schema.Struct({ when: Schema.Date, bytes: Schema.Uint8Array, tags: Schema.ReadonlySet(Schema.String) })
    const decoded = value(schema, { when: "2020-01-01T00:00:00.000Z", bytes: "AQI=", tags: ["a"] })
    assert.deepStrictEqual(decoded, {
      when: new Date("2020-01-01T00:00:00.000Z"),
      bytes: new Uint8Array([1, 2]),
      tags: new Set(["a"])
    })
  })

  it("takes absent arguments for an empty object", () => {
    const schema = Schema.Struct({ a: Schema.optionalKey(Schema.String) })
    for (const args of [undefined, null, {}]) assert.deepStrictEqual(value(schema, args), {})
    assert.deepStrictEqual(lines(Forecast, undefined), ["city: missing, expected a string"])
  })

  it("takes null for absent where a key is optional and not nullable", () => {
    const schema = Schema.Struct({
      a: Schema.optionalKey(Schema.String),
      b: Schema.optional(Schema.Struct({ c: Schema.optionalKey(Schema.Int) })),
      d: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(10))),
      e: Schema.optionalKey(Schema.NullOr(Schema.String)),
      f: Schema.UndefinedOr(Schema.String)
    })
    const decoded = value(schema, { a: null, b: { c: null }, d: null, e: null, f: null })
    assert.deepStrictEqual(decoded, { b: {}, d: 10, e: null, f: undefined })
    assert.deepStrictEqual(lines(Schema.Struct({ a: Schema.String }), { a: null }), ["a: expected a string, received null"])
  })

  it("knows UndefinedOr as a key that may be absent", () => {
    const schema = Schema.Struct({ a: Schema.UndefinedOr(Schema.Date) })
    assert.deepStrictEqual(value(schema, {}), { a: undefined })
    assert.deepStrictEqual(value(schema, { a: "1970-01-01T00:00:00.000Z" }), { a: new Date(0) })
  })

  it("drops unknown keys, or names them", () => {
    assert.deepStrictEqual(value(Forecast, { city: "Oslo", days: 1, x: 1 }), { city: "Oslo", days: 1 })
    const strict = { excessKeys: "error" } as const
    assert.deepStrictEqual(value(Forecast, { city: "Oslo" }, strict), { city: "Oslo" })
    assert.deepStrictEqual(lines(Schema.Struct({ a: Schema.String }), { a: "", b: 1 }, strict), [
      "b: unexpected key, the known keys are a"
    ])
  })

  it("knows tools without parameters", () => {
    for (const args of [undefined, null, {}, { x: 1 }]) {
      assert.deepStrictEqual(value(Schema.Void, args), undefined)
      assert.deepStrictEqual(value(Schema.Struct({}), args), {})
    }
    assert.deepStrictEqual(lines(Schema.Struct({}), { x: 1 }, { excessKeys: "error" }), ["x: unexpected key"])
    assert.deepStrictEqual(lines(Schema.Void, [1]), ["arguments: expected an object, received [1]"])
  })

  it("leaves values alone that are no arguments", () => {
    assert.strictEqual(value(Schema.NullOr(Schema.String), null), null)
    assert.strictEqual(value(Schema.Int, 3), 3)
  })

  it("survives arguments that are deeper than the stack", () => {
    interface Tree {
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({ children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) })
    let deep: Tree = { children: [] }
    for (let i = 0; i < 50_000; i++) deep = { children: [deep] }
    assert.deepStrictEqual(lines(Tree, deep), ["arguments: is nested too deeply"])
  })

  it("lets defects through", () => {
    const Broken = Schema.String.pipe(
      Schema.decodeTo(Schema.String, {
        decode: SchemaGetter.transform((): string => {
          throw new Error("boom")
        }),
        encode: SchemaGetter.passthrough()
      })
    )
    const exit = makeDecoder(Schema.Struct({ a: Broken })).decode({ a: "" })
    assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
  })
})

describe("lenient", () => {
  const decode = (schema: Schema.ConstraintDecoder<unknown>, args: unknown) => {
    let repaired = 0
    const exit = makeDecoder(schema, { lenient: true }).decode(args, (count) => {
      repaired += count
    })
    return { value: Exit.isSuccess(exit) ? exit.value : explain(issueOf(exit)), repaired }
  }

  it("repairs JSON in a string, at any depth, and says how often", () => {
    const args = { city: "Oslo", days: "3", tags: '["a","b"]', filter: '{"pattern":"x","min":"1.5"}', exact: "true" }
    assert.deepStrictEqual(decode(Forecast, args), {
      value: { city: "Oslo", days: 3, tags: ["a", "b"], filter: { pattern: "x", min: 1.5 }, exact: true },
      repaired: 5
    })
    assert.strictEqual(args.days, "3")
    assert.deepStrictEqual(decode(Forecast, '{"city":"Oslo"}'), { value: { city: "Oslo" }, repaired: 1 })
    assert.deepStrictEqual(decode(Schema.Struct({ xs: Schema.Array(Schema.Int) }), { xs: ["1", 2, "3"] }), {
      value: { xs: [1, 2, 3] },
      repaired: 2
    })
    const record = JSON.parse('{"m":{"__proto__":"1"}}') as unknown
    const repaired = decode(Schema.Struct({ m: Schema.Record(Schema.String, Schema.Int) }), record)
    assert.strictEqual(JSON.stringify(repaired.value), '{"m":{"__proto__":1}}')
  })

  it("is not tried when the plain decode succeeds, or a string is what is wanted", () => {
    assert.deepStrictEqual(decode(Schema.Struct({ a: Schema.String }), { a: "[1]" }), { value: { a: "[1]" }, repaired: 0 })
    const either = Schema.Struct({ a: Schema.Union([Schema.Int, Schema.String]) })
    assert.deepStrictEqual(decode(either, { a: "5" }), { value: { a: "5" }, repaired: 0 })
    const auto = Schema.Struct({ a: Schema.Union([Schema.Int, Schema.Literal("auto")]) })
    assert.deepStrictEqual(decode(auto, { a: "5" }), { value: { a: 5 }, repaired: 1 })
  })

  it("leaves what is not JSON of the wanted kind", () => {
    assert.deepStrictEqual(decode(Forecast, { city: "Oslo", days: "three" }).value, 'days: expected an integer, received "three"')
    assert.deepStrictEqual(decode(Forecast, { city: "Oslo", tags: "{}" }).value, 'tags: expected an array, received "{}"')
    assert.deepStrictEqual(decode(Forecast, { city: 5 }), { value: "city: expected a string, received 5", repaired: 0 })
  })

  it("explains what is left to repair", () => {
    const args = { city: "Oslo", filter: '{"pattern":5}' }
    assert.deepStrictEqual(decode(Forecast, args).value, "filter.pattern: expected a string, received 5")
  })

  it("is off by default", () => {
    assert.deepStrictEqual(lines(Forecast, { city: "Oslo", days: "3" }), ['days: expected an integer, received "3"'])
  })

  it("stays fast with many repairs", () => {
    const xs = Array.from({ length: 100_000 }, (_, i) => String(i))
    assert.strictEqual(decode(Schema.Struct({ xs: Schema.Array(Schema.Int) }), { xs }).repaired, 100_000)
  }, 10_000)
})

describe("explain", () => {
  it("names path, expected and received", () => {
    assert.deepStrictEqual(lines(Forecast, { days: 99, unit: "k", tags: "a", filter: { min: "x" }, exact: 1 }), [
      "city: missing, expected a string",
      "days: expected a value between 1 and 16, received 99",
      'unit: expected "c" or "f", received "k"',
      'tags: expected an array, received "a"',
      "filter.pattern: missing, expected a string",
      'filter.min: expected a number, received "x"',
      "exact: expected a boolean, received 1"
    ])
    const nested = Schema.Struct({ "a b": Schema.Array(Schema.Struct({ c: Schema.Int })) })
    assert.deepStrictEqual(lines(nested, { "a b": [{ c: 1 }, { c: 1.5 }] }), ['["a b"][1].c: expected an integer, received 1.5'])
    assert.deepStrictEqual(lines(Forecast, "x"), ['arguments: expected an object, received "x"'])
  })

  it("explains unions by the nearest form", () => {
    const Shape = Schema.Union([
      Schema.Struct({ type: Schema.tag("circle"), radius: Schema.Finite }),
      Schema.Struct({ type: Schema.tag("square"), side: Schema.Finite })
    ])
    const at = (shape: unknown) => lines(Schema.Struct({ shape: Shape }), { shape })
    assert.deepStrictEqual(at({ type: "tri" }), ['shape.type: expected "circle" or "square", received "tri"'])
    assert.deepStrictEqual(at({}), ['shape.type: missing, expected "circle" or "square"'])
    assert.deepStrictEqual(at({ type: "square" }), ["shape.side: missing, expected a number"])
    assert.deepStrictEqual(at(3), ["shape: expected an object, received 3"])
    const Mixed = Schema.Union([Schema.Int, Schema.NonEmptyString, Schema.Struct({ a: Schema.Int, b: Schema.Int })])
    const mixed = (u: unknown) => lines(Schema.Struct({ u: Mixed }), { u })
    assert.deepStrictEqual(mixed(true), ["u: expected an integer, a string or an object, received true"])
    assert.deepStrictEqual(mixed({ a: 1, b: "x" }), ['u.b: expected an integer, received "x"'])
  })

  it("says what checks and annotations say", () => {
    const Even = Schema.Int.check(Schema.makeFilter((n: number) => n % 2 === 0 || "must be even"))
    assert.deepStrictEqual(lines(Schema.Struct({ n: Even }), { n: 3 }), ["n: must be even, received 3"])
    const Short = Schema.String.check(Schema.isMaxLength(2, { message: "at most two letters" }))
    assert.deepStrictEqual(lines(Schema.Struct({ s: Short }), { s: "abc" }), ["s: at most two letters"])
    assert.deepStrictEqual(lines(Schema.Struct({ d: Schema.Date }), { d: "x" })[0]?.startsWith("d: expected "), true)
    const Range = Schema.Struct({ from: Schema.Int, to: Schema.Int }).check(
      Schema.makeFilter(({ from, to }) => from <= to || { path: ["to"], issue: "must not be before `from`" })
    )
    assert.include(lines(Range, { from: 2, to: 1 })[0], "to: must not be before `from`")
  })

  it("is short", () => {
    const Xs = Schema.Struct({ xs: Schema.Array(Schema.Int) })
    const many = lines(Xs, { xs: Array.from({ length: 30 }, () => "x") })
    assert.strictEqual(many.length, 21)
    assert.strictEqual(many.at(-1), "... and 10 more")
    for (const huge of [
      "y".repeat(100_000),
      Array.from({ length: 100_000 }, (_, i) => i),
      { a: { b: { c: "z".repeat(1000) } } }
    ]) {
      const [line = ""] = lines(Schema.Struct({ x: Schema.Int }), { x: huge })
      assert.isAtMost(line.length, 130)
      assert.isTrue(line.endsWith("..."))
    }
  })

  it("does not repeat secrets", () => {
    const Login = Schema.Struct({ password: Schema.Redacted(Schema.Int) })
    assert.deepStrictEqual(lines(Login, { password: "hunter2" }), ["password: expected an integer"])
  })
})

describe("encode", () => {
  it("leaves out what is undefined, everywhere", () => {
    class Point extends Schema.Class<Point>("Point")({ x: Schema.Int, label: Schema.optional(Schema.String) }) {}
    const schema = Schema.Struct({
      a: Schema.optional(Schema.Date),
      b: Schema.UndefinedOr(Schema.Int),
      c: Schema.optional(Schema.NullOr(Schema.Int)),
      points: Schema.Array(Point)
    })
    const { encode } = makeEncoder(schema)
    const points = [new Point({ x: 1, label: undefined }), new Point({ x: 2, label: "p" })]
    assert.deepStrictEqual(
      encode({ a: undefined, b: undefined, c: null, points }),
      Exit.succeed({ c: null, points: [{ x: 1 }, { x: 2, label: "p" }] })
    )
    assert.deepStrictEqual(
      encode({ a: new Date(0), b: 1, c: undefined, points: [] }),
      Exit.succeed({ a: "1970-01-01T00:00:00.000Z", b: 1, points: [] })
    )
  })

  it("fails for what the type does not allow", () => {
    const exit = makeEncoder(Schema.Struct({ a: Schema.Int })).encode({ a: 1.5 })
    assert.include(explain(issueOf(exit), "result"), "a: expected an integer")
  })
})
