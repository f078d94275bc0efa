/**
 * What an answer, or an error, says of a server.
 */
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as Content from "@effect-mcp/core/Content"
import { ErrorCode } from "@effect-mcp/core/Jsonrpc"
import type { CallToolResult, Tool } from "@effect-mcp/core/protocol/Tools"
import type { Status } from "../SmokeReport.ts"
import { checker } from "./jsonCheck.ts"

/** What came of a call. */
export interface Verdict {
  readonly status: Status
  readonly detail?: string
}

export const passed: Verdict = { status: "passed" }

const maxDetail = 2000

/** A verdict and what was said, which may be long. */
export const verdict = (status: Status, detail: string): Verdict => ({
  status,
  detail: detail.length > maxDetail ? `${detail.slice(0, maxDetail)}...` : detail
})

// What it lists it has to have, and what breaks is no answer. Everything else is the server's good right.
const faults: ReadonlySet<number> = new Set([ErrorCode.InternalError, ErrorCode.MethodNotFound, ErrorCode.ParseError])

/** What an error of the client says of the server. */
export const ofError = ({ message, reason }: McpClientError): Verdict => {
  switch (reason._tag) {
    case "RequestFailed":
      return verdict(faults.has(reason.code) ? "failed" : "refused", message)
    case "Unanswered":
      return verdict("refused", message)
    case "TimedOut":
      return verdict("timedOut", message)
    default:
      return verdict("failed", message)
  }
}

// How servers of this toolkit tell of a defect. Those of others say it in words that nobody can tell from a refusal.
const isDefect = (text: string): boolean => /^Internal error \([\w-]+\)$/.test(text)

/** A check of the results of a tool. */
export const resultCheck = ({ name, outputSchema }: Tool): ((result: CallToolResult) => Verdict) => {
  const check = outputSchema === undefined ? undefined : checker(outputSchema, `the output schema of "${name}"`)
  return (result) => {
    if (result.isError === true) {
      const text = Content.textOf(result)
      return verdict(isDefect(text) ? "failed" : "refused", text || "an error without a text")
    }
    if (check === undefined) return passed
    if (check._tag === "Unusable") return verdict("failed", `its output schema cannot be used: ${check.why}`)
    const { structuredContent } = result
    if (structuredContent === undefined) return verdict("failed", "it has an output schema, and the result no structured content")
    const problems = check.problemsOf(structuredContent)
    return problems === undefined ? passed : verdict("failed", `the result is not what the output schema says:\n${problems}`)
  }
}
