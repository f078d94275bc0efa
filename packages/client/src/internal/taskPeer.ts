/**
 * A client as its tasks see it.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { McpClientError } from "../McpClientError.ts"
import type { CallOptions } from "./callOptions.ts"

/** What a task needs of a client. */
export interface TaskPeer {
  readonly request: (method: string, params?: JsonObject, options?: CallOptions) => Effect.Effect<JsonObject, McpClientError>
  readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** The answer of this client's handlers to a question of a task. Extension only. */
  readonly question: (key: string, request: unknown) => Effect.Effect<JsonObject, McpClientError>
  /** Hears of a task as long as the scope is open, where the client wants that. Extension only. */
  readonly hear: (id: string) => Effect.Effect<void, McpClientError, Scope.Scope>
}
