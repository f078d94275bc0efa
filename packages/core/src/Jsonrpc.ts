/**
 * JSON-RPC 2.0 as MCP uses it: messages, their one parse and their one stringify.
 *
 * The envelope is checked by hand, never by a Schema: it is on the path of every message. `parse` is total, what it cannot
 * accept comes back as {@link Invalid} with the exact answer that the sender gets.
 *
 * Source: https://www.jsonrpc.org/specification and "Messages" in the base protocol of every MCP revision.
 */

/** A JSON object whose members were not looked at yet. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** Request ids are strings or integers; an answer repeats them with their type. `0` and `""` are legal, `null` is not. */
export type RequestId = string | number

/** The error member of a failed response. */
export interface ErrorObject {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** The codes of JSON-RPC and of MCP. Which one a failure gets is decided once per era, in `wire/`. */
export const ErrorCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  /** `resources/read` of an unknown URI, session era only. */
  ResourceNotFound: -32002,
  /** A standard header is missing or differs from the body, 2026-07-28 over HTTP. */
  HeaderMismatch: -32020,
  /** The request needs a client capability that it did not declare, 2026-07-28. */
  MissingClientCapability: -32021,
  /** The revision named by the request is not served, 2026-07-28. */
  UnsupportedProtocolVersion: -32022,
  /** The user has to visit a URL first, 2025-11-25. */
  UrlElicitationRequired: -32042
} as const

/** Headers by their names. */
export type Headers = { readonly [name: string]: string }

/** A message that wants exactly one answer. */
export interface Request {
  readonly _tag: "Request"
  readonly id: RequestId
  readonly method: string
  readonly params: JsonObject | undefined
  /** The params as JSON, where somebody wrote them already. */
  readonly paramsJson?: string
  /** What goes into headers of its own where the transport has headers, by their names. Not part of the JSON; other transports ignore it. */
  readonly headers?: Headers
}

/** A message that is never answered. */
export interface Notification {
  readonly _tag: "Notification"
  readonly method: string
  readonly params: JsonObject | undefined
}

/** A successful answer as it was received: its result is parsed JSON. */
export interface Success {
  readonly _tag: "Success"
  readonly id: RequestId
  readonly result: JsonObject
}

/** A failed answer. Without an id when the request could not be read. */
export interface Failure {
  readonly _tag: "Failure"
  readonly id: RequestId | undefined
  readonly error: ErrorObject
}

/** Something that is no message; the sender gets `error`, with the id when one could be read. */
export interface Invalid {
  readonly _tag: "Invalid"
  /** The id of the request that it was meant to be. */
  readonly id: RequestId | undefined
  /** The id of the request that it was meant to answer. */
  readonly answers: RequestId | undefined
  readonly error: ErrorObject
  /** The request that it would be if `params: null` were no params, for who reads it so. JSON-RPC does not. */
  readonly bare?: Request
}

/** One element of a batch, or a message that stands alone. */
export type Single = Request | Notification | Success | Failure | Invalid

/** A JSON array of messages. Only 2025-03-26 has batches; for the others it is refused by the dispatcher. Never empty. */
export interface Batch {
  readonly _tag: "Batch"
  readonly items: ReadonlyArray<Single>
}

/** Whatever one line, one body or one event can turn out to be. */
export type Inbound = Single | Batch

/** A successful answer on its way out: its result is already JSON, projected by the revision and stringified once. */
export interface Reply {
  readonly _tag: "Reply"
  readonly id: RequestId
  readonly json: string
}

/** An answer on its way out. */
export type Response = Reply | Failure

/** Whatever can be written. A batch of answers is an array. */
export type Outbound = Request | Notification | Response | ReadonlyArray<Response>

// What every call makes are instances, not literals. V8 watches the first hundred objects of a literal, and when a full collection
// falls among them, it makes all later ones old from birth: they, and what they hold, then stay until the next full collection.

class RequestMessage implements Request {
  readonly _tag = "Request"
  readonly id: RequestId
  readonly method: string
  readonly params: JsonObject | undefined
  declare readonly headers?: Headers
  constructor(id: RequestId, method: string, params: JsonObject | undefined, headers?: Headers) {
    this.id = id
    this.method = method
    this.params = params
    if (headers !== undefined) this.headers = headers
  }
}

class SuccessMessage implements Success {
  readonly _tag = "Success"
  readonly id: RequestId
  readonly result: JsonObject
  constructor(id: RequestId, result: JsonObject) {
    this.id = id
    this.result = result
  }
}

class ReplyMessage implements Reply {
  readonly _tag = "Reply"
  readonly id: RequestId
  readonly json: string
  constructor(id: RequestId, json: string) {
    this.id = id
    this.json = json
  }
}

/** Makes a request. */
export const request = (id: RequestId, method: string, params?: JsonObject, headers?: Headers): Request =>
  new RequestMessage(id, method, params, headers)

/** Makes a notification. */
export const notification = (method: string, params?: JsonObject): Notification => ({
  _tag: "Notification",
  method,
  params
})

/** Makes a failed answer. */
export const failure = (id: RequestId | undefined, error: ErrorObject): Failure => ({ _tag: "Failure", id, error })

