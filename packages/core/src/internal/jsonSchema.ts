/**
 * The JSON Schema that a tool shows for its arguments or its result, made from an Effect Schema.
 */
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import type { JsonObject } from "../Jsonrpc.ts"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { type MutableSchema, tidy } from "./jsonSchemaTidy.ts"
import { toRepresentation } from "./schemaRepresentation.ts"
import { decodingAst } from "./wireCodec.ts"

/** What the Schema is for: parameters must be an object, a result may be anything. */
export type Kind = "parameters" | "success"

/**
 * The JSON Schema (draft 2020-12) of the wire side of `schema`. The result is plain JSON, the same for the same Schema; only recursive
 * types are references, into `$defs` of the root. Annotations that start with `x-` are shown too. It is what models should send and
 * hosts can read, the decoder takes a little more: `null` for an absent key, `"NaN"` for `Schema.Number`, unknown keys.
 *
 * Throws {@link UnrepresentableSchema}, with `where` in it, for what JSON or hosts cannot carry.
 */
export const toolJsonSchema = (schema: Schema.Constraint, where: string, kind: Kind): JsonObject => {
  const { ast } = schema
  if ((SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast)) && ast.encoding === undefined) {
    return kind === "success" ? { type: "null" } : { type: "object", properties: {}, required: [], additionalProperties: false }
  }
  const options =
    kind === "parameters"
      ? ({ where, rootName: "Parameters", lengths: "written" } as const)
      : ({ where, rootName: "Result", lengths: "safe" } as const)
  const document = toRepresentation(codecAst(schema, where), options)
  if (kind === "parameters") requireObject(document, where)
  const compiled = SchemaRepresentation.toJsonSchemaDocument(document, {
    onExcessProperty: "error",
    includeAnnotationKey: (key) => key.startsWith("x-") || key === "deprecated"
  })
  const emptyIsOpen = kind === "success"
  const definitions = Object.entries(compiled.definitions).map(([name, s]) => [name, tidy(s, emptyIsOpen)] as const)
  const root = dereference(tidy(compiled.schema, emptyIsOpen), new Map(definitions))
  return definitions.length === 0 ? root : { ...root, $defs: Object.fromEntries(definitions) }
}

const codecAst = (schema: Schema.Constraint, where: string): SchemaAST.AST => {
  try {
    return decodingAst(schema)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new UnrepresentableSchema({ where, path: "", detail: `it has no JSON form (${detail}): use only strings as keys` })
  }
}

/** Hosts read the `type` of the root and do not follow a reference to find it. The names need no escaping, see `nameOf`. */
const dereference = (root: MutableSchema, definitions: ReadonlyMap<string, MutableSchema>): MutableSchema => {
  const { $ref, ...rest } = root
  const target = typeof $ref === "string" ? definitions.get($ref.replace("#/$defs/", "")) : undefined
  return target === undefined ? root : { ...target, ...rest }
}

const rootOf = ({ references, representation }: SchemaRepresentation.Document): SchemaRepresentation.Representation => {
  if (representation._tag === "Suspend") return rootOf({ references, representation: representation.thunk })
  const target = representation._tag === "Reference" ? references[representation.$ref] : undefined
  return target === undefined ? representation : rootOf({ references, representation: target })
}

const requireObject = (document: SchemaRepresentation.Document, where: string): void => {
  const root = rootOf(document)
  if (root._tag === "Objects") return
  const detail =
    root._tag === "Union"
      ? "parameters must be an object, and hosts refuse a union at the root: put it under a key, { input: Schema.Union([...]) }"
      : `parameters must be an object: write { value: ... } with this Schema as the value (its wire form is ${root._tag})`
  throw new UnrepresentableSchema({ where, path: "", detail })
}
