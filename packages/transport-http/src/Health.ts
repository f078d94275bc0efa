/**
 * What tells a supervisor how a server is, as routes of its listener.
 *
 * - *Liveness*, `/livez`: 200 as long as the process answers. Who gets no answer starts the process anew.
 * - *Readiness*, `/readyz`: 200 while requests should come here. 503 while endpoints are not mounted yet, while one shuts down, and while a
 *   check of yours fails. The body is JSON and tells which; why a check fails is logged and not shown.
 *
 * Anybody who reaches the port may ask: supervisors call by addresses that no list knows, and there is nothing to learn.
 *
 * @example
 * const Parts = Layer.merge(HttpServerTransport.layer(), Health.layer({ checks: { database: Database.use((_) => _.ping) } }))
 * Parts.pipe(Layer.provide(Server), Layer.provide(NodeListener.layer({ port: 3000 })), Layer.launch)
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Handle, Reply } from "./Exchange.ts"
import { HttpListener, type MountError } from "./HttpListener.ts"
import { notRead } from "./internal/server/parts.ts"
import * as replies from "./internal/server/replies.ts"

/** When a server is ready. */
export interface ReadyOptions<R = never> {
  /** How many endpoints have to be mounted. 1 by default. */
  readonly endpoints?: number
  /** What has to succeed, by names that may be shown. They run for each probe, all at once; probes that come meanwhile share the answer. */
  readonly checks?: { readonly [name: string]: Effect.Effect<unknown, unknown, R> }
  /** How long a check may take. 2 seconds by default. */
  readonly checkTimeout?: Duration.Input
}

/** Where to tell it, and when a server is ready. */
export interface Options<R = never> extends ReadyOptions<R> {
  /** `"/livez"` by default. */
  readonly livePath?: string
  /** `"/readyz"` by default. */
  readonly readyPath?: string
}

/** How a check went. */
type Went = "ok" | "failed" | "timed out"

/** Answers 200. */
export const live: Handle = (exchange, reply) => reply(notRead(exchange) ?? replies.json(200, `{"status":"live"}`, uncached))

const uncached = { "content-type": "application/json", "cache-control": "no-store" }

const report = (problem: string | undefined, checks: Readonly<Record<string, Went>>): Reply => {
  const isReady = problem === undefined && Object.values(checks).every((went) => went === "ok")
  const body = { status: isReady ? "ready" : "unavailable", ...(problem === undefined ? {} : { problem }), checks }
  return replies.json(isReady ? 200 : 503, JSON.stringify(body), uncached)
}

const problemOf = (listener: HttpListener["Service"], wanted: number): string | undefined => {
  const { closing, mounted } = listener.endpoints()
  if (closing > 0) return "shutting down"
  return mounted < wanted ? `${mounted} of ${wanted} endpoints are mounted` : undefined
}

const check = <R>(name: string, effect: Effect.Effect<unknown, unknown, R>, timeout: Duration.Duration) =>
  Effect.as(effect, "ok" as Went).pipe(
    Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.succeed<Went>("timed out") }),
    Effect.catchCause((cause) => Effect.as(Effect.logWarning(`the check "${name}" failed`, cause), "failed" as Went))
  )

/** Answers 200 when the server in the context is ready, see the module. */
export const ready = Effect.fnUntraced(function* <R = never>(
  options: ReadyOptions<R> = {}
): Effect.fn.Return<Handle, never, HttpListener | R> {
  const listener = yield* HttpListener
  const runFork = Effect.runForkWith(yield* Effect.context<R>())
  const timeout = Duration.fromInputUnsafe(options.checkTimeout ?? "2 seconds")
  const named = Object.entries(options.checks ?? {}).map(([name, effect]) => [name, check(name, effect, timeout)] as const)
  const checks = Effect.all(Object.fromEntries(named), { concurrency: "unbounded" })
  let waiting: Array<(reply: Reply) => void> = []
  const answer = (went: Readonly<Record<string, Went>>): void => {
    const replies = waiting
    waiting = []
    const result = report(problemOf(listener, options.endpoints ?? 1), went)
    for (const reply of replies) reply(result)
  }
  return (exchange, reply) => {
    const refused = notRead(exchange)
    if (refused !== undefined) return reply(refused)
    const problem = problemOf(listener, options.endpoints ?? 1)
    if (problem !== undefined) return reply(report(problem, {}))
    if (named.length === 0) return reply(report(undefined, {}))
    if (waiting.length >= maxWaiting) return reply(replies.unavailable("too many probes wait"))
    if (waiting.push(reply) === 1) runFork(Effect.map(checks, answer))
  }
})

/** How many probes wait for the same checks; more are refused with 503. */
const maxWaiting = 1000

/** Mounts both on the listener in the context. */
export const layer = <R = never>(options: Options<R> = {}): Layer.Layer<never, MountError, HttpListener | R> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { mount } = yield* HttpListener
      yield* mount({ path: options.livePath ?? "/livez", handle: live })
      yield* mount({ path: options.readyPath ?? "/readyz", handle: yield* ready(options) })
    })
  )
