/**
 * Subscriptions of the request era: one long request that brings the notifications which the client wants.
 *
 * Source: basic/patterns/subscriptions of 2026-07-28, SEP-2575, SEP-2663 (`taskIds`).
 */
import * as Schema from "effect/Schema"
import { metaField, RequestId } from "./Common.ts"
import { requestFields } from "./Params.ts"
import { Key } from "./RequestMeta.ts"

/** What a client wants to hear of; whatever is absent is not wanted. Since 2026-07-28. */
export interface SubscriptionFilter extends Schema.Schema.Type<typeof subscriptionFilter> {}
const subscriptionFilter = Schema.Struct({
  toolsListChanged: Schema.optionalKey(Schema.Boolean),
  promptsListChanged: Schema.optionalKey(Schema.Boolean),
  resourcesListChanged: Schema.optionalKey(Schema.Boolean),
  /** URIs of resources. */
  resourceSubscriptions: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Ids of tasks; tasks extension. */
  taskIds: Schema.optionalKey(Schema.Array(Schema.String))
})
export const SubscriptionFilter: Schema.Codec<SubscriptionFilter> = subscriptionFilter

/** Params of `subscriptions/listen`. Since 2026-07-28. */
export interface ListenParams extends Schema.Schema.Type<typeof listenParams> {}
const listenParams = Schema.Struct({
  notifications: SubscriptionFilter,
  ...requestFields
})
export const ListenParams: Schema.Codec<ListenParams> = listenParams

/** Params of `notifications/subscriptions/acknowledged`, the first message of a subscription. Since 2026-07-28. */
export interface AcknowledgedParams extends Schema.Schema.Type<typeof acknowledgedParams> {}
const acknowledgedParams = Schema.Struct({
  /** The part of the filter that the server honours. */
  notifications: SubscriptionFilter,
  ...metaField
})
export const AcknowledgedParams: Schema.Codec<AcknowledgedParams> = acknowledgedParams

/** What `_meta` of everything that belongs to a subscription holds. Other keys are left alone. Since 2026-07-28. */
export interface SubscriptionMeta extends Schema.Schema.Type<typeof subscriptionMeta> {}
const subscriptionMeta = Schema.Struct({ [Key.subscriptionId]: RequestId })
export const SubscriptionMeta: Schema.Codec<SubscriptionMeta> = subscriptionMeta
