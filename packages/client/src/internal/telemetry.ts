/**
 * What a client measures, by the OpenTelemetry semantic conventions for MCP: how long requests took, by method and tool.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"

// In seconds, as the conventions advise.
const boundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

type Attributes = { readonly [key: string]: string }

const histogram = (attributes: Attributes) =>
  Metric.histogram("mcp.client.operation.duration", {
    description: "Duration of MCP requests, as the client sees it, in seconds",
    // Exporters take the unit from here.
    attributes: { unit: "s", ...attributes },
    boundaries
  })

// The codes of JSON-RPC are numbers, what else goes wrong has a name.
const failureOf = (errorType: string): Attributes =>
  /^-?\d+$/.test(errorType) ? { "error.type": errorType, "rpc.response.status_code": errorType } : { "error.type": errorType }

/** What is measured under one name: a method, or a method and its tool. */
export class Subject {
  readonly attributes: Attributes
  private readonly succeeded: Metric.Histogram<number>
  private readonly failed = new Map<string, Metric.Histogram<number>>()

  constructor(attributes: Attributes) {
    this.attributes = attributes
    this.succeeded = histogram(attributes)
  }

  duration(errorType: string | undefined): Metric.Histogram<number> {
    if (errorType === undefined) return this.succeeded
    let metric = this.failed.get(errorType)
    if (metric === undefined) this.failed.set(errorType, (metric = histogram({ ...this.attributes, ...failureOf(errorType) })))
    return metric
  }
}

// A server may refuse each call with a code of its own, and a program may make up names.
const maxNames = 1000
const codes = new Set([-32700, -32600, -32601, -32602, -32603, -32000, -32001, -32002, -32020, -32021, -32022, -32042, -1, 1])

/** The type of an error that a server answers with; unusual codes have one in common, or there would be no bound. */
export const errorTypeOf = (code: number): string => (codes.has(code) ? String(code) : "_OTHER")

/** The metrics of one client. */
export class Telemetry {
  private readonly methods = new Map<string, Subject>()
  private readonly tools = new Map<string, Subject>()
  private readonly context: Context.Context<never>

  constructor(context: Context.Context<never>) {
    this.context = context
  }

  /** What a request is measured under. */
  subject(method: string, name: string | undefined): Subject {
    if (method === "tools/call" && name !== undefined) {
      const known = this.tools.get(name)
      if (known !== undefined) return known
      if (this.tools.size < maxNames) {
        const attributes = { "mcp.method.name": method, "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name }
        const made = new Subject(attributes)
        this.tools.set(name, made)
        return made
      }
    }
    let subject = this.methods.get(method)
    if (subject !== undefined) return subject
    subject = new Subject({ "mcp.method.name": this.methods.size < maxNames ? method : "_OTHER" })
    if (this.methods.size < maxNames) this.methods.set(method, subject)
    return subject
  }

  /** Counts a request that took so many milliseconds. */
  record(subject: Subject, millis: number, errorType: string | undefined): void {
    subject.duration(errorType).updateUnsafe(millis / 1000, this.context)
  }
}
