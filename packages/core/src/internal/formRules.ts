/**
 * What one field of a form accepts, as the JSON of the form says. The form may be anybody's: what is not of the vocabulary, or of
 * another type than it should be, is no rule.
 */
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import { formats, isFormat } from "./formats.ts"
import { abbreviate, alternatives, append, type Problems } from "./problems.ts"

/** What a field accepts. */
export interface Rule {
  /** What is wanted, in words. */
  readonly expected: () => string
  /** Adds what is wrong with a value. */
  readonly check: (value: unknown, path: string, out: Problems) => void
}

/** The rule of a field; `undefined` for one that is outside of the vocabulary and accepts anything. */
export const ruleOf = (field: unknown): Rule | undefined => {
  if (!isObject(field)) return undefined
  switch (field["type"]) {
    case "string": {
      const options = optionsOf(field)
      return options === undefined ? textRule(field) : choiceRule(options)
    }
    case "integer":
      // Greater integers are not what was typed when they arrive: JSON numbers are read as doubles.
      return numberRule(field, "an integer", (n) => Number.isSafeInteger(n))
    case "number":
      return numberRule(field, "a number", (n) => Number.isFinite(n))
    case "boolean":
      return { expected: () => "a boolean", check: kindCheck("a boolean", (value) => typeof value === "boolean") }
    case "array":
      return listRule(field)
    default:
      return undefined
  }
}

const refuse = (expected: string, value: unknown) => () => `expected ${expected}, received ${abbreviate(value)}`

const kindCheck =
  (expected: string, accepts: (value: unknown) => boolean): Rule["check"] =>
  (value, path, out) => {
    if (!accepts(value)) out.add(path, refuse(expected, value))
  }

const limit = (u: unknown): number | undefined => (typeof u === "number" ? u : undefined)

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`

/** True when a text has more than `max` characters, which are counted no further than needed. */
const isLonger = (text: string, max: number): boolean => {
  if (text.length <= max) return false
  let count = 0
  for (const _ of text) if (++count > max) return true
  return false
}

const isShorter = (text: string, min: number): boolean => min > 0 && !isLonger(text, Math.ceil(min) - 1)

const textRule = ({ format, maxLength, minLength }: JsonObject): Rule => {
  const min = limit(minLength)
  const max = limit(maxLength)
  const known = isFormat(format) ? formats[format] : undefined
  return {
    expected: () => known?.expected ?? "a string",
    check: (value, path, out) => {
      if (typeof value !== "string") return out.add(path, refuse("a string", value))
      if (min !== undefined && isShorter(value, min)) out.add(path, refuse(`at least ${counted(min, "character")}`, value))
      if (max !== undefined && isLonger(value, max)) out.add(path, refuse(`at most ${counted(max, "character")}`, value))
      if (known?.accepts(value) === false) out.add(path, refuse(known.expected, value))
    }
  }
}

const numberRule = ({ maximum, minimum }: JsonObject, kind: string, accepts: (n: unknown) => boolean): Rule => {
  const min = limit(minimum)
  const max = limit(maximum)
  return {
    expected: () => kind,
    check: (value, path, out) => {
      if (typeof value !== "number" || !accepts(value)) return out.add(path, refuse(kind, value))
      if (min !== undefined && value < min) out.add(path, refuse(`${kind} of at least ${min}`, value))
      if (max !== undefined && value > max) out.add(path, refuse(`${kind} of at most ${max}`, value))
    }
  }
}

interface Options {
  readonly has: (value: unknown) => boolean
  readonly expected: () => string
}

/** The options of a choice: of `enum`, or the constants of `oneOf` and `anyOf`. Nothing when one of them is no text. */
const optionsOf = ({ anyOf, enum: values, oneOf }: JsonObject): Options | undefined => {
  const titled = [oneOf, anyOf].find((u) => Array.isArray(u))
  const constants = titled?.map((option: unknown) => (isObject(option) ? option["const"] : undefined))
  const all: ReadonlyArray<unknown> | undefined = Array.isArray(values) ? values : constants
  if (all === undefined || !all.every((value) => typeof value === "string")) return undefined
  const set = new Set<unknown>(all)
  let words: string | undefined
  return {
    has: (value) => set.has(value),
    expected: () => (words ??= alternatives(all.map((value) => abbreviate(value))))
  }
}

const otherOption = (options: Options, value: unknown) => () => `expected ${options.expected()}, received ${abbreviate(value)}`

const choiceRule = (options: Options): Rule => ({
  expected: options.expected,
  check: (value, path, out) => {
    if (!options.has(value)) out.add(path, otherOption(options, value))
  }
})

const listRule = ({ items, maxItems, minItems }: JsonObject): Rule => {
  const options = isObject(items) ? optionsOf(items) : undefined
  const min = limit(minItems)
  const max = limit(maxItems)
  return {
    expected: () => "an array",
    check: (value, path, out) => {
      if (!Array.isArray(value)) return out.add(path, refuse("an array", value))
      if (min !== undefined && value.length < min) out.add(path, refuse(`at least ${counted(min, "item")}`, value))
      if (max !== undefined && value.length > max) out.add(path, refuse(`at most ${counted(max, "item")}`, value))
      if (options === undefined) return
      for (const [i, item] of value.entries()) {
        if (!options.has(item)) out.add(append(path, i), otherOption(options, item))
      }
    }
  }
}
