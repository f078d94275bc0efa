/**
 * What can be repaired in arguments that did not decode: `null` for a key that may be absent, and JSON that was sent as a string.
 */
import * as SchemaAST from "effect/SchemaAST"
import type * as SchemaIssue from "effect/SchemaIssue"
import { isNonFinite, lastEncoding } from "./wireCodec.ts"

type AST = SchemaAST.AST
type Path = ReadonlyArray<PropertyKey>

/** A change to the arguments. */
export type Repair =
  | { readonly _tag: "Absent"; readonly path: Path }
  | { readonly _tag: "Parsed"; readonly path: Path; readonly value: unknown }

type JsonKind = "array" | "object" | "number" | "boolean"

/** The repairs that an issue suggests, at most one for each place. Strings are only parsed when `lenient`. */
export const findRepairs = (issue: SchemaIssue.Issue, input: unknown, lenient: boolean): ReadonlyArray<Repair> => {
  const found = new Map<string, Repair>()
  const add = (repair: Repair) => {
    const key = JSON.stringify(repair.path.map(String))
    if (!found.has(key)) found.set(key, repair)
  }
  const leaf = (ast: AST, path: Path, value: unknown) => {
    const parsed = lenient && typeof value === "string" ? parse(value, ast) : undefined
    if (parsed !== undefined) add({ _tag: "Parsed", path, value: parsed })
  }
  const visit = (issue: SchemaIssue.Issue, path: Path, value: unknown, owner: AST | undefined): void => {
    switch (issue._tag) {
      case "Pointer": {
        const [key] = issue.path
        if (issue.path.length !== 1 || key === undefined) return
        const at = [...path, key]
        const member = memberAt(value, key)
        if (member === null && isOptionalKey(owner, key)) return add({ _tag: "Absent", path: at })
        return visit(issue.issue, at, member, undefined)
      }
      case "Composite":
        for (const child of issue.issues) visit(child, path, value, issue.ast)
        return
      case "AnyOf":
        leaf(issue.ast, path, value)
        for (const child of issue.issues) visit(child, path, value, undefined)
        return
      case "Filter":
      case "Encoding":
        return visit(issue.issue, path, value, owner)
      case "InvalidType":
        return leaf(issue.ast, path, value)
    }
  }
  visit(issue, [], input, undefined)
  return [...found.values()]
}

const memberAt = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

const isOptionalKey = (owner: AST | undefined, key: PropertyKey): boolean => {
  const property = owner?._tag === "Objects" ? owner.propertySignatures.find(({ name }) => name === key) : undefined
  return property !== undefined && SchemaAST.isOptional(lastEncoding(property.type))
}

/** The value of a JSON text, when it is of a kind that `ast` wants. */
const parse = (text: string, ast: AST): unknown => {
  const wanted = new Set<JsonKind>()
  collectKinds(ast, wanted, 0)
  if (wanted.size === 0) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const kind = Array.isArray(value) ? "array" : value === null ? undefined : typeof value
    return wanted.has(kind as JsonKind) ? value : undefined // not in the set when it is no such kind
  } catch {
    return undefined
  }
}

const collectKinds = (ast: AST, kinds: Set<JsonKind>, depth: number): void => {
  const wire = lastEncoding(ast)
  if (isNonFinite(wire)) return void kinds.add("number")
  switch (wire._tag) {
    case "Number":
      return void kinds.add("number")
    case "Boolean":
      return void kinds.add("boolean")
    case "Arrays":
      return void kinds.add("array")
    case "Objects":
      return void kinds.add("object")
    case "Literal":
      if (typeof wire.literal === "number" || typeof wire.literal === "boolean") kinds.add(typeof wire.literal as JsonKind) // of the two
      return
    case "Enum":
      if (wire.enums.some(([, value]) => typeof value === "number")) kinds.add("number")
      return
    case "Union":
      return wire.types.forEach((type) => collectKinds(type, kinds, depth + 1))
    case "Suspend":
      return depth > 8 ? undefined : collectKinds(wire.thunk(), kinds, depth + 1)
  }
}

/** The arguments with the repairs made, on copies: what was received stays as it is. */
export const applyRepairs = (input: unknown, repairs: ReadonlyArray<Repair>): unknown => {
  const copies = new Set<object>()
  return repairs.reduce((value, repair) => change(value, repair.path, 0, repair, copies), input)
}

const change = (value: unknown, path: Path, at: number, repair: Repair, copies: Set<object>): unknown => {
  const key = path[at]
  if (key === undefined) return repair._tag === "Parsed" ? repair.value : undefined
  if (typeof value !== "object" || value === null) return value
  const copy: object = copies.has(value) ? value : Array.isArray(value) ? [...value] : { ...value }
  copies.add(copy)
  if (at === path.length - 1 && repair._tag === "Absent") {
    Reflect.deleteProperty(copy, key)
    return copy
  }
  const member = change(memberAt(value, key), path, at + 1, repair, copies)
  // Defined, not assigned: the key may be `__proto__`.
  Object.defineProperty(copy, key, { value: member, enumerable: true, writable: true, configurable: true })
  return copy
}
