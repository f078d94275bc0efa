/**
 * Loggers, tracers and metrics that keep what they get.
 */
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"

/** One log entry. */
export interface Entry {
  readonly level: LogLevel.LogLevel
  readonly message: string
  readonly annotations: { readonly [key: string]: unknown }
  readonly cause: string
}

const textOf = (message: unknown): string => (Array.isArray(message) ? message.map(String).join(" ") : String(message))

/** A logger that keeps every entry; its layer puts it in place of all others. */
export const capture = () => {
  const entries: Array<Entry> = []
  const logger = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    entries.push({
      level: logLevel,
      message: textOf(message),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) },
      cause: cause.reasons.length === 0 ? "" : Cause.pretty(cause)
    })
  })
  return {
    entries,
    layer: Logger.layer([logger]),
    /** The messages of a level. */
    messages: (level: LogLevel.LogLevel) => entries.filter((entry) => entry.level === level).map((entry) => entry.message)
  }
}

/** The lowest level that the program logs. */
export const minimumLevel = (level: LogLevel.LogLevel): Layer.Layer<never> => Layer.succeed(References.MinimumLogLevel, level)
