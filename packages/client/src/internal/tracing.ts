/**
 * Spans of requests, by the OpenTelemetry semantic conventions for MCP, and their trace handed to the server in `_meta`. Without a tracer
 * there are none, and nothing is handed over.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/, and W3C Trace Context.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { McpClientError } from "../McpClientError.ts"
import { errorTypeOf } from "./telemetry.ts"

/** What a span is about. */
export interface Traced {
  readonly method: string
  readonly tool: string | undefined
  readonly params: JsonObject | undefined
  readonly version: string
  readonly transport: string
}

/** Runs a request in a span of its own; it is made with what goes into `_meta` for the server. */
export type Trace = (
  traced: Traced,
  make: (meta: JsonObject) => Effect.Effect<JsonObject, McpClientError>
) => Effect.Effect<JsonObject, McpClientError>

const networks: { readonly [transport: string]: string | undefined } = { stdio: "pipe", http: "tcp" }

const attributesOf = ({ method, params, tool, transport, version }: Traced) => {
  const prompt = method === "prompts/get" ? params?.["name"] : undefined
  const uri = params?.["uri"]
  return {
    "mcp.method.name": method,
    "mcp.protocol.version": version,
    "network.transport": networks[transport] ?? transport,
    ...(tool === undefined ? {} : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool }),
    ...(typeof prompt === "string" ? { "gen_ai.prompt.name": prompt } : {}),
    ...(typeof uri === "string" ? { "mcp.resource.uri": uri } : {})
  }
}

const errorOf = ({ reason }: McpClientError): string => (reason._tag === "RequestFailed" ? errorTypeOf(reason.code) : reason._tag)

// What is no trace, as where tracing is switched off for a while, is not handed over.
const metaOf = ({ sampled, spanId, traceId }: Tracer.Span): JsonObject =>
  /^[0-9a-f]{32}$/.test(traceId) ? { [Key.traceparent]: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}` } : {}

/** The tracing of a client with this context; `undefined` without a tracer. */
export const tracing = (context: Context.Context<never>): Trace | undefined => {
  if (Context.get(context, Tracer.Tracer) === Tracer.nativeTracer || !Context.get(context, References.TracerEnabled))
    return undefined
  return (traced, make) => {
    const { method, params, tool } = traced
    const target = tool ?? (method === "prompts/get" && typeof params?.["name"] === "string" ? params["name"] : undefined)
    const name = target === undefined ? method : `${method} ${target}`
    return Effect.useSpan(name, { kind: "client", attributes: attributesOf(traced) }, (span) => {
      const request = make(metaOf(span))
      const failed = Effect.tapError(request, (error) => Effect.sync(() => span.attribute("error.type", errorOf(error))))
      return Effect.tap(failed, (result) =>
        Effect.sync(() => {
          if (method === "tools/call" && result["isError"] === true) span.attribute("error.type", "tool_error")
        })
      )
    })
  }
}
