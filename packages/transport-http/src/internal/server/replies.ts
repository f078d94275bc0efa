/**
 * Replies, and the status of an answer. What a body says decides its status, never the other way round.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Reply } from "../../Exchange.ts"

const { ErrorCode } = Jsonrpc

const jsonHeaders = { "content-type": "application/json" }
const textHeaders = { "content-type": "text/plain; charset=utf-8" }

/** A reply without a body. */
export const empty = (status: number, headers: Reply["headers"] = {}): Reply => ({ status, headers, body: undefined })

/** The answer to what is not answered. */
export const accepted: Reply = empty(202)

/** A reply with JSON. */
export const json = (status: number, body: string | Uint8Array<ArrayBuffer>, headers: Reply["headers"] = jsonHeaders): Reply => ({
  status,
  headers,
  body
})

/** A reply for who looks at it, not for programs. */
export const text = (status: number, body: string, headers: Reply["headers"] = {}): Reply => ({
  status,
  headers: { ...textHeaders, ...headers },
  body: `${body}\n`
})

/** A refusal that a client of MCP understands. */
export const refusal = (
  status: number,
  code: number,
  message: string,
  id?: Jsonrpc.RequestId,
  headers: Reply["headers"] = {}
): Reply => json(status, Jsonrpc.stringify(Jsonrpc.failure(id, { code, message })), { ...jsonHeaders, ...headers })

/** The headers of JSON that opens a session. */
export const opening = (sessionId: string): Reply["headers"] => ({ ...jsonHeaders, "mcp-session-id": sessionId })

/** The headers of an event stream, which may open a session, too. */
export const streaming = (sessionId?: string): Reply["headers"] => ({
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  ...(sessionId === undefined ? {} : { "mcp-session-id": sessionId })
})

/** The server has too much to do, or goes away. */
export const unavailable = (detail: string): Reply => text(503, detail, { "retry-after": "1" })

// Implementation codes for what only HTTP knows. Nobody may conclude anything from them.
const badRequest = -32000
const sessionNotFound = -32001

export const noSessionId = refusal(
  400,
  badRequest,
  "Bad Request: the header Mcp-Session-Id is required; send `initialize` first, or speak 2026-07-28, with its headers and _meta"
)
export const unknownSession = refusal(
  404,
  sessionNotFound,
  "Session not found: it has ended or was idle for too long; send `initialize` again"
)

/** The method is not for this endpoint. */
export const notAllowed = (allow: string): Reply => text(405, `Method not allowed: this endpoint serves ${allow}`, { allow })

/** A request of the request era whose headers do not say what its body says. */
export const headerMismatch = (id: Jsonrpc.RequestId | undefined, detail: string): Reply =>
  refusal(400, ErrorCode.HeaderMismatch, `Header mismatch: ${detail}`, id)

const badRequests: ReadonlySet<number> = new Set([
  ErrorCode.HeaderMismatch,
  ErrorCode.MissingClientCapability,
  ErrorCode.UnsupportedProtocolVersion
])

/** The status of an answer to a request of the request era. */
export const statusOf = (message: Jsonrpc.Response): number => {
  if (message._tag === "Reply") return 200
  const { code } = message.error
  return code === ErrorCode.MethodNotFound ? 404 : badRequests.has(code) ? 400 : 200
}
