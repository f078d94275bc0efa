/**
 * What a client would have to declare for a question: a client is asked only what it said it can answer.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { type ClientCapabilities, declares, elicitsForms, elicitsUrls } from "@effect-mcp/core/protocol/Capabilities"
import type { Revision } from "@effect-mcp/core/Revision"

/** Who is asked. */
export interface Client {
  readonly revision: Revision
  /** What it declared that it can do. */
  readonly clientCapabilities: ClientCapabilities
}

/** Why a question cannot be put. */
export interface Missing {
  readonly detail: string
  /** What the client would have to declare. */
  readonly required?: JsonObject
}

const undeclared = (...path: ReadonlyArray<string>): Missing => ({
  detail: `the client did not declare ${path.join(".")}`,
  required: path.reduceRight<JsonObject>((inner, name) => ({ [name]: inner }), {})
})

const unknown = (version: string, what: string): Missing => ({ detail: `revision ${version} does not have ${what}` })

const missingForElicitation = ({ clientCapabilities, revision }: Client, { mode }: JsonObject): Missing | undefined => {
  if (mode === "url") {
    if (revision.elicitation !== "form+url") return unknown(revision.version, "elicitation by URL")
    return elicitsUrls(clientCapabilities) ? undefined : undeclared("elicitation", "url")
  }
  return elicitsForms(clientCapabilities) ? undefined : undeclared("elicitation", "form")
}

const missingForSampling = ({ clientCapabilities, revision }: Client, params: JsonObject): Missing | undefined => {
  const { includeContext, toolChoice, tools } = params
  if (tools !== undefined || toolChoice !== undefined) {
    if (!revision.samplingTools) return unknown(revision.version, "tools in sampling")
    if (!declares(clientCapabilities, ["sampling", "tools"])) return undeclared("sampling", "tools")
  }
  // Before the capability existed, every client was asked.
  if (includeContext === undefined || includeContext === "none" || !revision.samplingTools) return undefined
  return declares(clientCapabilities, ["sampling", "context"]) ? undefined : undeclared("sampling", "context")
}

/** What is missing for a question; `undefined` when it can be put. */
export const missingFor = (client: Client, method: string, params: JsonObject): Missing | undefined => {
  const { clientCapabilities, revision } = client
  if (!revision.hasRequest(method, "server") && !revision.embeds(method)) return unknown(revision.version, "it")
  const gate = revision.needs(method, "server").find(({ path, side }) => side === "client" && !declares(clientCapabilities, path))
  if (gate !== undefined) return undeclared(...gate.path)
  if (method === "elicitation/create") return missingForElicitation(client, params)
  return method === "sampling/createMessage" ? missingForSampling(client, params) : undefined
}
