/**
 * What JSON-RPC says about a text, written again from the specification and not from our parser.
 */

/** A usable id. */
export type Id = string | number

/** What one message asks for. */
export type Expected =
  /** Exactly one answer with the id. */
  | { readonly _tag: "Request"; readonly id: Id; readonly method: string; readonly params: Readonly<Record<string, unknown>> }
  | { readonly _tag: "Notification"; readonly method: string; readonly params: Readonly<Record<string, unknown>> }
  | { readonly _tag: "Answer"; readonly id: unknown }
  /** An error with this code, and the id if there is one. */
  | { readonly _tag: "Refused"; readonly code: number; readonly id: Id | undefined }

/** What one line asks for. */
export type ExpectedLine = Expected | { readonly _tag: "Batch"; readonly items: ReadonlyArray<Expected> }

const isRecord = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

const isId = (u: unknown): u is Id => typeof u === "string" || (typeof u === "number" && Number.isSafeInteger(u))

const refused = (code: number, id?: unknown): Expected => ({ _tag: "Refused", code, id: isId(id) ? id : undefined })

const expectedOf = (message: unknown): Expected => {
  if (!isRecord(message)) return refused(-32600)
  const { error, id, jsonrpc, method, params, result } = message
  if (jsonrpc !== "2.0") return refused(-32600, id)
  if (method !== undefined) {
    if (typeof method !== "string") return refused(-32600, id)
    if (id === undefined) return { _tag: "Notification", method, params: isRecord(params) ? params : {} }
    if (!isId(id)) return refused(-32600)
    if (params !== undefined && !isRecord(params)) return refused(-32602, id)
    return { _tag: "Request", id, method, params: params ?? {} }
  }
  if (error !== undefined) {
    const sound =
      result === undefined && isRecord(error) && Number.isInteger(error["code"]) && typeof error["message"] === "string"
    return sound ? { _tag: "Answer", id } : refused(-32600)
  }
  if (result !== undefined) return isRecord(result) && isId(id) ? { _tag: "Answer", id } : refused(-32600)
  return refused(-32600, id)
}

/** What a line asks for. */
export const expected = (text: string): ExpectedLine => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return refused(-32700)
  }
  if (!Array.isArray(json)) return expectedOf(json)
  return json.length === 0 ? refused(-32600) : { _tag: "Batch", items: json.map(expectedOf) }
}

/** A message that a server has sent. */
export interface Sent {
  readonly id?: Id
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** What is wrong with a message of a server; `undefined` when it is valid JSON-RPC. */
const fault = (message: unknown): string | undefined => {
  if (!isRecord(message)) return "is no object"
  const { error, id, jsonrpc, method, params, result } = message
  if (jsonrpc !== "2.0") return "has no `jsonrpc`"
  for (const key of Object.keys(message)) {
    if (!["jsonrpc", "id", "method", "params", "result", "error"].includes(key)) return `has a member \`${key}\``
  }
  if ("id" in message && !isId(id)) return "has an unusable id"
  if ("params" in message && !isRecord(params)) return "has params that are no object"
  if (method !== undefined)
    return typeof method === "string" && !("result" in message || "error" in message) ? undefined : "is no call"
  if ("params" in message) return "is an answer with params"
  if ("result" in message) {
    if ("error" in message) return "has a result and an error"
    return isId(id) && isRecord(result) ? undefined : "has no id, or a result that is no object"
  }
  if (!isRecord(error) || !Number.isInteger(error["code"]) || typeof error["message"] !== "string") return "has a malformed error"
  return undefined
}

/** The messages of a line that a server has sent. Throws when it is not valid JSON-RPC on one line. */
export const sent = (line: string): ReadonlyArray<Sent> => {
  if (/[\r\n]/.test(line)) throw new Error(`a line break in ${line.slice(0, 500)}`)
  const json: unknown = JSON.parse(line)
  const messages = Array.isArray(json) ? json : [json]
  if (messages.length === 0) throw new Error("an empty batch was sent")
  for (const message of messages) {
    const problem = fault(message)
    if (problem !== undefined) throw new Error(`a message that ${problem} was sent: ${line.slice(0, 500)}`)
    if (Array.isArray(json) && isRecord(message) && message["method"] !== undefined) throw new Error("a batch of calls was sent")
  }
  return messages
}
