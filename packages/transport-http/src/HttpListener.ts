/**
 * Where HTTP comes in. A listener hands requests to whoever is mounted under their path: endpoints of MCP, health checks, whatever else is
 * written for an `Exchange`. `NodeListener`, `RouterListener` and `WebListener` are listeners; what is mounted knows none of them.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Handle } from "./Exchange.ts"

/** What is mounted. */
export interface Route {
  /** Such as `/mcp`; `/tools/*` takes everything below `/tools`, and `/tools` itself. The most specific route wins. */
  readonly path: string
  /** The name of the host for which it is, in lower case and without a port; all by default, after those that name one. */
  readonly host?: string | undefined
  readonly handle: Handle
  /**
   * Set for what the listener is there for: an endpoint. Tells whether it finishes what runs and begins nothing new. Other routes, such as
   * those that tell about health, have none.
   */
  readonly isClosing?: (() => boolean) | undefined
}

/** How the endpoints of a listener are. */
export interface Endpoints {
  /** How many are mounted. */
  readonly mounted: number
  /** How many of these finish what runs and begin nothing new. */
  readonly closing: number
}

/** Nothing can be mounted there. */
export class MountError extends Data.TaggedError("MountError")<{ readonly message: string }> {}

/** See the module. */
export class HttpListener extends Context.Service<
  HttpListener,
  {
    /** Serves a route until the scope closes. Fails when the path is none, or taken. */
    readonly mount: (route: Route) => Effect.Effect<void, MountError, Scope.Scope>
    /** Where clients on this machine reach it, such as `http://127.0.0.1:3000`; `undefined` where it does not know. */
    readonly url: string | undefined
    /** How its endpoints are now. */
    readonly endpoints: () => Endpoints
  }
>()("@effect-mcp/transport-http/HttpListener") {}
