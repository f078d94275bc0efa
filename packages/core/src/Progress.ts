/**
 * Progress of a running request.
 *
 * Source: "Progress" in the utilities of every revision.
 */
import * as Effect from "effect/Effect"
import * as Jsonrpc from "./Jsonrpc.ts"
import { RequestContext } from "./RequestContext.ts"

/**
 * Tells the client how far the request is. Does nothing when the client did not ask for it. `progress` must grow with each report;
 * a report that does not is not sent. `total` is in the same unit. `message` is shown since 2025-03-26.
 *
 * Waits while the way to the client is full. Some clients miss a report that leaves together with the answer: tell what matters in the
 * answer too.
 *
 * @example
 * yield* Progress.report(1, 3, "reading")
 */
export const report = (progress: number, total?: number, message?: string): Effect.Effect<void, never, RequestContext> =>
  Effect.flatMap(RequestContext, (request) => {
    if (request.progressToken === undefined || !request.advance(progress)) return Effect.void
    return request.emit.send(
      Jsonrpc.notification("notifications/progress", {
        progressToken: request.progressToken,
        progress,
        ...(total === undefined || !Number.isFinite(total) ? {} : { total }),
        ...(message === undefined || !request.revision.progressMessage ? {} : { message })
      })
    )
  })
