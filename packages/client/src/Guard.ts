/**
 * What stands around the requests of a client: limits of their rate, circuit breakers, or what a program makes itself.
 *
 * A guard sees each request of the program once, however often it is sent; not what keeps the connection: negotiation, subscriptions,
 * answers to the server.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { McpClientError } from "./McpClientError.ts"

/** A request as a guard sees it. */
export interface Request {
  readonly method: string
  /** The name of the tool, for `tools/call`. */
  readonly tool: string | undefined
}

/** Runs a request, or fails in its place. */
export type Around = <A>(request: Request, effect: Effect.Effect<A, McpClientError>) => Effect.Effect<A, McpClientError>

/** Makes a guard for one client; it lives as long as that. */
export type Guard = Effect.Effect<Around, never, Scope.Scope>
