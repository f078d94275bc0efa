/**
 * Messages of the SDK are objects, ours are parsed from texts and written as texts. Between them each goes through JSON: in memory the
 * SDK hands its objects over as they are, with members that are `undefined` and parts that somebody may still change.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"

/** What somebody threw, in words. */
export const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const unwritable = (message: unknown, error: unknown): Jsonrpc.Invalid => {
  const { id, method } = Jsonrpc.isObject(message) ? message : {}
  const known = Jsonrpc.isRequestId(id) ? id : undefined
  const isCall = typeof method === "string"
  return {
    _tag: "Invalid",
    id: isCall ? known : undefined,
    answers: isCall ? undefined : known,
    error: { code: Jsonrpc.ErrorCode.ParseError, message: `Parse error: not JSON: ${detailOf(error)}` }
  }
}

/** What a transport of the SDK delivers, as a message of ours. Never throws: what cannot be written as JSON is invalid. */
export const fromSdk = (message: unknown): Jsonrpc.Inbound => {
  try {
    return Jsonrpc.parse(JSON.stringify(message))
  } catch (error) {
    return unwritable(message, error)
  }
}

/** A message of ours for `send` of the SDK, and its length as JSON, in UTF-16 units. Throws where it cannot be written. */
export const toSdk = (
  message: Exclude<Jsonrpc.Outbound, ReadonlyArray<unknown>>
): { readonly json: Jsonrpc.JsonObject; readonly length: number } => {
  const text = Jsonrpc.stringify(message)
  return { json: JSON.parse(text), length: text.length }
}

/** The messages of what goes out: transports of the SDK know no batches, so the answers to one leave one by one. */
export const singles = (message: Jsonrpc.Outbound): ReadonlyArray<Exclude<Jsonrpc.Outbound, ReadonlyArray<unknown>>> =>
  "_tag" in message ? [message] : message

/** A message that was received, for `onmessage` of the SDK. What is invalid has no such form. */
export const delivered = (message: Exclude<Jsonrpc.Single, Jsonrpc.Invalid>): Jsonrpc.JsonObject => {
  switch (message._tag) {
    case "Request":
    case "Notification": {
      const { method, params } = message
      const id = message._tag === "Request" ? { id: message.id } : {}
      return { jsonrpc: "2.0", ...id, method, ...(params === undefined ? {} : { params }) }
    }
    case "Success":
      return { jsonrpc: "2.0", id: message.id, result: message.result }
    case "Failure":
      return { jsonrpc: "2.0", ...(message.id === undefined ? {} : { id: message.id }), error: message.error }
  }
}

/** What `send` of the SDK is given, as a message of ours; `Invalid` when it is none. */
export const given = (message: unknown): Exclude<Jsonrpc.Outbound, ReadonlyArray<unknown>> | Jsonrpc.Invalid => {
  const read = fromSdk(message)
  switch (read._tag) {
    case "Success":
      return Jsonrpc.reply(read.id, JSON.stringify(read.result))
    case "Batch":
      return { _tag: "Invalid", id: undefined, answers: undefined, error: { code: 0, message: "a batch is no single message" } }
    default:
      return read
  }
}
