/**
 * Says to a model why a Schema did not accept its arguments. See `problems.ts` for the form.
 */
import * as Predicate from "effect/Predicate"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { abbreviate, alternatives, append, Problems, render } from "./problems.ts"
import { isNonFinite, lastEncoding, representationId } from "./wireCodec.ts"

type AST = SchemaAST.AST
type Issue = SchemaIssue.Issue

/**
 * The lines for an issue that was made with `errors: "all"` and `reportInput: true`. `root` names the value that was decoded. With
 * `wire`, what was received is what stands in it: an issue knows what became of the text of a date, and not the text.
 */
export const explain = (issue: Issue, root = "arguments", wire?: Wire): string => {
  const problems = new Problems()
  walk(issue, { path: "", owner: undefined, key: undefined, secret: false, wire }, problems)
  return render(problems.first, problems.count, root)
}

/** A value that was received, when it is known. */
export interface Wire {
  readonly value: unknown
}

interface Place {
  readonly path: string
  /** The struct or array that the value belongs to, and its key there. */
  readonly owner: AST | undefined
  readonly key: PropertyKey | undefined
  /** True inside of `Schema.Redacted`: what was received is not repeated. */
  readonly secret: boolean
  readonly wire: Wire | undefined
}

const walk = (issue: Issue, place: Place, out: Problems): void => {
  switch (issue._tag) {
    case "Pointer": {
      const path = issue.path.reduce(append, place.path)
      return walk(issue.issue, { ...place, path, key: issue.path.at(-1), wire: issue.path.reduce(memberOfWire, place.wire) }, out)
    }
    case "Composite": {
      const inner = { ...place, owner: issue.ast }
      for (const child of issue.issues) walk(child, inner, out)
      return
    }
    case "Encoding":
      return walk(issue.issue, isRedacted(issue.ast) ? { ...place, secret: true } : place, out)
    case "Filter":
      return walkFilter(issue, place, out)
    case "AnyOf":
      return walkUnion(issue, place, out)
    case "OneOf":
      return out.add(place.path, () => messageOf(issue.ast) ?? "matches more than one of the forms that are allowed")
    case "MissingKey":
      return out.add(place.path, () => {
        const said = issue.annotations?.messageMissingKey
        return typeof said === "string" ? said : `missing, expected ${describe(memberOf(place))}`
      })
    case "UnexpectedKey":
      return out.add(place.path, () => unexpected(issue.ast))
    case "InvalidType":
      return out.add(place.path, () => messageOf(issue.ast) ?? `expected ${describe(issue.ast)}${received(issue, place)}`)
    case "InvalidValue":
    case "Forbidden":
      return out.add(place.path, () => valueMessage(issue, undefined, place))
  }
}

const walkFilter = (issue: SchemaIssue.Filter, place: Place, out: Problems): void => {
  const { annotations } = issue.filter
  const said = annotations?.message
  if (typeof said === "string") return out.add(place.path, () => said)
  const inner = issue.issue
  if (inner._tag !== "InvalidValue") return walk(inner, place, out)
  const expected = typeof annotations?.expected === "string" ? annotations.expected : undefined
  out.add(place.path, () => valueMessage(SchemaIssue.hasInput(inner) ? inner : { ...inner, input: issue.input }, expected, place))
}

const valueMessage = (
  issue: Pick<SchemaIssue.InvalidValue | SchemaIssue.Forbidden, "annotations" | "input" | "_tag">,
  fallback: string | undefined,
  place: Place
): string => {
  const { expected = fallback, message } = issue.annotations ?? {}
  const got =
    issue._tag === "Forbidden" || issue.input === undefined || place.secret ? "" : `, received ${shown(issue.input, place)}`
  if (typeof message === "string") return `${message}${got}`
  return issue._tag === "Forbidden" ? "is not allowed" : `expected ${expected ?? "a valid value"}${got}`
}

// Of a union of forms only the nearest one is worth explaining: the one with the fewest problems.
const walkUnion = (issue: SchemaIssue.AnyOf, place: Place, out: Problems): void => {
  const { ast, issues } = issue
  const said = messageOf(ast)
  if (said !== undefined) return out.add(place.path, () => said)
  const forms = isNonFinite(ast) ? [] : issues.length === 1 ? issues : issues.filter(isNested)
  if (forms.length === 0) {
    const tag = discriminator(ast, issue.input)
    if (tag === undefined) return out.add(place.path, () => `expected ${describe(ast)}${received(issue, place)}`)
    return out.add(
      append(place.path, tag.key),
      () => `${tag.found === undefined ? "missing, " : ""}expected ${tag.expected}${tag.found ?? ""}`
    )
  }
  const all = forms.map((form) => {
    const problems = new Problems()
    walk(form, place, problems)
    return problems
  })
  out.addAll(all.reduce((a, b) => (b.count < a.count ? b : a)))
}

