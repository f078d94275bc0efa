/**
 * How URIs of a template are read: its parts sorted into path, query and fragment, and the proof that there is one way to read each.
 *
 * A variable ends where the text after it begins for the first time, the last text of its part stands at the end, and one variable
 * of several segments takes what is left between those that are read from the front and from the back. Nothing is tried twice.
 */
import type { Expression, Fault, Named, Part } from "./uriTemplateSyntax.ts"
import * as Text from "./uriTemplateText.ts"

/** A variable of the template. */
export interface Variable {
  readonly name: string
  readonly optional: boolean
  readonly spansSegments: boolean
  /** It stands in the path, where slashes divide. */
  readonly inPath: boolean
}

/** Text that stands for itself, normalized. */
export interface Literal {
  readonly _tag: "Literal"
  readonly text: string
}

/** The place of a variable, named by its index. */
export interface Slot {
  readonly _tag: "Slot"
  readonly variable: number
  /** May match slashes. */
  readonly wide: boolean
  /** Characters that it does not match. */
  readonly barrier: string
  readonly at: number
}

/** Named parameters: variables by the spelling of their names. */
export interface Parameters {
  readonly _tag: "Parameters"
  readonly names: ReadonlyMap<string, number>
  readonly at: number
}

/** What is read one after the other. */
export type Item = Literal | Slot | Parameters

/** The items of one part of the URI, around the slot that takes what the others leave. */
export interface Sequence {
  readonly before: ReadonlyArray<Item>
  readonly wide: Slot | undefined
  readonly after: ReadonlyArray<Item>
  /** How many slashes `after` has, when it has variables. */
  readonly slashes: number
  /** Where the first of them is. */
  readonly lead: number
}

/** How URIs of a template are read. */
export interface Plan {
  readonly variables: ReadonlyArray<Variable>
  readonly path: Sequence
  /** After a literal `?`. */
  readonly query: Sequence | undefined
  /** How many `&` the literals of `query` have. */
  readonly ampersands: number
  /** The parameters of `{?a}` and `{&a}`, and what the first one begins with. */
  readonly parameters: { readonly begin: "?" | "&"; readonly names: ReadonlyMap<string, number> } | undefined
  readonly fragment: Sequence | undefined
  /** The text that ends a variable, by its index, where values may have it too. */
  readonly ends: ReadonlyMap<number, string>
}

type Region = "path" | "query" | "parameters" | "fragment"

const barriers = { path: "/?#", query: "/?#&", parameters: "", fragment: "/?#" } as const

class Planner {
  readonly variables: Array<Variable> = []
  readonly items: { readonly [R in Region]: Array<Item> } = { path: [], query: [], parameters: [], fragment: [] }
  readonly names = new Map<string, number>()
  readonly ends = new Map<number, string>()
  region: Region = "path"
  begin: "?" | "&" | undefined
  hasQuery = false
  hasFragment = false

  readonly fault: Fault

  constructor(fault: Fault) {
    this.fault = fault
  }

