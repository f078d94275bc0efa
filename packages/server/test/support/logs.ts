/**
 * Loggers, tracers and metrics that keep what they get.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/** One log entry. */
export interface Entry {
  readonly level: LogLevel.LogLevel
  readonly message: string
  readonly annotations: { readonly [key: string]: unknown }
  readonly cause: string
}

const textOf = (message: unknown): string => (Array.isArray(message) ? message.map(String).join(" ") : String(message))

/** A logger that keeps every entry; its layer puts it in place of all others. */
export const capture = () => {
  const entries: Array<Entry> = []
  const logger = Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    entries.push({
      level: logLevel,
      message: textOf(message),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) },
      cause: cause.reasons.length === 0 ? "" : Cause.pretty(cause)
    })
  })
  return {
    entries,
    layer: Logger.layer([logger]),
    /** The messages of a level. */
    messages: (level: LogLevel.LogLevel) => entries.filter((entry) => entry.level === level).map((entry) => entry.message)
  }
}

/** The lowest level that the program logs. */
export const minimumLevel = (level: LogLevel.LogLevel): Layer.Layer<never> => Layer.succeed(References.MinimumLogLevel, level)

/** A tracer that keeps every span. */
export const captureSpans = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return {
    spans,
    layer: Layer.succeed(Tracer.Tracer, tracer),
    /** The attributes of a span. */
    attributes: (index: number): { readonly [key: string]: unknown } => Object.fromEntries(spans[index]?.attributes ?? [])
  }
}

/** One series of a histogram or counter. */
export interface Series {
  readonly attributes: { readonly [key: string]: string }
  readonly count: number
}

/** Metrics of their own, so that tests do not count each other's requests. */
export const captureMetrics = () => {
  const registry: Context.Service.Shape<typeof Metric.MetricRegistry> = new Map()
  const context = Context.make(Metric.MetricRegistry, registry)
  const snapshots = () => Metric.snapshotUnsafe(context)
  return {
    layer: Layer.succeed(Metric.MetricRegistry, registry),
    snapshots,
    /** The series of a metric: how often each one was counted. */
    series: (id: string): ReadonlyArray<Series> =>
      snapshots()
        .filter((snapshot) => snapshot.id === id)
        .map(({ attributes, state }) => ({ attributes: attributes as Series["attributes"], count: Number((state as any).count) }))
  }
}
