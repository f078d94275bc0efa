/**
 * What a Schema looks like on the wire: its JSON codec, in which a value that is not there is a key that is not there.
 *
 * `Schema.toCodecJson` writes `undefined` as `null`. Hosts would then be shown `null` for every `Schema.optional` key, and models would
 * send it. Here `Schema.optional(S)` and `Schema.UndefinedOr(S)` are both a key that may be left out, and nothing else.
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"

type AST = SchemaAST.AST

/** For decoding nothing has to be transformed where a key was optional before, so that side gets the cheaper node. */
type Side = "decode" | "encode"

/** The transformation by which the JSON codec reaches a Schema that says nothing about JSON itself. */
export const derivedTransformation = (schema: Schema.Constraint): SchemaAST.Link["transformation"] | undefined =>
  Schema.toCodecJson(schema).ast.encoding?.[0].transformation

const undefinedToNull = derivedTransformation(Schema.Undefined)

/** True for `undefined` and `void` that nobody but the JSON codec gave an encoding, `null`. */
export const isDerivedUndefined = (ast: AST): boolean =>
  (SchemaAST.isUndefined(ast) || SchemaAST.isVoid(ast)) && ast.encoding?.[0].transformation === undefinedToNull

/** The id by which Effect knows one of its own declarations or checks. */
export const representationId = (annotations: Schema.Annotations.Annotations | undefined): unknown => {
  const representation = annotations?.["representation"]
  return Predicate.hasProperty(representation, "id") ? representation.id : undefined
}

/** True for the union by which the JSON codec lets `Schema.Number` carry `NaN` and the infinities. */
export const isNonFinite = (ast: AST): boolean =>
  SchemaAST.isUnion(ast) &&
  ast.types.length === 2 &&
  ast.types.some((type) => SchemaAST.isUnion(type) && type.types.some((t) => SchemaAST.isLiteral(t) && t.literal === "NaN"))

/** The node whose value is on the wire. */
export const lastEncoding = (ast: AST): AST => {
  const link = ast.encoding?.at(-1)
  return link === undefined ? ast : lastEncoding(link.to)
}

/** A node of the same kind with another encoding or context. Effect's own `copy` is internal, this is what it does. */
export const copy = <A extends AST>(ast: A, changes: { encoding?: SchemaAST.Encoding | undefined; context?: SchemaAST.Context }): A =>
  Object.assign(Object.create(Object.getPrototypeOf(ast)), ast, changes)

const withLastEncoding = (ast: AST, f: (to: AST) => AST): AST => {
  const links = ast.encoding ?? []
  const last = links.at(-1)
  if (last === undefined) return f(ast)
  const to = f(last.to)
  if (to === last.to) return ast
  const link = new SchemaAST.Link(to, last.transformation)
  return copy(ast, { encoding: [...links.slice(0, -1), link] as unknown as SchemaAST.Encoding }) // a list that ends in `link`
}

const omitUndefined = SchemaGetter.transformOptional<unknown, unknown>((o) => Option.filter(o, (u) => u !== undefined))

const optionalKey = new SchemaTransformation.Transformation(SchemaGetter.passthrough<unknown>(), omitUndefined)

const requiredKey = new SchemaTransformation.Transformation(
  SchemaGetter.transformOptional<unknown, unknown>((o) => Option.some(Option.getOrUndefined(o))),
  omitUndefined
)

/** The node without its `undefined` members: the same node when it has none, nothing when it has no other. */
const withoutUndefined = (ast: AST): AST | undefined => {
  if (isDerivedUndefined(ast)) return undefined
  if (!SchemaAST.isUnion(ast) || ast.encoding !== undefined) return ast
  const types = ast.types.map(withoutUndefined)
  if (types.every((type, i) => type === ast.types[i])) return ast
  const rest = types.filter((type) => type !== undefined)
  if (rest.length === 0) return undefined
  const [first] = rest
  if (rest.length === 1 && first !== undefined && ast.annotations === undefined && ast.checks === undefined) return first
  return new SchemaAST.Union(rest, ast.options, ast.annotations, ast.checks, undefined, ast.context, ast.encodingChecks)
}

