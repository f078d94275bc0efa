/**
 * What many messages share: open objects, metadata, annotations, icons, identities, tokens and log levels.
 *
 * Everything under `protocol/` is the neutral model: the superset of all revisions, without the members that exist on the wire
 * only (`resultType`, `ttlMs`, `cacheScope`, the request-era envelope). The wire codecs of an era add and remove those.
 *
 * Source: "Common Types" and "_meta" of the base protocol, `schema.ts` of every revision.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Jsonrpc from "../Jsonrpc.ts"

/** Checks the value of one member. */
export type Guard = (u: unknown) => boolean

/** What is known of an open object, see {@link open}. */
export interface OpenOptions {
  /** How the object is called in an issue. */
  readonly expected: string
  /** Members that must have a certain type when they are present. */
  readonly members?: { readonly [name: string]: Guard }
  /** Members that must be present, with their only value. */
  readonly required?: { readonly [name: string]: string }
}

const isOpen = (options: OpenOptions): Guard => {
  const members = Object.entries(options.members ?? {})
  const required = Object.entries(options.required ?? {})
  return (u) =>
    Jsonrpc.isObject(u) &&
    members.every(([name, guard]) => !Object.hasOwn(u, name) || guard(u[name])) &&
    required.every(([name, value]) => Object.hasOwn(u, name) && u[name] === value)
}

/**
 * The Schema of an object that the specification leaves open. It decodes to the very value that was received, so unknown members,
 * their order and keys such as `__proto__` survive, at the price of one type check.
 */
export const open = <T extends object = JsonObject>(options: OpenOptions): Schema.declare<T> => {
  const is = isOpen(options)
  const fromJson = () =>
    Schema.link<T>()(
      Schema.JsonObject,
      SchemaTransformation.transform({
        decode: (json) => ({ ...json, ...options.required }) as T, // checked by the declaration right after
        encode: (value) => value as unknown as { readonly [key: string]: Schema.Json } // an open object is JSON by contract
      })
    )
  return Schema.declare((u): u is T => is(u), { expected: options.expected, toCodecJson: fromJson, toCodecArbitrary: fromJson })
}

/** Guards for {@link open}. */
export const guards = {
  boolean: (u: unknown): u is boolean => typeof u === "boolean",
  string: (u: unknown): u is string => typeof u === "string",
  object: Jsonrpc.isObject,
  record: (u: unknown): u is JsonObject => Jsonrpc.isObject(u) && Object.values(u).every(Jsonrpc.isObject),
  token: (u: unknown): u is string | number => typeof u === "string" || Number.isSafeInteger(u)
} as const

/** Any JSON object; all members are kept. */
export interface JsonObject extends Jsonrpc.JsonObject {}
export const JsonObject = open<JsonObject>({ expected: "an object" })

/** Free metadata of a message or of a description. Keys with a reserved prefix belong to MCP, see `RequestMeta.ts`. */
export interface Meta extends JsonObject {}
export const Meta = open<Meta>({ expected: "an object as `_meta`" })

/** The `_meta` member, to spread into a Struct. */
export const metaField = { _meta: Schema.optionalKey(Meta) }

/** The id of a JSON-RPC request: a string or a safe integer. */
export const RequestId = Schema.Union([Schema.String, Schema.Int])
export type RequestId = typeof RequestId.Type

/** Chosen by the sender of a request, unique among its active requests, repeated by each progress notification. */
export const ProgressToken = Schema.Union([Schema.String, Schema.Int])
export type ProgressToken = typeof ProgressToken.Type

/** Opaque position in a list. The empty string is a valid cursor: only its absence means the end. */
export const Cursor = Schema.String
export type Cursor = typeof Cursor.Type

/** A number from 0 (least) to 1 (most). */
export const Fraction = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
export type Fraction = typeof Fraction.Type

/** Who says, or who should see, something. */
export const Role = Schema.Literals(["user", "assistant"])
export type Role = typeof Role.Type

/** Hints on how to use or to show an object. */
export interface Annotations extends Schema.Schema.Type<typeof annotations> {}
const annotations = Schema.Struct({
  /** For whom it is meant. */
  audience: Schema.optionalKey(Schema.Array(Role)),
  /** 1 is effectively required, 0 entirely optional. */
  priority: Schema.optionalKey(Fraction),
  /** ISO 8601. Since 2025-06-18. */
  lastModified: Schema.optionalKey(Schema.String)
})
export const Annotations: Schema.Codec<Annotations> = annotations

/** An image to show beside a name. Since 2025-11-25. A consumer fetches only `https:` and `data:` sources. */
export interface Icon extends Schema.Schema.Type<typeof icon> {}
const icon = Schema.Struct({
  /** An `https:` or `data:` URI. */
  src: Schema.String,
  mimeType: Schema.optionalKey(Schema.String),
  /** Each one `<width>x<height>` in pixels, or `any` for a scalable format. */
  sizes: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The background that it is made for; absent for any. */
  theme: Schema.optionalKey(Schema.Literals(["light", "dark"]))
})
export const Icon: Schema.Codec<Icon> = icon

/** Name and title: `name` is for programs, `title` (since 2025-06-18) for people. */
export const namedFields = {
  name: Schema.String,
  title: Schema.optionalKey(Schema.String)
}

/** The icons member (since 2025-11-25), to spread into a Struct. */
export const iconsField = { icons: Schema.optionalKey(Schema.Array(Icon)) }

/** The self-reported identity of a client or server. For display and logs: nothing may be decided by it. */
export interface Implementation extends Schema.Schema.Type<typeof implementation> {}
const implementation = Schema.Struct({
  ...namedFields,
  version: Schema.String,
  /** Since 2025-11-25. */
  description: Schema.optionalKey(Schema.String),
  /** Since 2025-11-25. */
  websiteUrl: Schema.optionalKey(Schema.String),
  ...iconsField
})
export const Implementation: Schema.Codec<Implementation> = implementation

/** What an implementation says of itself, out of options that have more. */
export const implementationOf = ({ description, icons, name, title, version, websiteUrl }: Implementation): Implementation => ({
  name,
  version,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
  ...(websiteUrl === undefined ? {} : { websiteUrl }),
  ...(icons === undefined ? {} : { icons })
})

/** A result that says nothing but "done". */
export interface EmptyResult extends Schema.Schema.Type<typeof emptyResult> {}
const emptyResult = Schema.Struct(metaField)
export const EmptyResult: Schema.Codec<EmptyResult> = emptyResult

/** The levels of RFC 5424, from the least to the most severe. */
export const loggingLevels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const

/** The severity of a log message. */
export const LoggingLevel = Schema.Literals(loggingLevels)
export type LoggingLevel = typeof LoggingLevel.Type

/** Whether a value is one of the levels. */
export const isLoggingLevel = (u: unknown): u is LoggingLevel => loggingLevels.some((level) => level === u)

/** True when a message of `level` is to be sent to somebody who asked for `minimum` and everything above it. */
export const reaches = (level: LoggingLevel, minimum: LoggingLevel): boolean =>
  loggingLevels.indexOf(level) >= loggingLevels.indexOf(minimum)
