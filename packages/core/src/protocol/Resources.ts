/**
 * Resources: their descriptions, their contents and, in the session era, subscriptions to single ones.
 *
 * Source: server/resources.
 */
import * as Schema from "effect/Schema"
import { Annotations, iconsField, metaField, namedFields } from "./Common.ts"
import { ResourceContents, resourceFields } from "./Content.ts"
import { nextPageFields, requestFields, retryFields } from "./Params.ts"

/** The description of a resource. */
export interface Resource extends Schema.Schema.Type<typeof resource> {}
const resource = Schema.Struct(resourceFields)
export const Resource: Schema.Codec<Resource> = resource

/** The description of resources whose URIs follow a template. */
export interface ResourceTemplate extends Schema.Schema.Type<typeof resourceTemplate> {}
const resourceTemplate = Schema.Struct({
  /** RFC 6570. */
  uriTemplate: Schema.String,
  ...namedFields,
  description: Schema.optionalKey(Schema.String),
  /** Of all its resources. */
  mimeType: Schema.optionalKey(Schema.String),
  annotations: Schema.optionalKey(Annotations),
  ...iconsField,
  ...metaField
})
export const ResourceTemplate: Schema.Codec<ResourceTemplate> = resourceTemplate

/** Result of `resources/list`. */
export interface ListResourcesResult extends Schema.Schema.Type<typeof listResourcesResult> {}
const listResourcesResult = Schema.Struct({
  resources: Schema.Array(Resource),
  ...nextPageFields
})
export const ListResourcesResult: Schema.Codec<ListResourcesResult> = listResourcesResult

/** Result of `resources/templates/list`. */
export interface ListResourceTemplatesResult extends Schema.Schema.Type<typeof listResourceTemplatesResult> {}
const listResourceTemplatesResult = Schema.Struct({
  resourceTemplates: Schema.Array(ResourceTemplate),
  ...nextPageFields
})
export const ListResourceTemplatesResult: Schema.Codec<ListResourceTemplatesResult> = listResourceTemplatesResult

/** Params of `resources/read`. */
export interface ReadResourceParams extends Schema.Schema.Type<typeof readResourceParams> {}
const readResourceParams = Schema.Struct({
  uri: Schema.String,
  ...retryFields,
  ...requestFields
})
export const ReadResourceParams: Schema.Codec<ReadResourceParams> = readResourceParams

/** Result of `resources/read`. Several items for a resource with parts, such as a directory; never none for a missing one. */
export interface ReadResourceResult extends Schema.Schema.Type<typeof readResourceResult> {}
const readResourceResult = Schema.Struct({
  contents: Schema.Array(ResourceContents),
  ...metaField
})
export const ReadResourceResult: Schema.Codec<ReadResourceResult> = readResourceResult

/** The `data` of the error for a missing resource: -32002 in the session era, -32602 since 2026-07-28. */
export interface ResourceNotFoundData extends Schema.Schema.Type<typeof resourceNotFoundData> {}
const resourceNotFoundData = Schema.Struct({ uri: Schema.String })
export const ResourceNotFoundData: Schema.Codec<ResourceNotFoundData> = resourceNotFoundData

/** Params of `resources/subscribe` and `resources/unsubscribe`. Session era. */
export interface SubscribeParams extends Schema.Schema.Type<typeof subscribeParams> {}
const subscribeParams = Schema.Struct({
  uri: Schema.String,
  ...requestFields
})
export const SubscribeParams: Schema.Codec<SubscribeParams> = subscribeParams

/** Params of `notifications/resources/updated`. */
export interface ResourceUpdatedParams extends Schema.Schema.Type<typeof resourceUpdatedParams> {}
const resourceUpdatedParams = Schema.Struct({
  /** The subscribed resource, or a part of it. */
  uri: Schema.String,
  ...metaField
})
export const ResourceUpdatedParams: Schema.Codec<ResourceUpdatedParams> = resourceUpdatedParams
