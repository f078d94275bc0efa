/**
 * Roots: the directories and files that the client's user has opened. Deprecated since 2026-07-28.
 *
 * Source: client/roots.
 */
import * as Schema from "effect/Schema"
import { metaField } from "./Common.ts"

/** A directory or file. */
export interface Root extends Schema.Schema.Type<typeof root> {}
const root = Schema.Struct({
  /** A `file://` URI. */
  uri: Schema.String,
  /** For display. */
  name: Schema.optionalKey(Schema.String),
  ...metaField
})
export const Root: Schema.Codec<Root> = root

/** Result of `roots/list`. */
export interface ListRootsResult extends Schema.Schema.Type<typeof listRootsResult> {}
const listRootsResult = Schema.Struct({
  roots: Schema.Array(Root),
  ...metaField
})
export const ListRootsResult: Schema.Codec<ListRootsResult> = listRootsResult
