/**
 * Arguments of tools that also travel as HTTP headers, so that balancers and gateways can route by them without reading bodies: the
 * property of an input schema that says `x-mcp-header: "Region"` is repeated in the header `Mcp-Param-Region`. For implementers of servers,
 * clients and transports; authors of tools write {@link header}.
 *
 * Source: "Request Headers" and "Custom Headers from Tool Parameters" in the Streamable HTTP transport of 2026-07-28.
 */
import type * as Schema from "effect/Schema"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { type Fault, type Found, findKeyword, keyword } from "./internal/mirroredProperties.ts"
import { isObject, type JsonObject } from "./Jsonrpc.ts"
import { HeaderMismatch } from "./McpError.ts"

export { type Fault, keyword }

/** The beginning of the names of all such headers. */
export const prefix = "Mcp-Param-"

/** An argument that travels as a header, too. */
export interface Mirrored {
  /** Where the argument is: the names of the properties that lead to it. */
  readonly path: ReadonlyArray<string>
  /** The name of the header, `Mcp-Param-Region`. */
  readonly header: string
  /** The same in lower case, as servers look headers up. */
  readonly key: string
}

/**
 * Says of a parameter that it also travels as the header `Mcp-Param-` with this name, over HTTP since 2026-07-28. It has to be a string, an
 * integer or a boolean, and neither in an array nor a member of a union. Anybody on the way can read and log a header: not for secrets.
 *
 * The name is a token of RFC 9110, and unique in the tool whatever the case of its letters; a tool that breaks a rule is refused when a
 * server is built from it.
 *
 * @example
 * Tool.make("query", { parameters: { region: Schema.String.pipe(Tool.header("Region")), sql: Schema.String } })
 */
export const header =
  (name: string) =>
  <S extends Schema.Top>(schema: S): S["Rebuild"] =>
    schema.annotate({ [keyword]: name })

const mirroredOf = ({ name, path }: Found): Mirrored => {
  const full = prefix + name
  return { path, header: full, key: full.toLowerCase() }
}

/**
 * The arguments of a tool that travel as headers, by its input schema; none when the schema does not speak of headers. A {@link Fault} is the
 * first rule that it breaks: then the whole definition is invalid. At most 100,000 parts of a schema are looked at.
 */
export const find = (inputSchema: JsonObject): ReadonlyArray<Mirrored> | Fault => {
  const found = findKeyword(inputSchema)
  return isFault(found) ? found : found.map(mirroredOf)
}

/** True for what is wrong with a schema. */
export const isFault = <A>(found: ReadonlyArray<A> | Fault): found is Fault => "detail" in found

/** What is wrong, and where, in words. */
export const explain = ({ detail, path }: Fault): string => `${path === "" ? "the root" : path}: ${detail}`

const opening = "=?base64?"
const closing = "?="

const isWrapped = (text: string): boolean => text.startsWith(opening) && text.endsWith(closing)

/** What stands in a header as it is: visible ASCII, and blanks that are not at an end. A tab may, but is changed on the way too often. */
const isPlain = (text: string): boolean => /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !isWrapped(text)

/**
 * A text as the value of a header, for `Mcp-Param-*` and `Mcp-Name`: as it is, or as `=?base64?...?=` over its UTF-8 when it is empty, has
 * other characters than those from blank to tilde, a blank at an end, or looks like that itself. Half of a surrogate pair has no UTF-8 and
 * becomes U+FFFD.
 */
export const encode = (text: string): string => (isPlain(text) ? text : `${opening}${Base64.encode(text)}${closing}`)

// A byte order mark at the beginning is part of the text.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const unwrapped = (payload: string): string | undefined => {
  const bytes = Result.getOrUndefined(Base64.decode(payload))
  // Canonical: padded, and without bits that stand for nothing.
  if (bytes === undefined || Base64.encode(bytes) !== payload) return undefined
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const isBlank = (code: number): boolean => code === 32 || code === 9

