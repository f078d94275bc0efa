/**
 * References in the texts of a configuration: `${NAME}`, `${NAME:-default}`, `${env:NAME}`, `${input:id}`, `${userHome}` and the
 * like, and `$NAME` where that is one. What a reference stands for is not looked at again.
 *
 * Sources: "Environment variable expansion" of Claude Code, "Config interpolation" of Cursor, "Variables reference" of VS Code,
 * "Environment variables" of Gemini CLI's settings.
 */
import * as Redacted from "effect/Redacted"

/** What references may stand for. */
export interface Lookup {
  readonly env: { readonly [name: string]: string | undefined }
  readonly inputs: { readonly [id: string]: string | Redacted.Redacted<string> | undefined }
  /** Such as `userHome`: no secrets. */
  readonly predefined: { readonly [name: string]: string }
  /** Whether `$NAME` is a reference. */
  readonly bare: boolean
}

/** What is wrong with a reference. */
export type Fault =
  | { readonly _tag: "Unset"; readonly variable: string }
  | { readonly _tag: "Malformed"; readonly detail: string }

/** A text whose references were replaced. */
export interface Expanded {
  readonly text: string
  /** Whether a part of it comes from the environment or from an input. */
  readonly secret: boolean
  readonly faults: ReadonlyArray<Fault>
}

/** References within defaults of references, at most. */
export const maxDepth = 10

/** Replaces all references. Never throws, and looks at each character once. */
export const expand = (text: string, lookup: Lookup): Expanded => {
  if (!text.includes("$")) return { text, secret: false, faults: [] }
  const expansion = new Expansion(text, lookup)
  return { text: expansion.texts(0, true), secret: expansion.secret, faults: expansion.faults }
}

const own = <A>(record: { readonly [name: string]: A }, name: string): A | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

const notClosed = "`${` is not closed with `}`"

const unknownForm =
  "a reference is none of `${NAME}`, `${NAME:-default}`, `${env:NAME}`, `${input:id}`, `${userHome}`, `${workspaceFolder}`, " +
  "`${workspaceFolderBasename}`, `${cwd}`, `${pathSeparator}` and `${/}`"

const identifier = /[A-Za-z_]\w*/y

class Expansion {
  secret = false
  readonly faults: Array<Fault> = []
  /** Set once the rest of the text could not be read. */
  private broken = false
  private at = 0
  private readonly text: string
  private readonly lookup: Lookup
  constructor(text: string, lookup: Lookup) {
    this.text = text
    this.lookup = lookup
  }

  /** Up to the `}` that closes the reference at this depth, which is left there, or up to the end. */
  texts(depth: number, used: boolean): string {
    const stop = depth === 0 ? /\$/g : /[$}]/g
    let result = ""
    for (;;) {
      stop.lastIndex = this.at
      const found = stop.exec(this.text)?.index ?? this.text.length
      result += this.text.slice(this.at, found)
      this.at = found
      if (this.text[found] !== "$") return result
      result += this.dollar(depth, used)
    }
  }

  private dollar(depth: number, used: boolean): string {
    const start = this.at++
    if (this.text[this.at] === "{") return this.reference(start, depth, used)
    identifier.lastIndex = this.at
    const name = this.lookup.bare ? identifier.exec(this.text)?.[0] : undefined
    if (name === undefined) return "$"
    this.at += name.length
    return this.variable(name, used) ?? this.fault({ _tag: "Unset", variable: name }, used)
  }

  private reference(start: number, depth: number, used: boolean): string {
    if (depth === maxDepth) return this.giveUp(`references are nested more than ${maxDepth} levels deep`)
    const end = /:-|\}/g
    end.lastIndex = this.at
    const found = end.exec(this.text)
    if (found === null) return this.giveUp(notClosed)
    const name = this.text.slice(start + 2, found.index)
    const value = this.value(name, used)
    this.at = found.index
    if (found[0] === "}") {
      this.at++
      return value === undefined ? this.missing(name, used) : value
    }
    this.at += 2
    // A default that is not needed is read all the same, to find its end, but nothing in it is missed.
    const otherwise = this.texts(depth + 1, used && value === undefined)
    if (this.text[this.at] !== "}") return this.giveUp(notClosed)
    this.at++
    return value ?? otherwise
  }

  /** What a name stands for, `undefined` where it stands for nothing. */
  private value(name: string, used: boolean): string | undefined {
    const { inputs, predefined } = this.lookup
    if (name.startsWith("env:")) return this.variable(name.slice(4), used)
    if (name.startsWith("input:")) {
      const input = own(inputs, name.slice(6))
      if (input === undefined) return undefined
      if (used) this.secret = true
      return Redacted.isRedacted(input) ? Redacted.value(input) : input
    }
    return own(predefined, name) ?? this.variable(name, used)
  }

  private variable(name: string, used: boolean): string | undefined {
    const value = own(this.lookup.env, name)
    if (value !== undefined && used) this.secret = true
    return value
  }

  private missing(name: string, used: boolean): string {
    const isKnown = /^(env:.+|input:.+|[A-Za-z_]\w*)$/.test(name)
    return this.fault(
      isKnown ? { _tag: "Unset", variable: name.replace(/^env:/, "") } : { _tag: "Malformed", detail: unknownForm },
      used
    )
  }

  private giveUp(detail: string): string {
    this.at = this.text.length
    if (this.broken) return ""
    this.broken = true
    return this.fault({ _tag: "Malformed", detail }, true)
  }

  private fault(fault: Fault, used: boolean): string {
    if (used) this.faults.push(fault)
    return ""
  }
}
