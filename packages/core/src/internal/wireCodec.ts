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

/** True for `undefined` and `void`, unless somebody else than the JSON codec gave them an encoding. */
export const isUndefined = (ast: AST): boolean =>
  (SchemaAST.isUndefined(ast) || SchemaAST.isVoid(ast)) &&
  (ast.encoding === undefined || ast.encoding[0].transformation === undefinedToNull)

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
export const copy = <A extends AST>(
  ast: A,
  changes: { encoding?: SchemaAST.Encoding | undefined; context?: SchemaAST.Context }
): A => Object.assign(Object.create(Object.getPrototypeOf(ast)), ast, changes)

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
  if (isUndefined(ast)) return undefined
  if (!SchemaAST.isUnion(ast) || ast.encoding !== undefined) return ast
  const types = ast.types.map(withoutUndefined)
  if (types.every((type, i) => type === ast.types[i])) return ast
  const rest = types.filter((type) => type !== undefined)
  if (rest.length === 0) return undefined
  const [first] = rest
  if (rest.length === 1 && first !== undefined && ast.annotations === undefined && ast.checks === undefined) return first
  return new SchemaAST.Union(rest, ast.options, ast.annotations, ast.checks, undefined, ast.context, ast.encodingChecks)
}

class Rewrite {
  private readonly side: Side
  private readonly nodes = new WeakMap<AST, AST>()
  // Copies of a node that differ in the key at which they stand share their parts, before and after: recursion is seen by that.
  private readonly parts = new WeakMap<object, object>()

  constructor(side: Side) {
    this.side = side
  }

  readonly node = (ast: AST): AST => {
    let out = this.nodes.get(ast)
    if (out === undefined) {
      out = ast.encoding === undefined ? this.body(ast) : withLastEncoding(ast, this.node)
      this.nodes.set(ast, out)
    }
    return out
  }

  private share<A extends object>(part: A, f: (part: A) => A): A {
    const known = this.parts.get(part)
    if (known !== undefined) return known as A // it was made from `part`, by the same `f`
    const out = f(part)
    this.parts.set(part, out)
    return out
  }

  private all<A>(items: ReadonlyArray<A>, f: (item: A) => A): ReadonlyArray<A> {
    return this.share(items, (items) => {
      const out = items.map(f)
      return out.every((item, i) => item === items[i]) ? items : out
    })
  }

  private property(type: AST): AST {
    if (type.encoding !== undefined && !isUndefined(type)) return withLastEncoding(type, (to) => this.property(to))
    const rest = withoutUndefined(type)
    if (rest === type) return this.node(type)
    const context = new SchemaAST.Context(true, type.context?.isMutable ?? false, undefined, type.context?.annotations)
    const wire = withContext(this.node(rest ?? SchemaAST.never), context)
    if (this.side === "decode" && SchemaAST.isOptional(type)) return wire
    const link = new SchemaAST.Link(wire, SchemaAST.isOptional(type) ? optionalKey : requiredKey)
    return new SchemaAST.Any(undefined, undefined, [link], type.context)
  }

  private body(ast: AST): AST {
    switch (ast._tag) {
      case "Objects":
        return this.objects(ast)
      case "Arrays": {
        const elements = this.all(ast.elements, this.node)
        const rest = this.all(ast.rest, this.node)
        if (elements === ast.elements && rest === ast.rest) return ast
        const { annotations, checks, context, encodingChecks, isMutable } = ast
        return new SchemaAST.Arrays(isMutable, elements, rest, annotations, checks, undefined, context, encodingChecks)
      }
      case "Union": {
        const types = this.all(ast.types, this.node)
        if (types === ast.types) return ast
        const { annotations, checks, context, encodingChecks, options } = ast
        return new SchemaAST.Union(types, options, annotations, checks, undefined, context, encodingChecks)
      }
      case "Suspend":
        return new SchemaAST.Suspend(this.thunk(ast.thunk), ast.annotations, undefined, undefined, ast.context)
      default:
        return ast
    }
  }

  private thunk(thunk: () => AST): () => AST {
    return this.share(thunk, () => () => this.node(thunk()))
  }

  private objects(ast: SchemaAST.Objects): AST {
    const properties = this.all(ast.propertySignatures, (p) => {
      const type = this.property(p.type)
      return type === p.type ? p : new SchemaAST.PropertySignature(p.name, type)
    })
    const indexes = this.all(ast.indexSignatures, (i) => {
      const type = this.node(i.type)
      return type === i.type ? i : new SchemaAST.IndexSignature(i.parameter, type)
    })
    if (properties === ast.propertySignatures && indexes === ast.indexSignatures) return ast
    const { annotations, checks, context, encodingChecks } = ast
    return new SchemaAST.Objects(properties, indexes, annotations, checks, undefined, context, encodingChecks)
  }
}

const withContext = (ast: AST, context: SchemaAST.Context): AST => {
  const out = copy(ast, { context })
  return ast.encoding === undefined ? out : withLastEncoding(out, (to) => withContext(to, context))
}

const decoding = new Rewrite("decode")
const encoding = new Rewrite("encode")

/** The same for a node that decodes JSON and is no JSON codec: what `Schema.fromJsonString` holds. */
export const contentAst = (ast: AST): AST => decoding.node(ast)

/** The JSON codec of a Schema, for decoding what came from the wire. Throws when a struct has keys that are symbols. */
export const decodingAst = (schema: Schema.Constraint): AST => decoding.node(Schema.toCodecJson(schema).ast)

/** The JSON codec of a Schema, for encoding what goes to the wire. Throws when a struct has keys that are symbols. */
export const encodingAst = (schema: Schema.Constraint): AST => encoding.node(Schema.toCodecJson(schema).ast)
