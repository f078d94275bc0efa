/**
 * A middleware for a whole server: it notes what was asked for and provides nothing.
 */
import * as Middleware from "@effect-mcp/core/Middleware"
import { Context, Effect, Layer, Ref } from "effect"

/** What was asked for, in order. */
export class AuditLog extends Context.Service<AuditLog, Ref.Ref<ReadonlyArray<string>>>()("examples/middleware/AuditLog") {
  static readonly layer = Layer.effect(AuditLog, Ref.make<ReadonlyArray<string>>([]))
}

export class Audit extends Middleware.make<Audit>()("Audit") {}

export const AuditLive = Audit.layer({
  // Around every method that has no hook of its own in this middleware.
  all: Effect.fn("Audit")(function* (request, next) {
    const log = yield* AuditLog
    const what = request.method === "tools/call" ? `${request.method} ${request.name}` : request.method
    yield* Ref.update(log, (entries) => [...entries, what])
    return yield* next
  })
})
