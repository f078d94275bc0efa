/**
 * The tools and resources of a server for programs that speak no MCP, as routes of its listener:
 *
 * - `GET /tools`: `{ "tools": [...], "nextCursor"? }`, as `tools/list` gives them; `?cursor=` asks for what follows.
 * - `POST /tools/{name}` with the arguments as a JSON object: `{ "content": [...], "structuredContent"? }`, as `tools/call` gives them.
 * - `GET /resources`: `{ "resources": [...], "nextCursor"? }`.
 *
 * Every request stands alone, passes the checks and limits of an endpoint, and is done by the server's dispatcher: middleware, timeouts and
 * limits of concurrency hold. A client that goes away cancels. There is no way to ask a user, and no progress.
 *
 * | status | when |
 * |---|---|
 * | 200 | done |
 * | 400 | the cursor, the path or the body is not what it should be |
 * | 404 | there is no such tool, or the server has none |
 * | 422 | the tool ran and says that it failed, or refuses its arguments: `isError` is true, `content` says why |
 * | 500 | the server is wrong: the body has an id that its log has, too; or more calls wait already than the server lets wait |
 * | 501 | the tool needs a client that can do more, such as ask its user |
 * | 503 | more than `maxRequests`, or shutting down; `Retry-After` says when to come again |
 *
 * Besides, 403, 405, 408, 413, 414 and 415 are those of the endpoint. The body of 400, 404, 500 and 501 is
 * `{ "error": { "code", "message", "data"? } }` with the code of JSON-RPC, unless the request is refused before it is read: then it is text.
 */
import type * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Handle } from "./Exchange.ts"
import { HttpListener, type MountError } from "./HttpListener.ts"
import type * as HttpServerTransport from "./HttpServerTransport.ts"
import { makeEndpoint } from "./internal/server/makeEndpoint.ts"
import { Rest } from "./internal/server/rest.ts"

/** Who may call, and how much. The same as of an endpoint. */
export interface Options extends Pick<
  HttpServerTransport.Options,
  | "allowedHosts"
  | "allowedOrigins"
  | "authenticate"
  | "bodyTimeout"
  | "cors"
  | "drainTimeout"
  | "host"
  | "maxBodyBytes"
  | "maxDepth"
  | "maxRequests"
  | "maxUrlLength"
> {
  /** What stands before `/tools` and `/resources`, such as `/api`. Nothing by default. */
  readonly prefix?: string
}

/**
 * The view as a function from an exchange to a reply, for listeners of your own. When the scope closes it refuses what is new, and gives
 * what runs `drainTimeout` to end.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Handle, never, Dispatcher.Dispatcher | Scope.Scope> {
  const endpoint = yield* makeEndpoint({ ...options, sessions: false, jsonOnly: true })
  yield* Effect.addFinalizer(() => endpoint.close)
  return new Rest(endpoint, options.prefix ?? "").handle
})

/** Mounts it on the listener in the context, for the server in the context. */
export const layer = (options: Options = {}): Layer.Layer<never, MountError, Dispatcher.Dispatcher | HttpListener> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { host, prefix = "" } = options
      const { mount } = yield* HttpListener
      const endpoint = yield* makeEndpoint({ ...options, sessions: false, jsonOnly: true })
      const { handle } = new Rest(endpoint, prefix)
      for (const path of ["/tools/*", "/resources"]) yield* mount({ path: `${prefix}${path}`, host, handle })
      // It is mounted until it is closed: whoever comes meanwhile is told so.
      yield* Effect.addFinalizer(() => endpoint.close)
    })
  )
