/**
 * A middleware that logs how long requests take.
 */
import { type AnyRequest, make } from "@effect-mcp/core/Middleware"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

/**
 * Logs how long requests take, failed ones too. Put it around a server with `McpServer.use(Timing.Timing)`, or around a group with
 * `Group.middleware(Timing.Timing)`.
 */
export class Timing extends make<Timing>()("@effect-mcp/server/Timing") {}

/** What is logged, and how. */
export interface Options {
  /** From how long on a request is slow and logged as a warning. 1 second by default. */
  readonly slow?: Duration.Input
}

const nameOf = (request: AnyRequest): string =>
  request.method === "tools/call" ? `tools/call ${request.name}` : request.method === "extension" ? request.name : request.method

/** Logs each request at level Debug with its duration, and slow ones as warnings. */
export const layer = (options: Options = {}): Layer.Layer<Timing> => {
  const slow = Duration.toMillis(Duration.fromInputUnsafe(options.slow ?? "1 second"))
  return Timing.layer({
    all: (request, next) =>
      Effect.flatMap(Clock.currentTimeNanos, (start) =>
        Effect.ensuring(
          next,
          Effect.flatMap(Clock.currentTimeNanos, (end) => {
            const millis = Number(end - start) / 1e6
            const message = `${nameOf(request)} took ${millis < 10 ? millis.toFixed(1) : Math.round(millis)} ms`
            return millis >= slow ? Effect.logWarning(message) : Effect.logDebug(message)
          })
        )
      )
  })
}