  /** Literal text as it is written: `?` and `#` begin the next part of the URI. */
  literal(text: string, at: number): void {
    const divider = this.region === "fragment" ? -1 : text.search(this.region === "path" ? /[?#]/ : /#/)
    const own = divider < 0 ? text : text.slice(0, divider)
    if (own !== "" && this.region === "parameters") throw this.fault(at, "nothing but `{&`, `#` or the end after the query")
    this.text(own)
    if (divider < 0) return
    this.enter(text.charAt(divider) === "?" ? "query" : "fragment")
    this.literal(text.slice(divider + 1), at + divider + 1)
  }

  enter(region: "query" | "fragment"): void {
    this.region = region
    if (region === "query") this.hasQuery = true
    else this.hasFragment = true
  }

  /** Text that does not leave its part of the URI. */
  text(text: string): void {
    const items = this.items[this.region]
    const last = items.at(-1)
    const normal = Text.normal(text) ?? "" // the syntax has no malformed text
    if (last?._tag === "Literal") items[items.length - 1] = { _tag: "Literal", text: last.text + normal }
    else if (normal !== "") items.push({ _tag: "Literal", text: normal })
  }

  expression({ at, operator, variables }: Expression): void {
    if (operator === "?" || operator === "&") return this.query(operator, variables, at)
    if (operator === "#") {
      if (this.region === "fragment") throw this.fault(at, "one fragment alone")
      this.enter("fragment")
    } else if (this.region === "parameters") throw this.fault(at, "nothing but `{&`, `#` or the end after the query")
    if (operator === ";") {
      const names = this.named(variables)
      this.items[this.region].push({ _tag: "Parameters", names, at })
      return
    }
    const hasLead = operator === "." || operator === "/"
    variables.forEach((variable, i) => {
      if (hasLead) this.text(operator)
      else if (i > 0) this.text(",")
      this.slot(operator, variable, i === 0 ? at : variable.at)
    })
  }

  slot(operator: "" | "+" | "#" | "." | "/", { explode, name }: Named, at: number): void {
    const isReserved = operator === "+" || operator === "#"
    const wide = isReserved || (explode && operator !== ".")
    const barrier = isReserved ? "" : wide ? barriers[this.region].slice(1) : barriers[this.region]
    const spansSegments = wide && operator !== "#"
    this.items[this.region].push({ _tag: "Slot", variable: this.variables.length, wide, barrier, at })
    this.variables.push({ name, optional: false, spansSegments, inPath: this.region === "path" })
  }

  named(variables: ReadonlyArray<Named>): ReadonlyMap<string, number> {
    const names = new Map<string, number>()
    for (const { name } of variables) {
      names.set(Text.normal(name) ?? name, this.variables.length)
      this.variables.push({ name, optional: true, spansSegments: false, inPath: this.region === "path" })
    }
    return names
  }

  query(operator: "?" | "&", variables: ReadonlyArray<Named>, at: number): void {
    if (this.region === "fragment") throw this.fault(at, "the query before the fragment")
    if (operator === "?" && this.region !== "path") throw this.fault(at, "`{&`, because the query has begun")
    const wide = this.items.query.find((item) => item._tag === "Slot" && item.wide)
    if (wide !== undefined) throw this.fault(at, "no query variables after one of several segments, which cannot be told apart")
    this.begin ??= operator
    this.region = "parameters"
    for (const [name, variable] of this.named(variables)) this.names.set(name, variable)
  }

  /** Where each item of one part ends. Throws for two that cannot be told apart. */
  check(items: ReadonlyArray<Item>): void {
    items.forEach((item, i) => {
      const next = items[i + 1]
      if (item._tag === "Literal" || next === undefined) return
      const isWide = item._tag === "Slot" && item.wide
      if (next._tag === "Slot" || (next._tag === "Parameters" && (isWide || item._tag === "Parameters"))) {
        throw this.fault(next.at, "text before this expression, because it cannot be told apart from the one before it")
      }
      if (next._tag === "Parameters" || isWide) return
      if (item._tag === "Parameters") {
        if (!next.text.startsWith("/")) throw this.fault(item.at, "`/`, `?`, `#` or the end after these parameters")
        return
      }
      if (i === items.length - 2) return // it stands at the end, wherever else it may be
      if (next.text.startsWith("%")) {
        throw this.fault(item.at, "no percent-encoded text after this variable, because its values may have that, too")
      }
      this.ends.set(item.variable, next.text)
    })
  }

  sequence(region: Exclude<Region, "parameters">): Sequence {
    const items = this.items[region]
    this.check(items)
    const [wide, second] = items.filter((item) => item._tag === "Slot").filter((slot) => slot.wide)
    if (wide === undefined) return { before: items, wide, after: [], slashes: 0, lead: 0 }
    if (second !== undefined)
      throw this.fault(second.at, "no second variable of several segments, because two cannot be told apart")
    const before = items.slice(0, items.indexOf(wide))
    const after = items.slice(items.indexOf(wide) + 1)
    const [first, ...others] = after
    const lead = first?._tag === "Literal" ? first.text.indexOf("/") : 0
    if (others.length > 0 && lead < 0) {
      throw this.fault(wide.at, "a `/` between this variable of several segments and the next one, to tell them apart")
    }
    const slashes = after.reduce((sum, item) => sum + (item._tag === "Literal" ? item.text.split("/").length - 1 : 0), 0)
    return { before, wide, after, slashes, lead }
  }
}

/** Makes the plan of a template. Throws what `fault` makes, where two parts cannot be told apart. */
export const plan = (parts: ReadonlyArray<Part>, fault: Fault): Plan => {
  const planner = new Planner(fault)
  for (const part of parts) {
    if (part._tag === "Literal") planner.literal(part.text, part.at)
    else planner.expression(part)
  }
  const { begin, ends, hasFragment, hasQuery, items, names, variables } = planner
  return {
    variables,
    path: planner.sequence("path"),
    query: hasQuery ? planner.sequence("query") : undefined,
    ampersands: items.query.reduce((sum, item) => sum + (item._tag === "Literal" ? item.text.split("&").length - 1 : 0), 0),
    parameters: begin === undefined ? undefined : { begin, names },
    fragment: hasFragment ? planner.sequence("fragment") : undefined,
    ends
  }
}
