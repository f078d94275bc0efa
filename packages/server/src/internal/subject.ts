/**
 * What is measured and traced under one name.
 */
import * as Metric from "effect/Metric"

// In seconds, as the conventions advise.
const boundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** What is measured and traced under one name: a method, or a method and its target. */
export interface Subject {
  readonly spanName: string
  readonly attributes: { readonly [key: string]: string }
  readonly duration: Metric.Histogram<number>
  readonly failures: Map<string, Metric.Histogram<number>>
}

/** How long requests with these attributes took. */
export const histogram = (attributes: { readonly [key: string]: string }) =>
  Metric.histogram("mcp.server.operation.duration", {
    description: "Duration of MCP requests, as the server sees it, in seconds",
    // Exporters take the unit from here.
    attributes: { unit: "s", ...attributes },
    boundaries
  })

/** What went wrong, as an attribute. The codes of JSON-RPC are numbers, what else goes wrong has a name. */
export const failureOf = (errorType: string): { readonly [key: string]: string } =>
  /^-?\d+$/.test(errorType) ? { "error.type": errorType, "rpc.response.status_code": errorType } : { "error.type": errorType }

/** What a method is about. */
export interface Target {
  readonly kind: "tool" | "resource" | "prompt"
  readonly name: string
}

const attributesOf = ({ kind, name }: Target): { readonly [key: string]: string } =>
  kind === "tool"
    ? { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name }
    : kind === "prompt"
      ? { "gen_ai.prompt.name": name }
      : { "mcp.resource.name": name }

/** The subject of a method. A target is for names that are known to the server: names made up by clients would be without bound. */
export const subject = (method: string, target?: Target): Subject => {
  const attributes = target === undefined ? { "mcp.method.name": method } : { "mcp.method.name": method, ...attributesOf(target) }
  return {
    spanName: target === undefined ? method : `${method} ${target.name}`,
    attributes,
    duration: histogram(attributes),
    failures: new Map()
  }
}
