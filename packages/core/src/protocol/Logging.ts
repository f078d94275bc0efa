/**
 * Log messages of a server for the client. Deprecated since 2026-07-28.
 *
 * Source: server/utilities/logging.
 */
import * as Schema from "effect/Schema"
import { LoggingLevel, metaField } from "./Common.ts"
import { requestFields } from "./Params.ts"

/** Params of `logging/setLevel`. Session era; since 2026-07-28 each request says what it wants in `_meta`. */
export interface SetLevelParams extends Schema.Schema.Type<typeof setLevelParams> {}
const setLevelParams = Schema.Struct({
  /** The least severe level to send. */
  level: LoggingLevel,
  ...requestFields
})
export const SetLevelParams: Schema.Codec<SetLevelParams> = setLevelParams

/** Params of `notifications/message`. */
export interface LogMessageParams extends Schema.Schema.Type<typeof logMessageParams> {}
const logMessageParams = Schema.Struct({
  level: LoggingLevel,
  /** Which part of the server speaks. */
  logger: Schema.optionalKey(Schema.String),
  /** Any JSON value. No secrets, no personal data. */
  data: Schema.Unknown,
  ...metaField
})
export const LogMessageParams: Schema.Codec<LogMessageParams> = logMessageParams
