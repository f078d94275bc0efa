/**
 * Walks the wire side of a Schema and writes it down in the form that Effect compiles to JSON Schema, or refuses it with its path.
 *
 * Effect's own walk (`SchemaRepresentation.toRepresentation`) accepts what JSON cannot carry, and loses what was said about a type when
 * the codec replaces it by another: the description of a `Schema.Date`, the checks of a `Schema.Number`, the default of a key.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { encodeValues, inherit, keyAnnotations } from "./schemaAnnotations.ts"
import { checksOf, type Lengths } from "./schemaChecks.ts"
import { contentAst, copy, derivedTransformation, isUndefined, isNonFinite, lastEncoding, representationId } from "./wireCodec.ts"

type AST = SchemaAST.AST
type Representation = SchemaRepresentation.Representation
type Path = ReadonlyArray<string>

/** How a Schema is shown. */
export interface Options {
  /** What it belongs to, for errors. */
  readonly where: string
  /** The name of the definition that a recursive root gets when it has no identifier. */
  readonly rootName: string
  readonly lengths: Lengths
}

const maxDepth = 64

const symbolToString = derivedTransformation(Schema.Symbol)
const unknownToJson = derivedTransformation(Schema.Unknown)

// The string of these transformations has a format that JSON Schema knows. They are told apart by identity: a Date made from another
// string ("31/12/2026") has another transformation.
const formats = new Map<unknown, string>([
  [SchemaTransformation.dateFromString, "date-time"],
  [derivedTransformation(Schema.DateTimeUtc), "date-time"]
])

const symbolDetail = "a symbol has no JSON form: write Schema.Literal or Schema.Literals"
const codecAdvice = "give the Schema a `toCodecJson` annotation, or decode it from a Schema that has a JSON form"
const undefinedDetail = "JSON has no `undefined`: write Schema.NullOr(...) here, or make it an optional key of a struct"

const finite: SchemaRepresentation.Check = {
  _tag: "Filter",
  aborted: false,
  annotations: { toJsonSchema: () => ({ type: "number" }) }
}

const noReferences: SchemaRepresentation.ToRepresentationOptions = { referencePolicy: () => undefined }

/** The dotted form of a path: `filter.tags[].name`. */
const renderPath = (path: Path): string =>
  path.reduce((out, key) => (out === "" || key.startsWith("[") ? out + key : `${out}.${key}`), "")

/** A recursive type that is being walked, with the name of its definition once something inside of it has referred to it. */
interface Open {
  name: string | undefined
  readonly path: Path
}

class Walk {
  readonly references: Record<string, Representation> = {}
  readonly options: Options
  private readonly done = new Map<AST, Representation>()
  private readonly open = new Map<AST, Open>()
  private readonly names = new Set<string>()
  private readonly bodies = new Map<object, ReadonlyArray<AST>>()

  constructor(options: Options) {
    this.options = options
  }

  refuse(path: Path, detail: string): never {
    throw new UnrepresentableSchema({ where: this.options.where, path: renderPath(path), detail })
  }

  visit(node: AST, path: Path): Representation {
    const ast = this.canonical(node)
    const known = this.done.get(ast)
    if (known !== undefined) return known
    const outer = this.open.get(ast)
    if (outer !== undefined) {
      outer.name ??= this.nameOf(ast, outer.path)
      return { _tag: "Reference", $ref: outer.name }
    }
    if (path.length > maxDepth || this.open.size > maxDepth * 8)
      this.refuse(path.slice(0, 8), `it is nested deeper than ${maxDepth} levels`)
    const entry: Open = { name: undefined, path }
    this.open.set(ast, entry)
    let out = this.build(ast, path)
    this.open.delete(ast)
    if (entry.name !== undefined) {
      this.references[entry.name] = out
      out = { _tag: "Reference", $ref: entry.name }
    }
    this.done.set(ast, out)
    return out
  }

  // `Schema.optionalKey(Tree)` is a copy of `Tree`, and so is every other that stands at another key. Here they are one.
  private canonical(ast: AST): AST {
    const body = bodyOf(ast)
    if (body === undefined) return ast
    const seen = this.bodies.get(body) ?? []
    const known = seen.find((other) => other === ast || this.isSame(other, ast))
    if (known === undefined) this.bodies.set(body, [...seen, ast])
    return known ?? ast
  }

