/**
 * The wire codec of the session era, 2024-11-05 to 2025-11-25.
 */
import { type JsonObject, notification, request } from "../Jsonrpc.ts"
import type { CallToolResult } from "../protocol/Tools.ts"
import type { Revision } from "../Revision.ts"
import { toErrorObject } from "./errors.ts"
import { placed } from "./extensions.ts"
import * as project from "./project.ts"
import type { ClientWire, ServerWire } from "./Wire.ts"

/** The server's half, for one revision. */
export const server = (revision: Revision): ServerWire => ({
  revision,
  empty: "{}",
  toolResult: (result, wraps) => JSON.stringify(project.toolResult(result, revision, wraps)),
  toolList: (tools, nextCursor) => JSON.stringify({ tools: tools.map((tool) => project.tool(tool, revision)), nextCursor }),
  resourceList: (resources, nextCursor) =>
    JSON.stringify({ resources: resources.map((resource) => project.resource(resource, revision)), nextCursor }),
  templateList: (templates, nextCursor) =>
    JSON.stringify({ resourceTemplates: templates.map((template) => project.resource(template, revision)), nextCursor }),
  readResult: (result) => JSON.stringify(project.readResult(result, revision)),
  completeResult: (result) => JSON.stringify(result),
  promptList: (prompts, nextCursor) =>
    JSON.stringify({ prompts: prompts.map((prompt) => project.prompt(prompt, revision)), nextCursor }),
  promptResult: (result) => JSON.stringify(project.promptResult(result, revision)),
  extensionResult: (result) => JSON.stringify(result),
  greeting: ({ capabilities, info, instructions }) => {
    const { completions, ...declared } = placed(capabilities, revision)
    return JSON.stringify({
      protocolVersion: revision.version,
      capabilities: completions !== undefined && revision.completionsCapability ? { ...declared, completions } : declared,
      serverInfo: project.implementation(info, revision),
      instructions
    })
  },
  inputRequired: () => "{}",
  taskCreated: () => "{}",
  subscriptionEnd: () => "{}",
  error: (reason) => toErrorObject(reason, revision)
})

/** Brings a result into its neutral form. */
const neutralResult = (result: JsonObject, revision: Revision): CallToolResult => {
  const received = result as unknown as CallToolResult // checked where it is used: servers are not trusted
  if (revision.structuredContent !== "none") return received
  const structured = received._meta?.[project.structuredKey]
  return structured === undefined ? received : { ...received, structuredContent: structured }
}

/** The client's half, for one revision. */
export const client = (revision: Revision): ClientWire => ({
  revision,
  request: (id, method, params, meta) => request(id, method, { ...params, _meta: { ...meta, progressToken: id } }),
  notification,
  result: (result) => result,
  toolResult: (result) => neutralResult(result, revision)
})
