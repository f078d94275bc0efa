/**
 * JSON with comments and trailing commas, as editors and hosts keep their settings. What is JSON means the same here.
 *
 * By hand, since errors must name the place and never quote the text, which may hold secrets: messages of `JSON.parse` do the
 * opposite. Members called `__proto__` are members like others.
 */
import * as Result from "effect/Result"

/** Where a text stops being JSON, and what was expected there. */
export interface Fault {
  /** Both start at 1. */
  readonly line: number
  readonly column: number
  readonly detail: string
}

/** Deeper than this nothing is read: the reader follows a text as deep as it goes. */
export const maxDepth = 100

/** Thrown within the reader alone. */
class Stop {
  readonly at: number
  readonly detail: string
  constructor(at: number, detail: string) {
    this.at = at
    this.detail = detail
  }
}

/** Reads a text. Never throws. */
export const parse = (text: string): Result.Result<unknown, Fault> => {
  try {
    return Result.succeed(new Reader(text).document())
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop
    const before = text.slice(0, stop.at).split("\n")
    return Result.fail({ line: before.length, column: before.at(-1)!.length + 1, detail: stop.detail })
  }
}

const isBlank = (char: string | undefined): boolean => char === " " || char === "\t" || char === "\n" || char === "\r"

class Reader {
  private readonly text: string
  private at = 0
  constructor(text: string) {
    this.text = text
  }

  document(): unknown {
    const value = this.value(0)
    if (this.next() !== undefined) throw new Stop(this.at, "expected the end, since the value is complete")
    return value
  }

  /** The next character that is neither blank nor in a comment. */
  private next(): string | undefined {
    for (;;) {
      while (isBlank(this.text[this.at])) this.at++
      if (this.text.startsWith("//", this.at)) this.skip("\n", this.text.length)
      else if (this.text.startsWith("/*", this.at)) this.skip("*/", undefined)
      else return this.text[this.at]
    }
  }

  private skip(end: string, otherwise: number | undefined): void {
    const found = this.text.indexOf(end, this.at + 2)
    const to = found < 0 ? otherwise : found + end.length
    if (to === undefined) throw new Stop(this.at, "a comment is not closed")
    this.at = to
  }

  private value(depth: number): unknown {
    if (depth > maxDepth) throw new Stop(this.at, `nested more than ${maxDepth} levels deep`)
    switch (this.next()) {
      case "{":
        return this.object(depth)
      case "[":
        return this.array(depth)
      case '"':
        return this.string()
      default:
        return this.word()
    }
  }

  private object(depth: number): unknown {
    const object: Record<string, unknown> = {}
    this.members("}", () => {
      if (this.next() !== '"') throw new Stop(this.at, "expected a name in double quotes, or `}`")
      const name = this.string()
      if (this.next() !== ":") throw new Stop(this.at, "expected `:` after a name")
      this.at++
      const value = this.value(depth + 1)
      // Assigning to `__proto__` would set the prototype.
      Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
    })
    return object
  }

  private array(depth: number): unknown {
    const array: Array<unknown> = []
    this.members("]", () => array.push(this.value(depth + 1)))
    return array
  }

  /** What stands between brackets: any number of members, with commas between them and perhaps after the last. */
  private members(end: string, member: () => void): void {
    this.at++
    while (this.next() !== end) {
      member()
      const after = this.next()
      if (after !== "," && after !== end) throw new Stop(this.at, `expected \`,\` or \`${end}\``)
      if (after === ",") this.at++
    }
    this.at++
  }

  private string(): string {
    const start = this.at
    let end = start + 1
    while (end < this.text.length && this.text[end] !== '"' && this.text[end] !== "\n") end += this.text[end] === "\\" ? 2 : 1
    if (this.text[end] !== '"') throw new Stop(start, "a string is not closed")
    this.at = end + 1
    return this.token(start, "a string has an escape or a control character that JSON does not allow") as string // it is quoted
  }

  private word(): unknown {
    const start = this.at
    while (/[\w.+-]/.test(this.text[this.at] ?? "")) this.at++
    return this.token(start, "expected a value: an object, an array, a string in double quotes, a number, true, false or null")
  }

  private token(start: number, fault: string): unknown {
    try {
      return JSON.parse(this.text.slice(start, this.at))
    } catch {
      throw new Stop(start, fault)
    }
  }
}
