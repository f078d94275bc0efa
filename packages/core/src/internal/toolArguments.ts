/**
 * Decodes the arguments of a call, and encodes results, with the wire codec of a Schema.
 *
 * Valid arguments take one decode with the cheapest options. Only when that fails are they decoded again: to say everything that is
 * wrong, and to repair what models are known to get wrong.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { explain, type Wire } from "./explain.ts"
import { applyRepairs, findRepairs } from "./repairs.ts"
import { decodingAst, encodingAst, lastEncoding } from "./wireCodec.ts"

/** How arguments are decoded. */
export interface Options {
  /**
   * Repair JSON that was sent as a string where an array, object, number or boolean was expected (`"[1,2]"` for `[1,2]`). Only after a
   * plain decode has failed. Off by default.
   */
  readonly lenient?: boolean
  /** Keys that the Schema does not know: dropped by default, or an error. */
  readonly excessKeys?: "ignore" | "error"
}

/** Decodes the arguments of one tool; made once, used for every call. */
export interface Decoder<A> {
  /**
   * Absent arguments are `{}`, and `null` for a key that may be absent is absent. `onRepaired` is told how many values were repaired,
   * when there were any. The issue of a failure is for `explain`; it holds what was received.
   */
  readonly decode: (args: unknown, onRepaired?: (count: number) => void) => Exit.Exit<A, Schema.SchemaError>
}

/** Encodes what handlers return; made once, used for every call. */
export interface Encoder<A> {
  /** Keys whose value is `undefined` are left out. */
  readonly encode: (value: A) => Exit.Exit<unknown, Schema.SchemaError>
  /** Everything that is wrong with a value that could not be encoded, a line for each problem. */
  readonly explained: (value: A) => string
}

// A string inside of a string inside of a string is the most that was ever seen.
const maxRounds = 3

/**
 * A decoder for `schema`, which must decode without services and without waiting. Throws when the Schema has no JSON form at all; what
 * it refuses in detail is said by `toolJsonSchema`.
 */
export const makeDecoder = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  options: Options = {}
): Decoder<S["Type"]> => {
  const { excessKeys = "ignore", lenient = false } = options
  if (isEmpty(schema.ast)) return emptyDecoder(schema.ast, excessKeys)
  const codec = Schema.make<Schema.ConstraintDecoder<S["Type"]>>(decodingAst(schema))
  const strict: SchemaAST.ParseOptions = excessKeys === "error" ? { onExcessProperty: "error" } : {}
  const decodeFirst = excessKeys === "error" ? Schema.decodeUnknownExit(codec, strict) : Schema.decodeUnknownExit(codec)
  const decodeAll = Schema.decodeUnknownExit(codec, { ...strict, errors: "all", reportInput: true })
  const absent = lastEncoding(codec.ast)._tag === "Objects" ? {} : undefined

  const explainOrRepair = (args: unknown, onRepaired: ((count: number) => void) | undefined) => {
    let input = args
    let repaired = 0
    for (let round = 0; ; round++) {
      const exit = guardStack(decodeAll(input))
      const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : undefined
      if (error === undefined || error._tag === "None") {
        if (repaired > 0) onRepaired?.(repaired)
        return exit
      }
      const repairs = round < maxRounds ? findRepairs(error.value.issue, input, lenient) : []
      if (repairs.length === 0) return exit
      input = applyRepairs(input, repairs)
      repaired += repairs.filter((repair) => repair._tag === "Parsed").length
    }
  }

  return {
    decode(args, onRepaired) {
      const input = args ?? absent ?? args
      const exit = decodeFirst(input)
      return exit._tag === "Success" ? exit : explainOrRepair(input, onRepaired)
    }
  }
}

const isEmpty = (ast: SchemaAST.AST): boolean => {
  if (ast.encoding !== undefined || ast.checks !== undefined) return false
  if (SchemaAST.isObjects(ast)) return ast.propertySignatures.length + ast.indexSignatures.length === 0
  return SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast)
}

// For an empty struct Effect lets everything pass but `null`, and for `undefined` only `null`. Arguments are an object all the same.
const emptyDecoder = (ast: SchemaAST.AST, excessKeys: "ignore" | "error"): Decoder<never> => {
  const decoded = (SchemaAST.isObjects(ast) ? {} : undefined) as never // the only value of both types
  const struct = new SchemaAST.Objects([], [])
  const report = { reportInput: true }
  const fail = (issue: SchemaIssue.Issue) => Exit.fail(new Schema.SchemaError(issue))
  return {
    decode(args = {}) {
      if (args === null) return Exit.succeed(decoded)
      if (typeof args !== "object" || Array.isArray(args)) return fail(new SchemaIssue.InvalidType(struct, args, report))
      const unexpected = excessKeys === "error" ? Object.entries(args) : []
      const [first, ...others] = unexpected.map(
        ([key, value]) => new SchemaIssue.Pointer([key], new SchemaIssue.UnexpectedKey(struct, value, report))
      )
      return first === undefined
        ? Exit.succeed(decoded)
        : fail(new SchemaIssue.Composite(struct, [first, ...others], args, report))
    }
  }
}

/** An encoder for `schema`, which must encode without services and without waiting. */
export const makeEncoder = <S extends Schema.ConstraintEncoder<unknown>>(schema: S): Encoder<S["Type"]> => {
  const codec = Schema.make<Schema.ConstraintEncoder<unknown>>(encodingAst(schema))
  return {
    encode: Schema.encodeUnknownExit(codec),
    explained: (value) => explainExit(Schema.encodeUnknownExit(codec, { errors: "all", reportInput: true })(value))
  }
}

/** What a failed decode or encode says is wrong, a line for each problem. See `explain` for `root` and `wire`. */
export const explainExit = (exit: Exit.Exit<unknown, Schema.SchemaError>, root = "arguments", wire?: Wire): string => {
  const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : undefined
  return error?._tag === "Some" ? explain(error.value.issue, root, wire) : `${root} cannot be read`
}

// A recursive Schema follows a value as deep as it goes. That the value is too deep is a fault of its sender, not of the program.
const guardStack = <A>(exit: Exit.Exit<A, Schema.SchemaError>): Exit.Exit<A, Schema.SchemaError> => {
  if (
    Exit.isSuccess(exit) ||
    !exit.cause.reasons.some((reason) => Cause.isDieReason(reason) && reason.defect instanceof RangeError)
  ) {
    return exit
  }
  return Exit.fail(new Schema.SchemaError(new SchemaIssue.InvalidValue({ message: "is nested too deeply" })))
}
