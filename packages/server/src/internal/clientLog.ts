/**
 * `Effect.log` in a handler reaches the client that asked for it, beside the loggers of the program.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { type LoggingLevel, reaches } from "@effect-mcp/core/protocol/Common"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { Brought } from "./brought.ts"
import type { Call } from "./call.ts"

const toMcp: { readonly [L in LogLevel.LogLevel]: LoggingLevel | undefined } = {
  All: "debug",
  Trace: "debug",
  Debug: "debug",
  Info: "info",
  Warn: "warning",
  Error: "error",
  Fatal: "critical",
  None: undefined
}

const fromMcp: { readonly [L in LoggingLevel]: LogLevel.LogLevel } = {
  debug: "Trace",
  info: "Info",
  notice: "Warn",
  warning: "Warn",
  error: "Error",
  critical: "Fatal",
  alert: "Fatal",
  emergency: "Fatal"
}

// What is logged may be anything; what is sent is JSON. Redacted values say so themselves.
const toJson = (value: unknown): unknown => {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value
  // The shape of a failure, not its stack: that is for the log of the server.
  if (Cause.isCause(value)) return value.reasons.map((reason) => reason._tag)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return JSON.parse(JSON.stringify(value) ?? "null")
  } catch {
    return `[${typeof value} that is not JSON]`
  }
}

const dataOf = ({ cause, fiber, message }: Logger.Options<unknown>): unknown => {
  const parts = (Array.isArray(message) ? message : [message]).map(toJson)
  const annotations = fiber.getRef(References.CurrentLogAnnotations)
  const said = parts.length === 1 ? parts[0] : parts
  if (cause.reasons.length === 0 && Object.keys(annotations).length === 0) return said
  return {
    ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, toJson(value)])),
    ...(cause.reasons.length === 0 ? {} : { cause: toJson(cause) }),
    message: said
  }
}

// `Logger.make` would bring file systems and streams along, which costs a tenth of a server's start-up: any logger has its prototype.
const [someLogger] = References.CurrentLoggers.defaultValue()
const makeLogger = <A, B>(log: (options: Logger.Options<A>) => B): Logger.Logger<A, B> =>
  Object.assign(Object.create(Object.getPrototypeOf(someLogger ?? {})), { log })

/** The logger that sends to the client of the request that logs. Messages of no request stay at home. */
const make = (serverName: string): Logger.Logger<unknown, void> =>
  makeLogger((options) => {
    const request = Context.getOrUndefined(options.fiber.context, RequestContext)
    const level = toMcp[options.logLevel]
    if (request === undefined || !request.isOpen || request.logLevel === undefined || level === undefined) return
    if (!reaches(level, request.logLevel)) return
    request.emit.sendUnsafe(Jsonrpc.notification("notifications/message", { level, logger: serverName, data: dataOf(options) }))
  })

// A client may want messages that the program does not log: those are for the client alone.
const atLeast = <A, B>(logger: Logger.Logger<A, B>, minimum: LogLevel.LogLevel): Logger.Logger<A, B | void> =>
  makeLogger((options) => {
    const lowered = options.fiber.context.mapUnsafe.get(loweredKey)
    if (lowered === true && LogLevel.isLessThan(options.logLevel, minimum)) return
    return logger.log(options)
  })

/** Marks the fibers of requests that log more for the client than the program wants. */
export const loweredKey = "@effect-mcp/server/LoweredLogLevel"

/** The context of a component with the client's logger beside its own. */
export const withClientLog = (serverName: string) => {
  const clientLogger = make(serverName)
  return (context: Context.Context<never>): Context.Context<never> => {
    const minimum = Context.get(context, References.MinimumLogLevel)
    const loggers = [...Context.get(context, References.CurrentLoggers)].map((logger) => atLeast(logger, minimum))
    return Context.add(context, References.CurrentLoggers, new Set([...loggers, clientLogger]))
  }
}

/** Lets messages through that only the client wants. `minimum` is what the program wants. */
export const lowered = (call: Call, minimum: LogLevel.LogLevel, brought: Brought): Brought => {
  if (call.logLevel === undefined) return brought
  const wanted = fromMcp[call.logLevel]
  return LogLevel.isLessThan(wanted, minimum)
    ? new Brought(loweredKey, true, new Brought(References.MinimumLogLevel.key, wanted, brought))
    : brought
}
