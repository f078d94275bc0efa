/**
 * Spans of requests, by the OpenTelemetry semantic conventions for MCP, and their trace handed to the server in `_meta`. Without a tracer
 * there are none, and nothing is handed over.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/, and W3C Trace Context.
 */
import type { JsonObject, RequestId } from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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
}

/** How the server is reached. */
export interface Reached {
  /** The kind of the transport. */
  readonly kind: string
  readonly endpoint?: string
}

/** Runs a request in a span of its own; it is made with what goes into `_meta` for the server, and tells under which id it is sent. */
export type Trace = (
  traced: Traced,
  make: (meta: JsonObject, onId: (id: RequestId) => void) => Effect.Effect<JsonObject, McpClientError>
) => Effect.Effect<JsonObject, McpClientError>

const networks: { readonly [transport: string]: string | undefined } = { stdio: "pipe", http: "tcp" }

type Attributes = { readonly [name: string]: string | number }

// Of the endpoint, only where it is: the rest of a URL may be secret.
const standing = ({ endpoint, kind }: Reached): Attributes => {
  const transport = { "network.transport": networks[kind] ?? kind }
  const url = endpoint === undefined ? null : URL.parse(endpoint)
  if (kind !== "http") return transport
  const protocol = { ...transport, "network.protocol.name": "http" }
  if (url === null) return protocol
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port)
  return { ...protocol, "server.address": url.hostname.replace(/^\[(.*)\]$/, "$1"), "server.port": port }
}

const attributesOf = ({ method, params, tool, version }: Traced): Attributes => {
  const prompt = method === "prompts/get" ? params?.["name"] : undefined
  const uri = params?.["uri"]
  return {
    "mcp.method.name": method,
    "mcp.protocol.version": version,
    ...(tool === undefined ? {} : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool }),
    ...(typeof prompt === "string" ? { "gen_ai.prompt.name": prompt } : {}),
    ...(typeof uri === "string" ? { "mcp.resource.uri": uri } : {})
  }
}

const errorOf = ({ reason }: McpClientError): string => (reason._tag === "RequestFailed" ? errorTypeOf(reason.code) : reason._tag)

// What is no trace, as where tracing is switched off for a while, is not handed over.
const metaOf = ({ sampled, spanId, traceId }: Tracer.Span): JsonObject =>
  /^[0-9a-f]{32}$/.test(traceId) ? { [Key.traceparent]: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}` } : {}

// What the conventions call an error is one in the status of the span, too, also where the request itself went well.
const end = (span: Tracer.Span, now: bigint, method: string, exit: Exit.Exit<JsonObject, McpClientError>): void => {
  if (Exit.isSuccess(exit)) {
    const isError = method === "tools/call" && exit.value["isError"] === true
    if (isError) span.attribute("error.type", "tool_error")
    return span.end(now, isError ? Exit.fail("tool_error") : Exit.void)
  }
  const failure = exit.cause.reasons.find(Cause.isFailReason)
  if (failure !== undefined) {
    const { reason } = failure.error
    span.attribute("error.type", errorOf(failure.error))
    if (reason._tag === "RequestFailed") span.attribute("rpc.response.status_code", String(reason.code))
  }
  span.end(now, exit)
}

/** The tracing of a client with this context, over this transport; `undefined` without a tracer. */
export const tracing = (context: Context.Context<never>, reached: Reached): Trace | undefined => {
  if (Context.get(context, Tracer.Tracer) === Tracer.nativeTracer || !Context.get(context, References.TracerEnabled))
    return undefined
  const facts = standing(reached)
  return (traced, make) => {
    const { method, params, tool } = traced
    const target = tool ?? (method === "prompts/get" && typeof params?.["name"] === "string" ? params["name"] : undefined)
    const name = target === undefined ? method : `${method} ${target}`
    const attributes = { ...facts, ...attributesOf(traced) }
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.makeSpan(name, { kind: "client", attributes }), (span) => {
        const request = make(metaOf(span), (id) => span.attribute("jsonrpc.request.id", String(id)))
        return Effect.onExit(restore(request), (exit) =>
          Effect.map(Clock.currentTimeNanos, (now) => end(span, now, method, exit))
        )
      })
    )
  }
}
