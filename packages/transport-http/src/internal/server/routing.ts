/**
 * The headers that repeat what the body of a request of the request era says: proxies route by them, so they must not differ.
 *
 * Source: "Request Headers" in the transports page of 2026-07-28. `Mcp-Param-*` is the dispatcher's, which knows the tools.
 */
import type { JsonObject, Request } from "@effect-mcp/core/Jsonrpc"

/** By which member of the params a method is routed. */
const named: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"]
])

const base64 = /^=\?base64\?(.*)\?=$/

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

// Canonical, padded base64 of UTF-8, or nothing.
const fromBase64 = (text: string): string | undefined => {
  try {
    const binary = atob(text)
    if (btoa(binary) !== text) return undefined
    return decoder.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

const decoded = (header: string): string | undefined => {
  const wrapped = base64.exec(header)
  return wrapped === null ? header : fromBase64(wrapped[1] ?? "")
}

const paramOf = (params: JsonObject | undefined, name: string): unknown => params?.[name]

/** Tells what is wrong with the headers of a request; `undefined` when nothing is. */
export const routingProblem = (request: Request, header: (name: string) => string | undefined): string | undefined => {
  const method = header("mcp-method")?.trim()
  if (method === undefined) return "the header Mcp-Method is missing"
  if (method !== request.method) return `the header Mcp-Method does not say what the body says, which is "${request.method}"`
  const member = named.get(request.method)
  if (member === undefined) return undefined
  const value = paramOf(request.params, member)
  // What is missing in the body is the dispatcher's to explain.
  if (typeof value !== "string") return undefined
  const name = header("mcp-name")
  if (name === undefined) return `the header Mcp-Name is missing, which repeats params.${member}`
  const said = decoded(name.trim())
  if (said === undefined) return "the header Mcp-Name has a wrapper for base64, and what is in it is not padded base64 of UTF-8"
  return said === value ? undefined : `the header Mcp-Name does not say what params.${member} in the body says`
}