const makeRewrite = (side: Side) => {
  const memo = new WeakMap<AST, AST>()

  const rewrite = (ast: AST): AST => {
    const known = memo.get(ast)
    if (known !== undefined) return known
    const out = ast.encoding === undefined ? rewriteBody(ast) : withLastEncoding(ast, rewrite)
    memo.set(ast, out)
    return out
  }

  const rewriteAll = (asts: ReadonlyArray<AST>): ReadonlyArray<AST> => {
    const out = asts.map(rewrite)
    return out.every((ast, i) => ast === asts[i]) ? asts : out
  }

  const property = (type: AST): AST => {
    if (type.encoding !== undefined && !isDerivedUndefined(type)) return withLastEncoding(type, property)
    const rest = withoutUndefined(type)
    if (rest === type) return rewrite(type)
    const context = new SchemaAST.Context(true, type.context?.isMutable ?? false, undefined, type.context?.annotations)
    const wire = withContext(rewrite(rest ?? SchemaAST.never), context)
    if (side === "decode" && SchemaAST.isOptional(type)) return wire
    const link = new SchemaAST.Link(wire, SchemaAST.isOptional(type) ? optionalKey : requiredKey)
    return new SchemaAST.Any(undefined, undefined, [link], type.context)
  }

  const rewriteBody = (ast: AST): AST => {
    switch (ast._tag) {
      case "Objects": {
        const properties = ast.propertySignatures.map((p) => {
          const type = property(p.type)
          return type === p.type ? p : new SchemaAST.PropertySignature(p.name, type)
        })
        const indexes = ast.indexSignatures.map((i) => {
          const type = rewrite(i.type)
          return type === i.type ? i : new SchemaAST.IndexSignature(i.parameter, type)
        })
        const same =
          properties.every((p, i) => p === ast.propertySignatures[i]) && indexes.every((p, i) => p === ast.indexSignatures[i])
        if (same) return ast
        return new SchemaAST.Objects(properties, indexes, ast.annotations, ast.checks, undefined, ast.context, ast.encodingChecks)
      }
      case "Arrays": {
        const elements = rewriteAll(ast.elements)
        const rest = rewriteAll(ast.rest)
        if (elements === ast.elements && rest === ast.rest) return ast
        const { annotations, checks, context, encodingChecks, isMutable } = ast
        return new SchemaAST.Arrays(isMutable, elements, rest, annotations, checks, undefined, context, encodingChecks)
      }
      case "Union": {
        const types = rewriteAll(ast.types)
        if (types === ast.types) return ast
        return new SchemaAST.Union(types, ast.options, ast.annotations, ast.checks, undefined, ast.context, ast.encodingChecks)
      }
      case "Suspend":
        return new SchemaAST.Suspend(() => rewrite(ast.thunk()), ast.annotations, undefined, undefined, ast.context)
      default:
        return ast
    }
  }

  return rewrite
}

const withContext = (ast: AST, context: SchemaAST.Context): AST => {
  const out = copy(ast, { context })
  return ast.encoding === undefined ? out : withLastEncoding(out, (to) => withContext(to, context))
}

const decodeRewrite = makeRewrite("decode")
const encodeRewrite = makeRewrite("encode")

/** The JSON codec of a Schema, for decoding what came from the wire. Throws when a struct has keys that are symbols. */
export const decodingAst = (schema: Schema.Constraint): AST => decodeRewrite(Schema.toCodecJson(schema).ast)

/** The JSON codec of a Schema, for encoding what goes to the wire. Throws when a struct has keys that are symbols. */
export const encodingAst = (schema: Schema.Constraint): AST => encodeRewrite(Schema.toCodecJson(schema).ast)