// No pattern: one for the end would look at each blank of a value that is made of them again and again.
const trim = (value: string): string => {
  let [start, end] = [0, value.length]
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (start < end && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

/**
 * The text that a value of a header stands for, without the blanks and tabs around it. `undefined` when it is badly encoded: other characters
 * than printable ASCII, base64 that is not canonical and padded, or bytes that are no UTF-8. Half of the `=?base64?...?=` around a value is a
 * part of the value.
 */
export const decode = (value: string): string | undefined => {
  const trimmed = trim(value)
  if (/[^\t -~]/.test(trimmed)) return undefined
  if (!isWrapped(trimmed) || trimmed.length < opening.length + closing.length) return trimmed
  return unwrapped(trimmed.slice(opening.length, -closing.length))
}

const valueAt = (args: unknown, path: ReadonlyArray<string>): unknown => {
  let value = args
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

const nameOf = ({ path }: Mirrored): string => path.join(".")

const isUnsafe = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value)

const textOf = (value: unknown, mirrored: Mirrored): string | undefined => {
  const refuse = (why: string): never => {
    throw new RangeError(`${nameOf(mirrored)}: ${why}, and cannot be sent in the header ${mirrored.header}`)
  }
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? encode(value) : refuse("it has half of a surrogate pair")
    case "boolean":
      return String(value)
    case "number":
      if (isUnsafe(value)) refuse(`${value} is beyond ±${Number.MAX_SAFE_INTEGER}`)
      return Number.isFinite(value) ? String(value) : undefined // JSON has `null` for it
    default:
      return undefined
  }
}

/**
 * The headers of a call with these arguments, by their names; `undefined` when there are none. What is absent or null has no header, nor has
 * what is neither a string nor a number nor a boolean: the server refuses the argument itself. Throws a `RangeError` for integers beyond
 * 2^53-1 and for strings with half of a surrogate pair.
 */
export const headersOf = (mirrored: ReadonlyArray<Mirrored>, args: unknown): { readonly [name: string]: string } | undefined => {
  let headers: { [name: string]: string } | undefined
  for (const one of mirrored) {
    const text = textOf(valueAt(args, one.path), one)
    if (text !== undefined) (headers ??= {})[one.header] = text
  }
  return headers
}

const isNumber = (text: string): boolean => /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)

// Numbers are compared as such: there are several ways to write one.
const agrees = (value: string | number | boolean, text: string): boolean =>
  typeof value === "number" ? isNumber(text) && Number(text) === value : String(value) === text

const problemOf = (value: unknown, received: string | undefined): string | undefined => {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    return received === undefined ? undefined : "was sent, but the argument has no value that a header can have"
  }
  if (received === undefined) return "is missing, but the argument has a value"
  if (typeof value === "number" && isUnsafe(value)) return "cannot be compared: the argument is an integer beyond ±(2^53-1)"
  const text = decode(received)
  if (text === undefined) return "is badly encoded: use printable ASCII, or =?base64?...?= with padded base64 of UTF-8"
  return agrees(value, text) ? undefined : "differs from the argument"
}

/**
 * Why the headers of a call do not go with its arguments; `undefined` when they do. `headerOf` gives the value of a header by its lower-case
 * name. A header of an argument that is absent or null must be absent, too.
 */
export const mismatchOf = (
  mirrored: ReadonlyArray<Mirrored>,
  args: unknown,
  headerOf: (name: string) => string | undefined
): HeaderMismatch | undefined => {
  for (const one of mirrored) {
    const value = valueAt(args, one.path)
    const received = headerOf(one.key)
    const problem = problemOf(value, received)
    if (problem === undefined) continue
    const property = nameOf(one)
    return new HeaderMismatch({
      header: one.header,
      detail: `Header mismatch: ${one.header}, which repeats the argument "${property}", ${problem}`,
      data: { mismatch: { name: one.header, property, header: received ?? null, body: value ?? null } }
    })
  }
  return undefined
}
