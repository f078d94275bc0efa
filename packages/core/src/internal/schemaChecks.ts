/**
 * The checks of a Schema as JSON Schema should show them to a model. Effect's own wording is made for validators: it drops what a
 * validator might count or match differently, and adds the bounds of a JavaScript number to every integer.
 */
import type * as JsonSchema from "effect/JsonSchema"
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import type * as SchemaRepresentation from "effect/SchemaRepresentation"
import { isUnicodePattern } from "./pattern.ts"

type Annotations = Schema.Annotations.Annotations
type Exporter = SchemaRepresentation.ToJsonSchema.Check

/** Minimum lengths of strings as the author wrote them, or as every validator counts them. */
export type Lengths = "written" | "safe"

// A validator compiles the pattern with the `u` flag, and should understand the same by it.
const isPortable = (source: string, flags: string): boolean => /^[dguy]*$/.test(flags) && isUnicodePattern(source)

const isRecord = (u: unknown): u is { readonly [key: string]: unknown } => typeof u === "object" && u !== null

// Effect counts UTF-16 units and JSON Schema counts code points. To be safe Effect shows half of the minimum.
const writtenLength = (shown: JsonSchema.JsonSchema, minimum: unknown): JsonSchema.JsonSchema =>
  typeof minimum === "number" && shown["minLength"] === Math.ceil(minimum / 2) ? { ...shown, minLength: minimum } : shown

const adjust = (shown: JsonSchema.JsonSchema, id: string, payload: unknown, lengths: Lengths): JsonSchema.JsonSchema => {
  if (id === "effect/schema/isInt") {
    const { maximum, minimum, ...rest } = shown
    return maximum === Number.MAX_SAFE_INTEGER && minimum === Number.MIN_SAFE_INTEGER ? rest : shown
  }
  if (!isRecord(payload)) return shown
  if (id === "effect/schema/isPattern" && Object.keys(shown).length === 0) {
    const { flags, source } = payload
    if (typeof source !== "string" || typeof flags !== "string" || !isPortable(source, flags)) return shown
    return { pattern: flags.includes("y") ? `^(?:${source})` : source }
  }
  if (lengths === "safe") return shown
  if (id === "effect/schema/isMinLength") return writtenLength(shown, payload["minLength"])
  return id === "effect/schema/isBetweenLength" ? writtenLength(shown, payload["minimum"]) : shown
}

// Wraps what the check itself says, so that an author's own `toJsonSchema` annotation is left alone.
const exporter =
  (original: Exporter, id: string, payload: unknown, lengths: Lengths): Exporter =>
  (input) => {
    const out = original(input)
    return isApproximate(out) ? [adjust(out[0], id, payload, lengths), true] : adjust(out, id, payload, lengths)
  }

const isApproximate = (
  out: SchemaRepresentation.ToJsonSchema.CheckOutput
): out is readonly [schema: JsonSchema.JsonSchema, approximate: true] => Array.isArray(out)

/** The checks of a node. `encode` puts their examples and defaults into wire form, `visit` represents the Schemas that they mention. */
export const checksOf = (
  ast: SchemaAST.AST,
  lengths: Lengths,
  encode: (annotations: Annotations) => Annotations,
  visit: (schema: SchemaAST.AST) => SchemaRepresentation.Representation
): Array<SchemaRepresentation.Check> => {
  const convert = (check: SchemaAST.Check<never>): SchemaRepresentation.Check => {
    const { representation, toJsonSchema, ...rest } = check.annotations ?? {}
    const own =
      representation === undefined || toJsonSchema === undefined
        ? toJsonSchema
        : exporter(toJsonSchema, representation.id, representation.payload, lengths)
    const annotations = encode(own === undefined ? rest : { ...rest, toJsonSchema: own })
    const shown =
      representation === undefined ? {} : { representation: { ...representation, schemas: representation.schemas?.map(visit) } }
    if (check._tag === "Filter") return { _tag: "Filter", aborted: check.aborted, annotations, ...shown }
    const [first, ...others] = check.checks
    return { _tag: "FilterGroup", checks: [convert(first), ...others.map(convert)], annotations, ...shown }
  }
  return ast.checks?.map(convert) ?? []
}
