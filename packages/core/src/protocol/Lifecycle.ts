/**
 * How client and server learn about each other: `initialize` and `ping` in the session era, `server/discover` since 2026-07-28.
 *
 * Source: basic/lifecycle, server/discover.
 */
import * as Schema from "effect/Schema"
import { ClientCapabilities, ServerCapabilities } from "./Capabilities.ts"
import { Implementation, metaField } from "./Common.ts"
import { requestFields } from "./Params.ts"

/** Params of `initialize`. Session era. */
export interface InitializeParams extends Schema.Schema.Type<typeof initializeParams> {}
const initializeParams = Schema.Struct({
  /** The newest revision that the client can speak. Any string. */
  protocolVersion: Schema.String,
  capabilities: ClientCapabilities,
  clientInfo: Implementation,
  ...requestFields
})
export const InitializeParams: Schema.Codec<InitializeParams> = initializeParams

/** Result of `initialize`. Session era. */
export interface InitializeResult extends Schema.Schema.Type<typeof initializeResult> {}
const initializeResult = Schema.Struct({
  /** The revision of the session: the requested one, or another one that the server can speak. */
  protocolVersion: Schema.String,
  capabilities: ServerCapabilities,
  serverInfo: Implementation,
  /** How to use the server, for the model. */
  instructions: Schema.optionalKey(Schema.String),
  ...metaField
})
export const InitializeResult: Schema.Codec<InitializeResult> = initializeResult

/** Result of `server/discover`. The server's identity is in its `_meta`. Since 2026-07-28. */
export interface DiscoverResult extends Schema.Schema.Type<typeof discoverResult> {}
const discoverResult = Schema.Struct({
  /** The request-era revisions that are served. */
  supportedVersions: Schema.Array(Schema.String),
  capabilities: ServerCapabilities,
  /** How to use the server, for the model. */
  instructions: Schema.optionalKey(Schema.String),
  ...metaField
})
export const DiscoverResult: Schema.Codec<DiscoverResult> = discoverResult

/** The `data` of an error that refuses a revision: -32022 since 2026-07-28, -32602 from `initialize`. */
export interface UnsupportedVersionData extends Schema.Schema.Type<typeof unsupportedVersionData> {}
const unsupportedVersionData = Schema.Struct({
  supported: Schema.Array(Schema.String),
  requested: Schema.String
})
export const UnsupportedVersionData: Schema.Codec<UnsupportedVersionData> = unsupportedVersionData
