/**
 * What a Schema says about itself (title, description, examples, defaults), in the form and at the place where the wire needs it.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import type * as SchemaRepresentation from "effect/SchemaRepresentation"
import { keyword } from "./mirroredProperties.ts"
import { lastEncoding } from "./wireCodec.ts"

type AST = SchemaAST.AST
type Annotations = Schema.Annotations.Annotations

const inherited = ["title", "description", "format", "readOnly", "writeOnly", "default", "examples", keyword] as const

const isJson = Schema.is(Schema.Json)

/** Examples and defaults in their wire form. What cannot be encoded stays when it is JSON, and goes otherwise. */
export const encodeValues = (ast: AST, annotations: Annotations): Annotations => {
  const { default: value, examples, ...rest } = annotations
  if (value === undefined && examples === undefined) return annotations
  const encode = Schema.encodeUnknownExit(Schema.make<Schema.ConstraintEncoder<unknown>>(ast))
  const toWire = (u: unknown): Array<unknown> => {
    const exit = encode(u)
    return Exit.isSuccess(exit) && isJson(exit.value) ? [exit.value] : isJson(u) ? [u] : []
  }
  const shown = Array.isArray(examples) ? examples.flatMap(toWire) : []
  const [first] = value === undefined ? [] : toWire(value)
  return { ...rest, ...(first === undefined ? {} : { default: first }), ...(shown.length === 0 ? {} : { examples: shown }) }
}

/** Adds what was said about the decoded sides of a type, nearest first, where nothing was said about its wire side. */
export const inherit = (
  to: SchemaRepresentation.Representation,
  outer: ReadonlyArray<AST>
): SchemaRepresentation.Representation => {
  const said = to._tag === "Reference" ? [] : [to.annotations, ...to.checks.map((check) => check.annotations)]
  const added: Record<string, unknown> = {}
  for (const ast of outer) {
    const annotations = SchemaAST.resolve(ast)
    if (annotations === undefined) continue
    const encoded = encodeValues(ast, annotations)
    for (const key of inherited) {
      if (encoded[key] === undefined || added[key] !== undefined || said.some((a) => a?.[key] !== undefined)) continue
      added[key] = encoded[key]
    }
  }
  if (Object.keys(added).length === 0) return to
  if (to._tag === "Reference") return { _tag: "Suspend", annotations: added, checks: [], thunk: to }
  return { ...to, annotations: { ...to.annotations, ...added } }
}

/** What is said about a key of a struct: its own annotations, and the default that decoding gives it. */
export const keyAnnotations = (type: AST, wire: AST): Annotations | undefined => {
  const encoded = encodeValues(type, { ...type.context?.annotations, ...wire.context?.annotations })
  const value = encoded["default"] === undefined ? decodingDefault(type) : undefined
  if (value !== undefined) return { ...encoded, default: value }
  return Object.keys(encoded).length === 0 ? undefined : encoded
}

/**
 * The value that an absent key decodes to, in its wire form, when that value is a constant (`Effect.succeed`): an effect is never run
 * to find out.
 */
const decodingDefault = (type: AST): unknown => {
  if (!SchemaAST.isOptional(lastEncoding(type)) || SchemaAST.isOptional(type) || !hasConstantDefault(type)) return undefined
  const codec = Schema.make<Schema.ConstraintCodec<{ value?: unknown }, { value?: unknown }, never, never>>(
    new SchemaAST.Objects([new SchemaAST.PropertySignature("value", type)], [])
  )
  const decoded = Schema.decodeUnknownExit(codec)({})
  if (!Exit.isSuccess(decoded) || decoded.value.value === undefined) return undefined
  const encoded = Schema.encodeUnknownExit(codec)(decoded.value)
  const value = (Exit.isSuccess(encoded) ? encoded.value.value : undefined) ?? decoded.value.value
  return isJson(value) ? value : undefined
}

const hasConstantDefault = (ast: AST): boolean => {
  for (const { to, transformation } of ast.encoding?.toReversed() ?? []) {
    if (to.encoding !== undefined && hasConstantDefault(to)) return true
    if (transformation._tag === "Middleware" || !transformation.decode._tag.startsWith("TransformOptional")) continue
    const result: Effect.Effect<Option.Option<unknown>, unknown, unknown> = SchemaGetter.run(
      transformation.decode,
      Option.none(),
      {}
    )
    return Exit.isExit(result) && Exit.isSuccess(result) && Option.isOption(result.value) && Option.isSome(result.value)
  }
  return false
}
