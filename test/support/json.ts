/**
 * JSON values that `JSON.stringify` would not write: numbers beyond JavaScript, nesting beyond its stack.
 */

/** JSON as mutators see it. */
export type Json = null | boolean | number | string | Array<Json> | JsonRecord
export interface JsonRecord {
  [key: string]: Json
}

const mark = "\u0000raw:"

/** A value that stands in the text exactly as it is written here. */
export const raw = (text: string): string => mark + text

/** Writes a value that may hold raw parts. */
export const toText = (value: Json): string => {
  const text = JSON.stringify(value)
  return text.includes("\\u0000raw:")
    ? text.replace(/"\\u0000raw:((?:[^"\\]|\\.)*)"/g, (_, inner: string) => JSON.parse(`"${inner}"`) as string)
    : text
}

/** Sets a member, whatever its name; an assignment to `__proto__` would do something else. */
export const put = (target: JsonRecord, key: string, value: Json): void => {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
}

export const isRecord = (u: unknown): u is JsonRecord => typeof u === "object" && u !== null && !Array.isArray(u)
