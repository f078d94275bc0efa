/**
 * How long clients may keep a result, and with whom they may share it. Since 2026-07-28; clients of older revisions are told nothing.
 *
 * Source: "Caching" in the server utilities of 2026-07-28.
 */
import type { CacheScope } from "./protocol/CacheHints.ts"

/** The hint of one result. */
export interface CacheHint {
  /** In milliseconds from its reception: an integer, 0 or more. With 0 it is asked for anew each time. */
  readonly ttlMs: number
  /** `public`: anybody may have it, whoever asked. `private`: only for the same authorization. */
  readonly scope: CacheScope
}

/** A hint, or a part of it: what is left out is said elsewhere, see {@link Settings}. */
export type Options = Partial<CacheHint>

/** The methods whose results have hints. */
export const methods = [
  "server/discover",
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read"
] as const

/** A method whose results have hints. */
export type Method = (typeof methods)[number]

/**
 * The hints of a server. `ttlMs` and `scope` hold for all of its results, `methods` for those of single methods, and the `cache` of a
 * resource for its contents; the more precise one counts, for each member by itself. `{ ttlMs: 0, scope: "private" }` by default.
 *
 * @example
 * McpServer.layer({ name: "library", version: "1.0.0", cacheHint: { ttlMs: 60_000, methods: { "tools/list": { scope: "public" } } } })
 */
export interface Settings extends Options {
  readonly methods?: { readonly [M in Method]?: Options }
}

/** The hint of each method. */
export type ByMethod = { readonly [M in Method]: CacheHint }

/** Nothing is kept. */
export const none: CacheHint = { ttlMs: 0, scope: "private" }

/** What is wrong with a hint, or `undefined`. */
export const fault = ({ scope, ttlMs }: Options): string | undefined => {
  if (ttlMs !== undefined && (!Number.isSafeInteger(ttlMs) || ttlMs < 0)) {
    return `ttlMs must be an integer from 0 on, not ${ttlMs}`
  }
  if (scope !== undefined && scope !== "public" && scope !== "private") {
    return `scope must be "public" or "private", not ${JSON.stringify(scope)}`
  }
  return undefined
}

const check = (options: Options, where: string): Options => {
  const problem = fault(options)
  if (problem !== undefined) throw new Error(`${where}: ${problem}`)
  return options
}

/** A hint that says more than another one. */
export const over = (base: CacheHint, { scope, ttlMs }: Options = {}): CacheHint => ({
  ttlMs: ttlMs ?? base.ttlMs,
  scope: scope ?? base.scope
})

/** The hint of something that was made from results with both hints. */
export const both = (a: CacheHint, b: CacheHint): CacheHint => ({
  ttlMs: Math.min(a.ttlMs, b.ttlMs),
  scope: a.scope === "public" ? b.scope : "private"
})

/** The hints of all methods. Throws, with `where` before it, on what makes no sense. */
export const byMethod = (settings: Settings, where: string): ByMethod => {
  const own: { readonly [method: string]: Options | undefined } = settings.methods ?? {}
  for (const method in own) {
    if (!methods.some((known) => known === method)) throw new Error(`${where}: results of "${method}" are never kept`)
  }
  const all = over(none, check(settings, where))
  const hintOf = (method: Method): CacheHint => over(all, check(own[method] ?? {}, `${where}: ${method}`))
  return Object.fromEntries(methods.map((method) => [method, hintOf(method)])) as ByMethod // all methods are there
}
