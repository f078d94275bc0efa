/**
 * What is mounted on a listener: one lookup for a path, however many routes there are.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Exchange, Handle } from "../../Exchange.ts"
import { type Endpoints, MountError, type Route } from "../../HttpListener.ts"
import * as replies from "./replies.ts"

const hostOf = (exchange: Exchange): string => {
  const host = (exchange.header("host") ?? "").toLowerCase()
  const colon = host.lastIndexOf(":")
  return colon > host.lastIndexOf("]") ? host.slice(0, colon) : host
}

/** The path of a request, without its query. */
export const pathOf = (target: string): string => {
  const query = target.indexOf("?")
  return query === -1 ? target : target.slice(0, query)
}

const invalid = ({ host, path }: Route): string | undefined => {
  if (!/^\/[^?#\s]*$/.test(path) || path.slice(0, -1).includes("*")) return `"${path}" is no path like "/mcp" or "/tools/*"`
  if (host !== undefined && (host === "" || /[A-Z/:\s]/.test(host.replace(/^\[.*\]$/, "")))) {
    return `"${host}" is no name of a host in lower case without a port`
  }
  return undefined
}

/** See the module. */
export class Routes {
  private readonly exact = new Map<string, Array<Route>>()
  /** By what they begin with, the longest first. */
  private readonly below: Array<{ readonly prefix: string; readonly route: Route }> = []
  private wasUsed = false

  get isEmpty(): boolean {
    return this.exact.size === 0 && this.below.length === 0
  }

  readonly mount = (route: Route): Effect.Effect<void, MountError, Scope.Scope> =>
    Effect.suspend(() => {
      const problem = invalid(route) ?? (this.isTaken(route) ? `"${route.path}" is mounted already` : undefined)
      if (problem !== undefined) return Effect.fail(new MountError({ message: `cannot mount: ${problem}` }))
      return Effect.acquireRelease(
        Effect.sync(() => this.add(route)),
        () => Effect.sync(() => this.remove(route))
      )
    })

  readonly endpoints = (): Endpoints => {
    const all = [...this.exact.values()].flat().concat(this.below.map(({ route }) => route))
    const endpoints = all.filter(({ isClosing }) => isClosing !== undefined)
    return { mounted: endpoints.length, closing: endpoints.filter(({ isClosing }) => isClosing?.() === true).length }
  }

  readonly handle: Handle = (exchange, reply) => {
    const path = pathOf(exchange.target)
    const route = this.find(path, exchange)
    if (route !== undefined) return route.handle(exchange, reply)
    if (!this.wasUsed || this.isEmpty) return reply(replies.unavailable("the server is not ready"))
    reply(replies.text(404, "Not found"))
  }

  private find(path: string, exchange: Exchange): Route | undefined {
    const routes = this.exact.get(path)
    if (routes !== undefined) {
      const [only] = routes
      if (routes.length === 1 && only?.host === undefined) return only
      const fit = choose(routes, hostOf(exchange))
      if (fit !== undefined) return fit
    }
    if (path.length > 1 && path.endsWith("/")) return this.find(path.slice(0, -1), exchange)
    for (const { prefix, route } of this.below) {
      if (path !== prefix && !path.startsWith(`${prefix}/`)) continue
      if (route.host === undefined || route.host === hostOf(exchange)) return route
    }
    return undefined
  }

  private isTaken({ host, path }: Route): boolean {
    const routes = path.endsWith("*") ? this.below.map(({ route }) => route) : (this.exact.get(path) ?? [])
    return routes.some((route) => route.path === path && route.host === host)
  }

  private add(route: Route): void {
    this.wasUsed = true
    if (route.path.endsWith("/*")) {
      this.below.push({ prefix: route.path.slice(0, -2), route })
      this.below.sort(
        (a, b) => b.prefix.length - a.prefix.length || Number(b.route.host !== undefined) - Number(a.route.host !== undefined)
      )
    } else {
      this.exact.set(route.path, [...(this.exact.get(route.path) ?? []), route])
    }
  }

  private remove(route: Route): void {
    const at = this.below.findIndex((entry) => entry.route === route)
    if (at !== -1) this.below.splice(at, 1)
    const rest = (this.exact.get(route.path) ?? []).filter((other) => other !== route)
    if (rest.length === 0) this.exact.delete(route.path)
    else this.exact.set(route.path, rest)
  }
}

const choose = (routes: ReadonlyArray<Route>, host: string): Route | undefined =>
  routes.find((route) => route.host === host) ?? routes.find((route) => route.host === undefined)
