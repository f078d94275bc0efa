/**
 * Progress of a running request, and its cancellation.
 *
 * Source: basic/utilities/progress, basic/utilities/cancellation (2026-07-28: basic/patterns).
 */
import * as Schema from "effect/Schema"
import { metaField, ProgressToken, RequestId } from "./Common.ts"

/** Params of `notifications/progress`. */
export interface ProgressParams extends Schema.Schema.Type<typeof progressParams> {}
const progressParams = Schema.Struct({
  /** From `_meta` of the request. */
  progressToken: ProgressToken,
  /** Grows with each notification; any unit. */
  progress: Schema.Finite,
  /** In the same unit. */
  total: Schema.optionalKey(Schema.Finite),
  /** Since 2025-03-26. */
  message: Schema.optionalKey(Schema.String),
  ...metaField
})
export const ProgressParams: Schema.Codec<ProgressParams> = progressParams

/** Params of `notifications/cancelled`. One without `requestId`, which 2025-11-25 allows, cancels nothing and is ignored. */
export interface CancelledParams extends Schema.Schema.Type<typeof cancelledParams> {}
const cancelledParams = Schema.Struct({
  /** A request that the sender made. From a server of the request era: the `subscriptions/listen` that it ends. */
  requestId: RequestId,
  /** For logs and display. */
  reason: Schema.optionalKey(Schema.String),
  ...metaField
})
export const CancelledParams: Schema.Codec<CancelledParams> = cancelledParams
