/**
 * What all contracts have in common: a contract is an immutable description of a tool, a resource or a prompt. It holds Schemas and
 * metadata and no code, so servers, clients, tests and documentation can share it.
 */
import * as Schema from "effect/Schema"
import type { JsonObject } from "./Jsonrpc.ts"
import type { Icon } from "./protocol/Common.ts"

/** A Schema that needs no services to decode or encode: what crosses the wire must be readable anywhere. */
export type Codec = Schema.Constraint & { readonly DecodingServices: never; readonly EncodingServices: never }

/** The fields of a struct, as a short form of `Schema.Struct(fields)`. */
export type Fields = { readonly [key: PropertyKey]: Codec }

/** A Schema as it is, fields as the struct that they describe. */
export type SchemaOf<P extends Codec | Fields> = P extends Codec ? P : P extends Fields ? Schema.Struct<P> : never

/** See {@link SchemaOf}; nothing is an empty struct. */
export const toSchema = (parameters: Codec | Fields | undefined): Codec =>
  Schema.isSchema(parameters)
    ? (parameters as Codec) // the guard forgets that no services are needed
    : Schema.Struct((parameters ?? {}) as Fields) // what is no Schema is a record of fields

/** What people and models read about a component. */
export interface Metadata {
  /** For people, in user interfaces. */
  readonly title?: string
  /** For models. */
  readonly description?: string
  /** Shown since 2025-11-25. A server with a bad one does not start, see `IconRules`. */
  readonly icons?: ReadonlyArray<Icon>
  /** For filters of the server's own; travels in `_meta`. */
  readonly tags?: ReadonlyArray<string>
  /** The version of this component; travels in `_meta`. */
  readonly version?: string
  /** Whatever else goes into `_meta`. Keys follow the rules of the base protocol: an own prefix, none reserved. */
  readonly meta?: JsonObject
}

/** The keys in `_meta` under which tags and version travel. */
export const metaKeys = { tags: "effect-mcp/tags", version: "effect-mcp/version" } as const

/** The `_meta` that a component shows, or `undefined` when there is nothing to show. */
export const toMeta = (metadata: Metadata): JsonObject | undefined => {
  const { meta, tags, version } = metadata
  if (meta === undefined && tags === undefined && version === undefined) return undefined
  return {
    ...meta,
    ...(tags === undefined ? {} : { [metaKeys.tags]: tags }),
    ...(version === undefined ? {} : { [metaKeys.version]: version })
  }
}
