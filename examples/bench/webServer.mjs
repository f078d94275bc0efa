// `WebListener` on Node, for `bench/` alone: web objects as `@hono/node-server` makes them.
import * as HttpListener from "@effect-mcp/transport-http/HttpListener"
import * as WebListener from "@effect-mcp/transport-http/WebListener"
import { getRequestListener } from "@hono/node-server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"

/** A listener on a port of loopback, as long as the layer lives. */
export const layer = (port) =>
  Layer.effect(
    HttpListener.HttpListener,
    Effect.gen(function* () {
      const { handle, listener } = yield* WebListener.make
      const server = createServer({ keepAliveTimeout: 0 }, getRequestListener(handle))
      yield* Effect.acquireRelease(
        Effect.callback((resume) => void server.listen(port, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => server.close())
      )
      return listener
    })
  )
