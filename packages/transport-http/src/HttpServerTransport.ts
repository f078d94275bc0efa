/**
 * The server side of Streamable HTTP: one endpoint for the revisions 2025-03-26 to 2026-07-28; as an option, HTTP+SSE of 2024-11-05.
 *
 * - The body decides the era. In the session era a client gets a session, unless `sessions` is off; in the request era each request
 *   stands alone, and its headers must say what its body says.
 * - An answer is JSON unless something has to be sent before it, or it takes longer than `keepAlive`: then it is a stream.
 * - In the session era a connection that breaks cancels nothing: what is sent meanwhile is kept in the `EventStore`, and the client comes
 *   back for it with `Last-Event-ID`. In the request era it cancels the request.
 * - Sessions are kept in the `SessionStore`, events in the `EventStore`; both are in memory when nothing else is provided, to the server's
 *   layer (`SessionStore`) and to this one (`EventStore`).
 * - It is safe on loopback as it is. Whoever is reached from elsewhere names its hosts, see {@link Options}.
 *
 * Source: "Streamable HTTP" in the transports pages of 2025-03-26 to 2026-07-28.
 */
import type * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Handle } from "./Exchange.ts"
import { HttpListener, type MountError } from "./HttpListener.ts"
import { makeEndpoint } from "./internal/server/makeEndpoint.ts"
import * as Settings from "./internal/server/settings.ts"

/** How to serve. */
export type Options = Settings.Options

/**
 * The endpoint as a function from an exchange to a reply, for listeners of your own. It serves until the scope closes: then it refuses what
 * is new, ends the streams that wait for news, gives what runs `drainTimeout` to end, and interrupts the rest.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Handle, never, Dispatcher.Dispatcher | Scope.Scope> {
  const { close, handle } = yield* makeEndpoint(options)
  yield* Effect.addFinalizer(() => close)
  return handle
})

/**
 * Serves the server in the context on the listener in the context.
 *
 * @example
 * HttpServerTransport.layer({ path: "/mcp" }).pipe(Layer.provide(Server), Layer.provide(NodeListener.layer({ port: 3000 })), Layer.launch)
 */
export const layer = (options: Options = {}): Layer.Layer<never, MountError, Dispatcher.Dispatcher | HttpListener> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const listener = yield* HttpListener
      const path = options.path ?? "/mcp"
      const { close, entrance, handle } = yield* makeEndpoint(options)
      const isClosing = () => entrance.isClosing
      for (const mounted of Settings.pathsOf({ ...options, path })) {
        // The paths of HTTP+SSE belong to the same endpoint.
        const state = mounted === path ? { isClosing } : {}
        yield* listener.mount({ path: mounted, host: options.host, handle, ...state })
      }
      // Closed before it is unmounted: who comes during the shutdown is told to come back, and not that there is nothing here.
      yield* Effect.addFinalizer(() => close)
      if (listener.url !== undefined) yield* Effect.logInfo(`MCP is served at ${listener.url}${path}`)
    })
  )
