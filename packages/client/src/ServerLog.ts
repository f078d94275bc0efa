/**
 * What servers log for their clients, and how it gets into the log of the program.
 *
 * Source: server/utilities/logging of every MCP revision.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { isLoggingLevel, type LoggingLevel } from "@effect-mcp/core/protocol/Common"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"

/** A log message of a server. */
export interface ServerLog {
  readonly level: LoggingLevel
  /** The name of the logger that the server used, if it has one. */
  readonly logger: string | undefined
  /** Any JSON; often a text. */
  readonly data: unknown
  /** `serverName` of the options, else what the server calls itself, if it says. */
  readonly server: string | undefined
}

const levels: { readonly [L in LoggingLevel]: LogLevel.Severity } = {
  debug: "Debug",
  info: "Info",
  notice: "Info",
  warning: "Warn",
  error: "Error",
  critical: "Fatal",
  alert: "Fatal",
  emergency: "Fatal"
}

// In UTF-16 units: a log is not the place for documents.
const maxLength = 8192

/** Reads the params of `notifications/message`; a level that is not known is `info`. */
export const read = ({ data, level, logger }: JsonObject, server: string | undefined): ServerLog => ({
  level: isLoggingLevel(level) ? level : "info",
  logger: typeof logger === "string" ? logger : undefined,
  data,
  server
})

// Controls, what is not seen, what turns the direction of writing, other line breaks, halves of characters.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu

// What a server writes must not move the cursor of whoever reads the log, nor look like another entry.
const visible = (text: string): string => text.replaceAll(unseen, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)

const shorten = (text: string): string => (text.length > maxLength ? `${text.slice(0, maxLength)}...` : text)

const messageOf = (data: unknown): unknown => {
  if (typeof data === "string") return visible(shorten(data))
  try {
    const json = JSON.stringify(data) ?? ""
    return json.length > maxLength ? visible(shorten(json)) : data
  } catch {
    return "(nested too deep to be shown)"
  }
}

/**
 * Logs it with Effect's logger: `notice` as `Info`, `critical` and above as `Fatal`, annotated with `mcp.server` and `mcp.logger`.
 * Of texts, what cannot be seen is written out, line breaks too, and what is longer than 8,192 characters is cut. What clients do with logs
 * by default.
 */
export const log = ({ data, level, logger, server }: ServerLog): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWithLevel(levels[level])(messageOf(data)), {
    ...(server === undefined ? {} : { "mcp.server": visible(shorten(server)) }),
    ...(logger === undefined ? {} : { "mcp.logger": visible(shorten(logger)) })
  })
