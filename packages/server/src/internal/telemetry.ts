/**
 * Spans and metrics, by the OpenTelemetry semantic conventions for MCP. Without a tracer no span is opened; metrics are bound once
 * for each operation.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { Call } from "./call.ts"
import { failureOf, histogram, type Subject } from "./subject.ts"

/** How often arguments came as JSON in a string. */
export const repairs = Metric.counter("mcp.server.arguments.repaired", {
  description: "Arguments that arrived as JSON in a string and were accepted",
  incremental: true
})

// 00-<trace id>-<parent id>-<flags>, W3C Trace Context.
const traceparent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const parentOf = (meta: JsonObject): Tracer.ExternalSpan | undefined => {
  const value = meta[Key.traceparent]
  const match = typeof value === "string" ? traceparent.exec(value) : null
  if (match === null || /^0+$/.test(match[1]!) || /^0+$/.test(match[2]!)) return undefined
  return Tracer.externalSpan({
    traceId: match[1]!,
    spanId: match[2]!,
    sampled: (Number.parseInt(match[3]!, 16) & 1) === 1
  })
}

/** The telemetry of one server. */
export interface Telemetry {
  /** Opens the span of a request; `undefined` without a tracer. */
  readonly open: (call: Call, subject: Subject) => Tracer.Span | undefined
  /** Records the result of a call, where that is asked for. */
  readonly recordResult: (span: Tracer.Span, call: Call, outcome: Outcome) => void
  readonly close: (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, errorType: string | undefined) => void
  /** Counts a request that took so many milliseconds. */
  readonly record: (subject: Subject, millis: number, errorType: string | undefined) => void
  readonly repaired: (count: number) => void
}

const networks: { readonly [transport: string]: string | undefined } = { stdio: "pipe", http: "tcp" }

const standing = (call: Call): { readonly [key: string]: string } => ({
  "mcp.protocol.version": call.revision.version,
  "jsonrpc.request.id": String(call.id),
  "network.transport": networks[call.peer.transport] ?? call.peer.transport,
  ...(call.peer.transport === "http" ? { "network.protocol.name": "http" } : {})
})

/** Telemetry with the tracer and the metrics of a context. */
export const make = (context: Context.Context<never>, recordArguments: boolean): Telemetry => {
  const tracer = Context.get(context, Tracer.Tracer)
  const clock = Context.get(context, Clock.Clock)
  const enabled = tracer !== Tracer.nativeTracer && Context.get(context, References.TracerEnabled)
  return {
    open: (call, { attributes, spanName }) => {
      if (!enabled) return undefined
      const parent = parentOf(call.meta)
      const span = tracer.span({
        name: spanName,
        parent: Option.fromUndefinedOr<Tracer.AnySpan | undefined>(parent),
        annotations: Context.empty(),
        links: [],
        startTime: clock.currentTimeNanosUnsafe(),
        kind: "server",
        root: false,
        // Who asked not to be sampled is not.
        sampled: parent?.sampled ?? true
      })
      for (const key in attributes) span.attribute(key, attributes[key])
      const facts = standing(call)
      for (const key in facts) span.attribute(key, facts[key])
      if (call.sessionId !== undefined) span.attribute("mcp.session.id", call.sessionId)
      const uri = call.params?.["uri"]
      if (typeof uri === "string") span.attribute("mcp.resource.uri", uri)
      if (recordArguments && call.method === "tools/call")
        span.attribute("gen_ai.tool.call.arguments", JSON.stringify(call.params?.["arguments"] ?? {}))
      return span
    },
    recordResult: (span, call, outcome) => {
      if (!recordArguments || call.method !== "tools/call" || outcome._tag !== "Reply") return
      const { message } = outcome
      if ("json" in message) span.attribute("gen_ai.tool.call.result", message.json)
    },
    close: (span, exit, errorType) => {
      const failed = errorType === undefined ? {} : failureOf(errorType)
      for (const key in failed) span.attribute(key, failed[key])
      span.end(clock.currentTimeNanosUnsafe(), exit)
    },
    record: ({ attributes, duration, failures }, millis, errorType) => {
      if (errorType === undefined) return duration.updateUnsafe(millis / 1000, context)
      let failed = failures.get(errorType)
      if (failed === undefined) failures.set(errorType, (failed = histogram({ ...attributes, ...failureOf(errorType) })))
      failed.updateUnsafe(millis / 1000, context)
    },
    repaired: (count) => repairs.updateUnsafe(count, context)
  }
}
