/**
 * A listener on Effect's `HttpRouter`: endpoints beside an application's own routes, under its middleware, on its server.
 *
 * Serve the router, and what is mounted on top of it: then endpoints are closed first when the program ends, while the server still writes
 * what they have to say. Mounted *below* `HttpRouter.serve`, they are not told before the server has waited for their open streams.
 *
 * @example
 * const Web = HttpRouter.serve(Layer.mergeAll(MyRoutes, RouterListener.layer({ paths: ["/mcp"] }))).pipe(
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 3000 }))
 * )
 * HttpServerTransport.layer({ path: "/mcp" }).pipe(Layer.provide(Server), Layer.provide(Web), Layer.launch)
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { HttpListener, MountError, type Route } from "./HttpListener.ts"
import { toEffect } from "./internal/server/routerExchange.ts"
import { Routes } from "./internal/server/routes.ts"

/** What a listener has of its router. */
export interface Options {
  /**
   * What will be mounted. Whoever asks for one of these paths before it is gets 503, not the router's 404. None by default: endpoints
   * that are mounted before the router is served need it not.
   */
  readonly paths?: ReadonlyArray<string>
}

const isPath = (path: string): path is `/${string}` => path.startsWith("/")

/** The paths that a listener has with its router, which throws when it is given one twice. */
class Registered {
  private readonly router: HttpRouter.HttpRouter
  private readonly routes: Routes
  private readonly paths = new Set<string>()

  constructor(router: HttpRouter.HttpRouter, routes: Routes) {
    this.router = router
    this.routes = routes
  }

  add(path: string): Effect.Effect<void, MountError> {
    return Effect.suspend(() => {
      if (!isPath(path))
        return Effect.fail(new MountError({ message: `cannot mount: "${path}" is no path like "/mcp" or "/tools/*"` }))
      if (this.paths.has(path)) return Effect.void
      // The router has what is below `/tools/*` first, and then `/tools`, too.
      const base = path.endsWith("/*") ? path.slice(0, -2) : undefined
      const hadBase = base !== undefined && this.paths.has(base)
      this.paths.add(path)
      if (base !== undefined) this.paths.add(base)
      // The router takes ":" for a parameter, "::" for a colon.
      const escaped = path.replaceAll(":", "::") as typeof path // it still begins with a slash
      return Effect.catchDefect(this.router.add("*", escaped, toEffect(this.routes.handle)), (cause) =>
        hadBase ? Effect.void : Effect.fail(new MountError({ message: `cannot mount "${path}": ${String(cause)}` }))
      )
    })
  }
}

/**
 * A listener on the router in the context. Routers cannot forget: a path that is not mounted any more is still the listener's, and answered
 * with 503 or 404. Where paths meet, the router decides: an application's route that is more specific wins.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<HttpListener["Service"], MountError, HttpRouter.HttpRouter> {
  const router = yield* HttpRouter.HttpRouter
  const context = yield* Effect.context<never>()
  const server = Context.getOrUndefined(context, HttpServer.HttpServer)
  const routes = new Routes()
  const registered = new Registered(router, routes)
  for (const path of options.paths ?? []) yield* registered.add(path)
  return {
    mount: (route: Route) => Effect.andThen(routes.mount(route), registered.add(route.path)),
    endpoints: routes.endpoints,
    url: server === undefined ? undefined : HttpServer.formatAddress(server.address).replace("//0.0.0.0:", "//127.0.0.1:")
  }
})

/** A listener as long as the layer lives. */
export const layer = (options: Options = {}): Layer.Layer<HttpListener, MountError, HttpRouter.HttpRouter> =>
  Layer.effect(HttpListener, make(options))