const isNested = (issue: Issue): boolean => {
  switch (issue._tag) {
    case "Pointer":
      return true
    case "Composite":
    case "AnyOf":
      return issue.issues.some(isNested)
    case "Filter":
    case "Encoding":
      return isNested(issue.issue)
    default:
      return false
  }
}

/** The key whose literal tells the members of a union apart, when the value is an object that has none of the literals. */
const discriminator = (ast: SchemaAST.Union, input: unknown) => {
  const members = ast.types.map(lastEncoding)
  const [first] = members
  if (typeof input !== "object" || input === null || Array.isArray(input) || first?._tag !== "Objects") return undefined
  for (const { name, type } of first.propertySignatures) {
    if (!SchemaAST.isLiteral(lastEncoding(type)) || typeof name !== "string") continue
    const literals = members.map((member) => memberOf({ owner: member, key: name }))
    if (!literals.every((literal) => literal !== undefined && SchemaAST.isLiteral(lastEncoding(literal)))) continue
    const found = Object.hasOwn(input, name) ? `, received ${abbreviate((input as Record<string, unknown>)[name])}` : undefined // it is there
    return { key: name, expected: alternatives(literals.map((literal) => describe(literal))), found }
  }
  return undefined
}

const memberOf = ({ key, owner }: Pick<Place, "key" | "owner">): AST | undefined => {
  if (owner?._tag === "Objects") return owner.propertySignatures.find((p) => p.name === key)?.type
  if (owner?._tag === "Arrays" && typeof key === "number") return owner.elements[key] ?? owner.rest[0]
  return undefined
}

const unexpected = (ast: AST): string => {
  const said = ast.annotations?.["messageUnexpectedKey"]
  if (typeof said === "string") return said
  const keys = ast._tag === "Objects" ? ast.propertySignatures.map((p) => String(p.name)) : []
  return keys.length === 0 ? "unexpected key" : `unexpected key, the known keys are ${keys.slice(0, 12).join(", ")}`
}

const messageOf = (ast: AST): string | undefined => {
  const message = ast.annotations?.["message"]
  return typeof message === "string" ? message : undefined
}

const received = (issue: Issue, place: Place): string =>
  place.secret || !SchemaIssue.hasInput(issue) ? "" : `, received ${shown(issue.input, place)}`

const shown = (input: unknown, { wire }: Place): string => abbreviate(wire === undefined ? input : wire.value)

const memberOfWire = (wire: Wire | undefined, key: PropertyKey): Wire | undefined =>
  Predicate.hasProperty(wire?.value, key) && Object.hasOwn(wire.value, key) ? { value: wire.value[key] } : undefined

const isRedacted = (ast: AST): boolean =>
  SchemaAST.isDeclaration(ast) && representationId(ast.annotations) === "effect/schema/Redacted"

const isIntCheck = (check: SchemaAST.Check<never>): boolean =>
  representationId(check.annotations) === "effect/schema/isInt" || (check._tag === "FilterGroup" && check.checks.some(isIntCheck))

/** What a type is in the words of JSON: `an integer`, `"a" or "b"`, `an object`. */
const describe = (ast: AST | undefined): string => alternatives(ast === undefined ? ["a value"] : forms(ast, 0))

const forms = (ast: AST, depth: number): ReadonlyArray<string> => {
  const wire = lastEncoding(ast)
  const expected = wire.annotations?.["expected"]
  if (typeof expected === "string") return [expected]
  switch (wire._tag) {
    case "Union":
      return isNonFinite(wire) ? ["a number"] : depth > 8 ? [] : wire.types.flatMap((type) => forms(type, depth + 1))
    case "Suspend":
      return depth > 8 ? [] : forms(wire.thunk(), depth + 1)
    case "Enum":
      return wire.enums.map(([, value]) => abbreviate(value))
    case "Never":
      return []
    default:
      return [form(wire)]
  }
}

const form = (ast: AST): string => {
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return "a string"
    case "Number":
      return ast.checks?.some(isIntCheck) === true ? "an integer" : "a number"
    case "Boolean":
      return "a boolean"
    case "Null":
      return "null"
    case "Literal":
      return typeof ast.literal === "bigint" ? `"${ast.literal}"` : abbreviate(ast.literal)
    case "Objects":
      return "an object"
    case "Arrays":
      return "an array"
    case "ObjectKeyword":
      return "an object or an array"
    default:
      return "a JSON value"
  }
}
