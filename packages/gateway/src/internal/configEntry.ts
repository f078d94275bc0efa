/**
 * One server of a configuration as it is written: the fields that are known, of all hosts. Others are ignored, and so are fields that are
 * `null`.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Path, Problems } from "./configProblems.ts"
import { isRecord, type JsonRecord } from "./configShape.ts"

const Name = Schema.String.check(Schema.isMinLength(1, { expected: "a string that is not empty" }))
const Names = Schema.Array(Schema.String)
const Texts = Schema.Record(Schema.String, Schema.String)

const kinds = {
  stdio: "stdio",
  local: "stdio",
  http: "http",
  "streamable-http": "http",
  streamableHttp: "http",
  streamable_http: "http",
  sse: "sse"
} as const

/** How a server says that it is reached. */
export type Kind = "stdio" | "http" | "sse"

// The keys of the table are what the Schema lets through.
const kindNames = Object.keys(kinds) as ReadonlyArray<keyof typeof kinds>
const Type = Schema.Literals(kindNames).annotate({ expected: `one of ${kindNames.map((name) => `"${name}"`).join(", ")}` })

const Timeout = Schema.Finite.check(Schema.isGreaterThan(0, { expected: "a number of milliseconds above 0" }))

const Variable = Schema.Union([Schema.String, Schema.Finite, Schema.Null]).annotate({ expected: "a string" })

const Entry = Schema.Struct({
  type: Schema.optionalKey(Type),
  transport: Schema.optionalKey(Type),
  command: Schema.optionalKey(Name),
  args: Schema.optionalKey(Names),
  env: Schema.optionalKey(Schema.Record(Schema.String, Variable)),
  envFile: Schema.optionalKey(Name),
  cwd: Schema.optionalKey(Name),
  url: Schema.optionalKey(Name),
  httpUrl: Schema.optionalKey(Name),
  headers: Schema.optionalKey(Texts),
  timeout: Schema.optionalKey(Timeout),
  include: Schema.optionalKey(Names),
  includeTools: Schema.optionalKey(Names),
  exclude: Schema.optionalKey(Names),
  excludeTools: Schema.optionalKey(Names),
  rename: Schema.optionalKey(Texts)
})

/** One server as it is written. */
export type Entry = typeof Entry.Type

const decodeEntry = Schema.decodeUnknownResult(Entry, { errors: "all" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const words: { readonly [type: string]: string } = {
  string: "a string",
  number: "a number",
  array: "an array",
  object: "an object"
}

const wanted = (message: string): string => {
  const expected = message.replace(/^Expected /, "")
  return words[expected] ?? expected
}

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    // Whatever has members is read by key; anything else has none.
    (at, key) => (typeof at === "object" && at !== null ? (at as { readonly [key: PropertyKey]: unknown })[key] : undefined),
    value
  )

// Programs that write configurations say so of what is not there.
const withoutNulls = (value: JsonRecord): JsonRecord =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))

/** Reads a server, or adds what is wrong with it. */
export const read = (value: unknown, path: Path, problems: Problems): Entry | undefined => {
  if (!isRecord(value)) {
    problems.expected(path, "an object", value)
    return undefined
  }
  const decoded = decodeEntry(withoutNulls(value))
  if (Result.isSuccess(decoded)) return decoded.success
  for (const issue of format(decoded.failure.issue).issues) {
    const at = (issue.path ?? []).map((key) => (typeof key === "object" ? key.key : key))
    problems.expected([...path, ...at], wanted(issue.message), valueAt(value, at))
  }
  return undefined
}

/** The kind that a server names, in either field. */
export const kindOf = ({ transport, type }: Entry): Kind | undefined => {
  const named = type ?? transport
  return named === undefined ? undefined : kinds[named]
}
