/**
 * Schemas that are JSON already: texts, finite or other numbers, booleans, literals, and structs, arrays and unions of those. They
 * certainly have a JSON Schema, so it can be made when it is first shown.
 */
import type * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { keyword } from "./mirroredProperties.ts"

const maxDepth = 16

// There are rules for those that travel as headers.
const isMarked = ({ annotations }: { readonly annotations?: Schema.Annotations.Annotations | undefined }): boolean =>
  annotations?.[keyword] !== undefined

const isMirrored = (ast: SchemaAST.AST): boolean =>
  isMarked(ast) || isMarked(ast.context ?? {}) || (ast.checks?.some(isMarked) ?? false)

/** True when nothing in the Schema needs a closer look. False says nothing. */
export const isPlain = (ast: SchemaAST.AST, depth = 0): boolean => {
  if (ast.encoding !== undefined || depth > maxDepth || isMirrored(ast)) return false
  const all = (types: ReadonlyArray<SchemaAST.AST>) => types.every((type) => isPlain(type, depth + 1))
  switch (ast._tag) {
    case "String":
    case "Number":
    case "Boolean":
    case "Null":
      return true
    case "Literal":
      return typeof ast.literal !== "bigint"
    case "Arrays":
      return all(ast.elements) && all(ast.rest)
    case "Union":
      return ast.types.length > 0 && all(ast.types)
    case "Objects":
      return (
        ast.indexSignatures.length === 0 &&
        ast.propertySignatures.every(({ name, type }) => typeof name === "string" && isPlain(type, depth + 1))
      )
    default:
      return false
  }
}
