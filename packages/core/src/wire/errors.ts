/**
 * The codes of failures: neutral reasons to JSON-RPC error objects.
 */
import { type ErrorObject, ErrorCode } from "../Jsonrpc.ts"
import type { Reason } from "../McpError.ts"
import type { Revision } from "../Revision.ts"

// Data of applications may be anything; an answer that cannot be written would be no answer.
const isJson = (data: unknown): boolean => {
  try {
    return JSON.stringify(data) !== undefined
  } catch {
    return false
  }
}

const withData = (code: number, message: string, data: unknown): ErrorObject =>
  isJson(data) ? { code, message, data } : { code, message }

/** The error object of a failure in a revision. */
export const toErrorObject = (reason: Reason, revision: Revision): ErrorObject => {
  switch (reason._tag) {
    case "InvalidParams":
      return withData(ErrorCode.InvalidParams, reason.detail, reason.data)
    case "MethodNotFound":
      return { code: ErrorCode.MethodNotFound, message: reason.message }
    case "InvalidRequest":
      return { code: ErrorCode.InvalidRequest, message: reason.message }
    case "ResourceNotFound":
      return { code: revision.resourceNotFoundCode, message: reason.message, data: { uri: reason.uri } }
    case "Overloaded":
    case "Internal":
      return { code: ErrorCode.InternalError, message: reason.message }
    case "UnsupportedVersion":
      return {
        code: revision.era === "request" ? ErrorCode.UnsupportedProtocolVersion : ErrorCode.InvalidParams,
        message: reason.message,
        data: { supported: reason.supported, requested: reason.requested }
      }
    case "MissingCapability":
      return {
        code: revision.era === "request" ? ErrorCode.MissingClientCapability : ErrorCode.InvalidRequest,
        message: reason.message,
        data: { requiredCapabilities: reason.required }
      }
    case "HeaderMismatch":
      return withData(
        revision.era === "request" ? ErrorCode.HeaderMismatch : ErrorCode.InvalidRequest,
        reason.detail,
        reason.data
      )
    case "Custom":
      return withData(reason.code, reason.detail, reason.data)
  }
}