/** Makes a successful answer from a result that is JSON already. */
export const reply = (id: RequestId, json: string): Reply => new ReplyMessage(id, json)

const invalid = (id: RequestId | undefined, code: number, message: string, answers?: RequestId): Invalid => ({
  _tag: "Invalid",
  id,
  answers,
  error: { code, message }
})

/** True for a JSON object: no array, not null. */
export const isObject = (u: unknown): u is JsonObject => typeof u === "object" && u !== null && !Array.isArray(u)

/** True for what may be a request id: a string or an integer that survives a JavaScript number. */
export const isRequestId = (u: unknown): u is RequestId => typeof u === "string" || Number.isSafeInteger(u)

const readableId = (id: unknown): RequestId | undefined => (isRequestId(id) ? id : undefined)

const fromCall = (message: JsonObject): Single => {
  const { id, method, params } = message
  const isRequest = id !== undefined
  if (typeof method !== "string") {
    return invalid(readableId(id), ErrorCode.InvalidRequest, "Invalid Request: `method` must be a string")
  }
  if (!isRequest) {
    // A notification is never answered, so one with unusable params is one without.
    return { _tag: "Notification", method, params: isObject(params) ? params : undefined }
  }
  if (!isRequestId(id)) {
    return invalid(undefined, ErrorCode.InvalidRequest, "Invalid Request: `id` must be a string or an integer")
  }
  if (params !== undefined && !isObject(params)) {
    const refused = invalid(id, ErrorCode.InvalidParams, "Invalid params: `params` must be an object")
    return params === null ? { ...refused, bare: new RequestMessage(id, method, undefined) } : refused
  }
  return new RequestMessage(id, method, params)
}

const isErrorObject = (u: unknown): u is ErrorObject =>
  isObject(u) && Number.isSafeInteger(u["code"]) && typeof u["message"] === "string"

const fromAnswer = (message: JsonObject): Single => {
  const { error, id, result } = message
  if (error !== undefined) {
    if (result !== undefined || !isErrorObject(error)) {
      return invalid(undefined, ErrorCode.InvalidRequest, "Invalid Request: a malformed error response", readableId(id))
    }
    return { _tag: "Failure", id: readableId(id), error }
  }
  if (!isObject(result) || !isRequestId(id)) {
    return invalid(undefined, ErrorCode.InvalidRequest, "Invalid Request: a malformed response", readableId(id))
  }
  return new SuccessMessage(id, result)
}

const fromJson = (message: unknown): Single => {
  if (!isObject(message)) {
    return invalid(undefined, ErrorCode.InvalidRequest, "Invalid Request: a message is a JSON object")
  }
  const id = readableId(message["id"])
  if (message["jsonrpc"] !== "2.0") {
    // What it was meant to be is anybody's guess.
    return invalid(id, ErrorCode.InvalidRequest, 'Invalid Request: `jsonrpc` must be "2.0"', id)
  }
  if (message["method"] !== undefined) return fromCall(message)
  if (message["result"] !== undefined || message["error"] !== undefined) return fromAnswer(message)
  return invalid(id, ErrorCode.InvalidRequest, "Invalid Request: `method` is missing", id)
}

/**
 * Reads one message, or one batch, from its text. Never throws: malformed text is {@link Invalid} with code -32700, a wrong
 * shape -32600 (with the id when it is readable), params that are no object -32602.
 */
export const parse = (text: string): Inbound => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return invalid(undefined, ErrorCode.ParseError, "Parse error: not valid JSON")
  }
  if (!Array.isArray(json)) return fromJson(json)
  if (json.length === 0) return invalid(undefined, ErrorCode.InvalidRequest, "Invalid Request: an empty batch")
  return { _tag: "Batch", items: json.map(fromJson) }
}

/** An id as JSON. */
export const idJson = (id: RequestId): string => (typeof id === "number" ? String(id) : JSON.stringify(id))

const paramsJson = (params: JsonObject | undefined): string =>
  params === undefined ? "}" : `,"params":${JSON.stringify(params)}}`

/** Writes one message, or one batch of answers, as JSON without line breaks. */
export const stringify = (message: Outbound): string => {
  if (Array.isArray(message)) return `[${message.map(stringify).join(",")}]`
  const single = message as Exclude<Outbound, ReadonlyArray<Response>> // `isArray` does not narrow readonly arrays
  switch (single._tag) {
    case "Reply":
      return `{"jsonrpc":"2.0","id":${idJson(single.id)},"result":${single.json}}`
    case "Failure":
      return single.id === undefined
        ? `{"jsonrpc":"2.0","error":${JSON.stringify(single.error)}}`
        : `{"jsonrpc":"2.0","id":${idJson(single.id)},"error":${JSON.stringify(single.error)}}`
    case "Request": {
      const start = `{"jsonrpc":"2.0","id":${idJson(single.id)},"method":${JSON.stringify(single.method)}`
      if (single.paramsJson !== undefined) return `${start},"params":${single.paramsJson}}`
      return start + paramsJson(single.params)
    }
    case "Notification":
      return `{"jsonrpc":"2.0","method":${JSON.stringify(single.method)}${paramsJson(single.params)}`
  }
}
