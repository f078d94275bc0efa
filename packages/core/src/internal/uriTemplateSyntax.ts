/**
 * The text of a URI template as literals and expressions.
 *
 * Source: RFC 6570 section 2.
 */

/** What an expression begins with. */
export type Operator = "" | "+" | "#" | "." | "/" | ";" | "?" | "&"

/** A variable where it stands in an expression. */
export interface Named {
  readonly name: string
  /** It is followed by `*`. */
  readonly explode: boolean
  readonly at: number
}

/** What is between braces. */
export interface Expression {
  readonly _tag: "Expression"
  readonly operator: Operator
  readonly variables: ReadonlyArray<Named>
  readonly at: number
}

/** What stands for itself, as it is written. */
export interface Literal {
  readonly _tag: "Literal"
  readonly text: string
  readonly at: number
}

/** One part of a template. */
export type Part = Literal | Expression

/** Makes the error of a template: `at` counts from 0. */
export type Fault = (at: number, expected: string) => Error

const operators = ["+", "#", ".", "/", ";", "?", "&"] as const

const isName = (text: string): boolean => /^(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*$/.test(text)

const readVariable = (text: string, at: number, fault: Fault): Named => {
  const colon = text.indexOf(":")
  if (colon >= 0) throw fault(at + colon, "no prefix modifier, which is of level 4")
  const explode = text.endsWith("*")
  const name = explode ? text.slice(0, -1) : text
  if (!isName(name)) throw fault(at, "a variable name of letters, digits, `_`, `%XX` and single dots between them")
  return { name, explode, at }
}

const readExpression = (body: string, at: number, fault: Fault): Expression => {
  const first = body.charAt(0)
  if (/^[=,!@|]/.test(first)) throw fault(at + 1, `another operator than \`${first}\`, which is reserved`)
  const operator = operators.find((known) => known === first) ?? ""
  let start = at + 1 + operator.length
  const variables: Array<Named> = []
  for (const text of body.slice(operator.length).split(",")) {
    variables.push(readVariable(text, start, fault))
    start += text.length + 1
  }
  return { _tag: "Expression", operator, variables, at }
}

const readLiteral = (text: string, at: number, fault: Fault): Literal => {
  const brace = text.indexOf("}")
  if (brace >= 0) throw fault(at + brace, "a `{` before this `}`")
  const percent = text.search(/%(?![0-9A-Fa-f]{2})/)
  if (percent >= 0) throw fault(at + percent, "two hexadecimal digits after `%`")
  if (!text.isWellFormed()) throw fault(at, "no lone surrogates")
  return { _tag: "Literal", text, at }
}

/** Reads a template. Throws what `fault` makes. */
export const read = (source: string, fault: Fault): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  const names = new Set<string>()
  for (let at = 0; at < source.length;) {
    const open = source.indexOf("{", at)
    const end = open < 0 ? source.length : open
    if (end > at) parts.push(readLiteral(source.slice(at, end), at, fault))
    if (open < 0) break
    const close = source.indexOf("}", open)
    const nested = source.indexOf("{", open + 1)
    if (close < 0 || (nested >= 0 && nested < close)) {
      throw fault(nested < 0 ? source.length : nested, `a \`}\` for the \`{\` at ${open}`)
    }
    if (close === open + 1) throw fault(close, "a variable")
    const expression = readExpression(source.slice(open + 1, close), open, fault)
    for (const { at, name } of expression.variables) {
      const spelling = name.replace(/%../g, (encoded) => encoded.toUpperCase())
      if (names.has(spelling)) throw fault(at, `a variable other than \`${name}\`, which is there already`)
      names.add(spelling)
    }
    parts.push(expression)
    at = close + 1
  }
  return parts
}
