/**
 * Values that do not belong where they are put, for mutators of either side.
 */
import { type Json, type JsonRecord, put, raw } from "./json.ts"
import type { Random } from "./random.ts"

/** Names of members that mean something to JavaScript. */
export const hostileKeys = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "then",
  "toJSON",
  "_tag",
  ""
]

/** Texts that are hard to bear. */
export const unicode = [
  "\u0000",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\u2028\u2029",
  "\u202e\u200b",
  "é́",
  "👩‍👩‍👧‍👦",
  "\r\n\t",
  "𝕳",
  "\\u0000",
  "x".repeat(5000),
  "😀".repeat(300)
]

/** JSON that is nested, now and then deeper than a stack. */
export const nested = (random: Random): string => {
  const depth = random.pick([2, 10, 10, 100, 100, 500, 500, 1000, 3000, 10_000])
  const tree = `{"name":"n","children":[`
  const [open, middle, close] = random.pick([
    ["[", "1", "]"],
    ['{"a":', "1", "}"],
    ['[{"__proto__":', "[]", "}]"],
    ['{"next":', "{}", "}"],
    [tree, "", "]}"],
    [tree, "1", "]}"]
  ] as const)
  return raw(open.repeat(depth) + middle + close.repeat(depth))
}

/** Numbers that JSON has and programs do not expect. */
export const numbers: ReadonlyArray<Json> = [
  0,
  -1,
  1.5,
  1e21,
  2 ** 53,
  -(2 ** 53),
  2 ** 53 - 1,
  ...["-0", "1e400", "-1e400", "1.0", "1E2", "0.1e1", "123456789012345678901234567890", "5e-324", "9007199254740993"].map(raw)
]

/** A value that does not belong where it is put. */
export const junk = (random: Random): Json => {
  switch (random.below(10)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
      return random.pick(numbers)
    case 3:
      return random.pick(["", "1", "true", "null", "{}", "[1]", "2.0", "initialize", "tools/call"])
    case 4:
      return random.pick(unicode)
    case 5:
      return []
    case 6:
      return {}
    case 7:
      return [junk(random), junk(random)]
    case 8: {
      const made: JsonRecord = {}
      put(made, random.pick([...hostileKeys, "a"]), junk(random))
      return made
    }
    default:
      return random.chance(0.1) ? nested(random) : random.pick(hostileKeys)
  }
}

/** An id that nobody should use. */
export const weirdId = (random: Random): Json =>
  random.chance(0.6) ? random.pick<Json>([...numbers, "", "0", "1", 1, 2, "__proto__", "constructor", null]) : junk(random)

/** Where a member is. */
export interface Place {
  readonly holder: JsonRecord | Array<Json>
  readonly key: string | number
}

/** Every member in a value, up to a bound. */
export const places = (value: Json, found: Array<Place> = []): Array<Place> => {
  if (found.length > 200 || typeof value !== "object" || value === null) return found
  if (Array.isArray(value)) {
    for (const [key, member] of value.entries()) {
      found.push({ holder: value, key })
      places(member, found)
    }
  } else {
    for (const [key, member] of Object.entries(value)) {
      found.push({ holder: value, key })
      places(member, found)
    }
  }
  return found
}

/** Puts another value there. */
export const set = ({ holder, key }: Place, value: Json): void => {
  if (Array.isArray(holder)) holder[key as number] = value
  else put(holder, key as string, value)
}

/** The value that is there. */
export const get = ({ holder, key }: Place): Json => (Array.isArray(holder) ? holder[key as number]! : holder[key as string]!)

/** A copy that can be changed. */
export const copy = (value: Json): Json => structuredClone(value)