  private isSame(a: AST, b: AST): boolean {
    if (a._tag !== b._tag || a.annotations !== b.annotations || a.checks !== b.checks) return false
    if (a._tag === "Objects" && b._tag === "Objects" && a.indexSignatures !== b.indexSignatures) return false
    if (a._tag === "Arrays" && b._tag === "Arrays" && a.elements !== b.elements) return false
    const links = b.encoding ?? []
    return (
      (a.encoding ?? []).length === links.length &&
      links.every(({ to, transformation }, i) => {
        const other = a.encoding?.[i]
        return transformation === other?.transformation && this.canonical(to) === this.canonical(other.to)
      })
    )
  }

  private nameOf(ast: AST, path: Path): string {
    const { identifier, title } = SchemaAST.resolve(ast) ?? {}
    const key = path.findLast((key) => !key.startsWith("["))
    const own = typeof identifier === "string" ? identifier : typeof title === "string" ? title : key
    const clean = (own ?? "").replace(/^.*\//, "").replace(/[^A-Za-z0-9_.-]+/g, "_")
    const base = clean === "" ? this.options.rootName : clean.charAt(0).toUpperCase() + clean.slice(1)
    let name = base
    for (let i = 2; this.names.has(name); i++) name = `${base}_${i}`
    this.names.add(name)
    return name
  }

  private build(ast: AST, path: Path): Representation {
    if (isUndefined(ast)) return this.refuse(path, undefinedDetail)
    const links = ast.encoding
    const link = links?.at(-1)
    if (links === undefined || link === undefined) return this.buildBody(ast, path)
    if (ast._tag === "Symbol" ? links[0].transformation === symbolToString : ast._tag === "UniqueSymbol")
      this.refuse(path, symbolDetail)
    if (links.length === 1 && link.transformation === unknownToJson && isJson(link.to)) {
      if (ast._tag === "Unknown") return this.buildBody(copy(ast, { encoding: undefined }), path)
      if (ast._tag === "Declaration" && !hasCodec(ast)) this.refuse(path, `${expectedOf(ast)} has no JSON form: ${codecAdvice}`)
    }
    if (ast._tag === "Number" && isNonFinite(link.to)) return this.buildBody(copy(ast, { encoding: undefined }), path)
    const inner = this.contentOf(this.visit(link.to, path), link, path, ast)
    const outer = links.slice(0, -1).map((l) => l.to)
    return inherit(inner, [...outer.toReversed(), ast])
  }

  // `Schema.fromJsonString` says what its text holds. What marks it is internal to Effect, its representation is not.
  private contentOf(to: Representation, link: SchemaAST.Link, path: Path, ast: AST): Representation {
    if (to._tag !== "String" || link.to.encoding !== undefined) return to
    const format = formats.get(link.transformation)
    const out =
      format === undefined || to.annotations?.["format"] !== undefined
        ? to
        : { ...to, annotations: { ...to.annotations, format } }
    const own = SchemaRepresentation.toRepresentation(ast, noReferences).representation
    const content = own._tag === "String" ? own.content : undefined
    if (content === undefined) return out
    if (content.schema === undefined) return { ...out, content: { mediaType: content.mediaType } }
    const links = ast.encoding?.slice(0, -1) ?? []
    const encoding = links.length === 0 ? undefined : (links as unknown as SchemaAST.Encoding) // not empty
    return { ...out, content: { mediaType: content.mediaType, schema: this.visit(contentAst(copy(ast, { encoding })), path) } }
  }

  private buildBody(ast: AST, path: Path): Representation {
    switch (ast._tag) {
      case "Objects":
        return this.buildObjects(ast, path)
      case "Arrays":
        return this.buildArrays(ast, path)
      case "Union":
        return this.buildUnion(ast, path)
      case "Suspend": {
        const thunk = this.visit(ast.thunk(), path)
        return ast.annotations === undefined ? thunk : { _tag: "Suspend", annotations: ast.annotations, checks: [], thunk }
      }
      case "Symbol":
      case "UniqueSymbol":
        return this.refuse(path, symbolDetail)
      case "Enum": {
        // Effect shows the names of the members beside their values; a plain list of values is what models are used to.
        const types = ast.enums.map(([, literal]) => ({ _tag: "Literal", literal, checks: [] }) as const)
        return { _tag: "Union", types, ...this.common(ast, path) }
      }
      case "Number": {
        // `NaN` and the infinities are accepted as strings, but no model has to know.
        const { checks, ...rest } = this.common(ast, path)
        return { _tag: "Number", checks: [finite, ...checks], ...rest }
      }
      default: {
        const leaf = SchemaRepresentation.toRepresentation(ast, noReferences).representation
        return leaf._tag === "Reference" || leaf._tag === "Suspend" ? leaf : { ...leaf, ...this.common(ast, path) }
      }
    }
  }

  private common(ast: AST, path: Path) {
    const encode = (annotations: Schema.Annotations.Annotations) => encodeValues(ast, annotations)
    const checks = checksOf(ast, this.options.lengths, encode, (schema) => this.visit(SchemaAST.toType(schema), path))
    return ast.annotations === undefined ? { checks } : { checks, annotations: encode(ast.annotations) }
  }

  private buildObjects(ast: SchemaAST.Objects, path: Path): Representation {
    const propertySignatures: Array<SchemaRepresentation.PropertySignature> = []
    for (const { name, type } of ast.propertySignatures) {
      const key = String(name)
      const at = [...path, key]
      const wire = lastEncoding(type)
      const isOptional = SchemaAST.isOptional(wire)
      const value = this.visit(type, at)
      if (value._tag === "Never") {
        if (isOptional) continue
        this.refuse(at, "no value is valid here, so the whole is never valid: remove the key or make it optional")
      }
      const annotations = keyAnnotations(type, wire)
      const signature = { name: key, type: value, isOptional, isMutable: false }
      propertySignatures.push(annotations === undefined ? signature : { ...signature, annotations })
    }
    const indexSignatures = ast.indexSignatures.map(({ parameter, type }) => ({
      parameter: this.visit(parameter, [...path, "[key]"]),
      type: this.visit(type, [...path, "[*]"])
    }))
    return { _tag: "Objects", propertySignatures, indexSignatures, ...this.common(ast, path) }
  }

  private buildArrays(ast: SchemaAST.Arrays, path: Path): Representation {
    const elements: Array<SchemaRepresentation.Element> = []
    for (const [i, element] of ast.elements.entries()) {
      const at = [...path, `[${i}]`]
      const isOptional = SchemaAST.isOptional(lastEncoding(element))
      const type = this.visit(element, at)
      if (type._tag === "Never") {
        if (isOptional) break
        this.refuse(at, "no value is valid here, so the whole is never valid: remove the element or make it optional")
      }
      elements.push({ isOptional, type })
    }
    const rest = ast.rest.map((type) => this.visit(type, [...path, "[]"])).filter((type) => type._tag !== "Never")
    return { _tag: "Arrays", elements, rest, ...this.common(ast, path) }
  }

  // `oneOf` becomes `anyOf`: many hosts know only the latter, and the decoder keeps the last word.
  private buildUnion(ast: SchemaAST.Union, path: Path): Representation {
    const types = ast.types.map((type) => this.visit(type, path)).filter((type) => type._tag !== "Never")
    const [only] = types
    if (only === undefined) return { _tag: "Never", checks: [] }
    const own = this.common(ast, path)
    if (types.length > 1 || own.checks.length > 0) return { _tag: "Union", types, ...own }
    return inherit(only, [ast])
  }
}

/** What copies of a node have in common. */
const bodyOf = (ast: AST): object | undefined => {
  switch (ast._tag) {
    case "Objects":
      return ast.propertySignatures
    case "Arrays":
      return ast.rest
    case "Union":
      return ast.types
    case "Declaration":
      return ast.run
    default:
      return undefined
  }
}

const expectedOf = (ast: AST): string => {
  const { expected, identifier } = SchemaAST.resolve(ast) ?? {}
  return typeof identifier === "string" ? identifier : typeof expected === "string" ? expected : "this declaration"
}

/** True for `Schema.Json`, which the JSON codec takes as the form of what it knows nothing about. */
const isJson = (ast: AST): boolean =>
  SchemaAST.isDeclaration(ast) && ast.encoding === undefined && representationId(ast.annotations) === "effect/schema/Json"

const hasCodec = ({ annotations }: SchemaAST.Declaration): boolean =>
  typeof annotations?.["toCodecJson"] === "function" || typeof annotations?.["toCodec"] === "function"

/** The representation of the wire side of a JSON codec. Throws {@link UnrepresentableSchema}. */
export const toRepresentation = (ast: AST, options: Options): SchemaRepresentation.Document => {
  const walk = new Walk(options)
  const representation = walk.visit(ast, [])
  if (representation._tag === "Never") walk.refuse([], "no value is valid here")
  return { representation, references: walk.references }
}
