/**
 * The metrics of the program for Prometheus, as a route of its listener: everything that was counted with `effect/Metric`.
 *
 * Numbers tell about a program, so the same hosts and origins are let in as by an endpoint: loopback, and who is named.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type { Handle } from "./Exchange.ts"
import { HttpListener, type MountError } from "./HttpListener.ts"
import type * as HttpServerTransport from "./HttpServerTransport.ts"
import { Entrance } from "./internal/server/entrance.ts"
import { runExit } from "./internal/server/runExit.ts"
import { notRead } from "./internal/server/parts.ts"
import * as replies from "./internal/server/replies.ts"
import * as Settings from "./internal/server/settings.ts"

/** Who may read them, and what they are called. */
export interface Options
  extends
    Pick<HttpServerTransport.Options, "allowedHosts" | "allowedOrigins" | "authenticate" | "host" | "maxUrlLength">,
    PrometheusMetrics.FormatOptions {
  /** `"/metrics"` by default. */
  readonly path?: string
}

const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" }

/** Answers with the metrics of the context. */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<Handle> {
  const context = yield* Effect.context<never>()
  const settings = Settings.make(options)
  const run = runExit(context)
  const onDefect = (what: string, cause: unknown) => run(Effect.logError(`HTTP: ${what} failed`, cause), () => {})
  const entrance = new Entrance({ settings, run, onDefect })
  return entrance.guard((exchange, _, reply) =>
    reply(notRead(exchange) ?? replies.json(200, PrometheusMetrics.formatUnsafe(context, options), headers))
  )
})

/** Mounts it on the listener in the context. */
export const layer = (options: Options = {}): Layer.Layer<never, MountError, HttpListener> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { mount } = yield* HttpListener
      yield* mount({ path: options.path ?? "/metrics", host: options.host, handle: yield* make(options) })
    })
  )
