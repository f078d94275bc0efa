/**
 * Log messages for the client alone, in the words of the protocol: all its eight levels, and loggers with names. What `Effect.log` says
 * goes to the client as well as to the program; this does not reach the program's loggers.
 *
 * Source: "Logging" in the server utilities of every revision. Deprecated since 2026-07-28, and part of it.
 */
import * as Effect from "effect/Effect"
import * as Jsonrpc from "./Jsonrpc.ts"
import { type LoggingLevel, reaches } from "./protocol/Common.ts"
import { RequestContext } from "./RequestContext.ts"

// What JSON would leave out: the message would have no data, which it must have.
const isLeftOut = (data: unknown): boolean => data === undefined || typeof data === "function" || typeof data === "symbol"

/**
 * Sends a message to the client, if it asked for messages of this level. `data` is JSON; what is none is a defect. The logger has no name
 * unless it is given one. Waits while the way to the client is full.
 *
 * @example
 * yield* ClientLog.send("notice", { moved: 3 }, { logger: "files" })
 */
export const send = (
  level: LoggingLevel,
  data: unknown,
  options: { readonly logger?: string } = {}
): Effect.Effect<void, never, RequestContext> =>
  Effect.flatMap(RequestContext, ({ emit, isOpen, logLevel }) => {
    if (isLeftOut(data)) return Effect.die(new Error(`a message for the client must be JSON, and ${typeof data} is none`))
    if (!isOpen || logLevel === undefined || !reaches(level, logLevel)) return Effect.void
    const { logger } = options
    return emit.send(Jsonrpc.notification("notifications/message", { level, ...(logger === undefined ? {} : { logger }), data }))
  })
