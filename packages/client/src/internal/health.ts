/**
 * Asks a server for a sign of life.
 */
import type { Revision } from "@effect-mcp/core/Revision"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { ConnectionState } from "../ConnectionState.ts"
import type { Health } from "../Health.ts"
import { McpClientError, TimedOut } from "../McpClientError.ts"
import type { McpClient } from "./service.ts"

// In milliseconds.
const timeout = 5000

/** See the module. It never fails. */
export const health = (
  request: McpClient["Service"]["request"],
  revision: () => Revision,
  standing: SubscriptionRef.SubscriptionRef<ConnectionState>
): Effect.Effect<Health> =>
  Effect.gen(function* () {
    const started = yield* Clock.currentTimeMillis
    const method = revision().era === "session" ? "ping" : "server/discover"
    // Guards may let it wait, and questions that are open.
    const late = () => Effect.fail(new McpClientError({ reason: new TimedOut({ method, after: timeout }) }))
    const asked = request(method, undefined, { timeout, retry: false })
    const answered = yield* Effect.result(Effect.timeoutOrElse(asked, { duration: timeout, orElse: late }))
    const latency = (yield* Clock.currentTimeMillis) - started
    const state = SubscriptionRef.getUnsafe(standing)
    return answered._tag === "Success"
      ? { status: "healthy", state, latency, error: undefined }
      : { status: "unhealthy", state, latency: undefined, error: answered.failure }
  })
