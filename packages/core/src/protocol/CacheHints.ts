/**
 * How long, and for whom, a result may be kept. On the wire of the request era only, hence no part of the neutral results.
 *
 * Source: server/utilities/caching of 2026-07-28.
 */
import * as Schema from "effect/Schema"

/** `public`: anybody may share it. `private`: only for the same authorization. Since 2026-07-28. */
export const CacheScope = Schema.Literals(["public", "private"])
export type CacheScope = typeof CacheScope.Type

/** The hints of a result. Since 2026-07-28. */
export interface CacheHints extends Schema.Schema.Type<typeof cacheHints> {}
const cacheHints = Schema.Struct({
  /** In milliseconds from its reception, at least 0. */
  ttlMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  cacheScope: CacheScope
})
export const CacheHints: Schema.Codec<CacheHints> = cacheHints
